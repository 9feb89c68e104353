"""How sure a relative change is: the ratio candidate / baseline, its interval, and a p-value where one is honest.

All of it on the logarithm of the ratio, where twice as slow and twice as fast are equally far away and swapping the
sides only changes the sign. Plain functions over numbers; nothing is read, nothing heavy is imported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

from migrator.diff.statistics.one_sided import p_above, p_below
from migrator.diff.statistics.student import incomplete_beta, t_quantile, t_two_sided
from migrator.values import NamedTuple, dataclass

MIN_RUNS: Final = 3
"""Runs a side from which the spread between runs is estimated at all."""

_ENOUGH_RUNS: Final = 5
"""Runs a side from which Welch's degrees of freedom are taken as they are, where both sides have as many."""
_CONTRADICTED: Final = 0.01
"""P-value below which runs contradict the noise that a profile claims."""
_NO_SPREAD: Final = 1e-9
"""Standard deviation of logarithms below which values are the same but for rounding."""

_FARTHEST: Final = 600.0
"""Logarithm of the farthest end of an interval: no document's number can hold one much farther out."""

Kind = Literal["between runs", "within run", "within run, approximate"]


@dataclass(slots=True, kw_only=True)  # Not frozen: that makes each of some hundred a comparison take twice as long.
class Estimate:
    """A ratio candidate / baseline and what is known of it.

    `low` and `high` bound the ratio at the confidence `level`. `se` is the standard error of its logarithm and `df`
    the degrees of freedom that one-sided tests count with, at most those of the interval. `p_value` is two-sided, of
    "no change"; None where the interval says nothing of the next run, and significance would be misleading.
    `n_base` and `n_candidate` count runs where `kind` is "between runs", else requests. `least_p` is above zero where
    no run differs from the next: the smallest one-sided p-value that so many runs can give. `confirm` is a second
    estimate on weaker assumptions: a claim must hold by both.
    """

    ratio: float
    low: float
    high: float
    level: float
    p_value: float | None
    df: float
    method: str
    kind: Kind
    se: float
    n_base: int
    n_candidate: int
    least_p: float = 0.0
    confirm: Estimate | None = None

    @property
    def effect(self) -> float:
        """What is tested: the logarithm of the ratio."""
        return math.log(self.ratio)

    @property
    def percent(self) -> float:
        """The relative change, in percent."""
        return 100 * (self.ratio - 1)

    @property
    def interval_percent(self) -> tuple[float, float]:
        """The interval of the relative change, in percent."""
        return 100 * (self.low - 1), 100 * (self.high - 1)


class Refusal(NamedTuple):
    """Why there is no estimate, and what would allow one."""

    reason: str
    needs: str = ""


def from_runs(base: Sequence[float], candidate: Sequence[float], *, level: float = 0.95) -> Estimate | Refusal:
    """The ratio of two groups of runs, each run one number: Welch's interval on the logarithms.

    The run is the unit, however many requests it had: what differs from run to run is in none of them alone.
    Where no run of either side differs from the next, there is no spread to divide by. What is left is that the runs
    of one build could have come in any order: the p-value is 2 / (number of ways to choose the baseline's runs),
    so three a side never show a change, and four do. The interval is then the ratio itself.

    Args:
        base: one positive value per run, any unit.
        candidate: the same, in the same unit.
        level: confidence of the interval.
    """
    if refusal := _unfit(base, candidate, MIN_RUNS):
        return refusal
    n_a, n_b = len(base), len(candidate)
    mean_a, variance_a = logarithms(tuple(base))
    mean_b, variance_b = logarithms(tuple(candidate))
    difference, va, vb = mean_b - mean_a, variance_a / n_a, variance_b / n_b
    if max(va * n_a, vb * n_b) < _NO_SPREAD**2:
        return _without_spread(difference, n_a, n_b, level, n_a, n_b)
    df = (va + vb) ** 2 / (va**2 / (n_a - 1) + vb**2 / (n_b - 1))
    method = "Welch's t on the logarithms of the runs"
    found = ratio_with(difference, math.sqrt(va + vb), df, level, method, n_a, n_b)
    found.df = careful_df(df, n_a, n_b)
    return found


@lru_cache(maxsize=2048)
def logarithms(values: tuple[float, ...]) -> tuple[float, float]:
    """Mean and sample variance (divisor n − 1) of the logarithms of two or more positive numbers.

    Cached, as the estimate, the centre and the spread of a row all ask for them.
    """
    logs = [math.log(value) for value in values]
    mean = math.fsum(logs) / len(logs)
    return mean, math.fsum((value - mean) ** 2 for value in logs) / (len(logs) - 1)


