"""Two single runs of one system: how often an interval of their ratio holds the truth, which is 1."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from benchmarks.simulate import SEED, correlated
from migrator.diff.statistics.bootstrap import at_rank, bootstrap_percentile
from migrator.diff.statistics.interval import Estimate, Summary, from_summary
from migrator.diff.statistics.mean import from_records
from migrator.diff.statistics.percentile import POSITIONS, percentile_from_summary


class Single(NamedTuple):
    """One setting of single runs: method, percentile (0: the mean), requests, correlation."""

    method: str
    percent: float
    requests: int
    memory: float


class Covered(NamedTuple):
    """How many intervals there were, of how many comparisons, and how many held the truth."""

    single: Single
    comparisons: int
    given: int
    held: int


def covered(single: Single, comparisons: int, draws: int) -> Covered:
    """Simulate two runs of one system again and again, and ask for an interval of their ratio: the truth is 1."""
    random = Random(f"{SEED} {single}")
    given = held = 0
    for number in range(comparisons):
        a, b = (correlated(random, single.requests, single.memory, 0.3) for _ in range(2))
        if single.method == "records" and not single.percent:
            found = from_records(a, b)
        elif single.method == "records":
            found = bootstrap_percentile(a, b, single.percent, seed=number, replicates=draws)
        elif single.percent:
            found = percentile_from_summary(_points(a), len(a), _points(b), len(b), single.percent)
        else:
            found = from_summary(_summary(a), _summary(b))
        if isinstance(found, Estimate):
            given += 1
            held += found.low <= 1 <= found.high
    return Covered(single, comparisons, given, held)


def _points(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {name: at_rank(ordered, place / 100 * (len(ordered) - 1)) for name, place in POSITIONS.items()}


def _summary(values: Sequence[float]) -> Summary:
    """Mean, population standard deviation and count, as an export has them."""
    return Summary(statistics.fmean(values), statistics.pstdev(values), len(values))


def singles() -> list[Single]:
    """All settings of single runs."""
    found = [Single("records", 50, 500, 0.0)]
    found += [Single("records", percent, 500, 0.5) for percent in (50, 90, 95)]
    found += [Single("records", 99, 1500, 0.5)]
    found += [Single("records", percent, 1000, 0.8) for percent in (50, 90)]
    found += [Single("records", 0, 1000, memory) for memory in (0.0, 0.5, 0.9)]
    for memory in (0.0, 0.5):
        found += [Single("summary", percent, 1000, memory) for percent in (0, 50, 90, 95, 99)]
    return found
