"""From weighed evidence to the rows of a receipt: correct for the size of the gate, decide, say what it rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from migrator.diff.evidence import Weighed
from migrator.diff.judge import (
    Criteria,
    Decision,
    Known,
    Shown,
    Zone,
    confirmed,
    decide,
    judged,
    shown,
    without_test,
    zone_of,
)
from migrator.diff.order import Values
from migrator.diff.outcomes import ERROR_RATE, scale_of
from migrator.diff.pair import Pair, centre, spread
from migrator.diff.policy import GateRule, Policy
from migrator.diff.receipt import Direction, Evidence, Interval, Row, Share, Verdict, Waiver
from migrator.diff.statistics.difference import Counted, Difference
from migrator.diff.statistics.interval import Refusal
from migrator.diff.statistics.moments import Moments
from migrator.diff.statistics.multiple import benjamini_hochberg, hommel
from migrator.values import NamedTuple

_JUDGED: Final = ("lower", "higher")
_DIRECTIONS: Final = {direction.value: direction for direction in Direction}
_VERDICTS: Final = {verdict.value: verdict for verdict in Verdict}
_COUNTED_IN_RUNS: Final = (Evidence.RUNS, Evidence.NOISE, Evidence.VALUE)


class Weighing(NamedTuple):
    """A row in the making: what it must meet, its two values, and what is known of its change.

    `base` and `candidate` are the geometric mean of the runs, the mean of differences, or the share of all requests;
    the mean of the runs where `moments` of both sides are all that is known of some. `values` are those of each run,
    of a gated row.
    """

    pair: Pair
    rule: GateRule
    direction: str
    evidence: Evidence
    estimate: Known | Refusal
    shares: tuple[list[Counted], list[Counted]] | None
    values: Values | None
    base: float | None
    candidate: float | None
    moments: tuple[Moments, Moments] | None = None

    @property
    def without_failure(self) -> bool:
        """Whether the row counts requests, and none of the candidate's counts against it."""
        return bool(self.shares) and self.failures(1) == 0

    def failures(self, side: int) -> int:
        """Requests of a side that count against it."""
        assert self.shares is not None
        counted = sum(one.part for one in self.shares[side])
        return counted if self.direction == "lower" else _all(self.shares[side]) - counted


def weighing(
    pair: Pair,
    rule: GateRule,
    direction: str,
    weighed: Weighed,
    estimate: Known | Refusal,
    values: Values | None = None,
) -> Weighing:
    """A row in the making, with the values that stand for its sides.

    Args:
        pair: the row.
        rule: what it must meet.
        direction: which way is bad.
        weighed: the evidence, and the requests of each run if it counts them.
        estimate: what is known of the change.
        values: those of each run, of a gated row.
    """
    shares = weighed.shares
    if weighed.moments:
        one, other = (side.mean for side in weighed.moments)
        return Weighing(
            pair, rule, direction, weighed.evidence, estimate, shares, values, one, other, moments=weighed.moments
        )
    if not shares and len(pair.base) == len(pair.candidate) == 1:
        one, other = pair.base[0], pair.candidate[0]
        return Weighing(pair, rule, direction, weighed.evidence, estimate, shares, values, one, other)
    base = _value(pair.base, shares, 0, pair, estimate)
    candidate = _value(pair.candidate, shares, 1, pair, estimate)
    return Weighing(pair, rule, direction, weighed.evidence, estimate, shares, values, base, candidate)


def _value(
    values: Sequence[float],
    shares: tuple[list[Counted], list[Counted]] | None,
    side: int,
    pair: Pair,
    estimate: Known | Refusal,
) -> float | None:
    if not values:
        return None
    if shares:
        counted = shares[side]
        return scale_of(pair.metric, *shares) * sum(one.part for one in counted) / _all(counted)
    if len(values) == 1:
        return values[0]
    if isinstance(estimate, Difference):
        return math.fsum(value / len(values) for value in values)
    return centre(values)


def _all(counted: Sequence[Counted]) -> int:
    return sum(one.of for one in counted)


# --- p-values ------------------------------------------------------------------------------------------------


