"""Which columns a table of runs has: chosen by name or wildcard, each in one unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import groupby
from typing import Final, Literal

from migrator.aiperf.metrics import STATISTICS, catalogue
from migrator.aiperf.units import UnitError, convert
from migrator.chain.names import current, is_known
from migrator.errors import UsageError
from migrator.jsonfile import Json
from migrator.table.rows import ABOUT_RUN, METRIC_COLUMNS, Kind, Row, Run, statistics, unit_of

Units = Literal["header", "column"]

EVERY_RUN: Final = (*ABOUT_RUN, "*.avg", "*.p50", "*.p90", "*.p99")
"""The columns of a table of runs, unless others are asked for."""
_WILD: Final = "*?["
_WARNINGS: Final = 100
"""Most metrics that are warned about, so that memory does not grow with the metrics of hostile files."""


def chosen(patterns: Sequence[str], names: Iterable[str]) -> list[str]:
    """The names that patterns stand for: in the order of the patterns, each name once.

    Wildcards that follow each other count as one, so that a metric's columns stay together. A pattern without
    wildcard is a column even if no file has a value for it.
    """
    there = list(names)
    found: dict[str, None] = {}
    for wild, group in groupby(patterns, key=is_wild):
        asked = list(group)
        matching = [name for name in there if any(fnmatchcase(name, pattern) for pattern in asked)] if wild else asked
        found |= dict.fromkeys(matching)
    return list(found)


def by_todays_names(patterns: Sequence[str]) -> list[str]:
    """The columns that are asked for, those of metrics by their present names.

    A metric that is asked for by several names has a column for each: one is headed by today's name, the others as they
    were asked for, so that no column is lost and no two have one heading.
    """
    found: dict[str, None] = {}
    for pattern in dict.fromkeys(patterns):
        name = _today(pattern)
        taken = name != pattern and not is_wild(pattern) and (name in patterns or name in found)
        found[pattern if taken else name] = None
    return list(found)


def _today(pattern: str) -> str:
    """A column, or a wildcard for the statistics of one metric, by the metric's present name."""
    tag, dot, statistic = pattern.rpartition(".")
    return pattern if pattern in ABOUT_RUN or not dot or is_wild(tag) else f"{current(tag)}.{statistic}"


def unknown_metrics(patterns: Iterable[str]) -> dict[str, str]:
    """The metrics among columns that no release of AIPerf writes, for [`require_metrics`][migrator.batch.select]."""
    tags = [pattern.rpartition(".")[0] for pattern in patterns if pattern not in ABOUT_RUN]
    return {tag: "" for tag in tags if tag and not is_wild(tag) and not is_known(tag)}


def is_wild(pattern: str) -> bool:
    """Whether a pattern may stand for several columns."""
    return any(char in pattern for char in _WILD)


def require_metric_columns(patterns: Sequence[str]) -> None:
    """Refuse a column that a table with a row a metric can never have.

    Raises:
        UsageError: an unknown name, or a wildcard that matches none.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in METRIC_COLUMNS):
            raise UsageError(f"no column {pattern!r}", expected=", ".join(METRIC_COLUMNS))


def require_run_columns(patterns: Sequence[str]) -> None:
    """Refuse a column that a table with a row a run can never have.

    Raises:
        UsageError: neither one of [`ABOUT_RUN`][] nor METRIC.STATISTIC.
    """
    for pattern in patterns:
        _, dot, statistic = pattern.rpartition(".")
        if not is_wild(pattern) and pattern not in ABOUT_RUN and not (dot and statistic in (*STATISTICS, "unit")):
            raise UsageError(
                f"no column {pattern!r}",
                expected=f"METRIC.STATISTIC or one of {', '.join(ABOUT_RUN)}",
                hint=f"statistics are {', '.join(STATISTICS)}; * and ? are wildcards",
            )


class RunTable:
    """Rows of runs whose numbers share one unit a metric: the catalogue's, else that of the first run that has it.

    Args:
        units: whether units are in the headings, or in columns of their own.
        columns: the columns that are asked for; those with a former name of a metric repeat the one with today's.
    """

    def __init__(self, units: Units, columns: Iterable[str] = ()) -> None:
        self._in_header = units == "header"
        self._repeated = {name: _today(name) for name in columns if not is_wild(name) and _today(name) != name}
        self._repeated |= {_unit_column(name): _unit_column(today) for name, today in self._repeated.items()}
        self._units: dict[str, str | None] = {}
        self._tags: dict[str, dict[str, None]] = {}
        self._warned: set[str] = set()

    def row(self, run: Run) -> Row:
        """The row of a run, with every statistic that it has.

        A value that cannot be converted to the column's unit is left out, with a warning the first time.
        """
        row: Row = dict(run.about)
        for tag, block in run.metrics.items():
            unit = unit_of(block)
            shared = self._unit(tag, unit)
            names = self._tags.setdefault(tag, {})
            try:
                values = {name: _in_unit(value, name, unit, shared) for name, value in statistics(block)}
            except UnitError as error:
                if tag not in self._warned and len(self._warned) < _WARNINGS:
                    self._warned.add(tag)
                    consequence = "cells are left empty, here and in later rows"
                    run.warnings.append(f"{tag}: {error.found}: {consequence} (--rows metric keeps every unit)")
                continue
            names |= dict.fromkeys(values)
            row |= {f"{tag}.{name}": value for name, value in values.items()}
            if not self._in_header:
                row[f"{tag}.unit"] = shared
        for name, today in self._repeated.items():
            row[name] = row.get(today)
        return row

    def names(self) -> list[str]:
        """All columns of the rows so far: about the run, then metric by metric in the order they were met."""
        found = list(ABOUT_RUN)
        for tag, names in self._tags.items():
            found += [f"{tag}.{name}" for name in STATISTICS if name in names]
            found += [] if self._in_header else [f"{tag}.unit"]
        return found

    def headings(self, names: Iterable[str]) -> dict[str, str]:
        """Column name → what stands above it: `request_latency.p99 [ms]`."""
        return {name: self._heading(name) for name in names}

    def _heading(self, name: str) -> str:
        tag, _, statistic = self._repeated.get(name, name).rpartition(".")
        unit = self._unit(tag) if tag else None
        return f"{name} [{unit}]" if unit and self._in_header and statistic not in ("count", "unit") else name

    def _unit(self, tag: str, own: str | None = None) -> str | None:
        if tag not in self._units:
            known = catalogue().get(tag)
            if known is None and own is None:
                return None
            self._units[tag] = known.unit if known else own
        return self._units[tag]


def _unit_column(name: str) -> str:
    return f"{name.rpartition('.')[0]}.unit"


def with_units(names: Sequence[str], units: Units) -> list[str]:
    """The columns that were asked for, and behind each metric's the unit, where that has a column of its own."""
    if units == "header":
        return list(names)
    found: dict[str, None] = {}
    for index, name in enumerate(names):
        found[name] = None
        tag, _, statistic = name.rpartition(".")
        following = names[index + 1].rpartition(".")[0] if index + 1 < len(names) else ""
        if tag and statistic != "unit" and following != tag:
            found[f"{tag}.unit"] = None
    return list(found)


def kinds(names: Iterable[str]) -> dict[str, Kind]:
    """Column name → what its values are."""
    return {name: ABOUT_RUN.get(name, "text" if name.endswith(".unit") else "number") for name in names}


def _in_unit(value: int | float, statistic: str, unit: str | None, shared: str | None) -> Json:
    if unit == shared or statistic == "count":
        return value
    return convert(value, unit or "", shared or "", difference=statistic == "std")
