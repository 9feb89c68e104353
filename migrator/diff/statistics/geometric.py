"""Geometric means: of one group of runs with its interval, and of the changes of several cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

from migrator.diff.statistics.interval import (
    MIN_RUNS,
    Estimate,
    Refusal,
    bounded_exp,
    from_runs,
    half_width,
)
from migrator.values import NamedTuple

Runs = Sequence[float]
"""One value a run, in the order of their start."""


class Centre(NamedTuple):
    """The mean of some runs, and its interval; without an interval where there are fewer than three runs."""

    value: float
    low: float | None = None
    high: float | None = None


def centre_of(values: Runs, *, level: float = 0.95) -> Centre | None:
    """The geometric mean of runs with Student's interval on their logarithms; of values that have none, the mean.

    None without a value.
    """
    if not values:
        return None
    ratios = all(value > 0 for value in values)
    logs = [math.log(value) for value in values] if ratios else list(values)
    mean = math.fsum(value / len(logs) for value in logs)
    back = bounded_exp if ratios else float
    if len(values) < MIN_RUNS:
        return Centre(values[0] if len(values) == 1 else back(mean))
    variance = math.fsum((value - mean) ** 2 for value in logs) / (len(logs) - 1)
    half = half_width(math.sqrt(variance / len(logs)), len(logs) - 1, level)
    return Centre(back(mean), back(mean - half), back(mean + half))


def mean_of_changes(cells: Sequence[tuple[Runs, Runs]], *, level: float = 0.95) -> Estimate | Refusal:
    """The geometric mean over cells of the ratio candidate / base.

    The cells are those that were chosen, not a sample of others, so that the interval is of the variation from run to
    run alone. Runs of one trial may share a disturbance over all cells. So the unit is the trial: the n-th runs of all
    cells of a side have one mean, and those of both sides are compared as runs are.

    Args:
        cells: the runs of base and candidate in each cell, all values positive.
        level: confidence of the interval.
    """
    for side in (0, 1):
        counts = {len(cell[side]) for cell in cells}
        if len(counts) > 1:
            return Refusal(f"no interval: the cells have {min(counts)} to {max(counts)} trials a side")
        if counts and min(counts) < MIN_RUNS:
            return Refusal(f"no interval: it takes {MIN_RUNS} trials a side")
    trials = [
        [math.exp(math.fsum(map(math.log, trial)) / len(trial)) for trial in zip(*side, strict=True)]
        for side in zip(*cells, strict=True)
    ]
    return from_runs(trials[0], trials[1], level=level)


def mean_ratio(cells: Sequence[tuple[Runs, Runs]]) -> float:
    """The geometric mean over cells of the ratio of the geometric means of candidate and base; all values positive."""
    logs = [
        math.fsum(map(math.log, candidate)) / len(candidate) - math.fsum(map(math.log, base)) / len(base)
        for base, candidate in cells
    ]
    return bounded_exp(math.fsum(logs) / len(logs))
