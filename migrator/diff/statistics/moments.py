"""Runs of which only mean, standard deviation and number are left: the same tests as of single runs, without the runs.

The logarithm of a mean of `n` runs varies by the coefficient of variation over √n (first order), which is what Welch's
t on the logarithms of single runs comes to where these vary by little. Several groups are put together exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from migrator.diff.statistics.difference import Difference, Pooled, difference_of, of_pooled, without_spread
from migrator.diff.statistics.interval import (
    MIN_RUNS,
    Estimate,
    Refusal,
    bounded_exp,
    careful_df,
    half_width,
    more_runs,
    ratio_of_one_value,
    ratio_with,
)
from migrator.values import NamedTuple

NO_SPREAD = 1e-9
"""Coefficient of variation below which runs are the same but for rounding."""


class Moments(NamedTuple):
    """Mean, sample standard deviation (divisor n − 1) and number of some runs, and the lowest of them."""

    mean: float
    std: float
    n: int
    low: float

    @property
    def variation(self) -> float:
        """The coefficient of variation; infinite where the mean is not positive."""
        return self.std / self.mean if self.mean > 0 else math.inf


def together(parts: Sequence[Moments]) -> Moments:
    """The moments of all runs of some groups, as if each run had been there; at least one group."""
    n = sum(part.n for part in parts)
    mean = math.fsum(part.mean * (part.n / n) for part in parts)
    squares = math.fsum((part.n - 1) * part.std**2 + part.n * (part.mean - mean) ** 2 for part in parts)
    return Moments(mean, math.sqrt(squares / (n - 1)) if n > 1 else 0.0, n, min(part.low for part in parts))


def from_moments(base: Moments, candidate: Moments, *, level: float = 0.95) -> Estimate | Difference | Refusal:
    """The change of the mean over runs: the ratio, or the difference where a run is or touches zero.

    Args:
        base: three runs at least, any unit.
        candidate: the same, in the same unit.
        level: confidence of the interval.
    """
    sides = base, candidate
    fewest = min(base.n, candidate.n)
    if fewest < MIN_RUNS:
        return Refusal(f"{fewest} run{'s' * (fewest != 1)} on a side", more_runs(MIN_RUNS - fewest))
    if not all(math.isfinite(number) for side in sides for number in (side.mean, side.std)):
        return Refusal("a value is not finite")
    if min(side.low for side in sides) <= 0:
        return _difference(base, candidate, level)
    effect = math.log(candidate.mean / base.mean)
    if max(side.variation for side in sides) < NO_SPREAD:
        return ratio_of_one_value(effect, base.n, candidate.n, level)
    va, vb = (side.variation**2 / side.n for side in sides)
    method = "Welch's t on mean, standard deviation and number of the runs"
    found = ratio_with(
        effect, math.sqrt(va + vb), _welch(va, vb, base.n, candidate.n), level, method, base.n, candidate.n
    )
    found.df = careful_df(found.df, base.n, candidate.n)
    return found


def interval_of(runs: Moments, *, level: float = 0.95) -> tuple[float, float] | None:
    """Student's interval of the mean of runs; None with fewer than three."""
    if runs.n < MIN_RUNS:
        return None
    if runs.low <= 0:
        half = half_width(runs.std / math.sqrt(runs.n), runs.n - 1, level)
        return runs.mean - half, runs.mean + half
    half = half_width(runs.variation / math.sqrt(runs.n), runs.n - 1, level)
    return runs.mean * bounded_exp(-half), runs.mean * bounded_exp(half)


class Counts(NamedTuple):
    """The requests of `runs` runs: `part` of `of` in all, and the standard deviation of the runs' shares (n − 1)."""

    part: float
    of: float
    runs: int
    std: float


def from_counts(
    base: Sequence[Counts], candidate: Sequence[Counts], *, scale: float = 1.0, level: float = 0.95
) -> Difference | Refusal:
    """The difference of two shares of requests, as [`from_shares`][migrator.diff.statistics.difference.from_shares].

    The same numbers where the runs had equally many requests. Where they had not, each counts as one of average length.

    Args:
        base: groups of runs, or single runs (of a standard deviation of zero).
        candidate: the same.
        scale: what a share of one is in the unit: 100 for percent.
        level: confidence of the interval.
    """
    sides = [
        together([Moments(one.part / one.of, one.std, one.runs, 0.0) for one in side]) for side in (base, candidate)
    ]
    fewest = min(side.n for side in sides)
    if fewest < MIN_RUNS:
        return Refusal(f"{fewest} run{'s' * (fewest != 1)} on a side", more_runs(MIN_RUNS - fewest))
    if not all(math.isfinite(number) for side in sides for number in (side.mean, side.std)):
        return Refusal("a value is not finite")
    one, other = (Moments(scale * side.mean, scale * side.std, side.n, 0.0) for side in sides)
    runs = _difference(one, other, level)
    return of_pooled(_pooled(base, sides[0]), _pooled(candidate, sides[1]), runs, scale=scale)


def _pooled(groups: Sequence[Counts], runs: Moments) -> Pooled:
    part, of = math.fsum(one.part for one in groups), math.fsum(one.of for one in groups)
    squares = (runs.n - 1) * runs.std**2 + runs.n * (runs.mean - part / of) ** 2
    return Pooled(part, of, runs.n, of / runs.n * squares)


def _difference(base: Moments, candidate: Moments, level: float) -> Difference:
    difference, largest = candidate.mean - base.mean, max(abs(base.mean), abs(candidate.mean))
    sizes = base.n, candidate.n
    if max(base.std, candidate.std) <= NO_SPREAD * largest or largest == 0:
        return without_spread(difference, largest, level, sizes)
    va, vb = base.std**2 / base.n, candidate.std**2 / candidate.n
    method = "Welch's t on mean, standard deviation and number of the runs"
    return difference_of(difference, math.sqrt(va + vb), _welch(va, vb, *sizes), level, method, sizes)


def _welch(va: float, vb: float, n_a: int, n_b: int) -> float:
    """The degrees of freedom of the sum of two variances of means. Scaled, so that squares of small numbers stay."""
    share_a, share_b = va / max(va, vb), vb / max(va, vb)
    return (share_a + share_b) ** 2 / (share_a**2 / (n_a - 1) + share_b**2 / (n_b - 1))
