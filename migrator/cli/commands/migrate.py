"""`aiperf-migrate upgrade`, `aiperf-migrate downgrade`, `aiperf-migrate convert`: exports to another version."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Final, Literal

from migrator.batch.discover import Names, clash, is_folder, same_folder
from migrator.batch.migrate_work import Migrating
from migrator.batch.request import Request, Result, Status
from migrator.cli.display import paint
from migrator.cli.engine import progress, require_engine, run_engine, sources
from migrator.cli.goal_options import Direction, GoalOptions, add_goal, asked_goal, to_warn_of
from migrator.cli.interrupt import DeferredInterrupt
from migrator.cli.parser import Parser, file_name, require_local
from migrator.cli.report import Report, say_json
from migrator.cli.streams import complain, say
from migrator.cli.write_options import NEEDS_OUTPUT, WritingOptions, add_outputs, journaled, write_options
from migrator.documents import stamped
from migrator.errors import ExitCode, UnwritableError, UsageError
from migrator.files.disk import STANDARD
from migrator.render.folded import Folded
from migrator.render.lines import json_line
from migrator.render.report import Unsearched, diff, explain, result_line, total_line
from migrator.render.safe import printable
from migrator.render.text import plural
from migrator.stores import is_url
from migrator.writing.journal import Done
from migrator.writing.ledger_file import LedgerFile

_OUTPUTS: Final = """\
where the output goes: to standard output for one file, or to one of -o, -d and
--in-place. --check, --dry-run and --diff write nothing. An existing file is only
overwritten with --force; --in-place keeps the original beside it, as FILE.bak.

with a journal (--journal FILE), --resume finishes a batch that was stopped, and
`aiperf-migrate undo FILE` takes it back.

