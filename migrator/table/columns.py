"""Which columns a table of runs has: chosen by name or wildcard, each in one unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import groupby
from types import MappingProxyType
from typing import Final, Literal

from migrator.aiperf.metrics import STATISTICS, catalogue
from migrator.aiperf.units import UnitError, convert
from migrator.batch.fields import field_of, statistic_of
from migrator.chain.names import current, is_known
from migrator.errors import UsageError
from migrator.jsonfile import Json
from migrator.table.places import Places
from migrator.table.rows import ABOUT_RUN, FACTS, METRIC_COLUMNS, Kind, Row, Run, statistics, steps_of, unit_of

Units = Literal["header", "column"]

EVERY_RUN: Final = (*ABOUT_RUN, "*.avg", "*.p50", "*.p90", "*.p99")
"""The columns of a table of runs, unless others are asked for."""
NO_PLACES: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
_WILD: Final = "*?["
_WARNINGS: Final = 100
"""Most metrics that are warned about, so that memory does not grow with the metrics of hostile files."""


def chosen(patterns: Sequence[str], names: Iterable[str], places: Mapping[str, Sequence[str]] = NO_PLACES) -> list[str]:
    """The names that patterns stand for: in the order of the patterns, each name once.

    Wildcards that follow each other count as one, so that a metric's columns stay together. A pattern without
    wildcard is a column even if no file has a value for it.

    Args:
        patterns: what was asked for.
        names: the columns that there are.
        places: what the paths among the patterns stand for.
    """
    there = list(names)
    found: dict[str, None] = {}
    for wild, group in groupby(patterns, key=is_wild):
        asked = list(group)
        matching = [name for name in there if any(fnmatchcase(name, pattern) for pattern in asked)] if wild else asked
        found |= dict.fromkeys(matching)
        for pattern in asked if wild else ():
            found |= dict.fromkeys(places.get(pattern, ()))
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
    tag, dot, statistic = pattern.partition(".")
    if pattern in METRIC_COLUMNS or pattern in FACTS or not dot or is_wild(tag) or steps_of(pattern):
        return pattern
    return f"{current(tag)}.{statistic}"


def unproven(patterns: Iterable[str]) -> dict[str, str]:
    """The columns that may be misspelt, for [`require_fields`][migrator.batch.select.require_fields].

    They are paths, and statistics of metrics that no release of AIPerf writes; of a wildcard for those, one.
    """
    found = {}
    for pattern in patterns:
        tag, dot, rest = pattern.partition(".")
        if steps_of(pattern):
            found[pattern] = ""
        elif dot and not is_wild(tag) and not is_known(tag):
            found[f"{tag}.avg" if rest == "unit" else pattern if not is_wild(rest) else f"{tag}.*"] = ""
    return found


def is_wild(pattern: str) -> bool:
    """Whether a pattern may stand for several columns: it has a wildcard that is not the index of a path."""
    steps = steps_of(pattern)
    return any(step.wild for step in steps) if steps else any(char in pattern for char in _WILD)


def require_columns(patterns: Sequence[str], named: Mapping[str, Kind]) -> None:
    """Refuse a column that a table can never have.

    Args:
        patterns: what is asked for.
        named: the columns that a table has beside paths, facts about the run and statistics of metrics.

    Raises:
        UsageError: a name of none of these, or a wildcard that matches none.
    """
    of_runs = named is ABOUT_RUN
    for pattern in patterns:
        if steps_of(pattern) or pattern in FACTS or any(fnmatchcase(name, pattern) for name in named):
            continue
        if of_runs and _may_be_statistic(pattern):
            continue
        if of_runs and not is_wild(pattern):
            _require_name(pattern)
        raise UsageError(f"no column {pattern!r}", expected=f"a path, or one of {', '.join(named)}", file="--columns")


def _may_be_statistic(pattern: str) -> bool:
    """Whether a name or wildcard may stand for statistics of metrics, or for their units."""
    if not is_wild(pattern):
        return statistic_of(pattern) is not None or pattern.partition(".")[2] == "unit"
    last = pattern.rpartition(".")[2]
    return any(fnmatchcase(name, last) for name in (*STATISTICS, "unit")) or ("." not in pattern and "*" in pattern)


def _require_name(name: str) -> None:
    """Refuse a name that no file can have.

    Raises:
        UsageError: with the names that come near.
    """
    try:
        field_of(name)
    except UsageError as error:
        error.file = "--columns"
        raise


class RunTable:
    """Rows of runs whose numbers share one unit a metric: the catalogue's, else that of the first run that has it.

    Args:
        units: whether units are in the headings, or in columns of their own.
        columns: the columns that are asked for; those with a former name of a metric repeat the one with today's.
    """

    def __init__(self, units: Units, columns: Sequence[str] = ()) -> None:
        self._in_header = units == "header"
        self.places = Places(columns)
        self._repeated = {name: _today(name) for name in columns if not is_wild(name) and _today(name) != name}
        self._repeated |= {_unit_column(name): _unit_column(today) for name, today in self._repeated.items()}
        self._units: dict[str, str | None] = {}
        self._tags: dict[str, dict[str, None]] = {}
        self._warned: set[str] = set()

    def row(self, run: Run) -> Row:
        """The row of a run, with every statistic that it has.

        A value that cannot be converted to the column's unit is left out, with a warning the first time.
        """
        row: Row = {**run.about, **self.places.row(run)}
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
        unit = self._unit(tag) if tag and name not in self.places.kinds() else None
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
        tag, _, statistic = name.rpartition(".") if statistic_of(name) else ("", "", "")
        following = names[index + 1].rpartition(".")[0] if index + 1 < len(names) else ""
        if tag and statistic != "unit" and following != tag:
            found[f"{tag}.unit"] = None
    return list(found)


def kinds(names: Iterable[str], places: Mapping[str, Kind]) -> dict[str, Kind]:
    """Column name → what its values are; `places` are those that are paths."""
    known = {**METRIC_COLUMNS, **FACTS, **places}
    return {name: known.get(name, "text" if name.endswith(".unit") else "number") for name in names}


def _in_unit(value: int | float, statistic: str, unit: str | None, shared: str | None) -> Json:
    if unit == shared or statistic == "count":
        return value
    return convert(value, unit or "", shared or "", difference=statistic == "std")
