"""`aiperf-migrate undo`: take a batch back, by its journal."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack

from migrator.cli.interrupt import DeferredInterrupt
from migrator.cli.parser import Parser, file_name, require_local
from migrator.cli.progress import Progress
from migrator.cli.report import Report, say_json
from migrator.cli.streams import complain, say
from migrator.errors import ExitCode, JournalError
from migrator.render.safe import printable
from migrator.render.text import plural
from migrator.writing.journal import FileJournal, reopen
from migrator.writing.outcome import Undone
from migrator.writing.trust import roots_of
from migrator.writing.undo import undo

_SHOWN = 10
"""Folders that a question lists."""


class Options:
    """What the command line says."""

    journal: str
    dry_run: bool
    trust: bool
    json: bool
    quiet: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Take back what a batch wrote, by the journal it kept (--journal FILE): originals return from their backups, "
        "outputs are removed. Only what is still as the batch left it is touched, so it may be run again.",
        "exit codes: 0 all is as it was before the batch, 4 a file could not be taken back.",
    )
    parser.add_argument("journal", metavar="JOURNAL", type=file_name, help="the journal of the batch")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; report what would be done")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="believe a journal of another user, one that names no folders, and entries that no batch can have written",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="only errors and warnings")
    parser.add_json()
    return parser


def run(options: Options) -> int:
    """Undo each entry, the newest first, and report; exit 4 if a file could not be taken back."""
    require_local(options.journal, "JOURNAL", "undo reads a journal of this machine, of files anywhere")
    totals: Counter[Undone] = Counter()
    interrupt = DeferredInterrupt()
    with ExitStack() as stack:
        journal = stack.enter_context(reopen(options.journal))
        if options.dry_run:
            _tell_roots(journal, options)
        elif not options.trust:
            _require_trust(journal, options)
        journal.cut_off = journal.damaged = 0
        report = Report(stack.enter_context(Progress("undo", journal.count)))
        if not options.dry_run:
            stack.enter_context(interrupt)
        done = undo(journal, interrupt.asked, dry_run=options.dry_run, trust=options.trust)
        for outcome in report.each(done):
            totals[outcome.status] += 1
            for warning in outcome.warnings:
                complain(printable(warning))
            if options.json:
                say_json("undo", outcome.as_dict())
            elif not options.quiet:
                say(f"{outcome.status.value:<13}{printable(outcome.path)}")
    name = printable(options.journal)
    if journal.cut_off:
        complain(f"{name}: {plural(journal.cut_off, 'line')} cut off and ignored")
    if journal.damaged:
        complain(f"{name}: {plural(journal.damaged, 'line')} damaged: what they name is left as it is")
    if not (options.json or options.quiet):
        told = [f"{totals[status]} {status.value}" for status in Undone if totals[status]]
        would = " (dry run: nothing written)" if options.dry_run else ""
        say(f"{plural(report.files, 'file')}: {', '.join(told) or 'nothing to do'}{would}")
    return max(report.worst, ExitCode.BAD_INPUT if journal.damaged else ExitCode.OK)


def _tell_roots(journal: FileJournal, options: Options) -> None:
    """Say what the journal may write below, and why it would not be believed."""
    for reason in filter(None, (journal.doubts(), None if journal.roots() else "names no folders")):
        complain(f"{printable(options.journal)}: {reason}: undo asks before it believes it, or needs --trust")
    if not (options.json or options.quiet):
        for root in journal.roots() or ():
            say(f"below        {printable(root)}")


def _require_trust(journal: FileJournal, options: Options) -> None:
    """Ask the user whether to believe a journal that names no folders: one of 0.1, or of somebody else.

    Raises:
        JournalError: another user may have written it, or the answer is no, or there is nobody to ask.
    """
    if reason := journal.doubts():
        raise JournalError(reason, hint="read it, then --trust", file=options.journal)
    if journal.roots() is not None:
        return
    folders = roots_of(journal.entries())
    if not folders:
        return
    why = "names no folders below which it writes, as journals of 0.1 do not"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise JournalError(why, hint="--dry-run shows what it would do, --trust does it", file=options.journal)
    complain(f"{options.journal}: {why}. It would restore or remove files in:")
    complain(*(f"  {folder} ({plural(count, 'file')})" for folder, count in folders[:_SHOWN]))
    if len(folders) > _SHOWN:
        complain(f"  … and {plural(len(folders) - _SHOWN, 'more folder')}")
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise JournalError("was not believed: nothing was changed", file=options.journal)
