"""The records of a run by columns: one column of doubles for each metric, in the order of the file."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable

from migrator.aiperf.records import Request, at, numbers, requests
from migrator.backfill.base import FRACTIONS, fraction_of
from migrator.errors import NotAnExportError
from migrator.jsonfile import Json
from migrator.stores import opener


class Column:
    """The values of one metric, in the unit of the file, eight bytes each; `is_list` if the records have lists.

    `base` has the same values in nanoseconds for the metrics in [`FRACTIONS`][migrator.backfill.base.FRACTIONS], and is
    empty for others. It is None if a value is not known exactly.
    """

    __slots__ = ("base", "is_list", "unit", "values")

    def __init__(self) -> None:
        self.unit = ""
        self.values = array("d")
        self.is_list = False
        self.base: array[float] | None = array("d")


def read_columns(
    path: str, tags: Collection[str] | None, each: Iterable[Request] | None = None
) -> tuple[int, dict[str, Column]]:
    """Read the columns of some metrics from the profiling phase of a file of records.

    Memory grows by eight bytes for each value, not with the length of the records.

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
    count = 0
    for request in requests(path, opened=opener(path)) if each is None else each:
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
            if wanted is None or tag in wanted:
                column = columns.setdefault(tag, Column())
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
