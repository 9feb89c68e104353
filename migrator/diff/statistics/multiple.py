"""P-values of several tests, corrected for their number."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for their number, in their order (Holm 1979): for the gate, where no one may be chance."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - rank)))
        corrected[index] = highest
    return corrected


def hommel(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for their number, in their order (Hommel 1988): for the gate, where no one may be chance.

    Every set of hypotheses is tested as a whole by Simes's test, and one is rejected if all sets that hold it are. That
    is never weaker than Holm's correction, and holds for rows that tend to move together, as those of a gate do.

    A hypothesis falls at a level if its p-value times h does, where h is the size of the largest set that stands at the
    level (Meijer, Krebs and Goeman 2019). Time grows as n log n, so that the gates of a thousand cells are one family.
    """
    size = len(p_values)
    order = sorted(range(size), key=p_values.__getitem__)
    ordered = [p_values[index] for index in order]
    # At `falls[h]` and above no set of more than `h` hypotheses stands.
    falls = [0.0] * (size + 1)
    for count, whole in zip(range(size, 0, -1), reversed(_simes_of_largest(ordered)), strict=True):
        falls[count - 1] = max(falls[count], whole)
    corrected = [0.0] * size
    for index, value in zip(order, ordered, strict=True):
        # With h `count * value` rises and `falls[count]` never does: the least of the larger is where they meet.
        meet = bisect_left(range(size + 1), True, key=lambda count: count * value >= falls[count])
        least = min(max(count * value, falls[count]) for count in (meet - 1, meet) if 0 <= count <= size)
        corrected[index] = min(1.0, max(value, least))
    return corrected


def _simes_of_largest(ordered: Sequence[float]) -> list[float]:
    """For each count the p-value of Simes's test of so many largest p-values: the least of count · p / rank.

    Args:
        ordered: p-values, ascending.
    """
    size = len(ordered)
    found = []
    # The lower convex hull of the points (place, p-value) that are in the set, the leftmost last. The least slope from
    # the place before the set to one of them is that of a tangent.
    hull: list[tuple[int, float]] = []
    for count in range(1, size + 1):
        place = size - count + 1
        point = (place, ordered[place - 1])
        while len(hull) > 1 and _slope(point, hull[-1]) >= _slope(hull[-1], hull[-2]):
            hull.pop()
        hull.append(point)
        start = (place - 1, 0.0)
        # From the left along the hull, slopes from the start fall and then rise.
        touch = bisect_left(
            range(len(hull) - 1),
            True,
            key=lambda step: _slope(start, hull[-1 - step]) <= _slope(start, hull[-2 - step]),
        )
        found.append(count * _slope(start, hull[-1 - touch]))
    return found


def _slope(left: tuple[int, float], right: tuple[int, float]) -> float:
    return (right[1] - left[1]) / (right[0] - left[0])


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected so that few of those called changed are (1995): for rows that are only reported."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    size = len(p_values)
    corrected = [0.0] * size
    lowest = 1.0
    for place, index in enumerate(order):
        found = p_values[index] * size / (size - place)
        if found < lowest:
            lowest = found
        corrected[index] = lowest
    return corrected
