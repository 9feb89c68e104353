"""Backfill against a plain loop over the same lines: how fast records are read, turned and verified."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from benchmarks.measure import GOLDEN, pairs, row, timed
from migrator.backfill.columns import read_columns
from migrator.backfill.fill import fill_from_records
from migrator.backfill.statistics import facts, pairwise

RUN = GOLDEN / "0.13.0" / "chat-streaming"
REQUESTS = 20_000
ROUNDS = 3
FIELDS = frozenset({"count", "sum"})


def run() -> Iterator[str]:
    """Time the loop and the whole backfill of an export in turn, in MB of records a second."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profile_export.jsonl"
        export = _generate(path)
        size = path.stat().st_size / 1e6

        def loop() -> None:
            with path.open("rb") as file:
                for line in file:
                    orjson.loads(line)

        def backfill() -> None:
            _, entries, doubtful = fill_from_records(export, str(path), FIELDS)
            assert len(entries) > 50
            assert not doubtful

        filled, plain, ratio = pairs(lambda: timed(backfill), lambda: timed(loop), ROUNDS)
        yield row(f"orjson over {REQUESTS} lines, {size:.0f} MB", f"{size / plain:.0f} MB/s")
        yield row("backfill of count and sum", f"{size / filled:.0f} MB/s", ratio, 1 / 0.7)


def _generate(path: Path) -> dict[str, Any]:
    """Write records like the recorded ones with other durations, and give the export of such a run."""
    random.seed(1)
    recorded = [json.loads(line) for line in (RUN / path.name).read_bytes().splitlines()]
    with path.open("wb") as file:
        for number in range(REQUESTS):
            file.write(orjson.dumps(_other(recorded[number % len(recorded)])) + b"\n")
    export: dict[str, Any] = json.loads((RUN / "profile_export_aiperf.json").read_bytes())
    _, columns = read_columns(str(path), export)
    for tag, column in columns.items():
        base = column.base or [round(value * 1e6) for value in column.values] if column.unit == "ms" else column.values
        average = pairwise(base) / len(base) * (1e-6 if column.unit == "ms" else 1)
        export[tag] = {"unit": column.unit, **facts(column, average).stats, "avg": average}
    return export


def _other(record: dict[str, Any]) -> dict[str, Any]:
    metrics = dict(record["metrics"])
    for tag, metric in metrics.items():
        if metric["unit"] == "ms":
            value = metric["value"]
            values = [_longer(item) for item in value] if isinstance(value, list) else _longer(value)
            metrics[tag] = {**metric, "value": values}
    if "inter_token_latency" in metrics:
        first, last = (round(metrics[tag]["value"] * 1e6) for tag in ("time_to_first_token", "request_latency"))
        tokens = metrics["output_sequence_length"]["value"] - 1
        metrics["inter_token_latency"] = {"value": (last - first) / tokens * 1e-6, "unit": "ms"}
    return {**record, "metrics": metrics}


def _longer(milliseconds: float) -> float:
    """Another whole number of nanoseconds; the spread is wide, so that no two requests are alike."""
    return (round(milliseconds * 1e6) + random.randrange(10**6)) * 1e-6
