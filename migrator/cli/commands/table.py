"""`aiperf-migrate table`: exports as a table, one row a run or one row a metric."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain, islice
from typing import IO, Final, Literal, cast

from migrator.aiperf.definitions import Crossings
from migrator.aiperf.metrics import STATISTICS
from migrator.batch.paths import split
from migrator.batch.read_files import Looking, Seen, each_of
from migrator.batch.runs import Role, Runs, words
from migrator.batch.select import require_fields
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.cli.alone import Alone
from migrator.cli.engine import BatchOptions, add_jobs, progress, run_local, sources
from migrator.cli.forms import form_of
from migrator.cli.parser import Parser, require_local, selection
from migrator.cli.report import Report
from migrator.cli.streams import complain, write_error
from migrator.diff.stand_ins import NOT_NEEDED, Known, admitted
from migrator.errors import UsageError
from migrator.files.packed import Packing
from migrator.files.spool import Spool
from migrator.render.safe import printable
from migrator.render.text import plural
from migrator.table.columns import (
    EVERY_RUN,
    RunTable,
    Units,
    by_todays_names,
    chosen,
    is_wild,
    kinds,
    require_columns,
    unproven,
    with_units,
)
from migrator.table.formats import FORMATS, lines, write_parquet
from migrator.table.places import Places
from migrator.table.read_runs import read_runs
from migrator.table.rows import ABOUT_RUN, FACTS, METRIC_COLUMNS, Kind, Row, Run, metric_rows, steps_of
from migrator.writing.stream import OutFile

_ABOUT: Final = """\
Exports as a table: one row a run, or one row a metric, after migration to one schema
version in memory. Nothing is written but the table. A missing value is an empty cell.
Phases of a run and copies of one have no rows of their own, unless their file is named."""

_PLAIN: Final = {".csv": "csv", ".json": "json", ".jsonl": "json", ".md": "markdown"}
_ENDINGS: Final = {**_PLAIN, ".parquet": "parquet", **{f"{ending}.gz": form for ending, form in _PLAIN.items()}}

_EPILOG: Final = """\
columns: the names that a table has by default, the other fields of --where (gpus, gpu_name, errors, …),
METRIC.STATISTIC for a row a run, any path in the files, and wildcards:
--columns 'file,model,request_latency.*,*.p99,input_config.phases[0].*'.
Numbers of a metric share one unit. A path has one type: text if any of its values is text.
A former name of a metric (ttft.avg) is as good as its present one, which heads the column.

In CSV, text that a spreadsheet would take for a formula gets an apostrophe.
--format json gives one JSON document a line.

