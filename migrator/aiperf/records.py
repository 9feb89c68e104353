"""The single requests of a run, `profile_export.jsonl`: one record a line, read once from front to back.

Each line is `{"metadata": {…}, "metrics": {tag: {"value": …, "unit": …}}}`; a request that failed also has an `error`
and few metrics. A value is a number, or a list of them (`inter_chunk_latency`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator
from typing import IO, Final

from migrator.errors import NotAnExportError, NotJsonError, UnreadableError
from migrator.files.disk import unreadable
from migrator.files.packed import EXPORT_SUFFIXES
from migrator.jsonfile import Json
from migrator.values import NamedTuple

PROFILING: Final = "profiling"
"""The `metadata.benchmark_phase` whose requests are the result; releases before 0.3 name no phase."""
RECORDS: Final = "profile_export.jsonl"
"""The name that AIPerf gives to the records of a run."""
NOT_EXPORTS: Final = (
    "inputs.json",
    "outputs.json",
    "phase_manifest.json",
    "run_config.json",
    "server_metrics_export.json",
    "_timeslices.json",
)
"""Ends of the names of JSON files that a run without an export has all the same."""
REBUILT: Final = "aiperf_migrate_rebuilt"
"""The key that marks an export that this tool made from records; AIPerf never writes it."""
_LONGEST: Final = 2**26
"""Bytes of the longest line that is read. Real records have up to 10 kB; a longer line is not a record."""


def only_records(names: Collection[str]) -> bool:
    """Whether a folder with files of these names holds the records of a run, and no file that can be its export."""
    if RECORDS not in names:
        return False
    return all(name.endswith(NOT_EXPORTS) for name in names if name.endswith(EXPORT_SUFFIXES))


class Request(NamedTuple):
    """One request of the profiling phase: the number of its line, its metadata and its metrics as the file has them.

    `error` is what the record says of its failure, None for a request that succeeded.
    """

    line: int
    metadata: dict[str, Json]
    metrics: dict[str, Json]
    error: Json = None


def requests(
    path: str, on_cut: Callable[[int], object] | None = None, opened: Callable[[str], IO[bytes]] | None = None
) -> Iterator[Request]:
    """Every request of the profiling phase, in the order of the file, in which requests ended.

    Args:
        path: the file of records.
        on_cut: called with the number of a last line that was cut off, as a run that was killed leaves it; without it,
            such a line is an error.
        opened: opens the file, if it may be one on an object store; otherwise it is one of this machine.

    Raises:
        MigratorError: unreadable, not a regular file, not JSON, or a line that is not a record; with file and line.
    """
    import orjson

    loads, number = orjson.loads, 0
    try:
        with (opened or _open)(path) as file:
            while line := file.readline(_LONGEST):
                number += 1
                try:
                    record = loads(line)
                except orjson.JSONDecodeError as error:
                    if not line.strip():
                        continue
                    if on_cut and not line.endswith(b"\n") and len(line) < _LONGEST:
                        on_cut(number)
                        return
                    raise _broken(line, number, path, error) from error
                metrics = record.get("metrics") if type(record) is dict else None
                if type(metrics) is not dict:
                    raise NotAnExportError(
                        "is not the record of a request", expected="metadata and metrics", **at(path, number)
                    )
                metadata = record.get("metadata")
                metadata = metadata if type(metadata) is dict else {}
                if metadata.get("benchmark_phase", PROFILING) == PROFILING:
                    yield Request(number, metadata, metrics, record.get("error"))
    except OSError as error:
        raise unreadable(error, path) from error


def numbers(metric: Json, request: Request, tag: str, path: str) -> tuple[str, list[float]]:
    """The unit and the values of a metric in one record; a value of null gives no values.

    Args:
        metric: the metric as the record has it.
        request: the request that it is of, for errors.
        tag: its tag, for errors.
        path: the file of records, for errors.

    Raises:
        NotAnExportError: it is not a metric, or a value is not a number; with file and line.
    """
    if type(metric) is not dict:
        raise NotAnExportError("is not a metric", expected="a value and a unit", **at(path, request.line, tag))
    value = metric.get("value")
    found: list[float] = value if type(value) is list else [] if value is None else [value]
    if not set(map(type, found)) <= {float, int}:
        expected = "a number or a list of numbers"
        raise NotAnExportError("is not a number", expected=expected, **at(path, request.line, tag))
    return str(metric.get("unit", "")), found


def at(path: str, line: int, tag: str = "") -> dict[str, str]:
    """The `file` and `place` of an error."""
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
        raise UnreadableError("is not a regular file", expected="a file of records", file=path)
    return os.fdopen(handle, "rb")
