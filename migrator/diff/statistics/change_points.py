"""Where a series of runs changes its level: E-divisive splits, each of which a t-test has to confirm.

The statistic is that of Matteson and James (2014), with distances to the power one: twice the mean distance between
the two parts, less the mean distances within them, times n·m/(n + m). A series is split where it is largest, and each
part again. As Apache Otava does it, splits are first taken at a lenient level, so that a change is not hidden by
another; then the weakest is taken back until each of those that remain is confirmed, by Student's t-test of the runs
from the change before to the change after it. The p-values are corrected for the number of places that a change could
have been at.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from migrator.diff.statistics.student import t_two_sided
from migrator.values import NamedTuple

SHORTEST: Final = 4
"""Runs between two changes, at least, and before the first and after the last: a shorter part may be an outlier."""
LEVEL: Final = 0.05
"""Probability that a series without a change has one called."""
_LENIENT: Final = 0.2
"""P-value, not corrected, up to which a series is split at first."""


class ChangePoint(NamedTuple):
    """A change of the level.

    `first` is the index of the first value of the new level. `before` and `after` are the means from the change before
    to this one, and from it to the change after. `p_value` is corrected for the length of the series.
    """

    first: int
    before: float
    after: float
    p_value: float


def change_points(values: Sequence[float], *, level: float = LEVEL) -> list[ChangePoint]:
    """The changes of level in a series, in order; none in a series that is shorter than two parts.

    Time grows with n·log n for each change. Values that grow with their noise are better given as logarithms.

    Args:
        values: a number for each run, in the order of time; all finite, in one unit.
        level: probability that a series of independent values without a change has one called.

    Raises:
        ValueError: a value is not finite.
    """
    if not all(map(math.isfinite, values)):
        raise ValueError("change points of a series with a value that is not finite: leave it out")
    places = _splits(values)
    found = {place: _tested(values, places, index) for index, place in enumerate(places)}
    while places:
        weakest = max(places, key=lambda place: found[place].p_value)
        if found[weakest].p_value <= level:
            break
        index = places.index(weakest)
        del places[index]
        for near in range(max(index - 1, 0), min(index + 1, len(places))):
            found[places[near]] = _tested(values, places, near)
    return [found[place] for place in places]


def divergences(values: Sequence[float]) -> list[float]:
    """The statistic of each split of a series: the first is that of one value against the rest.

    Args:
        values: two or more finite numbers.
    """
    size = len(values)
    ordered = sorted(values)
    sums = list(accumulate(ordered, initial=0.0))
    ranks = [bisect_left(ordered, value) for value in values]
    left = _Left(size)
    whole = [_distance(value, rank, sums[rank], size, sums[-1]) for value, rank in zip(values, ranks, strict=True)]
    total = math.fsum(whole) / 2
    within, rest = 0.0, total
    found = []
    for count, (value, rank) in enumerate(zip(values[:-1], ranks, strict=False), 1):
        near = left.distance(value, rank)
        within += near
        rest -= whole[count - 1] - near
        left.add(value, rank)
        other = size - count
        between = 2 * (total - within - rest) / (count * other)
        inside = _mean_of_pairs(within, count) + _mean_of_pairs(rest, other)
        found.append((between - inside) * count * other / size)
    return found


def _mean_of_pairs(distance: float, count: int) -> float:
    return 2 * distance / (count * (count - 1)) if count > 1 else 0.0


def _distance(value: float, below: int, sum_below: float, count: int, total: float) -> float:
    """The sum of the distances of a value to `count` others, of which `below` are smaller."""
    return value * below - sum_below + (total - sum_below) - value * (count - below)


class _Left:
    """The values on the left of a split: their distances to another, in time that grows with the logarithm."""

    def __init__(self, size: int) -> None:
        # Binary indexed trees over the ranks.
        self._counts = [0] * (size + 1)
        self._sums = [0.0] * (size + 1)
        self._count, self._total = 0, 0.0

    def add(self, value: float, rank: int) -> None:
        """Take a value to the left."""
        self._count += 1
        self._total += value
        place = rank + 1
        while place < len(self._counts):
            self._counts[place] += 1
            self._sums[place] += value
            place += place & -place

    def distance(self, value: float, rank: int) -> float:
        """The sum of the distances of a value to those on the left."""
        below, sum_below, place = 0, 0.0, rank
        while place > 0:
            below += self._counts[place]
            sum_below += self._sums[place]
            place -= place & -place
        return _distance(value, below, sum_below, self._count, self._total)


def _splits(values: Sequence[float]) -> list[int]:
    """Where the series is split at the lenient level, in order."""
    found: list[int] = []
    pending = [(0, len(values))]
    while pending:
        start, end = pending.pop()
        if end - start < 2 * SHORTEST:
            continue
        part = values[start:end]
        # From the middle of the values, so that large ones do not cancel.
        middle = sorted(part)[len(part) // 2]
        statistics = divergences([value - middle for value in part])
        allowed = range(SHORTEST - 1, len(part) - SHORTEST)
        best = start + 1 + max(allowed, key=statistics.__getitem__)
        if _p_value(values[start:best], values[best:end]) <= _LENIENT:
            found.append(best)
            pending += [(start, best), (best, end)]
    return sorted(found)


def _tested(values: Sequence[float], places: Sequence[int], index: int) -> ChangePoint:
    """One of several changes, tested between its neighbours."""
    place = places[index]
    one = values[places[index - 1] if index else 0 : place]
    other = values[place : places[index + 1] if index + 1 < len(places) else len(values)]
    corrected = min(1.0, _p_value(one, other) * len(values))
    return ChangePoint(place, math.fsum(one) / len(one), math.fsum(other) / len(other), corrected)


def _p_value(one: Sequence[float], other: Sequence[float]) -> float:
    """Student's t-test of two means, with one variance: two-sided."""
    means = [math.fsum(part) / len(part) for part in (one, other)]
    squares = math.fsum((value - mean) ** 2 for part, mean in zip((one, other), means, strict=True) for value in part)
    df = len(one) + len(other) - 2
    error = math.sqrt(squares / df * (1 / len(one) + 1 / len(other)))
    difference = means[1] - means[0]
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return t_two_sided(difference / error, df)