def careful_df(welch: float, n_base: int, n_candidate: int) -> float:
    """The degrees of freedom that verdicts count with.

    A side of few runs that is the noisier and skewed one looks steady by luck too often, and Welch's degrees of freedom
    then grow just where they should not. Where the sides have unlike numbers of runs, only those of the smaller one are
    sure; with three or four runs each, half of what Welch adds to them. docs/statistics.md has the simulation.
    """
    sure = min(n_base, n_candidate) - 1.0
    if n_base != n_candidate:
        return min(welch, sure)
    return welch if n_base >= _ENOUGH_RUNS else (welch + sure) / 2


def from_noise(
    base: Sequence[float],
    candidate: Sequence[float],
    deviations: tuple[float, float],
    df: float,
    *,
    level: float = 0.95,
) -> Estimate | Refusal:
    """The ratio of one or more runs a side, judged by what earlier runs of one configuration varied.

    A prediction interval: of `n_a` runs against `n_b`, the logarithm of the ratio varies by `√(s_a²/n_a + s_b²/n_b)`.

    Args:
        base: one positive value per run, at least one.
        candidate: the same, in the same unit.
        deviations: standard deviation of the logarithm from run to run, from a noise profile, of runs as long as the
            base's and as the candidate's.
        df: degrees of freedom behind it: the profile's runs minus its groups.
        level: confidence of the interval.
    """
    if not (df > 0 and all(0 <= deviation < math.inf for deviation in deviations)):
        return Refusal("the noise profile holds no spread for this metric", "a profile of three or more runs")
    if refusal := _unfit(base, candidate, 1):
        return refusal
    difference = _mean([math.log(value) for value in candidate]) - _mean([math.log(value) for value in base])
    if max(deviations) < _NO_SPREAD:
        return _without_spread(difference, round(df) + 1, len(candidate), level, len(base), len(candidate))
    se = math.sqrt(deviations[0] ** 2 / len(base) + deviations[1] ** 2 / len(candidate))
    return ratio_with(difference, se, df, level, "prediction from the noise profile", len(base), len(candidate))


class Summary(NamedTuple):
    """A mean, its standard deviation with divisor n, as AIPerf exports it, and the number of values behind both."""

    mean: float
    std: float
    n: int


def more_than(base: Sequence[float], candidate: Sequence[float], sd: float, df: float) -> bool:
    """Whether runs differ from each other, within their sides, clearly more than a standard deviation says (F test).

    Args:
        base: one positive value per run.
        candidate: the same.
        sd: standard deviation of the logarithm that is claimed, with `df` degrees of freedom.
        df: its degrees of freedom.
    """
    own = len(base) + len(candidate) - 2
    if own < 1 or not all(0 < value < math.inf for value in (*base, *candidate)):
        return False
    sides = [[math.log(value) for value in side] for side in (base, candidate) if len(side) > 1]
    squares = math.fsum(_variance(side) * (len(side) - 1) for side in sides)
    if sd <= 0:
        return squares > own * _NO_SPREAD**2
    # P(F > f) of an F with own and df degrees of freedom is the incomplete beta function at df / (df + own · f).
    return incomplete_beta(df / 2, own / 2, df / (df + squares / sd**2)) < _CONTRADICTED


def is_apart(values: Sequence[float], mean: float, sd: float, df: float) -> bool:
    """Whether the geometric mean of some runs lies outside what earlier ones predict for it, with 99 % confidence.

    Args:
        values: one positive value per run.
        mean: the mean logarithm of the earlier runs.
        sd: their standard deviation, with `df` degrees of freedom.
        df: one less than the number of earlier runs.
    """
    if not values or sd <= 0 or not all(0 < value < math.inf for value in values):
        return False
    se = sd * math.sqrt(1 / len(values) + 1 / (df + 1))
    return abs(_mean([math.log(value) for value in values]) - mean) > t_quantile(1 - _CONTRADICTED / 2, df) * se


def from_summary(base: Summary, candidate: Summary, *, level: float = 0.95) -> Estimate | Refusal:
    """The ratio of the means of two single runs, from their summaries: what the requests of each say of its own mean.

    It takes requests as independent and leaves out all that differs from run to run, so it has no p-value. The
    exported `std` divides by n (FACTS: in every release); n/(n − 1) puts that right.
    """
    (mean_a, std_a, n_a), (mean_b, std_b, n_b) = base, candidate
    numbers = mean_a, std_a, mean_b, std_b
    if not all(map(math.isfinite, numbers)) or min(mean_a, mean_b) <= 0 or min(std_a, std_b) < 0:
        return Refusal("a mean that is not positive has no ratio")
    if min(n_a, n_b) < 2:
        return Refusal("one request has no spread", "more requests")
    va = (std_a / mean_a) ** 2 / (n_a - 1)
    vb = (std_b / mean_b) ** 2 / (n_b - 1)
    # Without spread the requests are the same number; the degrees of freedom then do not matter.
    df = (va + vb) ** 2 / (va**2 / (n_a - 1) + vb**2 / (n_b - 1)) if va + vb > 0 else float(n_a + n_b - 2)
    method = "Welch's t from the summary's mean and spread"
    return ratio_with(
        math.log(mean_b / mean_a), math.sqrt(va + vb), df, level, method, n_a, n_b, "within run, approximate"
    )


