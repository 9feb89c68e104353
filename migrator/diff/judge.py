"""The verdict of a row, from the estimate of its change.

A gated row gets one of three answers: worse, and shown to be beyond the margin; not worse than the margin, and shown to
be so; or neither. Each of the first two is a one-sided test against the margin, not against "no change".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, TypeGuard

from migrator.diff.statistics.difference import Difference
from migrator.diff.statistics.interval import Estimate, Refusal, more_runs
from migrator.diff.statistics.one_sided import Effect, tails
from migrator.diff.statistics.power import MOST_RUNS, runs_for
from migrator.values import NamedTuple

Word = Literal["regression", "improvement", "no worse", "equivalent", "inconclusive", "incomparable"]
Known = Estimate | Difference
"""What is known of a change: of a ratio, or of a difference."""

_FLAT: Final = 1.0
"""Percent that a percentile must move to count as moved."""
NEEDS_RUNS: Final = "3 runs a side, or a noise profile"
"""What decides a row that rests on a single run."""


class Decision(NamedTuple):
    """A verdict with a remark; of an inconclusive row also what would decide it, and in which direction it points."""

    verdict: Word
    needs: str = ""
    note: str = ""
    leaning: str = ""
    more_runs: int | None = None


class Criteria(NamedTuple):
    """What a row must meet: relative margin in percent, floor in the unit, error allowed, least number of values.

    `family` is the number of rows that p-values for a regression are corrected for.
    """

    margin: float
    floor: float = 0.0
    alpha: float = 0.05
    min_n: int = 0
    family: int = 1


class Zone(NamedTuple):
    """How far down and how far up an effect is still no change, both positive, on the scale of the effect."""

    down: float
    up: float


def zone_of(estimate: Known, criteria: Criteria, base: float) -> Zone:
    """The margin or the floor, whichever is more.

    A margin of 5 % is the ratio 1.05 one way and 1 / 1.05 the other, so that swapping the sides changes nothing. Of a
    difference it is 5 % of the baseline.

    Args:
        estimate: of a ratio or of a difference.
        criteria: margin and floor.
        base: the baseline's value, in the unit.
    """
    if isinstance(estimate, Difference):
        limit = max(criteria.floor, criteria.margin / 100 * abs(base))
        return Zone(limit, limit)
    margin = math.log1p(criteria.margin / 100)
    if not criteria.floor:
        return Zone(margin, margin)
    floor = criteria.floor / base
    return Zone(max(margin, -math.log1p(-floor) if floor < 1 else math.inf), max(margin, math.log1p(floor)))


class Shown(NamedTuple):
    """One-sided p-values of a row with a direction: small where it is shown.

    `worse` and `better`: beyond the margin. `no_worse` and `no_better`: not beyond it.
    """

    worse: float
    better: float
    no_worse: float
    no_better: float


def shown(estimate: Effect, zone: Zone, direction: str) -> Shown:
    """The four one-sided tests of an effect against its zone; `direction` is `lower` or `higher`."""
    up, not_up = tails(estimate, zone.up)
    not_down, down = tails(estimate, -zone.down)
    return Shown(up, down, not_up, not_down) if direction == "lower" else Shown(down, up, not_down, not_up)


def confirmed(estimate: Known, zone: Zone, direction: str, corrected: Shown) -> Shown:
    """The p-values of an estimate, already corrected, and those of all that must show the same: the largest ones."""
    found, confirm = corrected, estimate.confirm
    while confirm is not None:
        found, confirm = Shown(*map(max, found, shown(confirm, zone, direction))), confirm.confirm
    return found


def judged(estimate: Known | Refusal) -> TypeGuard[Known]:
    """Whether an estimate can decide a row: only one that includes the variation from run to run can."""
    return not isinstance(estimate, Refusal) and estimate.kind == "between runs"


def without_test(
    direction: str, base: float | None, candidate: float | None, estimate: Known | Refusal
) -> Decision | None:
    """The verdict of a row that no criteria are needed for, as nothing can decide it; None of any other.

    The arguments are those of [`decide`][].
    """
    if base is None or candidate is None:
        return Decision("inconclusive", note="only one side has it")
    if direction == "parity":
        return None
    if isinstance(estimate, Refusal):
        return Decision("inconclusive", estimate.needs, estimate.reason)
    if direction == "information":
        return Decision("inconclusive")
    return Decision("inconclusive", NEEDS_RUNS) if estimate.kind != "between runs" else None


def decide(
    direction: str,
    base: float | None,
    candidate: float | None,
    estimate: Known | Refusal,
    criteria: Criteria,
    p_values: Shown | None = None,
) -> Decision:
    """The verdict of one row.

    Args:
        direction: `lower`, `higher`, `parity` or `information`.
        base: the baseline's value, in the unit; None if it has none.
        candidate: the candidate's.
        estimate: what is known of the change.
        criteria: margin, floor, alpha and least number.
        p_values: of the four tests, those for a regression and an improvement corrected; the estimate's own if not
            given.
    """
    if untested := without_test(direction, base, candidate, estimate):
        return untested
    assert base is not None
    assert candidate is not None
    if direction == "parity":
        return _parity(base, candidate, estimate, criteria)
    assert not isinstance(estimate, Refusal)
    fewest = min(estimate.n_base, estimate.n_candidate)
    if fewest < criteria.min_n:
        return Decision("inconclusive", more_runs(criteria.min_n - fewest), more_runs=criteria.min_n - fewest)
    found = p_values
    if found is None:
        zone = zone_of(estimate, criteria, base)
        found = confirmed(estimate, zone, direction, shown(estimate, zone, direction))
    if found.worse <= criteria.alpha:
        return Decision("regression")
    if found.better <= criteria.alpha:
        return Decision("improvement")
    if found.no_worse <= criteria.alpha:
        return Decision("equivalent" if found.no_better <= criteria.alpha else "no worse")
    return _undecided(direction, estimate, criteria, zone_of(estimate, criteria, base))


def _parity(base: float, candidate: float, estimate: Known | Refusal, criteria: Criteria) -> Decision:
    """A number that describes the workload: the same, within the margin, or not the same work."""
    if base == candidate:
        return Decision("equivalent")
    if base <= 0 or candidate <= 0:
        if abs(candidate - base) <= criteria.floor:
            return Decision("equivalent", note="the same within the floor")
        return Decision("incomparable", note="the workload differs")
    limit = max(math.log1p(criteria.margin / 100), math.log1p(criteria.floor / base))
    if abs(candidate - base) <= criteria.floor or abs(math.log(candidate / base)) <= limit:
        if isinstance(estimate, Estimate):
            zone = zone_of(estimate, criteria, base)
            sure = judged(estimate) and max(shown(estimate, zone, "lower")[2:]) <= criteria.alpha
            return Decision("equivalent", note="" if sure else "the same within the margin")
        return Decision("equivalent", note="the same within the margin")
    return Decision("incomparable", note="the workload differs by more than the margin")


def _undecided(direction: str, estimate: Known, criteria: Criteria, zone: Zone) -> Decision:
    """The direction of an inconclusive row, and how many runs would decide it if change and spread are as estimated."""
    worse, limit = (estimate.effect, zone.up) if direction == "lower" else (-estimate.effect, zone.down)
    if worse > 0 and min(tails(estimate, 0.0)) <= criteria.alpha:
        leaning = "worse, perhaps within the margin"
    elif worse > limit:
        leaning = "perhaps worse than the margin allows"
    else:
        leaning = "perhaps worse" if worse > 0 else "perhaps better"
    have = min(estimate.n_base, estimate.n_candidate)
    if estimate.se <= 0:
        more = 4 - have if have < 4 else None
        return Decision("inconclusive", more_runs(more) if more else "", "", leaning, more)
    # One run's spread, from the standard error of a difference of two means.
    sd = estimate.se / math.sqrt(1 / estimate.n_base + 1 / estimate.n_candidate)
    alpha = criteria.alpha / criteria.family if worse > limit else criteria.alpha
    runs = runs_for(sd, abs(worse - limit), alpha, least=max(have + 1, 2))
    if runs is None:
        needs = f"more than {MOST_RUNS} runs a side: the change is too close to the margin for this noise"
        return Decision("inconclusive", needs, "", leaning, 0)
    more = runs - have
    return Decision("inconclusive", f"about {more_runs(more)}, fixed beforehand", "", leaning, more)


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
