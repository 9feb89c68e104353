"""Many exports: which of them are runs, all of them as a table, and their history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from migrator.api.paths import Paths, names_of, texts_of
from migrator.errors import MigratorError, UsageError
from migrator.values import dataclass, field

if TYPE_CHECKING:
    from migrator.batch.discover import Source
    from migrator.batch.load import Loaded
    from migrator.batch.read_files import Seen
    from migrator.batch.runs import Mark
    from migrator.diff.stand_ins import Results
    from migrator.history.sections import Section
    from migrator.table.rows import Row, Run

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """Rows by heading, for `pandas.DataFrame(table.rows)` and the like; a missing value is None.

    `errors` are those of the files that were skipped.
    """

    columns: list[str]
    rows: list[dict[str, Any]]
    errors: list[MigratorError] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"<Table: {len(self.rows)} rows of {len(self.columns)} columns>"

    def _repr_html_(self) -> str:
        from html import escape

        def line(cells: Iterable[object], tag: str) -> str:
            shown = ("" if cell is None else escape(str(cell)) for cell in cells)
            return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in shown) + "</tr>"

        body = "".join(line((row[name] for name in self.columns), "td") for row in self.rows[:_SHOWN])
        more = f"<p>{len(self.rows) - _SHOWN} more rows</p>" if len(self.rows) > _SHOWN else ""
        return f"<table><thead>{line(self.columns, 'th')}</thead><tbody>{body}</tbody></table>{more}"


_SHOWN = 50
"""Rows that a notebook shows."""


def find_runs(paths: Paths, *, where: str = "", exclude: str | Iterable[str] = ()) -> list[str]:
    """The exports below some paths that are runs, in order: no phases, no copies, and no files of other families.

    Files that cannot be read are left out, as they are no runs.

    Args:
        paths: a file, folder or URL, or several.
        where: a test of the content, as of `--where`: `version<1.3 and not cancelled`.
        exclude: globs of files that are not looked at.
    """
    seen = _Looked(names_of(paths, "paths"), where, texts_of(exclude), _marks, lambda mark: mark)
    return [source.path for source, _ in seen]


def read_table(
    paths: Paths,
    *,
    columns: str | Iterable[str] = (),
    rows: Literal["run", "metric"] = "run",
    to: str | None = None,
    where: str = "",
    skip_errors: bool = False,
) -> Table:
    """Exports as a table, a row a run or a row a metric, as the command `table` makes it.

    Args:
        paths: a file, folder or URL, or several.
        columns: names, with wildcards, and paths in the files; by default all that every run has.
        rows: what a row is.
        to: the schema version that runs are brought to in memory; the newest by default.
        where: a test of the content.
        skip_errors: whether files that cannot be read are left out, and told in `errors`.

    Raises:
        MigratorError: a file cannot be read, a column or the test is not known.
    """
    from migrator.chain.steps import NEWEST
    from migrator.jsonfile import plain
    from migrator.table.columns import EVERY_RUN, by_todays_names, require_columns
    from migrator.table.read_runs import read_runs
    from migrator.table.rows import ABOUT_RUN, FACTS, METRIC_COLUMNS, steps_of

    by_metric = rows == "metric"
    patterns = texts_of(columns) or list(METRIC_COLUMNS if by_metric else EVERY_RUN)
    require_columns(patterns, METRIC_COLUMNS if by_metric else ABOUT_RUN)
    patterns = patterns if by_metric else by_todays_names(patterns)
    asked = tuple(name for name in patterns if name in FACTS or steps_of(name))
    look = partial(read_runs, to=to or NEWEST, columns=asked)
    seen = _Looked(names_of(paths, "paths"), where, (), look, lambda run: run.mark, lambda run: run.results)
    runs = [run for _, run in seen]
    if seen.errors and not skip_errors:
        raise seen.errors[0]
    headings, found = _by_metric(patterns, runs) if by_metric else _by_run(patterns, runs)
    cells = [{heading: plain(row.get(name)) for name, heading in headings.items()} for row in found]
    return Table(list(headings.values()), cells, seen.errors)


def read_history(paths: Paths, *, metrics: str | Iterable[str] = (), where: str = "") -> list[Section]:
    """The runs of each workload in the order of time, with the changes of level of their metrics.

    Args:
        paths: a file, folder or URL, or several.
        metrics: statistics, such as `time_to_first_token.p99`; by default those that comparisons judge by.
        where: a test of the content.

    Raises:
        MigratorError: a file cannot be read, or a metric is not one.
    """
    from migrator.batch.fields import key_of, statistic_of
    from migrator.diff.policy import ERRORS, HEADLINE
    from migrator.history.read import looks
    from migrator.history.sections import Collected

    named = [(name, statistic_of(key_of(name))) for name in texts_of(metrics)]
    for name, metric in named:
        if metric is None:
            raise UsageError(f"{name!r} is not a statistic of a metric", expected="such as time_to_first_token.p99")
    wanted = [metric for _, metric in named if metric] or [*HEADLINE, ERRORS]
    work = partial(looks, metrics=wanted)
    seen = _Looked(names_of(paths, "paths"), where, (), work, lambda found: found.mark, lambda found: found.results)
    collected = Collected(wanted)
    for _, found in seen:
        collected.add(found)
    if seen.errors:
        raise seen.errors[0]
    return collected.sections()


class _Looked(Generic[T]):
    """The runs below some paths with what was found in each; `errors` are those of files that could not be read.

    Args:
        names: files, folders and URLs.
        where: a test of the content.
        exclude: globs.
        look: what to do with a file: what is found in it.
        mark: what tells its run from others; None of what stands for several.
        results: by which files about several runs are told from those about others; None where none is found.
    """

    def __init__(
        self,
        names: Sequence[str],
        where: str,
        exclude: Sequence[str],
        look: Callable[[Source, Loaded], list[T]],
        mark: Callable[[T], Mark | None],
        results: Callable[[T], Results] | None = None,
    ) -> None:
        from migrator.batch.select import Selection

        self._names, self._look, self._mark, self._results = names, look, mark, results
        self._selection = Selection(exclude=tuple(exclude), where=where)
        self.errors: list[MigratorError] = []

    def __iter__(self) -> Iterator[tuple[Source, T]]:
        from migrator.batch import pool
        from migrator.batch.read_files import Looking, each_of
        from migrator.batch.runs import Role, Runs
        from migrator.batch.select import select
        from migrator.diff.stand_ins import Known, admitted

        def marked(seen: Seen[T]) -> tuple[Source, Mark | None]:
            return seen.source, self._mark(seen.found) if seen.found is not None else None

        results = self._results
        known = Known()
        stood_in: list[tuple[Source, T]] = []
        work = Looking(self._look, self._selection.where)
        every = each_of(pool.run(select(self._names, self._selection), work, 1))
        for (source, found, error), role in Runs(marked).roles(every):
            if error:
                self.errors.append(error)
            elif found is not None and role is Role.RUN:
                if results:
                    known.add(results(found))
                yield source, found
            elif found is not None and role is None:
                stood_in.append((source, found))
        if results:
            yield from admitted(known, stood_in, lambda one: results(one[1]))[0]


def _marks(source: Source, loaded: Loaded) -> list[Mark]:
    mark = _mark(source, loaded)
    return [mark] if mark else []


def _mark(source: Source, loaded: Loaded) -> Mark | None:
    from migrator.batch.runs import mark_of
    from migrator.chain.names import metrics_of
    from migrator.identify import MIGRATABLE

    del source
    if loaded.parsed is None or loaded.identity.family not in MIGRATABLE:
        return None
    return mark_of(loaded.parsed.data, metrics_of(loaded.parsed.data, loaded.identity.version))


def _by_run(patterns: Sequence[str], runs: Sequence[Run]) -> tuple[Mapping[str, str], list[Row]]:
    """Headings by name, and a row a run."""
    from migrator.table.columns import RunTable, chosen, is_wild, with_units

    made = RunTable("header", patterns)
    rows = list(map(made.row, runs))
    if not any(map(is_wild, patterns)) and not made.places:
        return made.headings(with_units(chosen(patterns, ()), "header")), rows
    names = with_units(chosen(patterns, made.names(), made.places.names()), "header")
    return made.headings(names), list(map(made.places.typed, rows))


def _by_metric(patterns: Sequence[str], runs: Sequence[Run]) -> tuple[Mapping[str, str], list[Row]]:
    """Headings by name, and a row a metric of each run."""
    from migrator.table.columns import chosen
    from migrator.table.places import Places
    from migrator.table.rows import METRIC_COLUMNS, metric_rows

    places = Places(patterns)
    rows = [{**row, **cells} for run in runs for cells in [places.row(run)] for row in metric_rows(run)]
    names = chosen(patterns, METRIC_COLUMNS, places.names())
    return {name: name for name in names}, list(map(places.typed, rows))
