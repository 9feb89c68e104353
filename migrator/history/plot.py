"""A series as an inline SVG: runs evenly spaced in the order of time, levels between changes, and marks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from migrator.history.sections import Section
from migrator.history.series import Series
from migrator.history.words import when
from migrator.render.comparison.numbers import number
from migrator.render.comparison.words import cut, markup

_WIDTH: Final = 720
_HEIGHT: Final = 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 14, 34

Place = Callable[[float], float]


def plot(section: Section, series: Series) -> str:
    """The drawing; the numbers of its changes stand beside it as text."""
    known = [value for value in series.values if value is not None]
    low, high = min(known), max(known)
    pad = (high - low) * 0.08 or abs(high) * 0.08 or 1.0
    if not math.isfinite(high - low + 2 * pad):
        return ""
    bottom, room = low - pad, _HEIGHT - _TOP - _BOTTOM
    last = max(len(section.points) - 1, 1)

    def up(value: float) -> float:
        return _HEIGHT - _BOTTOM - room * (value - bottom) / (high - low + 2 * pad)

    def across(place: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * place / last

    title = f"{cut(series.name, 80)} of {len(known)} runs, from {number(low)} to {number(high)} {cut(series.unit, 24)}"
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{markup(title)}</title>",
        *_axes(section, (low, high), up, across),
        *_marks(section, series, across),
        *_levels(series, up, across),
        f'<path class="run" d="{"".join(_dots(series, up, across))}"/>',
        "</svg>",
    ]
    return "\n".join(parts)


def _axes(section: Section, ends: Sequence[float], up: Place, across: Place) -> Iterator[str]:
    for value in dict.fromkeys(ends):
        y = up(value)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number(value)}</text>'
    points = section.points
    for place, anchor in ((0, "start"), (len(points) - 1, "end")):
        if place or anchor == "start":
            label = markup(when(section, points[place]))
            yield f'<text x="{across(place):.1f}" y="{_HEIGHT - 10}" text-anchor="{anchor}">{label}</text>'


def _marks(section: Section, series: Series, across: Place) -> Iterator[str]:
    """Upgrades and changed definitions before the run that they come with, and runs without a success."""
    lines = [("upgrade", found.first) for found in section.upgrades]
    lines += [("definition", found.first) for found in series.redefined]
    for kind, place in lines:
        x = across(place - 0.5)
        yield f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
    for place, point in enumerate(section.points):
        if point.state == "no request succeeded":
            x, y = across(place), _HEIGHT - _BOTTOM - 4
            yield f'<path class="failed" d="M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8"/>'


def _levels(series: Series, up: Place, across: Place) -> Iterator[str]:
    """The levels before and after each change, as far as the changes and definitions beside it."""
    changed = [change.first for change in series.changes]
    ends = sorted({0, len(series.values), *changed, *(step.first for step in series.redefined)})
    for change in series.changes:
        place = ends.index(change.first)
        for value, start, end in (
            (change.before, ends[place - 1], change.first),
            (change.after, change.first, ends[place + 1]),
        ):
            yield (
                f'<line class="level" x1="{across(start):.1f}" x2="{across(end - 1):.1f}"'
                f' y1="{up(value):.1f}" y2="{up(value):.1f}"/>'
            )


def _dots(series: Series, up: Place, across: Place) -> Iterator[str]:
    for place, value in enumerate(series.values):
        if value is not None:
            yield f"M{across(place):.1f} {up(value):.1f}h0"
