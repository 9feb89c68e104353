"""What `upgrade`, `downgrade` and `convert` share: options, the batch, the report."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Final, Literal

from migrator.batch.discover import STDIN, clash, is_folder, same_folder
from migrator.batch.migrate_files import Request, Result, Status
from migrator.batch.migrate_work import Migrating
from migrator.batch.select import select
from migrator.chain.steps import GENAI_PERF, NEWEST, VERSIONS
from migrator.cli.engine import add_engine, add_jobs, farmed, progress, require_engine
from migrator.cli.interrupt import Uninterrupted
from migrator.cli.parser import Parser, file_name, selection
from migrator.cli.streams import complain, say
from migrator.cli.write_options import add_options, journaled, manner
from migrator.config.for_release import parse_release
from migrator.errors import ExitCode, UnwritableError, UsageError
from migrator.render.lines import json_line
from migrator.render.report import diff, explain, result_line, total_line
from migrator.render.safe import printable
from migrator.render.text import plural
from migrator.stores import is_url
from migrator.writing.stream import LedgerFile

Direction = Literal["up", "down", "either"]

_OUTPUTS: Final = """\
where the output goes: to standard output for one file, or to one of -o, -d and
--in-place. --check, --dry-run and --diff write nothing. An existing file is only
overwritten with --force; --in-place keeps the original beside it, as FILE.bak.

a journal (--journal FILE) makes a batch of any size one that --resume finishes
and `aiperf-migrate undo FILE` takes back, whatever stopped it.

