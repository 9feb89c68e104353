"""The widget that shows a drawing; what it draws is worked out in [`tui.common.curve`][] and [`tui.common.chart`][]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple, Protocol

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from migrator.render.safe import printable
from tui.common.canvas import MARKERS, Piece
from tui.common.curve import curves


class Drawing(Protocol):
    """What a plot shows: equal drawings look alike, so the second is not drawn again."""

    @property
    def nothing(self) -> str:
        """What is said where nothing can be drawn; may be empty."""

    def lines(self, width: int, height: int) -> list[list[Piece]]:
        """The drawing in so many columns and lines; empty where nothing can be drawn."""


class Curves(NamedTuple):
    """Percentile curves: percentile name → value of each series, all in `unit`."""

    series: Sequence[Mapping[str, float]] = ()
    unit: str = ""

    @property
    def nothing(self) -> str:
        """What is said where nothing can be drawn."""
        return "no percentiles to draw" if self.series else ""

    def lines(self, width: int, height: int) -> list[list[Piece]]:
        """The drawing."""
        return curves(self.series, width, height, self.unit)


class Plot(Widget):
    """A drawing with a title; of percentile curves up to two, of which the second is dashed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"plot--axis", "plot--0", "plot--1", "plot--2", "plot--3", "plot--title"}
    DEFAULT_CSS = """
    Plot { height: 1fr; }
    Plot .plot--axis { color: $text-muted; }
    Plot .plot--0 { color: $success; }
    Plot .plot--1 { color: $accent; }
    Plot .plot--2 { color: $text-warning; }
    Plot .plot--3 { color: $foreground; text-style: bold; }
    Plot .plot--title { text-style: bold; }
    """

    def __init__(self, **options: str) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._title = ""
        self._drawing: Drawing = Curves()
        self._names: Sequence[str] = ()
        self._drawn: tuple[tuple[int, int], list[list[Piece]]] | None = None

    def draw(
        self, title: str, series: Sequence[Mapping[str, float]], unit: str = "", names: Sequence[str] = ()
    ) -> None:
        """Draw one or two percentile curves.

        Args:
            title: stands above the drawing.
            series: percentile name → value, all in `unit`.
            unit: stands above the vertical axis.
            names: of the series, for a legend.
        """
        self.show(title, Curves(series, unit), names)

    def show(self, title: str, drawing: Drawing, names: Sequence[str] = ()) -> None:
        """Show a drawing.

        Args:
            title: stands above it.
            drawing: what is drawn.
            names: of its series, for a legend with their marks.
        """
        if (title, drawing, names) == (self._title, self._drawing, self._names):
            return
        before = self._drawn
        self._title, self._drawing, self._names = title, drawing, names
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
            drawn = self._drawing.lines(*self._room)
            lines = drawn or [[], [Piece(self._drawing.nothing[: self._room[0]], "axis")]]
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
