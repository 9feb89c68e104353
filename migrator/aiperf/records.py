"""The single requests of a run, `profile_export.jsonl`: one record a line, read once from front to back.

Each line is `{"metadata": {…}, "metrics": {tag: {"value": …, "unit": …}}}`; a request that failed also has an `error`
and few metrics. A value is a number, or a list of them (`inter_chunk_latency`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import IO, Final, NamedTuple

from migrator.errors import NotAnExportError, NotJsonError, UnreadableError
from migrator.files.disk import unreadable
from migrator.jsonfile import Json

PROFILING: Final = "profiling"
"""The `metadata.benchmark_phase` whose requests are the result; releases before 0.3 name no phase."""
_LONGEST: Final = 2**26
"""Bytes of a record that are read at most. The longest seen has 10 kB; a file without line breaks is no records."""


class Request(NamedTuple):
    """One request of the profiling phase: the line it stands on, its metadata and its metrics as they are written."""

    line: int
    metadata: dict[str, Json]
    metrics: dict[str, Json]


def requests(path: str) -> Iterator[Request]:
    """Every request of the profiling phase, in the order of the file: that in which the requests ended.

    Raises:
        MigratorError: unreadable, no regular file, not JSON, or a line that is no record; with file and line.
    """
    import orjson

    loads, number = orjson.loads, 0
    try:
        with _open(path) as file:
            while line := file.readline(_LONGEST):
                number += 1
                try:
                    record = loads(line)
                except orjson.JSONDecodeError as error:
                    if not line.strip():
                        continue
                    raise _broken(line, number, path, error) from error
                metrics = record.get("metrics") if type(record) is dict else None
                if type(metrics) is not dict:
                    raise NotAnExportError("is no request", expected="metadata and metrics", **at(path, number))
                metadata = record.get("metadata")
                metadata = metadata if type(metadata) is dict else {}
                if metadata.get("benchmark_phase", PROFILING) == PROFILING:
                    yield Request(number, metadata, metrics)
    except OSError as error:
        raise unreadable(error, path) from error


def numbers(metric: Json, request: Request, tag: str, path: str) -> tuple[str, list[float]]:
    """A metric's unit and its values; null is none.

    Raises:
        NotAnExportError: it is no metric, or a value is no number; with file and line.
    """
    if type(metric) is not dict:
        raise NotAnExportError("is no metric", expected="a value and a unit", **at(path, request.line, tag))
    value = metric.get("value")
    found: list[float] = value if type(value) is list else [] if value is None else [value]
    if not set(map(type, found)) <= {float, int}:
        raise NotAnExportError("is no number", expected="a value or a list of them", **at(path, request.line, tag))
    return str(metric.get("unit", "")), found


def at(path: str, line: int, tag: str = "") -> dict[str, str]:
    """Where something was found, for an error: its `file` and `place`."""
    return {"file": path, "place": f"line {line}, {tag}" if tag else f"line {line}"}


def _broken(line: bytes, number: int, path: str, error: ValueError) -> NotJsonError | UnreadableError:
    if len(line) == _LONGEST:
        found = f"has more than {_LONGEST >> 20} MB"
        return UnreadableError(found, expected="one record a line", **at(path, number))
    hint = "" if line.endswith(b"\n") else "the file may be cut off"
    return NotJsonError(f"not JSON: {getattr(error, 'msg', error)}", hint=hint, **at(path, number))


def _open(path: str) -> IO[bytes]:
    # O_NONBLOCK: opening a FIFO must fail the test below, not wait for a writer.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnreadableError("is no regular file", expected="a file of records", file=path)
    return os.fdopen(handle, "rb")
