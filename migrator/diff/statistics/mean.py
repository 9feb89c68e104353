"""The ratio of the means of two single runs from all their requests, which are not independent of each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from migrator.diff.statistics.autocorrelation import long_run
from migrator.diff.statistics.interval import Estimate, Refusal, bounded_exp, half_width

FEWEST: Final = 40
"""Requests of a run below which nothing is said of how long they remember each other."""


def from_records(base: Sequence[float], candidate: Sequence[float], *, level: float = 0.95) -> Estimate | Refusal:
    """The ratio of two means, each with the long-run variance of its run: how well each run knows its own mean.

    It says nothing of how the next run would differ: no p-value.

    Args:
        base: one positive value per request of the baseline, in the order they were sent.
        candidate: of the candidate, in the same unit.
        level: confidence of the interval.
    """
    fewest = min(len(base), len(candidate))
    if fewest < FEWEST:
        return Refusal(f"the mean of {fewest} requests has no interval", f"{FEWEST} requests a side")
    if not all(0 < value < math.inf for value in (*base, *candidate)):
        return Refusal("a value that is not positive has no ratio")
    one, other = long_run(base), long_run(candidate)
    va, vb = one.variance / one.mean**2 / len(base), other.variance / other.mean**2 / len(candidate)
    difference = math.log(other.mean / one.mean)
    df = (va + vb) ** 2 / (va**2 / one.df + vb**2 / other.df) if va + vb > 0 else one.df + other.df
    half = half_width(math.sqrt(va + vb), df, level)
    return Estimate(
        ratio=math.exp(difference),
        low=bounded_exp(difference - half),
        high=bounded_exp(difference + half),
        level=level,
        p_value=None,
        df=df,
        method="means with the long-run variance of their requests",
        kind="within run",
        se=math.sqrt(va + vb),
        n_base=len(base),
        n_candidate=len(candidate),
    )
