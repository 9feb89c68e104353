"""Plain text: aligned, readable at 80 columns and without colour.

Everything that comes from a file is made [`printable`][migrator.render.safe.printable] first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from migrator.jsonfile import Json, Numeral
from migrator.render.safe import printable

_width = 80


def line_width() -> int:
    """Columns that text is wrapped at: 80, unless a terminal says otherwise."""
    return _width


def set_width(columns: int) -> None:
    """Wrap text at so many columns from now on."""
    global _width
    _width = columns


def in_the_middle(name: str, columns: int) -> str:
    """A printable path of at most so many columns: both of its ends tell more than its middle."""
    if len(name) <= columns:
        return name
    last = min(max(columns // 2, len(name.rpartition("/")[2]) + 1), columns - 8)
    return f"{name[: columns - last - 1]}…{name[-last:]}"


def value_text(value: Json, most: int = 40) -> str:
    """A value as JSON on one line of at most `most` characters; of large objects and arrays, their size."""
    if type(value) is dict and len(value) > 3:
        return f"{{{len(value)} keys}}"
    if type(value) is list and len(value) > 3:
        return f"[{len(value)} items]"
    text = printable(_one_line(value))
    return text if len(text) <= most else text[: most - 1] + "…"


def _one_line(value: Json) -> str:
    if isinstance(value, Numeral):
        return value.text
    if type(value) is dict:
        return "{" + ", ".join(f"{json.dumps(key)}: {_one_line(item)}" for key, item in value.items()) + "}"
    if type(value) is list:
        return "[" + ", ".join(map(_one_line, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def table(rows: Iterable[Sequence[str]], indent: str = "") -> Iterator[str]:
    """Rows as lines with aligned columns; the last column is not padded."""
    cells_of = [tuple(row) for row in rows]
    if not cells_of:
        return
    widths = [max(len(row[column]) for row in cells_of) for column in range(len(cells_of[0]))]
    for row in cells_of:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        yield (indent + "  ".join([*cells, row[-1]])).rstrip()


def plural(count: int, noun: str) -> str:
    """`1 place`, `2 places`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def release_range(releases: Sequence[str]) -> str:
    """`0.4.0 to 0.7.0` for the releases that write a version, oldest first; `no published release` for none."""
    if not releases:
        return "no published release"
    first, last = releases[0], releases[-1]
    if ".dev" in first:
        return f"nightlies from {first}"
    return first if first == last else f"{first} to {last}"


def exports_of_runs(exports: int, runs: int) -> str:
    """`3 exports of 1 run`; without the runs where each export is one."""
    return plural(exports, "export") + (f" of {plural(runs, 'run')}" if runs < exports else "")


def wrapped(text: str, indent: str = "", hanging: str | None = None) -> Iterator[str]:
    """A paragraph in lines of [`line_width`][], indented; all but the first by `hanging`, if that is given."""
    line, start = "", indent
    for word in text.split():
        if line and len(start) + len(line) + 1 + len(word) > _width:
            yield start + line
            line, start = word, indent if hanging is None else hanging
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield start + line
