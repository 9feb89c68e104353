"""Simulated runs in which requests fail: how often the comparison sees it, and how often it sees what is not there."""

from __future__ import annotations

import math
from datetime import date
from random import Random
from typing import Final, NamedTuple

from benchmarks.simulate import SEED
from migrator.diff.evidence import Weighed
from migrator.diff.pair import Pair
from migrator.diff.policy import ALPHA, ERRORS, Policy
from migrator.diff.receipt import Evidence
from migrator.diff.rows import Weighing, corrected, row_of, weighing
from migrator.diff.statistics.difference import Counted, from_shares
from migrator.diff.statistics.interval import from_runs

_OTHERS: Final = 7
"""Rows of the gate beside it, which do not change."""
_STEADY: Final = (1.0, 1.001, 0.999, 1.002, 0.998)
_SPORADIC: Final = -1.0


class Failing(NamedTuple):
    """One setting: the share of requests that fail on each side, runs of a side, requests of a run.

    `varies` is the standard deviation of a run's share, relative to its mean (beta-distributed); 0 for requests that
    fail independently. Below zero, one run in ten has all of the failures.
    """

    base: float
    candidate: float
    runs: int
    requests: int
    varies: float = 0.0

    @property
    def told(self) -> str:
        """In words."""
        if self.varies < 0:
            return "in one run of ten"
        return f"varies by {100 * self.varies:.0f} %" if self.varies else "the same"


class Failed(NamedTuple):
    """How many comparisons of a setting found a regression, and how many passed."""

    failing: Failing
    comparisons: int
    regression: int
    passed: int


def failings() -> list[Failing]:
    """All settings; the first is what must be found."""
    found = [
        Failing(0.0, 0.02, 5, 1000),
        Failing(0.0, 0.02, 3, 1000),
        Failing(0.0, 0.5, 3, 40),
        Failing(0.005, 0.03, 5, 1000),
        Failing(0.0, 0.02, 5, 1000, 0.5),
    ]
    for varies in (0.0, 0.5, 1.0, _SPORADIC):
        found += [Failing(share, share, 5, 1000, varies) for share in (0.005, 0.02, 0.1)]
    return found


def failed(failing: Failing, comparisons: int) -> Failed:
    """Simulate a setting again and again within a gate whose other rows do not change, and ask the real rule."""
    random = Random(f"{SEED} {failing}")
    policy, today = Policy(), date(2026, 11, 27)
    others = [_unchanged(place) for place in range(_OTHERS)]
    regression = passed = 0
    for _ in range(comparisons):
        one, other = (
            [
                Counted(_drawn(random, failing.requests, _share(random, share, failing.varies)), failing.requests)
                for _ in range(failing.runs)
            ]
            for share in (failing.base, failing.candidate)
        )
        weighings = [_weighed(one, other, policy), *others]
        p_values, families = corrected(weighings, ALPHA)
        verdict = row_of(weighings[0], p_values[0], families["gate"], policy, today).verdict.value
        regression += verdict == "regression"
        passed += verdict in ("no worse", "equivalent", "improvement")
    return Failed(failing, comparisons, regression, passed)


def _weighed(one: list[Counted], other: list[Counted], policy: Policy) -> Weighing:
    values = [tuple(100 * run.part / run.of for run in side) for side in (one, other)]
    pair = Pair(*ERRORS, "%", values[0], values[1])
    weighed = Weighed(Evidence.RUNS, from_shares(one, other, scale=100), (one, other))
    return weighing(pair, policy.rule(*ERRORS), "lower", weighed, weighed.estimate)


def _unchanged(place: int) -> Weighing:
    values = tuple(value * (1 + place / 1e4) for value in _STEADY)
    pair = Pair("request_latency", "avg", "ms", values, tuple(reversed(values)))
    rule = Policy().rule("request_latency", "avg")
    weighed = Weighed(Evidence.RUNS, from_runs(pair.base, pair.candidate))
    return weighing(pair, rule, "lower", weighed, weighed.estimate)


def _share(random: Random, mean: float, varies: float) -> float:
    """The share of one run."""
    if not mean or not varies:
        return mean
    if varies < 0:
        return min(1.0, 10 * mean) if random.random() < 0.1 else 0.0
    first = mean * ((1 - mean) / (varies**2 * mean) - 1)
    return random.betavariate(first, first * (1 - mean) / mean)


def _drawn(random: Random, requests: int, share: float) -> int:
    """How many of so many requests fail: binomial, by the gaps between failures."""
    if share < 1e-9:
        return 0
    if share >= 1:
        return requests
    count, place, log = 0, 0, math.log1p(-share)
    while True:
        place += int(math.log(1 - random.random()) / log) + 1
        if place > requests:
            return count
        count += 1
