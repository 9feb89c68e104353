"""How files are written: the options for backups, the journal and the disk, and the checks on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Final

from migrator.batch.discover import Source
from migrator.batch.request import Request
from migrator.cli.display import ColouredOptions, add_color, add_pager
from migrator.cli.engine import EngineOptions, add_engine, add_jobs
from migrator.cli.parser import Parser, new_file_name
from migrator.errors import UsageError
from migrator.files.packed import EXPORT_SUFFIXES
from migrator.values import NamedTuple
from migrator.writing import journal
from migrator.writing.options import Fsync, WriteOptions


class WritingOptions(EngineOptions, ColouredOptions):
    """The options of [`add_outputs`][]: where outputs go, how they are written, and what is reported."""

    command: str
    output: str | None
    output_dir: str | None
    in_place: bool
    check: bool
    dry_run: bool
    diff: bool
    explain: bool
    verbose: bool
    quiet: bool
    json: bool
    ledger: str | None
    force: bool
    backup_suffix: str | None
    no_backup: bool
    backup_dir: str | None
    touch: bool
    journal: str | None
    resume: bool
    fsync: str | None

    def is_long(self) -> bool:
        """Whether changes are listed: the lines of files come as they are done, which a pager would keep back."""
        return self.diff or self.explain

    def has_output(self) -> bool:
        """Whether the outputs go to files."""
        return bool(self.output or self.output_dir or self.in_place)

    def places(self) -> list[str]:
        """Every file, folder or URL that is read or written."""
        return [*self.paths, *(name for name in (self.output, self.output_dir) if name)]


NEEDS_OUTPUT: Final = "needs an output: -o, -d or --in-place"


def add_outputs(parser: Parser, *, change: str) -> None:
    """The options of the commands that write a file for each: migrations and `redact`.

    Args:
        parser: their parser.
        change: what `--check` asks of a file, as in "a file would change".
    """
    place = parser.add_mutually_exclusive_group()
    parser.add_output("write the one output here", group=place)
    place.add_argument(
        "-d", "--output-dir", type=new_file_name, metavar="DIR", help="write the outputs here, the tree mirrored"
    )
    place.add_argument("--in-place", action="store_true", help="replace the inputs, keep backups")
    place.add_argument("--check", action="store_true", help=f"write nothing; exit 1 if a file {change}")
    place.add_argument("--dry-run", action="store_true", help="write nothing; report what would be done")
    parser.add_argument("--diff", action="store_true", help="write nothing; show what would change, path by path")
    parser.add_argument("--explain", action="store_true", help="the whole ledger of each file, step by step")
    much = parser.add_mutually_exclusive_group()
    much.add_argument("-v", "--verbose", action="store_true", help="lines for each file of a large batch, too")
    much.add_argument("-q", "--quiet", action="store_true", help="only errors, warnings and losses")
    parser.add_json()
    parser.add_argument(
        "--ledger", type=new_file_name, metavar="FILE", help="write the ledgers to a file, one JSON document a line"
    )
    parser.add_argument("--force", action="store_true", help="overwrite existing outputs")
    add_color(parser)
    add_pager(parser)
    add_jobs(parser)
    add_engine(parser)
    _add_safety(parser)
    parser.add_selection()


def _add_safety(parser: Parser) -> None:
    """`--backup-suffix` to `--fsync`."""
    backup = parser.add_mutually_exclusive_group()
    backup.add_argument("--backup-suffix", metavar="SUFFIX", help="name of backups (default .bak)")
    backup.add_argument("--no-backup", action="store_true", help="with --in-place: keep no backups")
    parser.add_argument(
        "--backup-dir", type=new_file_name, metavar="DIR", help="with --in-place: keep backups here, the tree mirrored"
    )
    parser.add_argument("--touch", action="store_true", help="with --in-place: renew the time of modification")
    parser.add_argument(
        "--journal",
        type=new_file_name,
        metavar="FILE",
        help="record each file before it is written, for --resume and undo",
    )
    parser.add_argument("--resume", action="store_true", help="continue the batch of that journal")
    parser.add_argument(
        "--fsync",
        choices=[fsync.value for fsync in Fsync],
        help="wait for the disk after each file, after some dozen (default with --in-place), or never",
    )


def write_options(options: WritingOptions) -> WriteOptions:
    """How this command line wants files written.

    Raises:
        UsageError: options that contradict each other.
    """
    for option, given in (
        ("--no-backup", options.no_backup),
        ("--backup-suffix", options.backup_suffix),
        ("--backup-dir", options.backup_dir),
        ("--touch", options.touch),
    ):
        if given and not options.in_place:
            raise UsageError(f"{option} goes with --in-place")
    for option, needs in (("--journal", options.journal), ("--fsync", options.fsync)):
        if needs and not options.has_output():
            raise UsageError(f"{option} {NEEDS_OUTPUT}")
    if options.resume and not options.journal:
        raise UsageError("--resume needs the journal of the batch", hint="--journal FILE --resume")
    if options.no_backup and options.backup_dir:
        raise UsageError("--no-backup and --backup-dir contradict each other")
    suffix = options.backup_suffix
    if suffix is not None and (not suffix or "/" in suffix):
        raise UsageError("--backup-suffix must be part of a file name")
    if suffix and f"a.json{suffix}".lower().endswith(EXPORT_SUFFIXES):
        raise UsageError(
            "--backup-suffix must not end in .json, .gz or .zst", hint="the next batch would take backups for exports"
        )
    if suffix is None and not options.no_backup and not options.backup_dir:
        suffix = ".bak"
    return WriteOptions(
        suffix=suffix,
        folder=options.backup_dir,
        touch=options.touch,
        fsync=Fsync(options.fsync or (Fsync.BATCH if options.in_place else Fsync.NEVER)),
    )


class Journaled(NamedTuple):
    """The journal of a batch, None for none; its sources; and what a journal that is resumed says was written."""

    journal: journal.FileJournal | None
    sources: Iterator[Source]
    done: journal.Done | None = None


def journaled(options: WritingOptions, request: Request, sources: Iterable[Source], stack: ExitStack) -> Journaled:
    """The journal, open until `stack` is closed, and the sources, each with what a resumed journal records of it.

    Args:
        options: the command line.
        request: what is asked for each file.
        sources: the files.
        stack: closes the journal.

    Raises:
        UnwritableError, JournalError: as [`migrator.writing.journal.begin`][] does.
    """
    if options.journal is None:
        return Journaled(None, iter(sources))
    about = {"command": options.command, "to": request.goal.version}
    if request.all_files:
        about[journal.COPIES] = "all files"
    sync = request.options.fsync is not Fsync.NEVER
    kept = stack.enter_context(journal.begin(options.journal, about, _roots(options), resume=options.resume, sync=sync))
    if not options.resume:
        return Journaled(kept, iter(sources))
    done = journal.Done(kept)
    marked = (source._replace(done=done.after(request.target(source))) for source in sources)
    return Journaled(kept, marked, done)


def _roots(options: WritingOptions) -> list[str]:
    """What the batch writes, or below what it writes."""
    if options.in_place:
        return [*options.paths, *([options.backup_dir] if options.backup_dir else [])]
    return [name for name in (options.output, options.output_dir) if name]