secrets that stand in clear (AIPerf 0.1.1 to 0.6.0) become <redacted> in the
output."""


def parser(command: str, description: str, direction: Direction) -> Parser:
    """The options of a migrating command."""
    made = Parser(command, description, _OUTPUTS)
    made.usage = f"%(prog)s {'' if direction == 'up' else '--to VERSION '}[OPTIONS] PATH..."
    made.set_defaults(command=command)
    made.add_paths()
    goal = made.add_mutually_exclusive_group(required=direction != "up")
    goal.add_argument(
        "--to",
        metavar="VERSION",
        choices=VERSIONS if direction == "up" else (GENAI_PERF, *VERSIONS),
        default=NEWEST if direction == "up" else None,
        help=f"schema version to reach: {', '.join(VERSIONS)}" + (f" (default {NEWEST})" if direction == "up" else ""),
    )
    goal.add_argument(
        "--for-aiperf",
        metavar="RELEASE",
        help="what this AIPerf release reads, input_config included; 0.9 means its newest",
    )
    place = made.add_mutually_exclusive_group()
    place.add_argument("-o", "--output", type=file_name, metavar="FILE", help="write the one output here")
    place.add_argument(
        "-d", "--output-dir", type=file_name, metavar="DIR", help="write the outputs here, the tree mirrored"
    )
    place.add_argument("--in-place", action="store_true", help="replace the inputs, keep backups")
    place.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    place.add_argument("--dry-run", action="store_true", help="write nothing; tell what would be done")
    made.add_argument("--diff", action="store_true", help="write nothing; show what would change, path by path")
    made.add_argument("--explain", action="store_true", help="the whole ledger of each file, step by step")
    made.add_json()
    made.add_argument(
        "--ledger", type=file_name, metavar="FILE", help="write the ledgers to a file, one JSON document a line"
    )
    made.add_argument("--residue", action="store_true", help="save what cannot be kept, in FILE.residue.json")
    made.add_argument("--ignore-residue", action="store_true", help="do not restore from a residue beside the input")
    made.add_argument("--keep-secrets", action="store_true", help="leave API keys as they are")
    if direction != "down":
        made.add_argument(
            "--backfill",
            action="store_true",
            help="fill in count, sum and run identity from the records and run_config.json beside each file",
        )
        made.add_argument(
            "--records", type=file_name, metavar="FILE", help="as --backfill, with the records of one export from here"
        )
    else:
        made.set_defaults(backfill=False, records=None)
    made.add_argument("--force", action="store_true", help="overwrite existing outputs")
    add_jobs(made)
    add_engine(made)
    add_options(made)
    made.add_selection()
    return made


def run(options: argparse.Namespace, direction: Direction) -> int:
    """Migrate all files and report; the exit code is that of the worst thing that happened."""
    request = _request(options, direction)
    quiet = request.standard_output
    totals: Counter[Status] = Counter()
    changing = False
    worst: int = ExitCode.OK
    with ExitStack() as stack:
        ledgers = stack.enter_context(LedgerFile(options.ledger, force=options.force)) if options.ledger else None
        avoid = (options.output_dir, options.backup_dir, options.journal, options.ledger)
        bar = stack.enter_context(progress(options, f"{options.command} {request.goal}", *avoid))
        polite = Uninterrupted()
        if request.out_folder or request.in_place:
            stack.enter_context(polite)
        found = select(options.paths, selection(options), avoid=avoid)
        sources = journaled(options, request, found, stack)
        results = stack.enter_context(closing(farmed(options, sources, Migrating(request), polite.asked)))
        for result in results:
            if ledgers:
                ledgers.write(json_line(result.as_dict()))
            totals[result.status] += 1
            changing |= result.status is Status.MIGRATED
            worst = max(worst, result.error.exit_code if result.error else ExitCode.OK)
            _report(result, options, quiet=quiet)
            bar.advance()
    several = len(options.paths) > 1 or is_folder(options.paths[0])
    if several and not options.json and not quiet:
        say(total_line(totals))
    if not totals:
        complain("no files found")
    return worst or (ExitCode.NO if options.check and changing else ExitCode.OK)


def _request(options: argparse.Namespace, direction: Direction) -> Request:
    nothing = options.check or options.dry_run or options.diff
    placed = options.output or options.output_dir or options.in_place
    to_stdout = not placed and not nothing
    _require_near(options)
    if options.output_dir:
        _require_other_folder(options.output_dir, options.paths)
    folder = any(map(is_folder, options.paths))
    if options.diff and placed:
        raise UsageError("--diff writes nothing, so it goes with none of -o, -d, --in-place")
    if (to_stdout or options.output) and (len(options.paths) > 1 or folder):
        raise UsageError(
            "several outputs need a place",
            hint="-d DIR writes them to a folder, --in-place replaces the inputs, --dry-run writes nothing",
        )
    if to_stdout and options.json:
        raise UsageError("standard output can hold the document or the report", hint="-o FILE takes the document")
    if options.residue and not placed:
        raise UsageError("--residue saves beside the output", hint="give the output a place with -o, -d or --in-place")
    if options.in_place and STDIN in options.paths:
        raise UsageError("standard input cannot be replaced in place")
    if options.output_dir and STDIN in options.paths:
        raise UsageError("standard input has no name to use in a folder", hint="-o FILE")
    require_engine(options)
    if to_stdout and options.engine == "dask":
        raise UsageError(
            "--engine dask has no standard output", hint="give the output a place with -o, -d or --in-place"
        )
    if options.output_dir:
        _require_folder(options.output_dir, options.paths)
    if options.output and options.output.endswith(os.sep):
        raise UsageError(f"-o names a file, not a folder: {options.output}", hint="-d DIR")
    if options.records and (len(options.paths) > 1 or folder):
        raise UsageError("--records names the records of one export", hint="--backfill takes those beside each file")
    if options.backfill and not options.records and STDIN in options.paths:
        raise UsageError("standard input has no files beside it", hint="--records FILE")
    version, release = options.to, ""
    if options.for_aiperf is not None:
        found = parse_release(options.for_aiperf)
        version, release = found.release.version, found.release.name
        if found.note:
            complain(found.note)
    return Request(
        to=version,
        release=release,
        direction=direction,
        out_file=options.output,
        out_folder=options.output_dir,
        in_place=options.in_place,
        standard_output=to_stdout,
        manner=manner(options),
        force=options.force,
        residue=options.residue,
        use_residue=not options.ignore_residue,
        keep_secrets=options.keep_secrets,
        backfill=bool(options.backfill or options.records),
        records=options.records,
        where=options.where,
        ledgers=bool(options.explain or options.diff or options.json or options.ledger),
    )


def _require_near(options: argparse.Namespace) -> None:
    """Say what only works with files of this machine."""
    for name in ("journal", "ledger", "records"):
        if is_url(getattr(options, name) or ""):
            raise UsageError(f"--{name} is a file of this machine", hint=f"--{name} FILE")
    far = next(filter(is_url, options.paths), None)
    if options.backfill and far:
        raise UsageError(f"--backfill reads the files beside an export, and not over {far.partition('://')[0]}://")
    near = next((path for path in options.paths if not is_url(path)), None)
    if is_url(options.backup_dir or "") and near:
        raise UsageError(f"the backup of {near} belongs on this machine", hint="--backup-dir DIR")


def _require_other_folder(folder: str, paths: Sequence[str]) -> None:
    if any(same_folder(path, folder) for path in paths):
        raise UsageError(f"{folder} is input and output", hint="--in-place replaces the inputs, and keeps backups")


def _require_folder(folder: str, paths: Sequence[str]) -> None:
    """Say at once what would otherwise fail file by file, or make one output overwrite another."""
    if not is_url(folder) and os.path.lexists(folder) and not os.path.isdir(folder):
        raise UnwritableError("is a file", expected="a folder for the output", file=folder)
    if pair := clash(paths):
        raise UsageError(
            f"{pair[0]} and {pair[1]} would have the same place below {folder}",
            hint="name a folder above both, and its tree is mirrored",
        )


def _report(result: Result, options: argparse.Namespace, *, quiet: bool) -> None:
    """Everything about one file: warnings and errors on standard error, the rest where the document is not."""
    name = printable(result.source.path)
    if result.error:
        complain(str(result.error))
    for warning in result.warnings:
        complain(f"{name}: {warning}")
    if options.json:
        say(json_line(result.as_dict()))
        return
    if result.status is Status.MIGRATED:
        lost = result.tally.lost
        if lost and not options.diff:
            reader = f"AIPerf {result.for_release}" if result.for_release else result.to_version
            told = f"{plural(lost, 'value')} lost: {reader} has no place for them (--residue saves them)"
            complain(f"{name}: {told}")
    if options.diff:
        lines = list(diff(result))
        if result.status is Status.SKIPPED:
            complain(f"{name}: {result.reason}")
    elif options.explain:
        lines = list(explain(result)) if result.status is not Status.FAILED else []
    else:
        lines = result_line(result).split("\n")
    if not quiet:
        for line in lines:
            say(line)
    elif options.explain or result.status is Status.MIGRATED:
        complain(*lines)
