"""Points and lines over two numeric axes, and bars: fronts, histories, histograms. Readable without colour.

Series have marks of their own, so that they differ without colour, too. What stands below the axis as a letter is told
by the screen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from migrator.render.comparison.numbers import number
from tui.common.canvas import SMALLEST, Canvas, Piece, Scale, framed, margin, placed_below

Place = tuple[float, float]
_BARS: Final = " ▁▂▃▄▅▆▇█"
_PAD: Final = 0.04
"""Share of the width that is left free at both sides of points."""


class Points(NamedTuple):
    """One series of a chart.

    Attributes:
        kind: its colour, `0` to `3`.
        places: (x, y) of each point.
        mark: the character of each point; empty for dots only.
        joined: whether a line goes from each point to the next.
        dashed: whether that line is dashed.
        labels: text beside each point, left out where there is no room.
    """

    kind: str
    places: tuple[Place, ...]
    mark: str = ""
    joined: bool = False
    dashed: bool = False
    labels: tuple[str, ...] = ()


class Upright(NamedTuple):
    """A vertical line with a letter below the axis; `step` is how many dots it is down from one to the next.

    A step of 0 leaves the line out.
    """

    x: float
    kind: str
    sign: str = ""
    step: int = 1


class Chart(NamedTuple):
    """A chart.

    Attributes:
        parts: its series; later ones are drawn over earlier ones.
        head: stands above the vertical axis: what is shown, and in which unit.
        ticks: (x, text) below the horizontal axis; empty for three numbers.
        uprights: vertical lines.
        nothing: what is said where nothing can be drawn.
    """

    parts: tuple[Points, ...]
    head: str = ""
    ticks: tuple[tuple[float, str], ...] = ()
    uprights: tuple[Upright, ...] = ()
    nothing: str = "nothing to draw"

    def lines(self, width: int, height: int) -> list[list[Piece]]:
        """The drawing for so many columns and lines; empty where it has no room, or nothing to show."""
        places = [place for part in self.parts for place in part.places]
        signs = any(upright.sign for upright in self.uprights)
        rows = height - 3 - signs
        if (
            not places
            or width < SMALLEST[0]
            or rows < 2
            or not all(math.isfinite(each) for place in places for each in place)
        ):
            return []
        scale = Scale(min(y for _, y in places), max(y for _, y in places), from_zero=False)
        labels = scale.labels(rows)
        canvas = Canvas(width - margin(labels), rows)
        across = _Across([x for x, _ in places], canvas.across, padded=not self.ticks)
        for upright in self.uprights:
            _upright(canvas, across.dot(upright.x), upright)
        for part in self.parts:
            _draw(canvas, part, across, scale)
        for part in self.parts:
            _label(canvas, part, across, scale)
        left = margin(labels)
        ticks = self.ticks or tuple(across.ticks())
        under = placed_below([(left + across.dot(x) // 2, text) for x, text in ticks], width)
        drawn = framed(canvas, labels, self.head, under)
        if signs:
            drawn.insert(-1, [Piece(self._signs(across, left), "axis")])
        return drawn

    def _signs(self, across: _Across, left: int) -> str:
        line: dict[int, str] = {}
        for upright in self.uprights:
            if upright.sign:
                place = left + across.dot(upright.x) // 2
                line[place] = upright.sign if line.get(place, upright.sign) == upright.sign else "*"
        return "".join(line.get(place, " ") for place in range(max(line) + 1))


class _Across:
    """x → the dot on the horizontal axis."""

    def __init__(self, values: Sequence[float], dots: int, *, padded: bool) -> None:
        low, high = min(values), max(values)
        if low == high:
            low, high = low - (abs(low) * 0.05 or 1.0), high + (abs(high) * 0.05 or 1.0)
        pad = (high - low) * _PAD if padded else 0.0
        self._low, self._span, self._dots = low - pad, high - low + 2 * pad, dots

    def dot(self, x: float) -> int:
        return round((x - self._low) / self._span * (self._dots - 1))

    def ticks(self) -> Iterator[tuple[float, str]]:
        for share in (0.5, 0.0, 1.0):
            x = self._low + share * self._span
            yield x, number(x)


def _down(canvas: Canvas, scale: Scale, y: float) -> int:
    return round((1 - scale.share(y)) * (canvas.down - 1))


def _draw(canvas: Canvas, part: Points, across: _Across, scale: Scale) -> None:
    dots = [(across.dot(x), _down(canvas, scale, y)) for x, y in part.places]
    if part.joined:
        for start, end in pairwise(dots):
            canvas.line(part.kind, start, end, dashed=part.dashed)
    for x, y in dots:
        if part.mark:
            canvas.mark(part.kind, x, y, part.mark)
        else:
            canvas.dot(part.kind, x, y)


def _label(canvas: Canvas, part: Points, across: _Across, scale: Scale) -> None:
    """The names of points beside them: to the right, else to the left, above or below."""
    for (x, y), text in zip(part.places, part.labels, strict=False):
        column, row = across.dot(x) // 2, _down(canvas, scale, y) // 4
        places = ((1, 0), (-len(text), 0), (1, -1), (1, 1), (-len(text), -1), (-len(text), 1))
        any(canvas.text(part.kind, column + right, row + below, text) for right, below in places)


def _upright(canvas: Canvas, x: int, upright: Upright) -> None:
    for y in range(0, canvas.down, upright.step) if upright.step else ():
        canvas.dot(upright.kind, x, y)


class Histogram(NamedTuple):
    """How often each range of values occurs, as bars.

    Attributes:
        values: finite numbers.
        unit: of the values.
        rules: (value, sign) that are marked below the axis, such as percentiles.
        nothing: what is said where nothing can be drawn.
    """

    values: tuple[float, ...]
    unit: str = ""
    rules: tuple[tuple[float, str], ...] = ()
    nothing: str = "nothing to draw"

    def lines(self, width: int, height: int) -> list[list[Piece]]:
        """The drawing for so many columns and lines; empty where it has no room, or nothing to show."""
        rows = height - 3 - bool(self.rules)
        if not self.values or width < SMALLEST[0] or rows < 2:
            return []
        low, high = min(self.values), max(self.values)
        if not low / 2 < high / 2:
            low, high = low - (abs(low) * 0.05 + 1e-9), high + (abs(high) * 0.05 + 1e-9)
        left = len(f"{len(self.values):,}") + 2
        columns = min(width - left, max(12, 2 * math.isqrt(len(self.values))))
        wide = (width - left) // columns
        counts = self._counts(low, high, columns)
        top = max(counts)
        head = f"requests; {self.unit}" if self.unit else "requests"
        lines = [[Piece(head[: width - 1], "axis")]]
        for row in range(rows):
            text = "".join(_bar(count / top * rows - (rows - 1 - row)) * wide for count in counts)
            label = f"{top:,}" if row == 0 else ""
            lines.append([Piece(f"{label:>{left - 2}} {'┤' if label else '│'}", "axis"), Piece(text.rstrip(), "0")])
        lines.append([Piece(" " * (left - 1) + "└" + "─" * (wide * columns), "axis")])
        last = wide * columns - 1

        def at(value: float) -> int:
            return left + round((value / 2 - low / 2) / (high / 2 - low / 2) * last)

        if self.rules:
            lines.append([Piece(placed_below([(at(value), sign) for value, sign in self.rules], width), "axis")])
        ends = [(left + share * last // 2, number(low + share * (high / 2 - low / 2))) for share in (0, 2, 1)]
        lines.append([Piece(placed_below(ends, width), "axis")])
        return lines

    def _counts(self, low: float, high: float, columns: int) -> list[int]:
        counts = [0] * columns
        for value in self.values:
            share = (value / 2 - low / 2) / (high / 2 - low / 2)
            counts[min(int(share * columns), columns - 1)] += 1
        return counts


def _bar(height: float) -> str:
    """A cell of a bar that ends at this height of it; what is there at all is seen."""
    eighths = math.ceil(min(max(height, 0.0), 1.0) * 8)
    return _BARS[eighths]
