"""From an estimate to a verdict: size and certainty together, and never more than the evidence allows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from migrator.diff.statistics.interval import MIN_RUNS, Estimate, Refusal, equivalent, half_width

Word = Literal["regression", "improvement", "equivalent", "inconclusive", "incomparable"]

_MOST_RUNS: Final = 50
"""More runs than anybody would do: then the effect is too small for the noise, and that is said instead."""
_FLAT: Final = 1.0
"""Percent that a percentile must move to count as moved."""


class Decision(NamedTuple):
    """A verdict, what would decide an open one, and a remark."""

    verdict: Word
    needs: str = ""
    note: str = ""


class Criteria(NamedTuple):
    """What a row is held to: relative margin in percent, floor in the unit, error allowed, least number of values.

    `family` is the number of rows that its p-value is corrected for.
    """

    margin: float
    floor: float = 0.0
    alpha: float = 0.05
    min_n: int = 0
    family: int = 1

    def zone(self, base: float) -> float:
        """The change of a baseline, in percent, that is still none: the margin, or the floor where that is more."""
        return max(self.margin, 100 * self.floor / base) if base > 0 else self.margin


def decide(
    direction: str,
    base: float | None,
    candidate: float | None,
    estimate: Estimate | Refusal,
    criteria: Criteria,
    p_value: float | None = None,
) -> Decision:
    """The verdict of one row.

    A regression or improvement must be larger than the margin and the floor, and no chance: its p-value, corrected
    for the size of the gate, below alpha. Equivalence within both must be shown, too. All else is inconclusive.

    Args:
        direction: `lower`, `higher`, `parity` or `information`.
        base: the baseline's value, in the unit; None if it has none.
        candidate: the candidate's.
        estimate: what is known of the ratio.
        criteria: margin, floor, alpha and least number.
        p_value: the corrected p-value of "no change"; the estimate's own if not given.
    """
    if base is None or candidate is None:
        return Decision("inconclusive", note="only one side has it")
    if direction == "parity":
        return _parity(base, candidate, estimate, criteria)
    if isinstance(estimate, Refusal):
        return Decision("inconclusive", estimate.needs, estimate.reason)
    if direction == "information":
        return Decision("inconclusive")
    if estimate.kind != "between runs":
        return Decision("inconclusive", "3 runs a side, or a noise profile")
    fewest = min(estimate.n_base, estimate.n_candidate)
    if fewest < criteria.min_n:
        return Decision("inconclusive", f"{criteria.min_n - fewest} more runs a side")
    p_value = estimate.p_value if p_value is None else p_value
    zone = criteria.zone(base)
    large = _beyond(estimate.ratio, zone) and abs(candidate - base) >= criteria.floor
    if large and p_value is not None and p_value < criteria.alpha:
        worse = (estimate.ratio > 1) == (direction == "lower")
        return Decision("regression" if worse else "improvement")
    if equivalent(estimate, zone, alpha=criteria.alpha):
        return Decision("equivalent")
    return Decision("inconclusive", _more_runs(estimate, criteria, zone))


def _parity(base: float, candidate: float, estimate: Estimate | Refusal, criteria: Criteria) -> Decision:
    """A number that describes the workload: the same, within the margin, or not the same work."""
    if base == candidate:
        return Decision("equivalent")
    if base <= 0 or candidate <= 0:
        return Decision("incomparable", note="the workload differs")
    zone = criteria.zone(base)
    if abs(candidate - base) <= criteria.floor or not _beyond(candidate / base, zone):
        shown = isinstance(estimate, Estimate) and equivalent(estimate, zone, alpha=criteria.alpha)
        return Decision("equivalent", note="" if shown else "the same within the margin")
    return Decision("incomparable", note="the workload differs by more than the margin")


def _beyond(ratio: float, margin: float) -> bool:
    return abs(math.log(ratio)) > math.log1p(margin / 100)


def _more_runs(estimate: Estimate, criteria: Criteria, zone: float) -> str:
    """How many more runs a side would decide, if the ratio and the spread stay what they are.

    Beyond the zone they must make its p-value small enough after the correction; within it, the interval narrow enough.
    """
    have = min(estimate.n_base, estimate.n_candidate)
    if estimate.se <= 0:
        return "4 runs a side" if have < 4 else ""
    # One run's spread, from the standard error of a difference of two means.
    sd = estimate.se / math.sqrt(1 / estimate.n_base + 1 / estimate.n_candidate)
    room, change = math.log1p(zone / 100), abs(math.log(estimate.ratio))
    if change > room:
        distance, level = change, 1 - criteria.alpha / criteria.family
    else:
        # Just within: as many as would decide if the true change were a little smaller.
        distance, level = max(room - change, room / 4), 1 - 2 * criteria.alpha
    for runs in range(have + 1, _MOST_RUNS + 1):
        # Below that the noise profile is still what the spread is known from.
        df = 2.0 * runs - 2 if runs >= MIN_RUNS else estimate.df
        if half_width(sd * math.sqrt(2 / runs), df, level) < distance:
            more = runs - have
            return f"{more} more run{'s' * (more > 1)} a side"
    return f"more than {_MOST_RUNS} runs a side: the change is small for this noise"


def shift_words(points: Mapping[str, float]) -> str:
    """Where a distribution moved, from its relative changes at the percentiles, in percent."""
    bulk = [value for name, value in points.items() if name in ("p10", "p25", "p50", "p75")]
    tail = [value for name, value in points.items() if name in ("p95", "p99")]
    if not bulk or not tail:
        return ""
    if max(map(abs, points.values())) < _FLAT:
        return f"no point moved by more than {_FLAT:g} %"
    if min(points.values()) < -_FLAT and max(points.values()) > _FLAT:
        return "the curves cross: some points went up, others down"
    middle, end = sum(bulk) / len(bulk), sum(tail) / len(tail)
    if abs(middle) < abs(end) / 3:
        return "only the tail moved"
    if abs(end) < abs(middle) / 3:
        return "the bulk moved, the tail did not"
    return "the whole distribution moved"
