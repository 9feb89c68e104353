"""What a grid shows: columns, and lines of plain text. No Textual here, so that tables can be tested as data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from migrator.jsonfile import Json, Numeral
from migrator.render.comparison.numbers import NONE, number
from migrator.render.safe import printable

LONGEST: Final = 400
"""Characters of a text that are shown at all; a name of a million is cut before it is made printable."""


LEAD: Final = 4
"""Cells before the first column of a grid: the cursor's sign, and a mark of two."""
GAP: Final = 2
"""Cells between two columns."""


class Column(NamedTuple):
    """A column: `key` for sorting, its head, its width in cells (0: as much as is left), and its alignment.

    `tail` is for paths: where there is no room, the end is kept and not the beginning.
    """

    key: str
    title: str
    width: int = 0
    right: bool = False
    tail: bool = False


class Line(NamedTuple):
    """A line of a grid: the text of each cell, and a tone for all of it.

    `tone` is `""`, `dim`, `group`, `good`, `bad` or `warn`; it never says more than the text does. `mark` stands
    before the line in at most two cells.
    """

    cells: tuple[str, ...]
    tone: str = ""
    mark: str = ""


class Lines(Protocol):
    """Lines by their index, made when they are looked at."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def line(self, index: int) -> Line:
        """The line at an index below the length."""
        ...


class Listed:
    """Lines that are held in memory."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = tuple(lines)

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, index: int) -> Line:
        """The line at an index."""
        return self.lines[index]


def safe_text(text: object) -> str:
    """Text out of a file with control characters escaped, at most [`LONGEST`][] characters; empty for None."""
    if text is None:
        return ""
    whole = text if isinstance(text, str) else str(text)
    return printable(whole[:LONGEST]) + ("…" if len(whole) > LONGEST else "")


def shortened(text: str, room: int) -> str:
    """A text in so many characters: of one that is longer, the middle is left out, most of all of a path."""
    if len(text) <= room:
        return text
    kept = max(0, room - 1)
    start = kept // 3
    return f"{text[:start]}…{text[len(text) - (kept - start) :]}" if room > 0 else ""


def home_path(path: str) -> str:
    """A path as a shell would take it, shorter where it is below the user's folder."""
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if home != "/" and path.startswith(f"{home}/") else path


def figure(value: Json, width: int = 7) -> str:
    """A number with four significant digits, fewer if it would not fit the width; empty where there is none.

    A number that is cut looks like another one: with an exponent, digits go before it does.
    """
    if type(value) is bool or not isinstance(value, (int, float)):
        return ""
    if isinstance(value, int) and abs(value) >= 2**1000:
        return "huge"
    text = next(text for text in _shorter(float(value)) if len(text) <= width)
    return (value.text if isinstance(value, Numeral) else "not finite") if text == NONE else text


def _shorter(value: float) -> Iterator[str]:
    yield from (number(value, digits) for digits in (4, 3, 2))
    for digits in (2, 1, 0):
        mantissa, exponent = f"{value:.{digits}e}".split("e")
        yield f"{mantissa}e{int(exponent)}"
    yield "huge"


def tab_separated(columns: Sequence[Column], lines: Iterable[Line]) -> str:
    """A table as tab-separated text, for a spreadsheet."""
    return "\n".join(
        "\t".join(cell.strip() for cell in row) for row in ([c.title for c in columns], *(line.cells for line in lines))
    )


def fitted(columns: Sequence[Column], lines: Iterable[Line], widest: int = 40) -> tuple[Column, ...]:
    """The columns, each as wide as what stands in it and at most `widest`; a width that is set stays."""
    widths = [len(column.title) for column in columns]
    for line in lines:
        for place, cell in enumerate(line.cells[: len(widths)]):
            widths[place] = max(widths[place], min(len(cell), widest))
    return tuple(c._replace(width=c.width or w) for c, w in zip(columns, widths, strict=True))
