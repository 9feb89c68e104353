"""Percentile curves in braille: two dots across and four down in every cell, readable without colour.

The horizontal axis is spaced like a normal distribution, so that the tail gets the room that it has not on a linear
one. A second curve is dashed and has other markers, so that the two differ without colour, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import Final, NamedTuple

from migrator.aiperf.metrics import PERCENTILES
from migrator.render.comparison.numbers import number
from migrator.render.comparison.words import rank

_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot in a braille character, by row and column."""
MARKERS: Final = ("●", "□")
_LOGARITHMIC: Final = 30.0
"""Ratio of the largest to the smallest value from which a linear axis would flatten most of the curve."""
_SMALLEST: Final = (24, 5)
"""Columns and lines below which nothing can be read off a curve."""


class Piece(NamedTuple):
    """Text of a line and what it is: `axis`, or the index of a series as `0`, `1`."""

    text: str
    kind: str


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
    if not drawn or width < _SMALLEST[0] or height < _SMALLEST[1]:
        return []
    values = [value for points in drawn for value in points.values()]
    scale = _Scale(min(values), max(values))
    names = sorted({name for points in drawn for name in points}, key=_at)
    head = f"{unit} (log scale)".strip() if scale.logarithmic else unit
    labels = scale.labels(height - 3)
    left = max(map(len, labels.values())) + 2
    canvas = _Canvas(width - left, height - 3, _at(names[0]), _at(names[-1]), scale)
    for number_of, points in enumerate(drawn):
        canvas.draw(number_of, points)
    lines = [[Piece(head.rjust(left - 2)[: width - 1], "axis")]]
    for row, pieces in enumerate(canvas.rows()):
        tick = "┤" if row in labels else "│"
        lines.append([Piece(f"{labels.get(row, ''):>{left - 2}} {tick}", "axis"), *pieces])
    lines.append([Piece(" " * (left - 1) + "└" + "─" * (width - left), "axis")])
    lines.append([Piece(_under(names, canvas, left, width), "axis")])
    return lines


def _at(name: str) -> float:
    return NormalDist().inv_cdf(rank(name) or 0.5)


class _Scale:
    """Value → share of the height, from 0 at the bottom to 1 at the top."""

    def __init__(self, low: float, high: float) -> None:
        self.logarithmic = low > 0 and high / low > _LOGARITHMIC
        if not self.logarithmic and 0 <= low < high / 2:
            low = 0.0
        elif low == high:
            low, high = low - (abs(low) * 0.05 or 1.0), high + (abs(high) * 0.05 or 1.0)
        self._low, self._high = low, high

    def share(self, value: float) -> float:
        if self.logarithmic:
            return math.log(value / self._low) / math.log(self._high / self._low)
        return (value - self._low) / ((self._high - self._low) or 1.0)

    def value(self, share: float) -> float:
        if self.logarithmic:
            return self._low * math.exp(share * math.log(self._high / self._low))
        return self._low + share * (self._high - self._low)

    def labels(self, rows: int) -> dict[int, str]:
        """Text for some rows of the axis, top and bottom among them."""
        wanted = {0, rows - 1} | ({rows // 2} if rows >= 5 else set())
        return {row: number(self.value(1 - row / (rows - 1))) for row in sorted(wanted)}


class _Canvas:
    """Cells of braille dots, each of which belongs to the series that was drawn there last."""

    def __init__(self, columns: int, rows: int, first: float, last: float, scale: _Scale) -> None:
        self.columns, self._rows = columns, rows
        self._first, self._span = first, (last - first) or 1.0
        self._scale = scale
        self._bits: dict[tuple[int, int], int] = {}
        self._owner: dict[tuple[int, int], int] = {}
        self._marks: dict[tuple[int, int], str] = {}

    def column(self, name: str) -> int:
        """The cell of a percentile on the horizontal axis."""
        return round((_at(name) - self._first) / self._span * (self.columns - 1))

    def draw(self, series: int, values: Mapping[str, float]) -> None:
        places = [(self._x(name), self._y(value)) for name, value in values.items()]
        for (x0, y0), (x1, y1) in pairwise(places):
            steps = max(abs(x1 - x0), abs(y1 - y0), 1)
            for step in range(steps + 1):
                x = round(x0 + (x1 - x0) * step / steps)
                # Dashes of three dots, by the place on the page, so that they go on from one piece to the next.
                if series == 0 or x % 6 < 3:
                    self._dot(series, x, round(y0 + (y1 - y0) * step / steps))
        for x, y in places:
            self._marks[x // 2, y // 4] = MARKERS[series]
            self._owner[x // 2, y // 4] = series

    def rows(self) -> list[list[Piece]]:
        """The drawing, each row as pieces of one series."""
        return [self._row(y) for y in range(self._rows)]

    def _row(self, y: int) -> list[Piece]:
        pieces: list[Piece] = []
        for x in range(self.columns):
            bits = self._bits.get((x, y), 0)
            char = self._marks.get((x, y)) or (chr(0x2800 + bits) if bits else " ")
            # A blank looks the same in any style: it belongs to what stands before it, for fewer pieces.
            kind = str(self._owner.get((x, y), 0)) if char != " " else pieces[-1].kind if pieces else "axis"
            if pieces and pieces[-1].kind == kind:
                pieces[-1] = Piece(pieces[-1].text + char, kind)
            else:
                pieces.append(Piece(char, kind))
        return pieces

    def _x(self, name: str) -> int:
        return round((_at(name) - self._first) / self._span * (self.columns * 2 - 1))

    def _y(self, value: float) -> int:
        return round((1 - self._scale.share(value)) * (self._rows * 4 - 1))

    def _dot(self, series: int, x: int, y: int) -> None:
        cell = x // 2, y // 4
        self._bits[cell] = self._bits.get(cell, 0) | _DOTS[y % 4][x % 2]
        self._owner[cell] = series


def _under(names: Sequence[str], canvas: _Canvas, left: int, width: int) -> str:
    """Names of percentiles below their places; one that would touch its neighbour is left out."""
    text = ""
    # The tail matters more than the middle: it is placed first.
    placed: list[tuple[int, str]] = []
    for name in sorted(names, key=lambda name: -(rank(name) or 0.0)):
        start = min(max(0, left + canvas.column(name) - len(name) // 2), width - len(name))
        if all(start + len(name) < other or other + len(label) < start for other, label in placed):
            placed.append((start, name))
    for start, name in sorted(placed):
        text = text.ljust(start) + name
    return text
