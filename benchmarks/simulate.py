"""Simulated runs with a known truth: serially correlated requests, noise from run to run, a change or none.

Nothing here asks the comparison: what a run measures is made up apart from what judges it.

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


def curve_of(seed: int, requests: int = REQUESTS) -> dict[str, float]:
    """The statistics of `time_to_first_token`, the gate's most variable metric, of one still run, by their name."""
    values = correlated(Random(f"curve {seed}"), requests, MEMORY, SERIES["time_to_first_token"])
    ordered, mean = sorted(values), math.fsum(values) / requests
    found = {"avg": mean, "min": ordered[0], "max": ordered[-1]}
    for percent in (1, 5, 10, 25, 50, 75, 90, 95, 99):
        found[f"p{percent}"] = at_rank(ordered, percent / 100 * (requests - 1))
    found["std"] = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / requests)
    return found


SHAPES: Final = ("normal", "lognormal", "skewed", "heavy tails", "two modes")
"""What the noise from run to run looks like, each with the same standard deviation.

`skewed` is exponential: most runs are a little fast, some are slow. `heavy tails` is Student's t with 3 degrees of
freedom. `two modes` are two states of the machine, seven runs in ten in the faster one.
"""


class Noise(NamedTuple):
    """What differs from run to run: its standard deviation on each side, and its shape.

    `drift` is what every run is slower than the one before it, in which order `in_turn` tells: A B A B, or all of A
    first.
    """

    base: float
    candidate: float
    shape: str = "lognormal"
    drift: float = 0.0
    in_turn: bool = False


def machine(noise: float, requests: int = REQUESTS) -> float:
    """What the machine adds to the requests' own variation, so that `request_latency.avg` varies by `noise` in all."""
    own = SERIES["request_latency"] * math.sqrt((1 + MEMORY) / (1 - MEMORY) / requests)
    return math.sqrt(max(0.0, noise**2 - own**2))


def sides(
    random: Random, still: Sequence[Run], runs: tuple[int, int], noise: Noise, change: float
) -> tuple[list[Run], list[Run]]:
    """Two groups of runs, the candidate's slower by `change` (0.1 is 10 %)."""
    picked = random.sample(still, sum(runs))
    base, candidate = [], []
    for place in range(runs[0]):
        early = 2 * place if noise.in_turn else place
        base.append(_noisy(random, picked[place], noise, noise.base, early * noise.drift))
    for place in range(runs[1]):
        late = 2 * place + 1 if noise.in_turn else runs[0] + place
        shift = math.log1p(change) + late * noise.drift
        candidate.append(_noisy(random, picked[runs[0] + place], noise, noise.candidate, shift))
    return base, candidate


def _noisy(random: Random, run: Run, noise: Noise, deviation: float, shift: float) -> Run:
    """A run on a machine of its day: half of the variance is common to all metrics, half is each one's own."""
    common = _deviate(random, noise.shape)
    own = {metric: _deviate(random, noise.shape) for metric in SERIES}
    found = []
    for (metric, _), sign, value in zip(STATISTICS, SIGNS, run, strict=True):
        day = deviation * (common + own.get(metric, own["request_latency"])) * math.sqrt(0.5)
        if noise.shape == "normal":
            # Normal on the scale of the values; what would be no time at all is a twentieth.
            day = math.log(max(0.05, 1 + day))
        found.append(value + sign * (shift + day))
    return tuple(found)


def _deviate(random: Random, shape: str) -> float:
    """A deviate of mean 0 and variance 1."""
    if shape == "skewed":
        return random.expovariate(1) - 1
    if shape == "two modes":
        slow = random.random() < 0.3
        return 0.95 * (math.sqrt(0.7 / 0.3) if slow else -math.sqrt(0.3 / 0.7)) + math.sqrt(1 - 0.95**2) * random.gauss(
            0, 1
        )
    normal = random.gauss(0, 1)
    if shape == "heavy tails":
        square = sum(random.gauss(0, 1) ** 2 for _ in range(3))
        return normal / math.sqrt(square)  # t / √3, of variance 1
    return normal