class Corrected(NamedTuple):
    """P-values of a row after the correction: two-sided, of "no change", and the four one-sided ones."""

    p_value: float | None
    shown: Shown | None


def corrected(weighings: Sequence[Weighing], alpha: float) -> tuple[list[Corrected], dict[str, int]]:
    """The corrected p-values of every row, and how many rows each correction was for.

    The gate is one family (Hommel), what is only reported another (Benjamini and Hochberg). What speaks for passing
    needs no correction: all rows must pass.
    """
    tests = [_shown(one, alpha) for one in weighings]
    plain = [one.estimate.p_value if judged(one.estimate) else None for one in weighings]
    # A row without a failed request of the candidate is not tested, and does not count for the correction of others.
    worse = [
        found.worse if found and not one.without_failure else None for one, found in zip(weighings, tests, strict=True)
    ]
    better = [found.better if found else None for found in tests]
    sizes: dict[str, int] = {}
    for mode, correct in (("gate", hommel), ("report", benjamini_hochberg)):
        places = [place for place, one in enumerate(weighings) if one.rule.mode == mode]
        for values in (plain, better, worse):
            sizes[mode] = _correct(values, places, correct)
    found = []
    for place, one in enumerate(weighings):
        test = tests[place]
        if test is not None and judged(one.estimate):
            told = worse[place], better[place]
            test = test._replace(worse=1.0 if told[0] is None else told[0], better=1.0 if told[1] is None else told[1])
            if one.estimate.confirm is not None:
                test = confirmed(one.estimate, _zone(one, alpha), one.direction, test)
            if one.without_failure:
                # No request of the candidate failed: it is no worse, however few requests there were.
                none = one.failures(0) == 0
                test = test._replace(no_worse=0.0, no_better=0.0 if none else test.no_better)
        found.append(Corrected(plain[place], test))
    return found, sizes


def _correct(
    values: list[float | None], places: Sequence[int], correct: Callable[[Sequence[float]], list[float]]
) -> int:
    """Correct the p-values at some places for their number, in place; how many there were, at least one."""
    known = [(place, value) for place in places if (value := values[place]) is not None]
    for (place, _), value in zip(known, correct([value for _, value in known]), strict=True):
        values[place] = value
    return max(1, len(known))


def _shown(one: Weighing, alpha: float) -> Shown | None:
    """The tests of a row that has a direction and an estimate that can decide; else None."""
    if one.direction not in _JUDGED or not judged(one.estimate):
        return None
    return shown(one.estimate, _zone(one, alpha), one.direction)


def _zone(one: Weighing, alpha: float) -> Zone:
    assert not isinstance(one.estimate, Refusal)
    return zone_of(one.estimate, _criteria(one, alpha, 1), one.base or 0.0)


def _criteria(one: Weighing, alpha: float, family: int) -> Criteria:
    return Criteria(one.rule.percent, one.rule.floor, alpha, one.rule.min_n, family)


# --- rows ----------------------------------------------------------------------------------------------------


def row_of(one: Weighing, p_values: Corrected, family: int, policy: Policy, today: date) -> Row:
    """The row of a receipt.

    Args:
        one: what is known.
        p_values: corrected.
        family: for how many rows.
        policy: for alpha, waivers and the failures that are allowed.
        today: the day that waivers are judged by.
    """
    pair, rule = one.pair, one.rule
    a, b = one.base, one.candidate
    decision = _decision(one, p_values, family, policy)
    row = Row(
        metric=pair.metric,
        statistic=pair.statistic,
        unit=pair.unit,
        direction=_DIRECTIONS[one.direction],
        gate=rule.mode,
        base=a,
        candidate=b,
        delta=b - a if a is not None and b is not None else None,
        percent=relative(a, b),
        p_value=p_values.p_value,
        evidence=one.evidence,
        margin=rule.percent,
        floor=rule.floor,
        verdict=_VERDICTS[decision.verdict],
        needs=decision.needs,
        note=decision.note,
        measure="difference" if one.shares else "ratio",
        leaning=decision.leaning,
        more_runs=decision.more_runs,
    )
    # Of hundreds of thousands of rows most have one number a side, and nothing of what follows.
    if isinstance(one.estimate, Refusal):
        row.n_base, row.n_candidate = _runs(one)
    else:
        _tell(row, one.estimate)
    if one.moments is not None:
        row.spread_base, row.spread_candidate = map(_spread_of, one.moments)
    elif len(pair.base) > 1 or len(pair.candidate) > 1:
        row.spread_base, row.spread_candidate = spread(pair.base), spread(pair.candidate)
    if decision.verdict == "regression" and (waived := policy.waiver(pair.metric, pair.statistic, today)):
        row.waiver = Waiver(reason=waived.reason, until=waived.until.isoformat() if waived.until else "")
    if found := p_values.shown:
        row.p_beyond, row.p_within = found.worse, found.no_worse
    if rule.mode == "gate" and one.values is not None:
        row.values_base, row.values_candidate = one.values.base, one.values.candidate
    if one.shares:
        row.share_base, row.share_candidate = map(_share, one.shares)
    return row


