"""The statistics of a stats block, against AIPerf's own files: their names, their order, and what each of them is."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final

import pytest

from migrator.aiperf.metrics import PERCENTILES, STATISTICS
from migrator.diff.statistics.percentile import POSITIONS

EXPORTS: Final = Path(__file__).parents[2] / "golden" / "exports"
RECORDED: Final = ("0.2.0", "0.3.0", "0.4.0", "0.8.0", "0.9.0", "0.13.0")
"""Releases of which an export is here with its records: one line a request, `{"metrics": {TAG: {"value": …}}}`."""


def export(release: str) -> dict[str, Any]:
    return dict(json.loads((EXPORTS / release / "chat-streaming" / "profile_export_aiperf.json").read_bytes()))


def values(release: str) -> dict[str, list[float]]:
    """Each metric's values, one a request of the profiling phase, smallest first."""
    found: dict[str, list[float]] = {}
    for line in (EXPORTS / release / "chat-streaming" / "profile_export.jsonl").read_bytes().splitlines():
        record = json.loads(line)
        if record["metadata"].get("benchmark_phase", "profiling") == "profiling":
            for tag, metric in record["metrics"].items():
                if type(metric["value"]) in (int, float):
                    found.setdefault(tag, []).append(metric["value"])
    return {tag: sorted(numbers) for tag, numbers in found.items()}


def between(ordered: list[float], percent: float) -> float:
    """The point of an ordered list that has `percent` of its length below it; a straight line between neighbours."""
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def test_a_block_has_the_statistics_that_aiperf_writes_in_its_order() -> None:
    assert list(export("0.13.0")["request_latency"]) == ["unit", *STATISTICS]
    assert [name for name in STATISTICS if name.startswith("p")] == list(PERCENTILES)


def test_every_percentile_of_aiperf_has_its_place() -> None:
    block = export("0.13.0")["request_latency"]
    assert set(POSITIONS) == {name for name in block if name[0] == "p" or name in ("min", "max")}


def test_the_places_of_a_hundred_and_one_ordered_numbers() -> None:
    """Of 0, 1, … 100 the n-th percentile is n."""
    assert {name: between([float(n) for n in range(101)], place) for name, place in POSITIONS.items()} == {
        "min": 0.0,
        "p1": 1.0,
        "p5": 5.0,
        "p10": 10.0,
        "p25": 25.0,
        "p50": 50.0,
        "p75": 75.0,
        "p90": 90.0,
        "p95": 95.0,
        "p99": 99.0,
        "max": 100.0,
    }


@pytest.mark.parametrize("release", RECORDED)
def test_a_point_of_a_summary_is_that_point_of_the_records(release: str) -> None:
    document, records = export(release), values(release)
    compared = 0
    for tag, ordered in records.items():
        block = document.get(tag)
        for name, place in POSITIONS.items():
            if type(block) is dict and block.get(name) is not None:
                assert between(ordered, place) == pytest.approx(block[name], rel=1e-9, abs=1e-9), (tag, name)
                compared += 1
    assert compared >= 5 * len(POSITIONS)
