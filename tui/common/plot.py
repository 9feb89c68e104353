"""The widget that draws percentile curves; what it draws is worked out in [`tui.common.curve`][]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
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
        self._title, self._series, self._unit, self._names = title, series, unit, names
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The title, the legend, or a line of the drawing."""
        width = self.size.width
        if y == 0:
            legend = "  ".join(f"{mark} {name}" for mark, name in zip(MARKERS, self._names, strict=False))
            pieces = [Piece(printable(f"{self._title}   {legend}".rstrip())[:width], "title")]
        else:
            drawn = curves(self._series, width, self.size.height - 1, self._unit)
            text = "no percentiles to draw" if self._series and y == 2 else ""
            pieces = drawn[y - 1] if y - 1 < len(drawn) else [Piece("" if drawn else text[:width], "axis")]
        segments = [
            Segment(p.text, self.rich_style + self.get_component_rich_style(f"plot--{p.kind}", partial=True))
            for p in pieces
        ]
        return Strip(segments).adjust_cell_length(width, self.rich_style)
