"""The single requests of a run, from `profile_export.jsonl`: one record a line, read in one pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import IO, Final

from migrator.errors import NotJsonError, UnreadableError
from migrator.jsonfile import Json, unreadable

_PHASE: Final = "profiling"


def read_values(path: str, wanted: frozenset[str]) -> dict[str, list[float]]:
    """The values of some metrics, in the order the requests ended.

    Only requests of the profiling phase count, where the release says which phase a request belongs to. A metric's
    value may be a list (`inter_chunk_latency`): all of it counts, as it does in the summary.

    Args:
        path: the file of records.
        wanted: tags; others are passed over.

    Raises:
        UnreadableError, NotJsonError: with the file's name and the line.
    """
    found: dict[str, list[float]] = defaultdict(list)
    try:
        with open(path, "rb") as file:
            for metrics in _metrics(file, path):
                for tag in wanted & metrics.keys():
                    found[tag] += _numbers(metrics[tag])
    except OSError as error:
        raise unreadable(error, path) from error
    return dict(found)


def _metrics(file: IO[bytes], path: str) -> Iterator[dict[str, Json]]:
    import orjson

    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            hint = "the file may be cut off" if not line.endswith(b"\n") else ""
            raise NotJsonError(f"not JSON: {error.msg}", place=f"line {number}", hint=hint, file=path) from error
        if type(record) is not dict or type(record.get("metrics")) is not dict:
            raise UnreadableError("is no request", expected="metadata and metrics", place=f"line {number}", file=path)
        metadata = record.get("metadata")
        if type(metadata) is dict and metadata.get("benchmark_phase", _PHASE) == _PHASE:
            yield record["metrics"]


def _numbers(metric: Json) -> list[float]:
    value = metric.get("value") if type(metric) is dict else None
    values = value if type(value) is list else [value]
    return [float(item) for item in values if isinstance(item, (int, float)) and type(item) is not bool]
