"""Two fronts as a drawing: throughput against interactivity or latency, each cell a link to its table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.numbers import number
from migrator.render.comparison.plot import (
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    Place,
    legend,
    marker,
    steps,
    upwards,
    vertical_axis,
)
from migrator.render.comparison.words import cut, markup
from migrator.render.sweep.words import front_title, on_front

if TYPE_CHECKING:
    from migrator.diff.receipt import Front, FrontPoint

_BOTTOM: Final = 70
_LABELS: Final = 24
"""Points a side up to which each has the name of its cell beside it."""


def fronts(front: Front, names: Sequence[str], number_on_page: int) -> str:
    """Both fronts as one SVG; empty where there is nothing that can be drawn.

    Args:
        front: the points of both sides.
        names: of the cells.
        number_on_page: of the drawing.
    """
    points = [*front.base, *front.candidate]
    xs, ys = [point.x for point in points], [point.y for point in points]
    if not points or not all(map(math.isfinite, (*xs, *ys))) or max(xs) <= 0:
        return ""
    ticks, up, logarithmic = upwards(min(ys), max(ys))
    across_ticks, across = _across(min(xs), max(xs))
    unit = cut(front.y_unit, 24)
    shown = f"{cut(front.y, 40)}, {unit}{' (log scale)' if logarithmic else ''}"
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="ft{number_on_page} fd{number_on_page}">',
        f'<title id="ft{number_on_page}">{markup(front_title(front))}</title>',
        f'<desc id="fd{number_on_page}">{markup(_described(front, names))}</desc>',
        *vertical_axis(ticks, up, shown),
        *_horizontal_axis(across_ticks, across, front),
        *_side("base", front.base, names, across, up),
        *_side("cand", front.candidate, names, across, up),
        *legend(),
        "</svg>",
    ]
    return "\n".join(parts)


def _described(front: Front, names: Sequence[str]) -> str:
    told = [
        f"{side}: "
        + ", ".join(f"{cut(names[point.cell], 60)} at {number(point.x)}, {number(point.y)}" for point in points)
        for side, points in (("Base", front.base), ("candidate", front.candidate))
        if points
    ]
    return "; ".join(told)


def _across(low: float, high: float) -> tuple[list[tuple[float, str]], Place]:
    pad = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    start, stop = low - pad, high + pad
    room = WIDTH - LEFT - RIGHT
    return steps(start, stop), lambda value: LEFT + room * (value - start) / (stop - start)


def _horizontal_axis(ticks: Sequence[tuple[float, str]], across: Place, front: Front) -> Iterator[str]:
    y = HEIGHT - _BOTTOM
    yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
    for value, text in ticks:
        x = across(value)
        yield f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 4}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{y + 18}" text-anchor="middle">{markup(text)}</text>'
    better = "right" if front.x_direction == "higher" else "left"
    text = f"{cut(front.x, 40)}, {cut(front.x_unit, 24)} (better to the {better}, and upwards)"
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text class="name" x="{middle:.0f}" y="{y + 44}" text-anchor="middle">{markup(text)}</text>'


def _side(side: str, points: Sequence[FrontPoint], names: Sequence[str], across: Place, up: Place) -> Iterator[str]:
    line = [(across(point.x), up(point.y)) for point in on_front(points)]
    if len(line) > 1:
        yield f'<polyline class="{side}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in line)}"/>'
    for point in points:
        x, y = across(point.x), up(point.y)
        name = markup(cut(names[point.cell], 60))
        told = f"{name}: {number(point.x)}, {number(point.y)}{', dominated' if point.dominated else ''}"
        label = ""
        if len(points) <= _LABELS:
            anchor, place = ("end", x - 7) if side == "base" else ("start", x + 7)
            label = f'<text class="moved" x="{place:.1f}" y="{y - 6:.1f}" text-anchor="{anchor}">{_short(name)}</text>'
        yield f'<a href="#cell-{point.cell + 1}"><title>{told}</title>{marker(side, x, y)}{label}</a>'


def _short(name: str) -> str:
    """The values of a cell without the names of its factors, `8`: the axis has no room for more."""
    return ", ".join(part.rpartition(" ")[2] for part in name.split(", "))
