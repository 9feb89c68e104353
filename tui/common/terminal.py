"""What the terminal shows, cell by cell, so that it is sent only what looks different.

Textual sends all lines of a widget that was laid out anew, be they the same or not. Over a slow line, a key then takes
as long as a page. Here the update is held against what was sent before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from typing import Any, Final, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

Cell = tuple[str, Any]
"""A character with its style; the second half of a wide one is empty. Of a blank only the background counts."""
_NEAR: Final = 24
"""Equal cells between two that differ, up to which all are sent: a place and a style take as many bytes."""


class Part(NamedTuple):
    """Something to be sent: its place, and the text."""

    x: int
    y: int
    strip: Strip


class Parts(CompositorUpdate):
    """The parts of an update that look different."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts = list(parts)

    def __rich_console__(self, *_: object) -> Iterator[Segment]:
        for x, y, strip in self.parts:
            yield Control.move_to(x, y).segment
            yield from strip

    def render_segments(self, console: Console) -> str:
        """The text with its escape sequences."""
        return "".join(f"{Control.move_to(x, y).segment.text}{strip.render(console)}" for x, y, strip in self.parts)


class Shown:
    """The cells that were sent so far."""

    def __init__(self) -> None:
        self._lines: dict[int, list[Cell]] = {}
        self._size: tuple[int, int] | None = None

    def forget(self) -> None:
        """Something else has written to the terminal, or it has another size: all of the next update is sent."""
        self._lines.clear()
        self._size = None

    def less(self, update: Any) -> Any:
        """What has to be sent for an update, which is taken for sent from now on.

        Args:
            update: of Textual's compositor. The first of the whole screen is sent as it is, and so is any of another
                kind.
        """
        if type(update) is ChopsUpdate:
            return Parts(self._changed(update))
        if type(update) is not LayoutUpdate or update.region.offset != (0, 0):
            self.forget()
            return update
        # Another screen, a dialog or a panel: of each, the most looks as what was there before.
        whole = [Strip.join(strips) for strips in update.strips]
        if self._size == update.region.size:
            return Parts(part for y, strip in enumerate(whole) for part in self._of_strip(0, y, strip))
        self._size = update.region.size
        self._lines = {y: cells(strip) for y, strip in enumerate(whole)}
        return update

    def _changed(self, update: ChopsUpdate) -> Iterator[Part]:
        for y, x1, x2 in update.spans:
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and x < x2 and end > x1:
                    yield from self._of_strip(x, y, strip.crop(0, min(end, x2) - x))

    def _of_strip(self, x: int, y: int, strip: Strip) -> Iterator[Part]:
        after = cells(strip)
        line = self._lines.setdefault(y, [])
        line.extend([("", None)] * (x + len(after) - len(line)))
        before = line[x : x + len(after)]
        line[x : x + len(after)] = after
        if any(len(text) > 1 for text, _ in (*before, *after)):
            # A character of several code points is not to be cut.
            if before != after:
                yield Part(x, y, strip)
            return
        for start, end in _spans([place for place, cell in enumerate(after) if cell != before[place]]):
            while start and not after[start][0]:
                start -= 1
            while end < len(after) and not after[end][0]:
                end += 1
            yield Part(x + start, y, strip.crop(start, end))


def cells(strip: Iterable[Segment]) -> list[Cell]:
    """The cells of a strip."""
    found: list[Cell] = []
    for text, style, *_ in strip:
        blank = _blank(style)
        if text.isascii():
            found += [(char, blank if char == " " else style) for char in text]
            continue
        for char in text:
            wide = cell_len(char)
            if not wide:
                found[-1:] = [(before + char, of) for before, of in found[-1:]]
            else:
                found += [(char, blank if char == " " else style), *[("", style)] * (wide - 1)]
    return found


def _blank(style: Style | None) -> Any:
    """What can be seen of a style where there is no character."""
    if style is None or style.underline or style.reverse or style.strike or style.overline or style.link:
        return style
    return style.bgcolor


def _spans(places: list[int]) -> Iterator[tuple[int, int]]:
    """Runs of places, and the place after the end of each; those that are near each other are one."""
    gaps = [0]
    for one, other in pairwise(places):
        gaps.append(gaps[-1] + (other - one > _NEAR))
    for _, run in groupby(zip(places, gaps, strict=False), key=lambda pair: pair[1]):
        of = [place for place, _ in run]
        yield of[0], of[-1] + 1