secrets that stand in clear become <redacted> in the output; with --in-place
also in the other files of a folder, its records included. `aiperf-migrate
redact` does only that."""


_COMMANDS: Final[dict[str, tuple[Direction, str]]] = {
    "upgrade": ("up", "Bring exports to a newer schema version. Exports that are newer already are left alone."),
    "downgrade": (
        "down",
        "Bring exports to an older schema version. What it has no place for is lost, or saved with --residue. "
        "Exports that are older already are left alone.",
    ),
    "convert": ("either", "Bring exports to a schema version, up or down, whichever each file needs."),
}
"""Command → (direction, what it does)."""


class Options(WritingOptions, GoalOptions):
    """What the command line says."""

    format: Literal["text", "json-patch"]
    residue: bool
    ignore_residue: bool
    keep_secrets: bool
    backfill: bool
    records: str | None
    all_files: bool


def arguments(command: str) -> Parser:
    """The options of one of the migrating commands."""
    direction, about = _COMMANDS[command]
    parser = Parser(command, about, _OUTPUTS)
    parser.usage = f"%(prog)s {'' if direction == 'up' else '--to VERSION '}[OPTIONS] PATH..."
    parser.set_defaults(command=command)
    parser.add_paths()
    add_goal(parser, direction)
    add_outputs(parser, change="would change")
    parser.add_argument(
        "--format",
        choices=("text", "json-patch"),
        default="text",
        help="json-patch: write nothing; print the changes of each file as a JSON Patch (RFC 6902)",
    )
    parser.add_argument("--residue", action="store_true", help="save what cannot be kept, in FILE.residue.json")
    parser.add_argument("--ignore-residue", action="store_true", help="do not restore from a residue beside the input")
    parser.add_argument("--keep-secrets", action="store_true", help="leave API keys and passwords as they are")
    if direction == "down":
        parser.set_defaults(backfill=False, records=None)
    else:
        parser.add_argument(
            "--backfill",
            action="store_true",
            help="fill in count, sum and run identity from the records and run_config.json beside each file",
        )
        parser.add_argument(
            "--records", type=file_name, metavar="FILE", help="as --backfill, with the records of one export from here"
        )
    parser.add_argument(
        "--all-files", action="store_true", help="with -d: copy the other files of each folder, too, without secrets"
    )
    return parser


def run(options: Options) -> int:
    """Migrate all files and report; the exit code is that of the worst thing that happened."""
    request = _request(options)
    # A batch that replaces files takes the secrets out of those beside the exports, too, and its rehearsal tells so.
    beside = (request.in_place or not request.writes) and not request.keep_secrets
    names = Names.ALL if options.all_files else Names.RUN if beside else Names.MIGRATED
    title = f"{options.command} {request.phrase}"
    return execute(options, request, title, names)


def execute(options: Options, request: Request, title: str, names: Names) -> int:
    """Do what is asked of each file, and report.

    Args:
        options: the command line.
        request: what is asked.
        title: what is done, for the progress line.
        names: which files of a folder are meant.

    Returns:
        the exit code: that of the worst thing that happened.
    """
    quiet = request.standard_output
    several = len(options.paths) > 1 or is_folder(options.paths[0])
    totals: Counter[Status] = Counter()
    unsearched = Unsearched()
    interrupt = DeferredInterrupt()
    avoid = (options.output_dir, options.backup_dir, options.journal, options.ledger)
    found = sources(options, avoid, names)  # Refuses what it does not understand before anything is written.
    with ExitStack() as stack:
        ledgers = None
        if options.ledger:
            ledgers = LedgerFile(options.ledger, force=options.force, resume=options.resume)
            stack.enter_context(ledgers)
        report = Report(stack.enter_context(progress(options, title, *avoid, names=names)))
        if request.out_folder or request.in_place:
            stack.enter_context(interrupt)
        folded = None
        patches = options.format == "json-patch"
        if several and not (quiet or patches or options.json or options.diff or options.explain or options.verbose):
            folded = Folded((lambda line: None) if options.quiet else say, complain)
            stack.callback(folded.finish)
        batch = journaled(options, request, found, stack)
        work = Migrating(request, batch.journal)
        results = run_engine(options, batch.sources, work, interrupt.asked)
        for result in report.each(stack.enter_context(closing(results))):
            if ledgers:
                _note(result, ledgers, work, batch.done)
            totals[result.status] += 1
            unsearched.look(result)
            if patches:
                _print_patch(result, alone=not several)
            else:
                _print(result, options, folded, quiet=quiet)
    if several and not (options.json or quiet or options.quiet or patches):
        say(total_line(totals, written=options.has_output()))
    if told := unsearched.line():
        complain(told)
    if not totals:
        from migrator.batch.instead import instead

        complain(f"no files found{instead(options.paths)}")
    changed = any(totals[status] for status in Status if status.changes)
    return report.worst or (ExitCode.NO if options.check and changed else ExitCode.OK)


def _note(result: Result, ledgers: LedgerFile, work: Migrating, done: Done | None) -> None:
    """Write the line of a file to the ledgers, unless it was done before and has one.

    A batch may have been killed after it wrote a file and before it wrote the line, or had no ledgers.
    """
    name = result.source.path
    if result.status in (Status.UNCHANGED, Status.SKIPPED) and ledgers.has_change(name):
        return
    was_done = done and result.source.done and result.status is Status.UNCHANGED
    if done and was_done and (entry := done.entry(work.request.target(result.source))):
        result = work.reconstructed(result.source, entry)
    ledgers.write(json_line(stamped("ledger", result.as_dict())), name)


def is_to_stdout(options: Options) -> bool:
    """Whether the one output goes to standard output.

    Raises:
        UsageError, UnwritableError: options that contradict each other, or an output that has no place.
    """
    patch = options.format == "json-patch"
    to_stdout = not (options.has_output() or options.check or options.dry_run or options.diff or patch)
    _require_local(options)
    if options.output_dir:
        _require_other_folder(options.output_dir, options.paths)
    _require_output(options, to_stdout=to_stdout)
    require_engine(options)
    if to_stdout and options.engine == "dask":
        raise UsageError(f"--engine dask {NEEDS_OUTPUT}")
    if options.output_dir:
        _require_folder(options.output_dir, options.paths)
    if options.output and options.output.endswith(os.sep):
        raise UsageError(f"-o names a file, not a folder: {options.output}", hint="-d DIR")
    return to_stdout


def _request(options: Options) -> Request:
    to_stdout = is_to_stdout(options)
    if options.records and _may_be_several(options.paths):
        raise UsageError("--records names the records of one export", hint="--backfill reads those beside each file")
    if options.backfill and not options.records and STANDARD in options.paths:
        raise UsageError("standard input has no files beside it", hint="--records FILE")
    asked = asked_goal(options)
    return Request(
        goal=asked.goal,
        reader=asked.reader,
        readers=to_warn_of(options.reader),
        direction=_COMMANDS[options.command][0],
        out_file=options.output,
        out_folder=options.output_dir,
        in_place=options.in_place,
        standard_output=to_stdout,
        options=write_options(options),
        force=options.force,
        residue=options.residue,
        use_residue=not options.ignore_residue,
        keep_secrets=options.keep_secrets,
        backfill=bool(options.backfill or options.records),
        records=options.records,
        newer_as_known=options.newer_minor == "as-known",
        where=options.where,
        all_files=options.all_files,
        ledgers=bool(options.explain or options.diff or options.json or options.ledger),
        patches=options.format == "json-patch",
    )


def _may_be_several(paths: Sequence[str]) -> bool:
    return len(paths) > 1 or any(map(is_folder, paths))


def _require_output(options: Options, *, to_stdout: bool) -> None:
    """Check that each output has one place, and the report another."""
    if options.all_files and not options.output_dir:
        raise UsageError("--all-files needs -d DIR", hint="--in-place leaves the other files where they are")
    if options.format == "json-patch":
        others = ("diff", "explain", "json", "check", "dry_run", "verbose")
        if options.has_output() or any(getattr(options, name) for name in others):
            raise UsageError(
                "--format json-patch writes nothing and prints patches alone, so it goes with no output and no report",
                hint="without -o, -d, --in-place, --diff, --explain, --json, --check, --dry-run and -v",
            )
    if options.diff and options.has_output():
        raise UsageError("--diff writes nothing, so it goes with none of -o, -d, --in-place")
    if (to_stdout or options.output) and _may_be_several(options.paths):
        raise UsageError(
            "several outputs need a place",
            hint="-d DIR writes them to a folder, --in-place replaces the inputs, --dry-run writes nothing",
        )
    if to_stdout and options.json:
        raise UsageError(
            "standard output cannot hold both the document and the report", hint="-o FILE for the document"
        )
    if options.residue and not options.has_output():
        raise UsageError(f"--residue {NEEDS_OUTPUT}", hint="the residue is saved beside it")
    if options.in_place and STANDARD in options.paths:
        raise UsageError("standard input cannot be replaced in place")
    if options.output_dir and STANDARD in options.paths:
        raise UsageError("standard input has no name to use in a folder", hint="-o FILE")


def _require_local(options: Options) -> None:
    """Refuse URLs where only files of this machine work."""
    for option, name in (("--journal", options.journal), ("--ledger", options.ledger)):
        require_local(name, option)
    local = next((path for path in options.paths if not is_url(path)), None)
    if is_url(options.backup_dir or "") and local:
        raise UsageError(f"--backup-dir needs a folder on this machine for {local}", hint="--backup-dir DIR")


def _require_other_folder(folder: str, paths: Sequence[str]) -> None:
    if any(same_folder(path, folder) for path in paths):
        raise UsageError(f"{folder} is both input and output", hint="--in-place replaces the inputs, and keeps backups")


def _require_folder(folder: str, paths: Sequence[str]) -> None:
    """Check at once what would otherwise fail file by file, or make one output overwrite another."""
    if not is_url(folder) and os.path.lexists(folder) and not os.path.isdir(folder):
        raise UnwritableError("is a file", expected="a folder for the output", file=folder)
    if pair := clash(paths):
        raise UsageError(
            f"{pair[0]} and {pair[1]} would both be written to the same place in {folder}",
            hint="name a folder above both, whose tree is mirrored",
        )


def _print_patch(result: Result, *, alone: bool) -> None:
    """The patch of a file: an array for the only file, else a line with its name."""
    for warning in result.warnings:
        complain(f"{result.source.path}: {warning}")
    if result.patch is None:
        if result.source.named and result.status is not Status.FAILED:
            complain(f"{result.source.path}: {result.reason or 'is not one JSON document: it has no patch'}")
    elif alone:
        rows = ",\n".join(f"  {json_line(operation)}" for operation in result.patch)
        say(f"[\n{rows}\n]" if rows else "[]")
    else:
        say(json_line({"file": result.source.path, "patch": result.patch}))


def _print(result: Result, options: Options, folded: Folded | None, *, quiet: bool) -> None:
    """All about one file but its error: warnings on standard error, the rest where the document is not.

    Args:
        result: what became of the file.
        options: the command line.
        folded: takes what is printed at the end of a batch; None prints it now.
        quiet: whether the document goes to standard output.
    """
    for warning in result.warnings:
        complain(f"{printable(result.source.path)}: {warning}")
    if options.json:
        say_json("ledger", result.as_dict())
        return
    lost = "" if options.diff else _lost(result)
    if folded:
        folded.take(result, _lines(result, options) if folded.has_lines else [], lost)
        return
    if lost:
        complain(lost)
    if options.diff and result.status is Status.SKIPPED:
        complain(f"{printable(result.source.path)}: {result.reason}")
    lines = [] if options.quiet and not (options.diff or options.explain) else _lines(result, options)
    if not quiet:
        for line in lines:
            say(paint(line, "changes") if options.diff else line)
    elif options.explain or result.status.changes:
        complain(*lines)


def _lost(result: Result) -> str:
    """The warning of what is lost in a file; empty for nothing."""
    lost = result.tally.lost if result.status is Status.MIGRATED else 0
    if not lost:
        return ""
    reader = f"AIPerf {result.for_release}" if result.for_release else result.to_version
    name, them = printable(result.source.path), "it" if lost == 1 else "them"
    return f"{name}: {plural(lost, 'value')} lost: {reader} has no place for {them} (--residue saves {them})"


def _lines(result: Result, options: Options) -> list[str]:
    if options.diff:
        return list(diff(result))
    if options.explain:
        return list(explain(result)) if result.status is not Status.FAILED else []
    return result_line(result).split("\n")
