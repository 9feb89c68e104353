"""From weighed evidence to the rows of a receipt: correct for the size of the gate, decide, say what it rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from migrator.diff.evidence import Weighed
from migrator.diff.judge import Criteria, Decision, Known, Shown, Zone, confirmed, decide, judged, shown, zone_of
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
    waived = policy.waiver(pair.metric, pair.statistic, today) if decision.verdict == "regression" else None
    until = waived.until.isoformat() if waived and waived.until else ""
    known = None if isinstance(one.estimate, Refusal) else one.estimate
    percent, interval, delta_interval = _intervals(known, a, b)
    found = p_values.shown
    gated = rule.mode == "gate" and one.values is not None
    return Row(
        metric=pair.metric,
        statistic=pair.statistic,
        unit=pair.unit,
        direction=_DIRECTIONS[one.direction],
        gate=rule.mode,
        base=a,
        candidate=b,
        delta=b - a if a is not None and b is not None else None,
        percent=percent,
        interval=interval,
        p_value=p_values.p_value if p_values.p_value is not None else known.p_value if known else None,
        evidence=one.evidence,
        n_base=known.n_base if known else _runs(one, 0),
        n_candidate=known.n_candidate if known else _runs(one, 1),
        margin=rule.percent,
        floor=rule.floor,
        spread_base=spread(pair.base) if one.moments is None else _spread_of(one.moments[0]),
        spread_candidate=spread(pair.candidate) if one.moments is None else _spread_of(one.moments[1]),
        verdict=_VERDICTS[decision.verdict],
        needs=decision.needs,
        note=decision.note,
        waiver=Waiver(reason=waived.reason, until=until) if waived else None,
        measure="difference" if isinstance(known, Difference) or one.shares else "ratio",
        delta_interval=delta_interval,
        p_beyond=found.worse if found else None,
        p_within=found.no_worse if found else None,
        leaning=decision.leaning,
        more_runs=decision.more_runs,
        method=known.method if known else "",
        values_base=one.values.base if gated and one.values else [],
        values_candidate=one.values.candidate if gated and one.values else [],
        share_base=_share(one.shares[0]) if one.shares else None,
        share_candidate=_share(one.shares[1]) if one.shares else None,
    )


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
    return decide(one.direction, a, b, one.estimate, _criteria(one, policy.alpha, family), p_values.shown)


def _of_few_runs(one: Weighing, base: float, candidate: float, policy: Policy) -> Decision:
    """A share of requests with fewer than three runs a side: it passes where it is no worse than what is allowed."""
    worse = candidate - base if one.direction == "lower" else base - candidate
    if one.without_failure:
        return Decision("equivalent" if one.failures(0) == 0 else "no worse", note="no request counts against it")
    if one.pair.metric == ERROR_RATE and worse <= policy.max_error_percent:
        return Decision("no worse", note=f"within {policy.max_error_percent:g} points of the base")
    return Decision("inconclusive", "3 runs a side", leaning="perhaps worse" if worse > 0 else "perhaps better")


def _intervals(
    known: Known | None, base: float | None, candidate: float | None
) -> tuple[float | None, Interval | None, Interval | None]:
    """Relative change, its interval, and that of the difference: of one that is judged by difference, only the last."""
    if known is None:
        return relative(base, candidate), None, None
    if isinstance(known, Difference):
        return (
            relative(base, candidate),
            None,
            Interval(low=known.low, high=known.high, level=known.level, kind=known.kind),
        )
    low, high = known.interval_percent
    return known.percent, Interval(low=low, high=high, level=known.level, kind=known.kind), None


def relative(base: float | None, candidate: float | None) -> float | None:
    """The relative change in percent; None where the baseline is not positive, or so small that it overflows."""
    if base is None or candidate is None or base <= 0:
        return None
    percent = (candidate / base - 1) * 100
    return percent if math.isfinite(percent) else None


def _runs(one: Weighing, side: int) -> int | None:
    """How many runs a refused row has; where its evidence counts requests, the refusal itself says what is missing."""
    if one.moments:
        return one.moments[side].n
    values = (one.pair.base, one.pair.candidate)[side]
    return len(values) if values and one.evidence in _COUNTED_IN_RUNS else None


def _spread_of(runs: Moments) -> float | None:
    """How much the runs of a summary differ, in percent of their mean; None of one run, and where one touches zero."""
    return 100 * runs.variation if runs.n > 1 and runs.low > 0 else None


def _share(counted: Sequence[Counted]) -> Share:
    return Share(part=sum(run.part for run in counted), of=_all(counted))
