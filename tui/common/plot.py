"""The widget that draws percentile curves; what it draws is worked out in [`tui.common.curve`][]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from migrator.render.safe import printable
from tui.common.curve import MARKERS, Piece, curves


class Plot(Widget):
    """Up to two curves with a title; the second is dashed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"plot--axis", "plot--0", "plot--1", "plot--title"}
    DEFAULT_CSS = """
    Plot { height: 1fr; }
    Plot .plot--axis { color: $text-muted; }
    Plot .plot--0 { color: $success; }
    Plot .plot--1 { color: $accent; }
    Plot .plot--title { text-style: bold; }
    """

    def __init__(self, **options: str) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._title = ""
        self._series: Sequence[Mapping[str, float]] = ()
        self._unit = ""
        self._names: Sequence[str] = ()
        self._drawn: tuple[tuple[int, int], list[list[Piece]]] | None = None

    def draw(
        self, title: str, series: Sequence[Mapping[str, float]], unit: str = "", names: Sequence[str] = ()
    ) -> None:
        """Draw one or two series.

        Args:
            title: stands above the drawing.
            series: percentile name → value, all in `unit`.
            unit: stands above the vertical axis.
            names: of the series, for a legend.
        """
        content = (title, series, unit, names)
        if content == (self._title, self._series, self._unit, self._names):
            return
        before = self._drawn
        self._title, self._series, self._unit, self._names = content
        self._drawn = None
        if before is None or before[0] != self._room:
            self.refresh()
            return
        # Only what looks different is sent to the terminal: the frame of one curve is that of the next.
        spans = enumerate(map(_difference, before[1], self._lines()), start=1)
        changed = [Region(start, y, end - start, 1) for y, (start, end) in spans if end > start]
        self.refresh(Region(0, 0, self.size.width, 1), *changed)

    @property
    def _room(self) -> tuple[int, int]:
        """Columns and lines of the drawing below the title."""
        return self.size.width, self.size.height - 1

    def _lines(self) -> list[list[Piece]]:
        """The drawing below the title, made once for a size."""
        if self._drawn is None or self._drawn[0] != self._room:
            drawn = curves(self._series, *self._room, self._unit)
            text = "no percentiles to draw" if self._series else ""
            lines = drawn or [[], [Piece(text[: self._room[0]], "axis")]]
            self._drawn = self._room, [*lines, *([[]] * (self._room[1] - len(lines)))]
        return self._drawn[1]

    def render_line(self, y: int) -> Strip:
        """The title, the legend, or a line of the drawing."""
        width = self.size.width
        if y == 0:
            legend = "  ".join(f"{mark} {name}" for mark, name in zip(MARKERS, self._names, strict=False))
            pieces = [Piece(printable(f"{self._title}   {legend}".rstrip())[:width], "title")]
        else:
            drawn = self._lines()
            pieces = drawn[y - 1] if y - 1 < len(drawn) else []
        segments = [
            Segment(text, self.rich_style + self.get_component_rich_style(f"plot--{kind}", partial=True))
            for text, kind in _joined(pieces)
        ]
        return Strip(segments).adjust_cell_length(width, self.rich_style)


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The same line with neighbours of one kind as one piece: each takes as many bytes again for its colour."""
    found: list[Piece] = []
    for piece in pieces:
        if found and found[-1].kind == piece.kind:
            found[-1] = Piece(found[-1].text + piece.text, piece.kind)
        else:
            found.append(piece)
    return found


def _difference(before: Sequence[Piece], after: Sequence[Piece]) -> tuple[int, int]:
    """The first cell in which two lines of a drawing differ, and the one after the last; equal for equal lines."""
    one, other = (
        [(char, kind if char != " " else "") for text, kind in line for char in text] for line in (before, after)
    )
    length = max(len(one), len(other))
    one, other = (cells + [(" ", "")] * (length - len(cells)) for cells in (one, other))
    places = [place for place in range(length) if one[place] != other[place]]
    return (places[0], places[-1] + 1) if places else (0, 0)
