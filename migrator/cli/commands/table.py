"""`aiperf-migrate table`: exports as a table, one row a run or one row a metric."""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain, islice
from typing import IO, Final, Literal

from migrator.aiperf.definitions import Crossings
from migrator.aiperf.metrics import STATISTICS
from migrator.batch.read_files import Looking, Seen
from migrator.batch.runs import Role, Runs, words
from migrator.batch.select import require_metrics
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.cli.engine import BatchOptions, add_jobs, progress, run_local, sources
from migrator.cli.parser import Parser, file_name, selection
from migrator.cli.report import Report
from migrator.cli.streams import complain, write_error
from migrator.errors import UsageError
from migrator.render.safe import printable
from migrator.render.text import plural
from migrator.stores import is_url
from migrator.table.columns import (
    EVERY_RUN,
    RunTable,
    Units,
    by_todays_names,
    chosen,
    is_wild,
    kinds,
    require_metric_columns,
    require_run_columns,
    unknown_metrics,
    with_units,
)
from migrator.table.formats import FORMATS, lines, write_parquet
from migrator.table.rows import METRIC_COLUMNS, Kind, Row, Run, metric_rows, read_run
from migrator.writing.stream import OutFile

_ABOUT: Final = """\
Exports as a table: one row a run, or one row a metric, after migration to one schema
version in memory. Nothing is written but the table. A missing value is an empty cell.
Phases of a run and copies of one have no rows of their own, unless their file is named."""

_EPILOG: Final = """\
columns: the names that a table has by default, METRIC.STATISTIC for a row a run, and wildcards:
--columns 'file,model,request_latency.*,*.p99'. Numbers of one column share one unit.
A former name of a metric (ttft.avg) is as good as its present one, which heads the column.

In CSV, text that a spreadsheet would take for a formula gets an apostrophe.
--format json gives one JSON document a line.

With a wildcard, the rows are kept in a temporary file until all columns are known."""


class Options(BatchOptions):
    """What the command line says."""

    format: str
    rows: Literal["run", "metric"]
    to: str
    columns: str | None
    units: Units
    output: str | None
    force: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(command, _ABOUT, _EPILOG)
    parser.add_paths()
    parser.add_argument("--format", choices=FORMATS, default="csv", help="form of the table (default csv)")
    parser.add_argument("--rows", choices=("run", "metric"), default="run", help="what a row is (default run)")
    parser.add_argument("--to", choices=VERSIONS, default=NEWEST, metavar="VERSION", help=f"version (default {NEWEST})")
    parser.add_argument("--columns", metavar="NAMES", help="the columns and their order, with commas between")
    parser.add_argument(
        "--units",
        choices=("header", "column"),
        default="header",
        help="with a row a run: units in the headings, or in columns of their own",
    )
    parser.add_argument("-o", "--output", type=file_name, metavar="FILE", help="write the table here")
    parser.add_argument("--force", action="store_true", help="overwrite an existing output")
    add_jobs(parser)
    parser.add_selection()
    return parser


def run(options: Options) -> int:
    """Write the table; the exit code says whether every file could be read."""
    patterns = _patterns(options)
    if options.output and is_url(options.output):
        raise UsageError("-o needs a file on this machine", hint="without -o the table goes to standard output")
    if options.format == "parquet" and not options.output and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal", hint="-o FILE")
    with progress(options, "table", options.output) as bar:
        report = Report(bar)
        runs = _Runs(options, report, patterns)
        if options.output:
            with OutFile(options.output, force=options.force) as target:
                _write(runs, options, patterns, target)
        else:
            _to_standard_output(runs, options, patterns)
    if not runs.count:
        complain("no exports found")
    elif options.output:
        complain(f"{plural(runs.count, 'run')} in {printable(options.output)}")
    return report.worst


def _patterns(options: Options) -> list[str]:
    by_metric = options.rows == "metric"
    if by_metric and options.units == "column":
        raise UsageError("--units column goes with --rows run", hint="rows of metrics have a column for the unit")
    if options.columns is None:
        return list(METRIC_COLUMNS if by_metric else EVERY_RUN)
    patterns = [name.strip() for name in options.columns.split(",") if name.strip()]
    if not patterns:
        raise UsageError("--columns names no column")
    if by_metric:
        require_metric_columns(patterns)
        return patterns
    require_run_columns(patterns)
    require_metrics(unknown_metrics(patterns), options.paths, selection(options), "--columns")
    return by_todays_names(patterns)


class _Runs:
    """The runs that a command line names, one at a time."""

    def __init__(self, options: Options, report: Report, patterns: Sequence[str]) -> None:
        self._options = options
        self._report = report
        self._patterns = patterns
        self.count = 0
        self._crossings = Crossings()

    def __iter__(self) -> Iterator[Run]:
        options = self._options
        work = Looking(partial(read_run, to=options.to), options.where, details=False)
        runs: Runs[Seen[Run | None]] = Runs(lambda seen: (seen.source, seen.found.mark if seen.found else None))
        results = run_local(options, sources(options, (options.output,)), work)
        for (source, run, _), role in runs.roles(self._report.each(results)):
            if run and role is Role.RUN:
                self.count += 1
                self._crossings.add(run.era, run.touched, run.metrics)
                yield run
                for warning in run.warnings:
                    complain(f"{source.path}: {warning}")
        self._tell_definitions()
        if told := words(runs.left_out):
            complain(told)

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


def _to_standard_output(runs: Iterable[Run], options: Options, patterns: Sequence[str]) -> None:
    try:
        _write(runs, options, patterns, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise write_error(error) from error


def _write(runs: Iterable[Run], options: Options, patterns: Sequence[str], target: IO[bytes]) -> None:
    if options.rows == "metric":
        names = chosen(patterns, METRIC_COLUMNS)
        by_metric = (row for run in runs for row in metric_rows(run))
        _put(options.format, by_metric, {name: name for name in names}, METRIC_COLUMNS, target)
        return
    table = RunTable(options.units, patterns)
    rows = map(table.row, runs)
    if not any(map(is_wild, patterns)):
        # The unit of a metric that is in no catalogue comes from the first run.
        first = list(islice(rows, 1))
        names = with_units(chosen(patterns, ()), options.units)
        _put(options.format, chain(first, rows), table.headings(names), kinds(names), target)
        return
    with tempfile.TemporaryFile(prefix="aiperf-migrate-") as spool:
        for row in rows:
            pickle.dump(row, spool)
        names = with_units(chosen(patterns, table.names()), options.units)
        spool.seek(0)
        _put(options.format, _unpickled(spool), table.headings(names), kinds(names), target)


def _unpickled(spool: IO[bytes]) -> Iterator[Row]:
    """The rows of a temporary file without a name: no other program can have written to it."""
    while True:
        try:
            row: Row = pickle.load(spool)
        except EOFError:
            return
        yield row


def _put(
    form: str, rows: Iterable[Row], headings: Mapping[str, str], of_kind: Mapping[str, Kind], target: IO[bytes]
) -> None:
    if form == "parquet":
        write_parquet(target, rows, headings, of_kind)
        return
    for line in lines(form, rows, headings):
        target.write(line.encode(errors="backslashreplace") + b"\n")
