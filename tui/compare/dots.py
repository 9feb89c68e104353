"""The value of each run as a dot: runs from left to right, in the order in which they started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.numbers import pair
from tui.common.canvas import MARKERS

if TYPE_CHECKING:
    from migrator.render.comparison.runs import RunValue

_HEIGHT: Final = 5


def dots(values: Sequence[RunValue], width: int) -> list[str]:
    """The runs as lines of text, with the smallest and the largest value beside them; empty where they do not fit.

    Args:
        values: of each run, in order.
        width: columns of the drawing with its labels.
    """
    low, high = (end(found.value for found in values) for end in (min, max))
    top, bottom = pair(high, low)
    left = max(len(top), len(bottom))
    room = width - left - 2
    step = 2 if 2 * len(values) <= room else 1
    if step * len(values) > room:
        return []
    lines = [[" "] * (step * len(values)) for _ in range(_HEIGHT)]
    for place, found in enumerate(values):
        # Halves first: the difference of two huge numbers is more than there is.
        share = (high / 2 - found.value / 2) / (high / 2 - low / 2) if high / 2 > low / 2 else 0.5
        lines[round(share * (_HEIGHT - 1))][step * place] = MARKERS[found.side == "candidate"]
    labels = {0: top, _HEIGHT - 1: bottom} if high > low else {_HEIGHT // 2: top}
    return [
        f"{labels.get(place, ''):>{left}} {'┤' if place in labels else '│'}{''.join(line)}".rstrip()
        for place, line in enumerate(lines)
    ]
