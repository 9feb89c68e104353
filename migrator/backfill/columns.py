"""The records of a run turned on their side: one column of doubles a metric, in the order of the file."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection

from migrator.aiperf.records import Request, at, numbers, requests
from migrator.backfill.base import FRACTIONS, fraction_of
from migrator.errors import NotAnExportError
from migrator.jsonfile import Json


class Column:
    """The values of one metric in the unit they are written in, eight bytes each; `is_list` where records hold lists.

    `base` has the same values in nanoseconds where those are fractions; it is empty for other metrics, and None where
    a value cannot be told apart from its neighbours.
    """

    __slots__ = ("base", "is_list", "unit", "values")

    def __init__(self) -> None:
        self.unit = ""
        self.values = array("d")
        self.is_list = False
        self.base: array[float] | None = array("d")


def read_columns(path: str, tags: Collection[str]) -> tuple[int, dict[str, Column]]:
    """How many requests of the profiling phase a file has, and the columns of some metrics; absent ones have none.

    Memory grows with the number of values, by eight bytes each, not with the length of the records.

    Raises:
        MigratorError: unreadable, not JSON, not records, or one metric in two units; with file and line.
    """
    columns: dict[str, Column] = {}
    # What the numbers of a plain metric go to, and the unit they must have: the hot loop asks for nothing else.
    plain: dict[str, tuple[Callable[[float], None], str]] = {}
    wanted = frozenset(tags)
    count = 0
    for request in requests(path):
        count += 1
        for tag, metric in request.metrics.items():
            if tag in plain:
                append, unit = plain[tag]
                try:
                    value = metric["value"]
                    if metric["unit"] == unit and (type(value) is float or type(value) is int):
                        append(value)
                        continue
                except (KeyError, TypeError):
                    pass
            if tag in wanted:
                column = columns.setdefault(tag, Column())
                _add(column, metric, request, tag, path)
                if tag not in FRACTIONS and column.values and not column.is_list:
                    plain[tag] = column.values.append, column.unit
    return count, columns


def _add(column: Column, metric: Json, request: Request, tag: str, path: str) -> None:
    """The rarer cases: whole numbers, lists, fractions, null, and what is no metric."""
    unit, found = numbers(metric, request, tag, path)
    if not found:
        return
    if unit != column.unit:
        if column.values:
            raise NotAnExportError(
                f'is in "{unit}"', expected=f'"{column.unit}" as before', **at(path, request.line, tag)
            )
        column.unit = unit
    column.is_list |= type(metric["value"]) is list
    column.values.fromlist(found)
    if tag in FRACTIONS and column.base is not None:
        exact = fraction_of(tag, found[0], unit, request.metrics) if len(found) == 1 else None
        if exact is None:
            # One value that cannot be told makes their sum unknown.
            column.base = None
        else:
            column.base.append(exact)
