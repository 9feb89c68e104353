"""P-values of several tests, corrected for their number."""

from __future__ import annotations

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
    """
    size = len(p_values)
    order = sorted(range(size), key=p_values.__getitem__)
    ordered = [p_values[index] for index in order]
    corrected = [0.0] * size
    for count in range(1, size + 1):
        # The set of `count` hypotheses that is hardest to reject is that of the largest p-values, or of one smaller
        # p-value and the largest others.
        first = size - count
        whole = min(count * value / place for place, value in enumerate(ordered[first:], 1))
        others = min((count * value / place for place, value in enumerate(ordered[first + 1 :], 2)), default=1.0)
        for rank, index in enumerate(order):
            found = whole if rank >= first else min(count * ordered[rank], others)
            corrected[index] = max(corrected[index], min(1.0, found))
    return corrected


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
