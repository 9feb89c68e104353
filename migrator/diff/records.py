"""The single requests of a run, from `profile_export.jsonl`: one record a line, read in one pass."""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Final, NamedTuple

from migrator.errors import NotAnExportError, NotJsonError, UnreadableError
from migrator.jsonfile import Json, unreadable
from migrator.units import convert, same_family

_PHASE: Final = "profiling"
_LONGEST: Final = 2**26
"""Bytes of a record that are read at most. The longest seen has 10 kB; a file without line breaks is no records."""


class _Column(NamedTuple):
    """The values of one metric so far, when the request of each was sent, and the unit they are in."""

    unit: str
    values: array[float]
    sent: array[int]


def read_values(path: str, wanted: Collection[str] | Mapping[str, str]) -> dict[str, list[float]]:
    """The values of some metrics, in the order the requests were sent: what they share, they share with neighbours.

    Only requests of the profiling phase count, where the release says which phase a request belongs to. A metric's
    value may be a list (`inter_chunk_latency`): all of it counts, as it does in the summary. What is kept are the
    wanted numbers alone, however long the records.

    Args:
        path: the file of records.
        wanted: tags; others are passed over. A mapping gives the unit of each that its values are to be in, else they
            stay in that of its first record.

    Raises:
        MigratorError: unreadable, not JSON, no records, or a unit that measures something else; with file and line.
    """
    columns: dict[str, _Column] = {}
    units = wanted if isinstance(wanted, Mapping) else {}
    tags = tuple(wanted)
    try:
        with _open(path) as file:
            for place, sent, metrics in _records(file, path):
                for tag in tags:
                    if tag not in metrics:
                        continue
                    unit, numbers = _numbers(metrics[tag], f"{place}, {tag}", path)
                    if tag not in columns:
                        columns[tag] = _Column(units.get(tag, unit), array("d"), array("q"))
                    column = columns[tag]
                    if unit != column.unit:
                        numbers = _converted(numbers, unit, column.unit, f"{place}, {tag}", path)
                    column.values.extend(numbers)
                    column.sent.extend([sent] * len(numbers))
    except OSError as error:
        raise unreadable(error, path) from error
    return {tag: _in_order(column) for tag, column in columns.items()}


def _open(path: str) -> IO[bytes]:
    # O_NONBLOCK: opening a FIFO must fail the test below, not wait for a writer.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnreadableError("is no regular file", expected="a file of records", file=path)
    return os.fdopen(handle, "rb")


def _records(file: IO[bytes], path: str) -> Iterator[tuple[str, int, dict[str, Json]]]:
    """Where each request of the profiling phase stands in the file, when it was sent, and its metrics."""
    import orjson

    number = 0
    while line := file.readline(_LONGEST):
        number += 1
        place = f"line {number}"
        if len(line) == _LONGEST:
            raise UnreadableError(
                f"has more than {_LONGEST >> 20} MB", expected="one record a line", place=place, file=path
            )
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            hint = "the file may be cut off" if not line.endswith(b"\n") else ""
            raise NotJsonError(f"not JSON: {error.msg}", place=place, hint=hint, file=path) from error
        if type(record) is not dict or type(record.get("metrics")) is not dict:
            raise NotAnExportError("is no request", expected="metadata and metrics", place=place, file=path)
        metadata = record.get("metadata")
        metadata = metadata if type(metadata) is dict else {}
        if metadata.get("benchmark_phase", _PHASE) == _PHASE:
            sent = metadata.get("request_start_ns")
            yield place, sent if type(sent) is int and 0 <= sent < 2**63 else 0, record["metrics"]


def _numbers(metric: Json, place: str, path: str) -> tuple[str, list[float]]:
    """A metric's unit and its values; null is none."""
    if type(metric) is not dict:
        raise NotAnExportError("is no metric", expected="a value and a unit", place=place, file=path)
    value = metric.get("value")
    numbers = []
    for item in value if type(value) is list else [] if value is None else [value]:
        if type(item) is not float and type(item) is not int:
            raise NotAnExportError("is no number", expected="a value or a list of them", place=place, file=path)
        numbers.append(float(item))
    return str(metric.get("unit", "")), numbers


def _converted(numbers: list[float], unit: str, wanted: str, place: str, path: str) -> list[float]:
    if not same_family(unit, wanted):
        raise NotAnExportError(f'is in "{unit}"', expected=f'"{wanted}" as before', place=place, file=path)
    return [convert(number, unit, wanted) for number in numbers]


def _in_order(column: _Column) -> list[float]:
    """Records stand in the order the requests ended; a request that was sent first may have waited longest."""
    order = sorted(range(len(column.values)), key=column.sent.__getitem__)
    return list(map(column.values.__getitem__, order))
