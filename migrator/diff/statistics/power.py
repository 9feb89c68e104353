"""How many runs a side a one-sided test needs, planned for a power and fixed before the runs are done."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Final

from migrator.diff.statistics.student import t_quantile

POWER: Final = 0.8
"""How often the planned number of runs shows what is true."""
MOST_RUNS: Final = 50
"""The largest number of runs a side that is recommended."""


def runs_for(sd: float, distance: float, alpha: float, *, least: int = 3, power: float = POWER) -> int | None:
    """The fewest runs a side that show an effect with a power; None if that takes more than [`MOST_RUNS`][].

    A test shows an effect that lies `distance` beyond its limit when the estimate is t standard errors beyond it, and
    the estimate falls short of the truth by another t errors in (1 − power) of all cases. That is the noncentral t
    distribution to within a run.

    Args:
        sd: standard deviation from run to run, on the scale of the effect.
        distance: how far the true effect lies beyond the limit.
        alpha: error of the one-sided test, after any correction.
        least: the fewest runs that are considered, at least two.
        power: how often the test is to show it.
    """
    if distance <= 0:
        return None

    def is_enough(runs: int) -> bool:
        df = 2.0 * runs - 2
        reach = t_quantile(1 - alpha, df) + t_quantile(power, df)
        return sd * math.sqrt(2 / runs) * reach <= distance

    candidates = range(least, MOST_RUNS + 1)
    place = bisect_left(candidates, True, key=is_enough)
    return candidates[place] if place < len(candidates) else None
