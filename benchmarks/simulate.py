"""Simulated runs with a known truth: serially correlated requests, noise from run to run, a change or none.

A run is what its gated statistics are, as logarithms. Its requests are lognormal, each correlated with the one before
(a first-order autoregression). What makes a run as a whole faster or slower comes on top.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

from migrator.aiperf.directions import direction
from migrator.diff.policy import HEADLINE
from migrator.diff.statistics.bootstrap import at_rank

SEED: Final = 20_261_124
"""Every simulation starts from it."""
REQUESTS: Final = 1000
"""Requests of a simulated run."""
MEMORY: Final = 0.5
"""Correlation of a request with the one before."""
SERIES: Final = {"request_latency": 0.15, "time_to_first_token": 0.3, "inter_token_latency": 0.1}
"""Standard deviation of the logarithm of the requests of each metric."""

STATISTICS: Final = HEADLINE
SIGNS: Final = tuple(1 if direction(metric) == "lower" else -1 for metric, _ in STATISTICS)
"""Which way a statistic goes when the system slows down."""

Run = tuple[float, ...]
"""Logarithms of the statistics of one run, in the order of `STATISTICS`."""


def correlated(random: Random, count: int, memory: float, sigma: float) -> list[float]:
    """Requests: lognormal around 1, each correlated with the one before."""
    fresh = math.sqrt(1 - memory * memory)
    gauss, state, found = random.gauss, random.gauss(0, 1), []
    for _ in range(count):
        found.append(math.exp(sigma * state))
        state = memory * state + fresh * gauss(0, 1)
    return found


def still_runs(seed: int, count: int, requests: int = REQUESTS) -> list[Run]:
    """Runs of a system that is the same each time: they differ only by their requests."""
    random = Random(seed)
    return [_still_run(random, requests) for _ in range(count)]


def _still_run(random: Random, requests: int) -> Run:
    drawn = {metric: correlated(random, requests, MEMORY, sigma) for metric, sigma in SERIES.items()}
    found = []
    for metric, statistic in STATISTICS:
        if metric in drawn:
            values = drawn[metric]
            value = (
                math.fsum(values) / requests if statistic == "avg" else at_rank(sorted(values), 0.99 * (requests - 1))
            )
        else:
            # Of as many users as there are, each waits for its own request: throughput is the inverse of the mean.
            value = requests / math.fsum(drawn["request_latency"])
            value *= math.exp(random.gauss(0, 0.003)) if metric == "output_token_throughput" else 1
        found.append(math.log(value))
    return tuple(found)


class Noise(NamedTuple):
    """What differs from run to run: its standard deviation on each side, and its kind.

    `heavy` has rare bad runs (Student's t, 3 degrees of freedom, scaled to the same deviation). `drift` is what every
    run is slower than the one before it, in which order `in_turn` tells: A B A B, or all of A first.
    """

    base: float
    candidate: float
    heavy: bool = False
    drift: float = 0.0
    in_turn: bool = False


def sides(random: Random, still: Sequence[Run], runs: int, noise: Noise, change: float) -> tuple[list[Run], list[Run]]:
    """Two groups of runs, the candidate's slower by `change` (0.1 is 10 %)."""
    picked = random.sample(still, 2 * runs)
    base, candidate = [], []
    for place in range(runs):
        early, late = (2 * place, 2 * place + 1) if noise.in_turn else (place, runs + place)
        base.append(_noisy(random, picked[place], noise, noise.base, early * noise.drift))
        shift = math.log1p(change) + late * noise.drift
        candidate.append(_noisy(random, picked[runs + place], noise, noise.candidate, shift))
    return base, candidate


def _noisy(random: Random, run: Run, noise: Noise, deviation: float, shift: float) -> Run:
    """A run on a machine of its day: half of the variance is common to all metrics, half is each one's own."""
    common = _deviate(random, noise)
    own = {metric: _deviate(random, noise) for metric in SERIES}
    found = []
    for (metric, _), sign, value in zip(STATISTICS, SIGNS, run, strict=True):
        day = (common + own.get(metric, own["request_latency"])) * math.sqrt(0.5)
        found.append(value + sign * (shift + deviation * day))
    return tuple(found)


def _deviate(random: Random, noise: Noise) -> float:
    normal = random.gauss(0, 1)
    if not noise.heavy:
        return normal
    square = sum(random.gauss(0, 1) ** 2 for _ in range(3))
    return normal / math.sqrt(square)  # t / √3, of variance 1
