"""How sure a difference is, where a ratio has no meaning: a side that is or touches zero, and shares of requests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from migrator.diff.statistics.interval import MIN_RUNS, Kind, Refusal, half_width, more_runs
from migrator.diff.statistics.student import t_two_sided
from migrator.values import NamedTuple, dataclass

_NO_SPREAD: Final = 1e-12
"""Standard deviation, relative to the largest value, below which values are the same but for rounding."""
_PRIOR_DF: Final = 8.0
"""How many degrees of freedom "requests fail independently" is worth, before the runs have shown their dispersion."""


@dataclass(slots=True, kw_only=True)  # Not frozen, as Estimate is not.
class Difference:
    """A difference candidate − base, in the unit of the values, and what is known of it.

    `low` and `high` bound it at the confidence `level`. `p_value` is two-sided, of "no change". `confirm` is a second
    estimate of the same difference on weaker assumptions: what is claimed must hold by both.
    """

    difference: float
    low: float
    high: float
    level: float
    p_value: float
    df: float
    method: str
    se: float
    n_base: int
    n_candidate: int
    least_p: float = 0.0
    kind: Kind = "between runs"
    confirm: Difference | None = None

    @property
    def effect(self) -> float:
        """What is tested: the difference."""
        return self.difference


class Counted(NamedTuple):
    """So many requests of so many, of one run."""

    part: int
    of: int


class Pooled(NamedTuple):
    """The requests of all runs of a side: `part` of `of`, in so many runs.

    `squares` is the sum over the runs of their requests times the square of the distance of their share from that of
    all.
    """

    part: float
    of: float
    runs: int
    squares: float


def from_differences(base: Sequence[float], candidate: Sequence[float], *, level: float = 0.95) -> Difference | Refusal:
    """The difference of two groups of runs, each run one number, which may be zero or negative: Welch's t.

    Where no run of either side differs from the next, the order in which so many runs could have come decides.

    Args:
        base: one value per run, any unit.
        candidate: the same, in the same unit.
        level: confidence of the interval.
    """
    fewest = min(len(base), len(candidate))
    if fewest < MIN_RUNS:
        return Refusal(f"{fewest} run{'s' * (fewest != 1)} on a side", more_runs(MIN_RUNS - fewest))
    if not all(map(math.isfinite, (*base, *candidate))):
        return Refusal("a value is not finite")
    (mean_a, va), (mean_b, vb) = _mean_and_variance(base), _mean_and_variance(candidate)
    difference, largest = mean_b - mean_a, max(map(abs, (*base, *candidate)))
    if not all(map(math.isfinite, (difference, va, vb))):
        return Refusal("numbers of such sizes have no interval")
    if max(va, vb) <= (_NO_SPREAD * largest) ** 2:
        return without_spread(difference, largest, level, (len(base), len(candidate)))
    va, vb = va / len(base), vb / len(candidate)
    # Scaled, so that squares of the smallest and the largest numbers stay numbers.
    share_a, share_b = va / max(va, vb), vb / max(va, vb)
    df = (share_a + share_b) ** 2 / (share_a**2 / (len(base) - 1) + share_b**2 / (len(candidate) - 1))
    sizes = len(base), len(candidate)
    return difference_of(difference, math.sqrt(va + vb), df, level, "Welch's t on the differences of the runs", sizes)


def from_shares(
    base: Sequence[Counted], candidate: Sequence[Counted], *, scale: float = 1.0, level: float = 0.95
) -> Difference | Refusal:
    """The difference of two shares of requests, over three or more runs a side.

    The variance is binomial (of Agresti and Caffo's shares, one success and one failure added, so that none of none is
    no certainty), times the dispersion between runs: Pearson's, weighed against `_PRIOR_DF` degrees of freedom of
    "independent", at least one. `confirm` is Welch's t on the shares of the runs, which assumes nothing of requests.

    Args:
        base: one count per run.
        candidate: the same.
        scale: what a share of one is in the unit: 100 for percent.
        level: confidence of the interval.
    """
    runs = from_differences(*([scale * one.part / one.of for one in side] for side in (base, candidate)), level=level)
    if isinstance(runs, Refusal):
        return runs
    return of_pooled(_pooled(base), _pooled(candidate), runs, scale=scale)


def _pooled(side: Sequence[Counted]) -> Pooled:
    part, of = sum(one.part for one in side), sum(one.of for one in side)
    squares = math.fsum(one.of * (one.part / one.of - part / of) ** 2 for one in side)
    return Pooled(part, of, len(side), squares)


def of_pooled(base: Pooled, candidate: Pooled, runs: Difference, *, scale: float) -> Difference:
    """As [`from_shares`][], from what is known of all runs of a side together.

    Args:
        base: the requests of the baseline.
        candidate: those of the candidate.
        runs: Welch's t on the shares of the runs, in the unit.
        scale: what a share of one is in the unit.
    """
    squares, df, variance, shares = 0.0, 0, 0.0, []
    for side in (base, candidate):
        share = side.part / side.of
        shares.append(share)
        if 0 < share < 1:
            squares += side.squares / (share * (1 - share))
            df += side.runs - 1
        added = (side.part + 1) / (side.of + 2)
        variance += added * (1 - added) / (side.of + 2)
    dispersion = max(1.0, (_PRIOR_DF + squares) / (_PRIOR_DF + df))
    se = scale * math.sqrt(dispersion * variance)
    method = f"difference of shares, dispersion {dispersion:.2g}, and Welch's t on the shares of the runs"
    found = difference_of(
        scale * (shares[1] - shares[0]), se, _PRIOR_DF + df, runs.level, method, (base.runs, candidate.runs)
    )
    return _with(found, runs)


def _with(found: Difference, confirm: Difference) -> Difference:
    """An estimate together with one that must show the same: the wider interval, the larger p-value."""
    return Difference(
        difference=found.difference,
        low=min(found.low, confirm.low),
        high=max(found.high, confirm.high),
        level=found.level,
        p_value=max(found.p_value, confirm.p_value),
        df=found.df,
        method=found.method,
        se=found.se,
        n_base=found.n_base,
        n_candidate=found.n_candidate,
        confirm=confirm,
    )


def without_spread(difference: float, largest: float, level: float, sizes: tuple[int, int]) -> Difference:
    """A difference of runs none of which differs from the next: what the order in which they could have come allows.

    Args:
        difference: candidate − base.
        largest: the largest value, for what counts as rounding.
        level: confidence of the interval.
        sizes: runs of base and candidate.
    """
    least_p = 1 / math.comb(sum(sizes), sizes[1])
    difference = 0.0 if abs(difference) <= _NO_SPREAD * largest else difference
    return Difference(
        difference=difference,
        low=difference,
        high=difference,
        level=level,
        p_value=min(1.0, 2 * least_p) if difference else 1.0,
        df=0.0,
        method="order of the runs, as none differs from the next",
        se=0.0,
        n_base=sizes[0],
        n_candidate=sizes[1],
        least_p=least_p,
    )


def difference_of(
    difference: float, se: float, df: float, level: float, method: str, sizes: tuple[int, int]
) -> Difference:
    """A difference with its interval, from its standard error and the degrees of freedom behind that.

    Args:
        difference: candidate − base.
        se: its standard error, above zero.
        df: degrees of freedom.
        level: confidence of the interval.
        method: how it was found.
        sizes: runs of base and candidate.
    """
    half = half_width(se, df, level)
    return Difference(
        difference=difference,
        low=difference - half,
        high=difference + half,
        level=level,
        p_value=t_two_sided(difference / se, df),
        df=df,
        method=method,
        se=se,
        n_base=sizes[0],
        n_candidate=sizes[1],
    )


def _mean_and_variance(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample variance (divisor n − 1); infinite where the numbers are too large for it."""
    try:
        mean = math.fsum(value / len(values) for value in values)
        return mean, math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    except OverflowError:
        return math.inf, math.inf
