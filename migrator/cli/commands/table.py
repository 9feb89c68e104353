"""`aiperf-migrate table`: exports as a table, one row a run or one row a metric."""

from __future__ import annotations

import argparse
import pickle
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import IO, Final

from migrator.batch.read_files import Looking
from migrator.batch.select import select
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.cli.engine import add_jobs, progress, shared
from migrator.cli.parser import Parser, file_name, selection
from migrator.cli.progress import Progress
from migrator.cli.streams import complain, lost
from migrator.errors import ExitCode, UsageError
from migrator.render.safe import printable
from migrator.render.text import plural
from migrator.stores import is_url
from migrator.table.columns import (
    EVERY_RUN,
    RunTable,
    chosen,
    is_wild,
    kinds,
    require_metric_columns,
    require_run_columns,
    with_units,
)
from migrator.table.formats import FORMATS, lines, write_parquet
from migrator.table.rows import METRIC_COLUMNS, Kind, Row, Run, metric_rows, read_run
from migrator.writing.stream import OutFile

_ABOUT: Final = """\
Exports as a table: one row a run, or one row a metric, after migration to one schema
version in memory. Nothing is written but the table. A missing value is an empty cell."""

_EPILOG: Final = """\
columns: the names that a table has by itself, METRIC.STATISTIC for a row a run, and wildcards:
--columns 'file,model,request_latency.*,*.p99'. Numbers of one column share one unit.

Text that a spreadsheet would compute gets an apostrophe in CSV. --format json gives one JSON document a line.

Where a wildcard is among the columns, the rows are kept in a temporary file until all columns are known."""


def parser() -> Parser:
    """The options of the command."""
    made = Parser("table", _ABOUT, _EPILOG)
    made.add_paths()
    made.add_argument("--format", choices=FORMATS, default="csv", help="form of the table (default csv)")
    made.add_argument("--rows", choices=("run", "metric"), default="run", help="what a row is (default run)")
    made.add_argument("--to", choices=VERSIONS, default=NEWEST, metavar="VERSION", help=f"version (default {NEWEST})")
    made.add_argument("--columns", metavar="NAMES", help="the columns and their order, with commas between")
    made.add_argument(
        "--units",
        choices=("header", "column"),
        default="header",
        help="with a row a run: units in the headings, or in columns of their own",
    )
    made.add_argument("-o", "--output", type=file_name, metavar="FILE", help="write the table here")
    made.add_argument("--force", action="store_true", help="overwrite an existing output")
    add_jobs(made)
    made.add_selection()
    return made


def main(arguments: Sequence[str]) -> int:
    """Write the table; the exit code says whether every file could be read."""
    options = parser().parse_args(arguments)
    patterns = _patterns(options)
    if options.output and is_url(options.output):
        raise UsageError("-o is a file of this machine", hint="without -o it goes to standard output, and on")
    if options.format == "parquet" and not options.output and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal", hint="-o FILE")
    with progress(options, "table", options.output) as bar:
        runs = _Runs(options, bar)
        if options.output:
            with OutFile(options.output, force=options.force) as target:
                _write(runs, options, patterns, target)
        else:
            _to_standard_output(runs, options, patterns)
    if not runs.count:
        complain("no exports found")
    elif options.output:
        complain(f"{plural(runs.count, 'run')} in {printable(options.output)}")
    return runs.worst


def _patterns(options: argparse.Namespace) -> list[str]:
    by_metric = options.rows == "metric"
    if by_metric and options.units == "column":
        raise UsageError("a row a metric has a column for the unit already", hint="--units goes with --rows run")
    if options.columns is None:
        return list(METRIC_COLUMNS if by_metric else EVERY_RUN)
    patterns = [name.strip() for name in options.columns.split(",") if name.strip()]
    if not patterns:
        raise UsageError("--columns names none")
    (require_metric_columns if by_metric else require_run_columns)(patterns)
    return patterns


class _Runs:
    """The runs that a command line names, one at a time. A file that cannot be read is told, and the rest goes on."""

    def __init__(self, options: argparse.Namespace, bar: Progress) -> None:
        self._options = options
        self._bar = bar
        self.count = 0
        self.worst: int = ExitCode.OK

    def __iter__(self) -> Iterator[Run]:
        options = self._options
        work = Looking(partial(read_run, to=options.to), options.where, details=False)
        for source, run, error in shared(options, select(options.paths, selection(options), (options.output,)), work):
            self._bar.advance()
            if error:
                self.worst = max(self.worst, error.exit_code)
                complain(str(error))
            if run:
                self.count += 1
                yield run
                for warning in run.warnings:
                    complain(f"{source.path}: {warning}")


def _to_standard_output(runs: Iterable[Run], options: argparse.Namespace, patterns: Sequence[str]) -> None:
    try:
        _write(runs, options, patterns, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise lost(error) from error


def _write(runs: Iterable[Run], options: argparse.Namespace, patterns: Sequence[str], target: IO[bytes]) -> None:
    if options.rows == "metric":
        names = chosen(patterns, METRIC_COLUMNS)
        by_metric = (row for run in runs for row in metric_rows(run))
        _put(options.format, by_metric, {name: name for name in names}, METRIC_COLUMNS, target)
        return
    table = RunTable(options.units)
    rows = map(table.row, runs)
    if not any(map(is_wild, patterns)):
        # A metric that is in no catalogue has no unit before a run has told it.
        first = list(_first(rows))
        names = with_units(chosen(patterns, ()), options.units)
        _put(options.format, _chained(first, rows), table.headings(names), kinds(names), target)
        return
    with tempfile.TemporaryFile(prefix="aiperf-migrate-") as spool:
        for row in rows:
            pickle.dump(row, spool)
        names = with_units(chosen(patterns, table.names()), options.units)
        spool.seek(0)
        _put(options.format, _unpickled(spool), table.headings(names), kinds(names), target)


def _first(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield row
        return


def _chained(first: Iterable[Row], rest: Iterable[Row]) -> Iterator[Row]:
    yield from first
    yield from rest


def _unpickled(spool: IO[bytes]) -> Iterator[Row]:
    """The rows of a file without a name, which nobody else can have written to."""
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