def _tell(row: Row, known: Known) -> None:
    """Write what is known of a change into its row: of one that is judged by difference, only its interval."""
    row.n_base, row.n_candidate, row.method = known.n_base, known.n_candidate, known.method
    if row.p_value is None:
        row.p_value = known.p_value
    if isinstance(known, Difference):
        row.measure = "difference"
        row.delta_interval = Interval(low=known.low, high=known.high, level=known.level, kind=known.kind)
    else:
        low, high = known.interval_percent
        row.percent = known.percent
        row.interval = Interval(low=low, high=high, level=known.level, kind=known.kind)


def _decision(one: Weighing, p_values: Corrected, family: int, policy: Policy) -> Decision:
    pair, a, b = one.pair, one.base, one.candidate
    if pair.other_unit:
        return Decision("incomparable", note=f"the candidate measures it in {pair.other_unit}: another kind of unit")
    if pair.refused:
        return Decision("incomparable", note=pair.refused)
    if one.rule.mode == "gate" and (a is None or b is None):
        return Decision("incomparable", note="only one side has it")
    if one.shares and isinstance(one.estimate, Refusal) and one.direction in _JUDGED:
        assert a is not None
        assert b is not None
        return _of_few_runs(one, a, b, policy)
    return without_test(one.direction, a, b, one.estimate) or decide(
        one.direction, a, b, one.estimate, _criteria(one, policy.alpha, family), p_values.shown
    )


def _of_few_runs(one: Weighing, base: float, candidate: float, policy: Policy) -> Decision:
    """A share of requests with fewer than three runs a side: it passes where it is no worse than what is allowed."""
    worse = candidate - base if one.direction == "lower" else base - candidate
    if one.without_failure:
        return Decision("equivalent" if one.failures(0) == 0 else "no worse", note="no request counts against it")
    if one.pair.metric == ERROR_RATE and worse <= policy.max_error_percent:
        return Decision("no worse", note=f"within {policy.max_error_percent:g} points of the base")
    return Decision("inconclusive", "3 runs a side", leaning="perhaps worse" if worse > 0 else "perhaps better")


def relative(base: float | None, candidate: float | None) -> float | None:
    """The relative change in percent; None where the baseline is not positive, or so small that it overflows."""
    if base is None or candidate is None or base <= 0:
        return None
    percent = (candidate / base - 1) * 100
    return percent if math.isfinite(percent) else None


def _runs(one: Weighing) -> tuple[int | None, int | None]:
    """How many runs a refused row has a side; where its evidence counts requests, the refusal says what is missing."""
    if one.moments:
        return one.moments[0].n, one.moments[1].n
    if one.evidence not in _COUNTED_IN_RUNS:
        return None, None
    return len(one.pair.base) or None, len(one.pair.candidate) or None


def _spread_of(runs: Moments) -> float | None:
    """How much the runs of a summary differ, in percent of their mean; None of one run, and where one touches zero."""
    return 100 * runs.variation if runs.n > 1 and runs.low > 0 else None


def _share(counted: Sequence[Counted]) -> Share:
    return Share(part=sum(run.part for run in counted), of=_all(counted))