With a wildcard or a path, the rows are kept in a temporary file until all columns are known."""


class Options(BatchOptions):
    """What the command line says."""

    format: str
    rows: Literal["run", "metric"]
    to: str
    columns: str | None
    units: Units
    phases: bool
    output: str | None
    force: bool
    quiet: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(command, _ABOUT, _EPILOG)
    parser.add_paths()
    parser.add_argument(
        "--format", choices=FORMATS, help="form of the table (default: as the name of -o says, else csv)"
    )
    parser.add_argument("--rows", choices=("run", "metric"), default="run", help="what a row is (default run)")
    parser.add_argument("--to", choices=VERSIONS, default=NEWEST, metavar="VERSION", help=f"version (default {NEWEST})")
    parser.add_argument("--columns", metavar="NAMES", help="the columns and their order, with commas between")
    parser.add_argument(
        "--units",
        choices=("header", "column"),
        default="header",
        help="with a row a run: units in the headings, or in columns of their own",
    )
    parser.add_argument(
        "--phases", action="store_true", help="rows for the phases of each run, too, warm-ups among them"
    )
    parser.add_output("write the table here: .csv, .parquet, .json or .md; all but .parquet also with .gz")
    parser.add_argument("--force", action="store_true", help="overwrite an existing output")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing of what went well")
    add_jobs(parser)
    parser.add_selection()
    parser.takes("columns")
    return parser


def run(options: Options) -> int:
    """Write the table; the exit code says whether every file could be read."""
    options.format = form_of(options.format, options.output, _ENDINGS, "csv")
    patterns = _patterns(options)
    require_local(options.output, "-o", "without -o the table goes to standard output")
    if options.format == "parquet" and not options.output and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal", hint="-o FILE")
    with progress(options, "table", options.output) as bar:
        report = Report(bar)
        runs = _Runs(options, report, patterns)
        if options.output:
            with OutFile(options.output, force=options.force) as target, _packed(target, options.output) as file:
                _write(runs, options, patterns, file)
        else:
            _to_standard_output(runs, options, patterns)
    if runs.rows:
        runs.alone.tell()
    if not runs.rows:
        from migrator.batch.instead import instead

        complain(f"no exports found{instead(options.paths)}")
    elif options.output and not options.quiet:
        complain(f"{plural(runs.count, 'run')} in {printable(options.output)}")
    return report.worst


def _patterns(options: Options) -> list[str]:
    by_metric = options.rows == "metric"
    if by_metric and options.units == "column":
        raise UsageError("--units column goes with --rows run", hint="rows of metrics have a column for the unit")
    if options.columns is None:
        return list(METRIC_COLUMNS if by_metric else EVERY_RUN)
    patterns = [name.strip() for name in split(options.columns, ",") if name.strip()]
    if not patterns:
        raise UsageError("--columns names no column")
    require_columns(patterns, METRIC_COLUMNS if by_metric else ABOUT_RUN)
    require_fields(unproven(patterns), options.paths, selection(options), "--columns")
    return patterns if by_metric else by_todays_names(patterns)


class _Runs:
    """The runs that a command line names, one at a time."""

    def __init__(self, options: Options, report: Report, patterns: Sequence[str]) -> None:
        self._options = options
        self._report = report
        self._patterns = patterns
        self.count = 0
        self.rows = 0
        self._crossings = Crossings()
        self.alone = Alone()

    def __iter__(self) -> Iterator[Run]:
        options = self._options
        columns = tuple(name for name in self._patterns if name in FACTS or steps_of(name))
        details = any(name in FACTS for name in columns)
        work = Looking(partial(read_runs, to=options.to, columns=columns), options.where, details=details, to_look=True)
        runs: Runs[Seen[Run]] = Runs(
            lambda seen: (seen.source, seen.found.mark if seen.found else None), phases=options.phases
        )
        shown = (Role.RUN, Role.PHASE, Role.WARM_UP) if options.phases else (Role.RUN,)
        results = run_local(options, sources(options, (options.output,)), work)
        known = Known()
        with Spool[Run]() as instead:
            for (source, run, _), role in runs.roles(each_of(self._report.each(results))):
                self.alone.look(source)
                if run and role is Role.RUN:
                    known.add(run.results)
                if run and run.mark is None:
                    instead.add(run)
                elif run and role in shown:
                    self.count += role is Role.RUN
                    yield from self._shown(run, source.path)
            yield from self._instead(known, instead)
        self._tell_definitions()
        if told := words({role: count for role, count in runs.left_out.items() if role not in shown}):
            complain(told)

    def _instead(self, known: Known, spool: Spool[Run]) -> Iterator[Run]:
        """What stands for runs that are gone. Read twice, so that their rows are not all in memory."""
        every = [(place, run.results) for place, run in enumerate(spool)]
        kept, left_out = admitted(known, every, lambda one: one[1])
        places = {place for place, _ in kept}
        for place, run in enumerate(spool):
            if place in places:
                self.count += run.about["runs"]
                yield from self._shown(run, run.results.file)
        if left_out:
            complain(f"left out: {plural(len(left_out), 'file')} about several runs: {NOT_NEEDED}")

    def _shown(self, run: Run, path: str) -> Iterator[Run]:
        self.rows += 1
        self._crossings.add(run.era, run.touched, run.metrics)
        yield run
        for warning in run.warnings:
            complain(f"{path}: {warning}")

    def _tell_definitions(self) -> None:
        """Warn of columns whose numbers were not all computed in one way."""
        for crossing in self._crossings.found():
            if tags := [tag for tag in crossing.tags if self._is_shown(tag)]:
                change = crossing.change
                told = f"before: {change.before}; since: {change.after}"
                doubt = "" if crossing.sure else ", if that concerns the runs, which the files do not tell"
                complain(f"{', '.join(tags)}: not comparable across AIPerf {change.since} ({told}){doubt}")

    def _is_shown(self, tag: str) -> bool:
        """Whether the table has a column of a metric, or rows of it."""
        names = [f"{tag}.{statistic}" for statistic in STATISTICS]
        by_metric = self._options.rows == "metric"
        return by_metric or any(fnmatchcase(name, pattern) for name in names for pattern in self._patterns)


@contextlib.contextmanager
def _packed(target: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """The file to write a table to: compressed where its name says so. No time is written, so that bytes repeat."""
    if not name.lower().endswith(Packing.GZIP):
        yield target
        return
    import gzip

    with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as packed:
        yield cast("IO[bytes]", packed)


def _to_standard_output(runs: Iterable[Run], options: Options, patterns: Sequence[str]) -> None:
    try:
        _write(runs, options, patterns, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise write_error(error) from error


def _write(runs: Iterable[Run], options: Options, patterns: Sequence[str], target: IO[bytes]) -> None:
    if options.rows == "metric":
        _write_metrics(runs, options, patterns, target)
        return
    table = RunTable(options.units, patterns)
    rows = map(table.row, runs)
    if not any(map(is_wild, patterns)) and not table.places:
        # The unit of a metric that is in no catalogue comes from the first run.
        first = list(islice(rows, 1))
        names = with_units(chosen(patterns, ()), options.units)
        _put(options.format, chain(first, rows), table.headings(names), kinds(names, {}), target)
        return
    with Spool[Row]() as spool:
        for row in rows:  # Until all columns are known.
            spool.add(row)
        names = with_units(chosen(patterns, table.names(), table.places.names()), options.units)
        of_kind = kinds(names, table.places.kinds())
        _put(options.format, map(table.places.typed, spool), table.headings(names), of_kind, target)


def _write_metrics(runs: Iterable[Run], options: Options, patterns: Sequence[str], target: IO[bytes]) -> None:
    places = Places(patterns)
    rows = ({**row, **cells} for run in runs for cells in [places.row(run)] for row in metric_rows(run))
    if not places:
        names = chosen(patterns, METRIC_COLUMNS)
        _put(options.format, rows, {name: name for name in names}, kinds(names, {}), target)
        return
    with Spool[Row]() as spool:
        for row in rows:  # Until all columns are known.
            spool.add(row)
        names = chosen(patterns, METRIC_COLUMNS, places.names())
        of_kind = kinds(names, places.kinds())
        _put(options.format, map(places.typed, spool), {name: name for name in names}, of_kind, target)


def _put(
    form: str, rows: Iterable[Row], headings: Mapping[str, str], of_kind: Mapping[str, Kind], target: IO[bytes]
) -> None:
    if form == "parquet":
        write_parquet(target, rows, headings, of_kind)
        return
    for line in lines(form, rows, headings):
        target.write(line.encode(errors="backslashreplace") + b"\n")
