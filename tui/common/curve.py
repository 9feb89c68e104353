"""Percentile curves in braille, readable without colour.

The horizontal axis is spaced like a normal distribution, so that the tail gets the room that it has not on a linear
one. A second curve is dashed and has other markers, so that the two differ without colour, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import NormalDist

from migrator.aiperf.metrics import PERCENTILES
from migrator.render.comparison.words import rank
from tui.common.canvas import MARKERS, SMALLEST, Canvas, Piece, Scale, framed, margin, placed_below


def points(statistics: Mapping[str, object]) -> dict[str, float]:
    """Percentile name → value, of the percentiles of a stats block that are finite numbers."""
    found = {}
    for name in PERCENTILES:
        value = statistics.get(name)
        if type(value) is not bool and isinstance(value, (int, float)) and abs(value) < 1e300:
            found[name] = float(value)
    return {name: value for name, value in found.items() if math.isfinite(value)}


def curves(series: Sequence[Mapping[str, float]], width: int, height: int, unit: str = "") -> list[list[Piece]]:
    """The curves of up to two series as lines of text pieces, with axes; empty where nothing can be drawn.

    Args:
        series: percentile name (`p99`) → value, in one unit. Fewer than two percentiles cannot be drawn.
        width: columns of the drawing with its axis.
        height: lines of it.
        unit: stands above the vertical axis.
    """
    drawn = [{name: values[name] for name in sorted(values, key=_at)} for values in series if len(values) > 1]
    if not drawn or width < SMALLEST[0] or height < SMALLEST[1]:
        return []
    values = [value for points in drawn for value in points.values()]
    scale = Scale(min(values), max(values))
    names = sorted({name for points in drawn for name in points}, key=_at)
    head = f"{unit} (log scale)".strip() if scale.logarithmic else unit
    labels = scale.labels(height - 3)
    left = margin(labels)
    canvas = Canvas(width - left, height - 3)
    first, span = _at(names[0]), (_at(names[-1]) - _at(names[0])) or 1.0

    def share(name: str) -> float:
        return (_at(name) - first) / span

    for number_of, points in enumerate(drawn):
        _draw(canvas, number_of, [(share(name), scale.share(value)) for name, value in points.items()])
    # The tail matters more than the middle: it is placed first.
    ends = sorted(names, key=lambda name: -(rank(name) or 0.0))
    under = placed_below([(left + round(share(name) * (canvas.columns - 1)), name) for name in ends], width)
    return framed(canvas, labels, head, under)


def _at(name: str) -> float:
    return NormalDist().inv_cdf(rank(name) or 0.5)


def _draw(canvas: Canvas, series: int, shares: Sequence[tuple[float, float]]) -> None:
    places = [(round(x * (canvas.across - 1)), round((1 - y) * (canvas.down - 1))) for x, y in shares]
    for start, end in pairwise(places):
        canvas.line(str(series), start, end, dashed=series > 0)
    for x, y in places:
        canvas.mark(str(series), x, y, MARKERS[series])
