"""Histories: 10,000 runs, and how often a change is called where there is none, and found where there is one."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.measure import GOLDEN, in_memory, row
from benchmarks.scale import cost
from migrator.diff.policy import HEADLINE
from migrator.diff.statistics.change_points import LEVEL
from migrator.history.read import Point, Value
from migrator.history.series import all_series

RUNS = 10_000
SECONDS = 30.0
_WORKLOADS = 400
"""Simulated workloads of each kind."""
_LONG, _AFTER = 30, 5
_NOISE, _STEP = 0.02, 0.05


def run() -> Iterator[str]:
    """The cost of a folder of runs, with a change for the worse in it; and the simulated series."""
    with tempfile.TemporaryDirectory(dir=in_memory()) as memory:
        _write(Path(memory) / "runs")
        spent = cost("history", str(Path(memory) / "runs"))
    yield row(f"{RUNS:,} runs", f"{spent.clock:.1f} s", spent.clock / SECONDS, 1)
    yield row("memory of the largest process", f"{spent.memory:.0f} MB")
    flat = sum(any(_found(seed, 0.0)) for seed in range(_WORKLOADS)) / _WORKLOADS
    yield row("flat workloads with a change", f"{flat:.1%}", flat / LEVEL, 1)
    found = sum(any(abs(place - (_LONG - _AFTER)) <= 1 for place in _found(seed, _STEP)) for seed in range(_WORKLOADS))
    yield row(f"a step of {_STEP:.0%} found within {_AFTER} runs", f"{found / _WORKLOADS:.1%}")


def _found(seed: int, step: float) -> list[int]:
    """Where a simulated workload changes: noise, half of it shared by its metrics, and a step in its last runs."""
    random = Random(seed)
    points = []
    for place in range(_LONG):
        level = (step if place >= _LONG - _AFTER else 0.0) + random.gauss(0, _NOISE * math.sqrt(0.5))
        values = (Value(math.exp(level + random.gauss(0, _NOISE * math.sqrt(0.5))), "ms") for _ in HEADLINE)
        points.append(Point(str(place), place, False, "", None, "measured", (), None, tuple(values)))
    return [change.first for series in all_series(points, HEADLINE, timed=False) for change in series.changes]


def _write(folder: Path) -> None:
    """Runs of one workload, a night each; the last tenth is slower by a fifth."""
    document = json.loads((GOLDEN / "0.13.0" / "chat-streaming" / "profile_export_aiperf.json").read_bytes())
    random, first = Random(1), datetime(2026, 1, 1)
    blocks = {tag: document[tag] for tag in ("request_latency", "time_to_first_token", "inter_token_latency")}
    for number in range(RUNS):
        factor = math.exp(random.gauss(0, _NOISE)) * (1.2 if number >= RUNS * 0.9 else 1.0)
        for tag, block in blocks.items():
            document[tag] = {
                name: value * factor if isinstance(value, float) else value for name, value in block.items()
            }
        document["start_time"] = (first + timedelta(hours=number)).isoformat()
        # As long as AIPerf's own, which decides what of a configuration is remembered.
        document["benchmark_id"] = f"{number:032x}"
        path = folder / f"{number:05}" / "profile_export_aiperf.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False))
