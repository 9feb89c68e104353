"""A metric over time: its values by one definition, and where their level changes.

AIPerf computes some metrics otherwise since some release. Runs of before and after are then two series, each with
changes of its own: a step between them is marked, and is not a change of the system, be the definition little changed.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Final, Literal

from migrator.aiperf.definitions import Definition, definitions
from migrator.diff.pair import centre
from migrator.diff.policy import ERRORS, MAX_ERROR_PERCENT, GateRule
from migrator.diff.statistics.change_points import LEVEL, SHORTEST, change_points
from migrator.diff.statistics.multiple import hommel
from migrator.history.read import Metric, Point, Value
from migrator.values import NamedTuple

Verdict = Literal["worse", "better", "different"]
FEWEST: Final = 2 * SHORTEST
"""Runs of one definition, at least, for a change between them to be found."""
_GROWTH: Final = 1.25
"""Factor by which the output length is larger after a change of definition, to tell that it concerns the runs."""
_NEAR: Final = 1
"""Runs by which the place of a change may be wrong."""


class Change(NamedTuple):
    """A change of level. `first` is the index of its first run; `before` and `after` are in the unit of the series.

    `percent` is None where the level before was zero. `upgrade` names the releases where AIPerf was upgraded at this
    place: then the change may be one of the tool. `p_value` is corrected for
    the length of the series and for the number of series.
    """

    first: int
    before: float
    after: float
    percent: float | None
    verdict: Verdict
    upgrade: str
    p_value: float


class Redefined(NamedTuple):
    """A run whose metric is computed otherwise than that of the run before.

    `sure` is false where the files do not tell whether that concerns them. `is_small` tells that the definitions differ
    by little or seldom. `levels` are those of the runs nearest to the step, before and after.
    """

    first: int
    since: str
    before: str
    after: str
    sure: bool
    is_small: bool
    levels: tuple[float, float]


class Series(NamedTuple):
    """A statistic of a metric, a value a run of the section; None for a run without one.

    `facing` is the direction: lower, higher, parity or information. `newest` is how many runs have the definition of
    the newest one. `odd_units` is how many values are left out because their unit measures something else.
    """

    metric: Metric
    unit: str
    facing: str
    values: tuple[float | None, ...]
    changes: tuple[Change, ...] = ()
    redefined: tuple[Redefined, ...] = ()
    newest: int = 0
    odd_units: int = 0

    @property
    def name(self) -> str:
        """`request_latency.p99`."""
        return ".".join(self.metric)


def all_series(points: Sequence[Point], metrics: Sequence[Metric], *, timed: bool) -> tuple[Series, ...]:
    """The series of each metric that a run has, with their changes.

    The p-values are corrected for the number of series, so that a workload without a change has one called as seldom as
    a single series; those that change at one place confirm each other.

    Args:
        points: the runs of one workload, in order.
        metrics: what the values of the points are.
        timed: whether the runs were bounded by time.
    """
    drafts = []
    for place, metric in enumerate(metrics):
        # A column at a time: of a hundred thousand runs each takes room.
        column = [point.values[place] for point in points]
        if any(column):
            drafts.append(_draft(_series(metric, column, timed=timed), points))
    return tuple(
        draft.series._replace(changes=tuple(_changes(draft, points, kept)))
        for draft, kept in zip(drafts, _confirmed([draft.found for draft in drafts]), strict=True)
    )


def length_changes(points: Sequence[Point]) -> list[Change]:
    """Where the level of the mean output length changes, in tokens; the p-values are of this series alone."""
    column = [
        Value(point.length, "tokens") if point.state == "measured" and point.length is not None else None
        for point in points
    ]
    if not any(column):
        return []
    draft = _draft(_series(("output_sequence_length", "avg"), column, timed=False), points)
    return _changes(draft, points, draft.found)


def _series(metric: Metric, column: Sequence[Value | None], *, timed: bool) -> Series:
    known = [value for value in column if value]
    unit = known[-1].unit
    values = tuple(value.number if value and value.unit == unit else None for value in column)
    facing = GateRule(*metric).facing(fixed_requests=not timed)
    odd = sum(value.unit != unit for value in known)
    return Series(metric, unit, facing, values, odd_units=odd)


Found = Mapping[int, float]
"""The first run of each change of a series, in order, and its p-value."""


class _Draft(NamedTuple):
    """A series without its changes; its runs of each definition; the changes, not corrected for the other series."""

    series: Series
    parts: Sequence[Sequence[int]]
    found: Found


def _draft(series: Series, points: Sequence[Point]) -> _Draft:
    changes = _concerning(series.metric[0], points)
    places = [place for place, value in enumerate(series.values) if value is not None]
    sides = {place: _sides(points[place], changes) for place in places}
    parts: dict[tuple[str, ...], list[int]] = {}
    for place in places:
        parts.setdefault(sides[place], []).append(place)
    found = {
        part[change.first]: change.p_value
        for part in parts.values()
        for change in change_points(_scaled(_values(series, part)))
    }
    told = series._replace(
        redefined=tuple(_steps(series, places, sides, changes)), newest=len(parts[sides[places[-1]]])
    )
    return _Draft(told, list(parts.values()), dict(sorted(found.items())))


def _confirmed(every: Sequence[Found]) -> list[Found]:
    """The changes of each series that hold for all of them together, with their p-values for that."""
    kept: list[dict[int, float]] = [{} for _ in every]
    ordered = [list(found) for found in every]
    for index, found in enumerate(every):
        for first in found:
            beside = [_smallest(other, firsts, first) for other, firsts in zip(every, ordered, strict=True)]
            beside[index] = found[first]
            corrected = hommel(beside)[index]
            if corrected <= LEVEL:
                kept[index][first] = corrected
    return [*kept]


def _smallest(found: Found, firsts: Sequence[int], place: int) -> float:
    """The smallest p-value of a series about a place; one if it has no change there."""
    near = firsts[bisect_left(firsts, place - _NEAR) : bisect_right(firsts, place + _NEAR)]
    return min((found[first] for first in near), default=1.0)


# --- definitions ---------------------------------------------------------------------------------------------


def _concerning(tag: str, points: Sequence[Point]) -> dict[Definition, bool]:
    """The changes of a metric's definition that concern one of the runs, or may: whether that is sure."""
    found: dict[Definition, bool] = {}
    for place, change in enumerate(definitions()):
        if tag not in change.tags or change.weight == "none":
            continue
        told = {touched for point in points for at, touched in point.touched if at == place}
        if told or (change.grows and _has_grown(change, points)):
            found[change] = True in told or not told
    return found


