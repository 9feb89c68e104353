"""Text for people: calm, aligned, readable at 80 columns and without colour.

Everything that comes out of a file is made [`printable`][migrator.render.safe.printable] first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrator.jsonfile import Json, render
from migrator.render.safe import printable

WIDTH = 80


def value_text(value: Json, width: int = 40) -> str:
    """A value as JSON on one line, cut off at `width` characters; large objects are told by their size."""
    if type(value) is dict and len(value) > 3:
        return f"{{{len(value)} keys}}"
    if type(value) is list and len(value) > 3:
        return f"[{len(value)} items]"
    lines = render(value).decode().split("\n")
    text = " ".join(line.strip() for line in lines) if len(lines) > 1 else lines[0]
    text = printable(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def table(rows: Iterable[Sequence[str]], indent: str = "") -> Iterator[str]:
    """Rows as lines with aligned columns; the last column is not padded."""
    held = [tuple(row) for row in rows]
    if not held:
        return
    widths = [max(len(row[column]) for row in held) for column in range(len(held[0]))]
    for row in held:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        yield (indent + "  ".join([*cells, row[-1]])).rstrip()


def wrapped(text: str, indent: str = "", hanging: str | None = None) -> Iterator[str]:
    """A paragraph in lines of at most 80 columns."""
    line, start = "", indent
    for word in text.split():
        if line and len(start) + len(line) + 1 + len(word) > WIDTH:
            yield start + line
            line, start = word, indent if hanging is None else hanging
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield start + line
