"""The values that the requests of a run measured, in the order they were sent."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping

from migrator.aiperf.records import Request, at, numbers, requests
from migrator.aiperf.units import convert, same_family
from migrator.errors import NotAnExportError
from migrator.jsonfile import Json
from migrator.stores import opener
from migrator.values import NamedTuple


class _Column(NamedTuple):
    """The values of one metric so far, when the request of each was sent, and the unit they are in."""

    unit: str
    values: array[float]
    sent: array[int]


def read_values(path: str, wanted: Collection[str] | Mapping[str, str]) -> dict[str, list[float]]:
    """The values of some metrics, in the order the requests were sent, in which they are correlated.

    Only requests of the profiling phase count, if the release says which phase a request belongs to. A metric's value
    may be a list (`inter_chunk_latency`): all its items count, as they do in the summary. Memory holds the wanted
    numbers only.

    Args:
        path: the file of records.
        wanted: tags. A mapping gives the unit to convert each to; else it is that of the metric's first record.

    Raises:
        MigratorError: unreadable, not JSON, not records, or a unit that cannot be converted; with file and line.
    """
    columns: dict[str, _Column] = {}
    units = wanted if isinstance(wanted, Mapping) else {}
    tags = tuple(wanted)
    for request in requests(path, opened=opener(path)):
        sent = _sent(request)
        for tag in tags:
            if tag not in request.metrics:
                continue
            unit, found = numbers(request.metrics[tag], request, tag, path)
            if tag not in columns:
                columns[tag] = _Column(units.get(tag, unit), array("d"), array("q"))
            column = columns[tag]
            if unit != column.unit:
                found = _converted(found, unit, column.unit, at(path, request.line, tag))
            column.values.extend(found)
            column.sent.extend([sent] * len(found))
    return {tag: _in_order(column) for tag, column in columns.items()}


def _sent(request: Request) -> int:
    sent: Json = request.metadata.get("request_start_ns")
    return sent if type(sent) is int and 0 <= sent < 2**63 else 0


def _converted(found: list[float], unit: str, wanted: str, where: dict[str, str]) -> list[float]:
    if not same_family(unit, wanted):
        raise NotAnExportError(f'is in "{unit}"', expected=f'"{wanted}" as before', **where)
    return [convert(number, unit, wanted) for number in found]


def _in_order(column: _Column) -> list[float]:
    """The values sorted by the time of sending. Records are written in the order in which requests ended."""
    order = sorted(range(len(column.values)), key=column.sent.__getitem__)
    return list(map(column.values.__getitem__, order))