def equivalent(estimate: Estimate, margin: float, *, alpha: float = 0.05) -> bool:
    """Whether the ratio is shown to lie inside the margin: two one-sided tests, each at `alpha`.

    The zone is 1/(1 + m) < ratio < 1 + m, for 5 %: −4.76 % to +5 %. It is symmetric for logarithms, so that swapping
    the sides does not change the answer, and lies within ±m, so that nothing is called both equivalent and changed.

    Args:
        estimate: between runs; a single run a side cannot show it.
        margin: relative change, in percent, that is still no change.
        alpha: error allowed on each side of the zone.
    """
    return estimate.kind == "between runs" and p_not_equivalent(estimate, margin) <= alpha


def p_not_equivalent(estimate: Estimate, margin: float) -> float:
    """The larger p-value of the two one-sided tests of [`equivalent`][]."""
    room = math.log1p(margin / 100)
    return max(p_above(estimate, -room), p_below(estimate, room))


def half_width(se: float, df: float, level: float) -> float:
    """Half of an interval of the log ratio."""
    return t_quantile((1 + level) / 2, df) * se


def bounded_exp(log: float) -> float:
    """The ratio whose logarithm is given, no farther from one than a document's number can tell."""
    return math.exp(min(max(log, -_FARTHEST), _FARTHEST))


def more_runs(count: int) -> str:
    """`1 more run a side`, `3 more runs a side`."""
    return f"{count} more run{'s' * (count != 1)} a side"


def _unfit(base: Sequence[float], candidate: Sequence[float], least: int) -> Refusal | None:
    fewest = min(len(base), len(candidate))
    if fewest < least:
        more = least - fewest
        return Refusal(f"{fewest} run{'s' * (fewest != 1)} on a side, at least {least} needed", more_runs(more))
    if not all(0 < value < math.inf for value in (*base, *candidate)):
        return Refusal("a value that is not positive has no ratio")
    return None


def ratio_with(
    difference: float,
    se: float,
    df: float,
    level: float,
    method: str,
    n_base: int,
    n_candidate: int,
    kind: Kind = "between runs",
) -> Estimate:
    """The estimate of a ratio from the logarithm, its standard error and the degrees of freedom behind that.

    Args:
        difference: the logarithm of the ratio.
        se: its standard error, above zero unless the difference is zero, too.
        df: degrees of freedom.
        level: confidence of the interval.
        method: how it was found.
        n_base: runs of the baseline, or its requests, as `kind` says.
        n_candidate: those of the candidate.
        kind: what the interval is of.
    """
    half = half_width(se, df, level)
    low, high = bounded_exp(difference - half), bounded_exp(difference + half)
    p_value = t_two_sided(difference / se, df) if kind == "between runs" else None
    ratio = min(max(math.exp(difference), low), high)
    return Estimate(
        ratio=ratio,
        low=low,
        high=high,
        level=level,
        p_value=p_value,
        df=df,
        method=method,
        kind=kind,
        se=se,
        n_base=n_base,
        n_candidate=n_candidate,
    )


def _without_spread(difference: float, known: int, new: int, level: float, n_base: int, n_candidate: int) -> Estimate:
    """No run differs from the next: what the number of orders in which they could have come allows to say."""
    ratio = 1.0 if abs(difference) < _NO_SPREAD else math.exp(difference)
    least_p = 1 / math.comb(known + new, new)
    p_value = 1.0 if ratio == 1 else min(1.0, 2 * least_p)
    return Estimate(
        ratio=ratio,
        low=ratio,
        high=ratio,
        level=level,
        p_value=p_value,
        df=0.0,
        method="order of the runs, as none differs from the next",
        kind="between runs",
        se=0.0,
        n_base=n_base,
        n_candidate=n_candidate,
        least_p=least_p,
    )


def ratio_of_one_value(effect: float, n_base: int, n_candidate: int, level: float) -> Estimate:
    """The ratio of two groups of runs that do not differ within their group, from its logarithm.

    Args:
        effect: the logarithm of the ratio.
        n_base: runs of the baseline.
        n_candidate: runs of the candidate.
        level: confidence of the interval.
    """
    return _without_spread(effect, n_base, n_candidate, level, n_base, n_candidate)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    """The sample variance (divisor n − 1)."""
    mean = _mean(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
