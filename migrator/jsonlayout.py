"""How a JSON file is laid out: white space, exponents and escapes, which say nothing and are kept all the same."""

from __future__ import annotations

import json
import re
from typing import Final

from migrator.values import NamedTuple


class Layout(NamedTuple):
    """White space and escaping of a uniformly laid out JSON file.

    `indent` is the unit of one level, None for a file on one line. `tail` is what follows the last brace. With
    `exponent_plus` exponents are written as `1e+18`; without, as `1e18`, as orjson before 3.11.9 did, and so AIPerf 0.2
    and 0.3 when they were current.
    """

    indent: str | None = "  "
    newline: str = "\n"
    key_separator: str = ": "
    item_separator: str = ","
    ascii_only: bool = False
    exponent_plus: bool = True
    tail: str = ""


CANONICAL: Final = Layout()
COMPACT: Final = Layout(indent=None, key_separator=":")
"""A document on one line without a space, as each line of AIPerf's records is."""
NEAR_CANONICAL: Final = (
    Layout(tail="\n"),
    Layout(exponent_plus=False),
    Layout(exponent_plus=False, tail="\n"),
)


# Patterns are strings, compiled where they are used: the fast path does not need them.
_EXPONENT: Final = rb"(?m)e\+(?=\d+,?$)"
"""In canonical text every scalar ends its line, and a string ends in a quote: digits at the end are a number."""
_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_FIRST_INDENT: Final = r'\s*[{\[]\r?\n([ \t]*)["{\[\w-]'
_FIRST_KEY: Final = rf"{_STRING}(\s*:\s*)"
_COMMA: Final = rf"{_STRING}|(, *)"
"""Strings are matched as a whole, so that commas in them do not count."""
_KEY: Final = rf"( *{_STRING}): "
_NOT_ASCII: Final = r"[^\x00-\x7e]"


def respell(raw: bytes, layout: Layout) -> bytes:
    """Canonical bytes in a layout that differs only in exponents and tail."""
    if not layout.exponent_plus and b"e+" in raw:
        raw = re.sub(_EXPONENT, rb"e", raw)
    return raw + layout.tail.encode()


def detect(text: str) -> Layout:
    """The layout that a JSON text most likely has."""
    first_indent = re.match(_FIRST_INDENT, text)
    first_key = re.search(_FIRST_KEY, text)
    comma = next((match[1] for match in re.finditer(_COMMA, text) if match[1]), ",")
    body = text.rstrip()
    return Layout(
        indent=first_indent[1] if first_indent else None,
        newline="\r\n" if "\r\n" in text else "\n",
        key_separator=first_key[1] if first_key else ": ",
        item_separator="," if first_indent else comma,
        # Writers that escape beyond ASCII escape DEL, too.
        ascii_only=text.isascii() and "\\u" in text and "\x7f" not in text,
        tail=text[len(body) :],
    )


def relayout(text: str, layout: Layout) -> str:
    """Canonical text in another layout, line by line: a JSON string never contains a line break."""
    lines = text.split("\n")
    if layout.key_separator != ": ":
        key = re.compile(_KEY)
        lines = [key.sub(lambda m: m[1] + layout.key_separator, line, count=1) for line in lines]
    if layout.indent is None:
        # All leading spaces of a line are indentation.
        text = "".join(
            line.lstrip(" ")[:-1] + layout.item_separator if line.endswith(",") else line.lstrip(" ") for line in lines
        )
    elif layout.indent != "  ":
        text = "\n".join(
            layout.indent * ((len(line) - len(line.lstrip(" "))) // 2) + line.lstrip(" ") for line in lines
        )
    else:
        text = "\n".join(lines)
    if layout.newline != "\n":
        text = text.replace("\n", layout.newline)
    if layout.ascii_only:
        text = re.sub(_NOT_ASCII, lambda m: json.dumps(m[0])[1:-1], text)
    return text + layout.tail
