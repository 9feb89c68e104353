"""A drawing of characters: braille dots, two across and four down in every cell, with marks and text over them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from migrator.render.comparison.numbers import number

_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot in a braille character, by row and column."""
MARKERS: Final = ("●", "□")
"""The mark of a point of the first series, and of the second."""
_LOGARITHMIC: Final = 30.0
"""Ratio of the largest to the smallest value from which a linear axis would flatten most of a curve."""
SMALLEST: Final = (24, 5)
"""Columns and lines below which nothing can be read off a drawing."""


class Piece(NamedTuple):
    """Text of a line and what it is: `axis`, or the index of a series as `0`, `1`."""

    text: str
    kind: str


class Scale:
    """Value → share of the height, from 0 at the bottom to 1 at the top.

    Args:
        low: the smallest value.
        high: the largest.
        from_zero: whether the axis begins at zero where the values are not far from it.
    """

    def __init__(self, low: float, high: float, *, from_zero: bool = True) -> None:
        self.logarithmic = low > 0 and high / low > _LOGARITHMIC
        if not self.logarithmic and from_zero and 0 <= low < high / 2:
            low = 0.0
        elif low == high:
            low, high = low - (abs(low) * 0.05 or 1.0), high + (abs(high) * 0.05 or 1.0)
        self.low, self.high = low, high

    def share(self, value: float) -> float:
        """Where a value is."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        # Halves first: the difference of two huge numbers is more than there is.
        return (value / 2 - self.low / 2) / ((self.high / 2 - self.low / 2) or 1.0)

    def value(self, share: float) -> float:
        """The value that is there."""
        if self.logarithmic:
            return self.low * math.exp(share * math.log(self.high / self.low))
        return self.low * (1 - share) + self.high * share

    def labels(self, rows: int) -> dict[int, str]:
        """Text for some rows of a vertical axis, top and bottom among them."""
        wanted = {0, rows - 1} | ({rows // 2} if rows >= 5 else set())
        return {row: number(self.value(1 - row / max(rows - 1, 1))) for row in sorted(wanted)}


class Canvas:
    """Cells of braille dots, each of which belongs to the series that was drawn there last."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.lines = columns, rows
        self._bits: dict[tuple[int, int], int] = {}
        self._owner: dict[tuple[int, int], str] = {}
        self._marks: dict[tuple[int, int], str] = {}

    @property
    def across(self) -> int:
        """Dots from left to right."""
        return self.columns * 2

    @property
    def down(self) -> int:
        """Dots from top to bottom."""
        return self.lines * 4

    def dot(self, kind: str, x: int, y: int) -> None:
        """One dot."""
        if 0 <= x < self.across and 0 <= y < self.down:
            cell = x // 2, y // 4
            self._bits[cell] = self._bits.get(cell, 0) | _DOTS[y % 4][x % 2]
            self._owner[cell] = kind

    def line(self, kind: str, start: tuple[int, int], end: tuple[int, int], *, dashed: bool = False) -> None:
        """A straight line between two dots."""
        (x0, y0), (x1, y1) = start, end
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        steep = abs(y1 - y0) > 2 * abs(x1 - x0)
        for step in range(steps + 1):
            x, y = round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps)
            # Dashes of three dots, by the place on the page, so that they go on from one piece to the next.
            if not dashed or (y if steep else x) % 6 < 3:
                self.dot(kind, x, y)

    def mark(self, kind: str, x: int, y: int, char: str) -> None:
        """A character over the cell of a dot."""
        cell = min(max(x, 0), self.across - 1) // 2, min(max(y, 0), self.down - 1) // 4
        self._marks[cell] = char
        self._owner[cell] = kind

    def text(self, kind: str, column: int, row: int, text: str) -> bool:
        """Text from a cell on, where nothing else stands; whether there was room for it."""
        cells = [(column + place, row) for place in range(len(text))]
        inside = column >= 0 and column + len(text) <= self.columns and 0 <= row < self.lines
        if not inside or any(cell in self._marks or cell in self._bits for cell in cells):
            return False
        for cell, char in zip(cells, text, strict=True):
            self._marks[cell] = char
            self._owner[cell] = kind
        return True

    def rows(self) -> list[list[Piece]]:
        """The drawing, each row as pieces of one series."""
        return [self._row(y) for y in range(self.lines)]

    def _row(self, y: int) -> list[Piece]:
        pieces: list[Piece] = []
        for x in range(self.columns):
            bits = self._bits.get((x, y), 0)
            char = self._marks.get((x, y)) or (chr(0x2800 + bits) if bits else " ")
            # A blank looks the same in any style: it belongs to what stands before it, for fewer pieces.
            kind = self._owner.get((x, y), "0") if char != " " else pieces[-1].kind if pieces else "axis"
            if pieces and pieces[-1].kind == kind:
                pieces[-1] = Piece(pieces[-1].text + char, kind)
            else:
                pieces.append(Piece(char, kind))
        return pieces


def framed(canvas: Canvas, labels: Mapping[int, str], head: str, under: str) -> list[list[Piece]]:
    """A drawing with its axes.

    Args:
        canvas: what is drawn.
        labels: text for rows of the vertical axis.
        head: stands above the vertical axis.
        under: stands below the horizontal axis, from the first cell of the line on.
    """
    left = margin(labels)
    width = left + canvas.columns
    lines = [[Piece(head.rjust(left - 2)[: width - 1], "axis")]]
    for row, pieces in enumerate(canvas.rows()):
        tick = "┤" if row in labels else "│"
        lines.append([Piece(f"{labels.get(row, ''):>{left - 2}} {tick}", "axis"), *pieces])
    lines.append([Piece(" " * (left - 1) + "└" + "─" * canvas.columns, "axis")])
    lines.append([Piece(under, "axis")])
    return lines


def margin(labels: Mapping[int, str]) -> int:
    """Cells to the left of a drawing, with its axis."""
    return max(map(len, labels.values())) + 2


def placed_below(labels: Sequence[tuple[int, str]], width: int) -> str:
    """Texts below their columns; one that would touch one before it in the list is left out.

    Args:
        labels: the column that each is centred on, the most important first.
        width: columns of the line.
    """
    placed: list[tuple[int, str]] = []
    for column, text in labels:
        start = min(max(0, column - len(text) // 2), width - len(text))
        if start >= 0 and all(start + len(text) < other or other + len(label) < start for other, label in placed):
            placed.append((start, text))
    line = ""
    for start, text in sorted(placed):
        line = line.ljust(start) + text
    return line
