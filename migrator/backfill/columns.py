"""The records of a run by columns: one column of doubles for each metric, in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

from migrator.aiperf.records import Request, at, numbers, requests
from migrator.backfill.base import FRACTIONS, fraction_of
from migrator.backfill.doubles import Doubles, ValuesFile, bounded
from migrator.errors import NotAnExportError
from migrator.jsonfile import Json
from migrator.stores import opener

_HELD: Final = 2**24
"""Values of all metrics together that are held in memory."""
_LOOKED_AT: Final = 4096
"""Records after which the values in memory are counted."""


class Column:
    """The values of one metric, in the unit of the file, eight bytes each; `is_list` if the records have lists.

    Of long records they are in a temporary file.

    `base` has the same values in nanoseconds for the metrics in [`FRACTIONS`][migrator.backfill.base.FRACTIONS], and is
    empty for others. It is None if a value is not known exactly.
    """

    __slots__ = ("base", "is_list", "unit", "values")

    def __init__(self, backing: ValuesFile | None = None) -> None:
        self.unit = ""
        self.values = Doubles(backing)
        self.is_list = False
        self.base: Doubles | None = Doubles(backing)


def read_columns(
    path: str, tags: Collection[str] | None, each: Iterable[Request] | None = None
) -> tuple[int, dict[str, Column]]:
    """Read the columns of some metrics from the profiling phase of a file of records.

    Memory grows by eight bytes for each value, not with the length of the records, up to a bound; beyond that the
    values are in a temporary file.

    Args:
        path: the file.
        tags: the metrics; None for all that the records have.
        each: the requests of the file, if they are being read already.

    Returns:
        the number of requests, and tag → column, without the metrics that the file does not have.

    Raises:
        MigratorError: the file is unreadable, not JSON or not records, or has a metric in two units; with its line.
    """
    columns: dict[str, Column] = {}
    # Where the numbers of a plain metric go, and their unit: all that the hot loop needs.
    plain: dict[str, tuple[Callable[[float], None], str]] = {}
    wanted = None if tags is None else frozenset(tags)
    count, backing = 0, ValuesFile()
    for request in requests(path, opened=opener(path)) if each is None else each:
        count += 1
        if count % _LOOKED_AT == 0:
            bounded((part for one in columns.values() for part in (one.values, one.base) if part is not None), _HELD)
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
            if wanted is None or tag in wanted:
                column = columns.get(tag)
                if column is None:
                    column = columns[tag] = Column(backing)
                _add(column, metric, request, tag, path)
                if tag not in FRACTIONS and column.values and not column.is_list:
                    plain[tag] = column.values.append, column.unit
    return count, columns


def _add(column: Column, metric: Json, request: Request, tag: str, path: str) -> None:
    """Add the rarer values: whole numbers, lists, fractions, null; and refuse what is not a metric."""
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
            # Without one exact value, the sum is not exact.
            column.base = None
        else:
            column.base.append(exact)