def _has_grown(change: Definition, points: Sequence[Point]) -> bool:
    """Whether the outputs are longer by the new definition than by chance."""
    lengths: dict[str, list[float]] = {"before": [], "after": [], "unknown": []}
    for point in points:
        if point.length is not None:
            lengths[_side(point, change)].append(point.length)
    old, new = lengths["before"], lengths["after"]
    return bool(old and new) and median(new) > _GROWTH * median(old)


def _side(point: Point, change: Definition) -> str:
    return point.era.side_of(change) if point.era else "unknown"


def _sides(point: Point, changes: Mapping[Definition, bool]) -> tuple[str, ...]:
    return tuple(_side(point, change) for change in changes)


def _steps(
    series: Series, places: Sequence[int], sides: Mapping[int, tuple[str, ...]], changes: Mapping[Definition, bool]
) -> Iterator[Redefined]:
    for index, (one, other) in enumerate(pairwise(places), 1):
        if sides[one] == sides[other]:
            continue
        near = places[max(index - SHORTEST, 0) : index], places[index : index + SHORTEST]
        old_level, new_level = (
            centre(_values(series, [place for place in part if sides[place] == sides[own]]))
            for part, own in zip(near, (one, other), strict=True)
        )
        for (change, sure), old, new in zip(changes.items(), sides[one], sides[other], strict=True):
            if old != new:
                is_sure, is_small = sure and "unknown" not in (old, new), change.weight == "small"
                levels = old_level, new_level
                yield Redefined(other, change.since, change.before, change.after, is_sure, is_small, levels)


# --- changes of level ----------------------------------------------------------------------------------------


def _changes(draft: _Draft, points: Sequence[Point], kept: Found) -> list[Change]:
    """The changes that were kept, in order, each with the means of the runs up to the change beside it."""
    found = []
    for part in draft.parts:
        starts = [index for index, place in enumerate(part) if place in kept]
        ends = [0, *starts, len(part)]
        levels = [centre(_values(draft.series, part[one:other])) for one, other in pairwise(ends)] if starts else []
        for index, (before, after) in zip(starts, pairwise(levels), strict=True):
            first = part[index]
            percent = 100 * (after / before - 1) if before > 0 else None
            verdict, upgrade = _verdict(draft.series, before, after), _upgrade(index, points, part)
            found.append(Change(first, before, after, percent, verdict, upgrade, kept[first]))
    return sorted(found, key=lambda change: change.first)


def _values(series: Series, part: Sequence[int]) -> list[float]:
    return [value for place in part if (value := series.values[place]) is not None]


def _scaled(values: Sequence[float]) -> Sequence[float]:
    """Logarithms where all have one: the noise of latencies grows with them."""
    return [math.log(value) for value in values] if min(values) > 0 else values


def _verdict(series: Series, before: float, after: float) -> Verdict:
    if series.metric == ERRORS and abs(after - before) <= MAX_ERROR_PERCENT:
        return "different"
    if series.facing not in ("lower", "higher"):
        return "different"
    return "worse" if (after > before) == (series.facing == "lower") else "better"


def _upgrade(first: int, points: Sequence[Point], part: Sequence[int]) -> str:
    """`0.11.0 → 0.12.0` where the release of AIPerf changes at a change of level; empty elsewhere."""
    near = range(max(first - _NEAR, 1), min(first + _NEAR, len(part) - 1) + 1)
    for place in sorted(near, key=lambda place: abs(place - first)):
        old, new = release_of(points[part[place - 1]]), release_of(points[part[place]])
        if old != new:
            return f"{old} → {new}"
    return ""


def release_of(point: Point) -> str:
    """The release of AIPerf that measured a run: its name, or those that it may be."""
    if point.release or not point.era:
        return point.release or "unknown release"
    oldest, newest = point.era
    return oldest if oldest == newest else f"{oldest} to {newest}"
