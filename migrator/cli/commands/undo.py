"""`aiperf-migrate undo`: take a batch back, by its journal."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

from migrator.cli.interrupt import DeferredInterrupt
from migrator.cli.parser import Parser, file_name
from migrator.cli.progress import Progress
from migrator.cli.report import Report
from migrator.cli.streams import complain, say
from migrator.render.lines import json_line
from migrator.render.safe import printable
from migrator.render.text import plural
from migrator.writing.journal import reopen
from migrator.writing.outcome import Undone
from migrator.writing.undo import undo


class Options:
    """What the command line says."""

    journal: str
    dry_run: bool
    json: bool


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
    parser.add_json()
    return parser


def run(options: Options) -> int:
    """Undo each entry, the newest first, and report; exit 4 if a file could not be taken back."""
    totals: Counter[Undone] = Counter()
    interrupt = DeferredInterrupt()
    with ExitStack() as stack:
        journal = stack.enter_context(reopen(options.journal))
        report = Report(stack.enter_context(Progress("undo", journal.count)))
        if not options.dry_run:
            stack.enter_context(interrupt)
        for outcome in report.each(undo(journal, interrupt.asked, dry_run=options.dry_run)):
            totals[outcome.status] += 1
            if options.json:
                say(json_line(outcome.as_dict()))
            else:
                say(f"{outcome.status.value:<13}{printable(outcome.path)}")
        if journal.damaged:
            complain(f"{printable(options.journal)}: {plural(journal.damaged, 'line')} cut off and ignored")
    if not options.json:
        done = [f"{totals[status]} {status.value}" for status in Undone if totals[status]]
        say(f"{plural(report.files, 'file')}: {', '.join(done) or 'nothing to do'}")
    return report.worst
