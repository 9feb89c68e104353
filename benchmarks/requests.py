"""Two runs of very many requests, for the costs of judging by records."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Final

import orjson

from benchmarks.measure import GOLDEN
from migrator.aiperf.metrics import PERCENTILES
from migrator.backfill.statistics import percentile

RUN: Final = GOLDEN / "0.13.0" / "chat-streaming"
_LATENCY, _START = 123456789.125, 1234567890123456789


def write_run(folder: Path, count: int, day: int) -> None:
    """Write records like the recorded ones, with latencies of their own, and the export of such a run.

    Args:
        folder: where to.
        count: how many requests.
        day: the day it ran; also the seed of its latencies.
    """
    dice = random.Random(day)
    folder.mkdir(parents=True)
    parts = [_parts(line) for line in (RUN / "profile_export.jsonl").read_bytes().splitlines()]
    known = [part for part in parts if part]
    values = []
    with (folder / "profile_export.jsonl").open("wb", 2**20) as file:
        for number in range(count):
            value, before, between, after = known[number % len(known)]
            values.append((round(value * 1e6) + dice.randrange(10**6)) * 1e-6)
            file.write(b"%b%d%b%r%b\n" % (before, 10**18 + number * 1000, between, values[-1], after))
    export = orjson.loads((RUN / "profile_export_aiperf.json").read_bytes())
    mean, ordered = math.fsum(values) / count, sorted(values)
    export["request_latency"] = {
        "unit": "ms",
        "avg": mean,
        **{name: percentile(ordered, int(name[1:])) for name in PERCENTILES},
        "min": ordered[0],
        "max": ordered[-1],
        "std": math.dist(values, [mean] * count) / math.sqrt(count),
        "count": count,
        "sum": math.fsum(values),
    }
    export["request_count"] = {"unit": "requests", "avg": float(count)}
    export["start_time"] = f"2026-01-{day:02}T00:00:00"
    export["benchmark_id"] = export["run_info"]["benchmark_id"] = f"run-{day}"
    (folder / "profile_export_aiperf.json").write_bytes(orjson.dumps(export))


def _parts(line: bytes) -> tuple[float, bytes, bytes, bytes] | None:
    """The latency of a record, and the bytes before its start, between the two, and after; None of a failed one."""
    record = orjson.loads(line)
    if record.get("error") is not None or record["metadata"]["benchmark_phase"] != "profiling":
        return None
    value: float = record["metrics"]["request_latency"]["value"]
    record["metadata"]["request_start_ns"] = _START
    record["metrics"]["request_latency"]["value"] = _LATENCY
    before, rest = orjson.dumps(record).split(b"%d" % _START)
    between, after = rest.split(orjson.dumps(_LATENCY))
    return value, before, between, after
