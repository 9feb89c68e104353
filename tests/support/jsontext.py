"""A JSON writer and a reader of the tests' own, so that the project's are not judged by themselves.

Numbers keep their spelling: a [`Numeral`][migrator.jsonfile.Numeral] is written as its text, and
[`tokens`][] reads every number as the text it stands in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from migrator.jsonfile import Numeral


@dataclass(frozen=True)
class Style:
    """How a JSON file is laid out; the fields mean what they say in `json.dumps`."""

    indent: str | None = "  "
    newline: str = "\n"
    key_separator: str = ": "
    item_separator: str = ","
    ascii_only: bool = False
    tail: str = ""


STYLES = {
    "as AIPerf writes": Style(),
    "final newline": Style(tail="\n"),
    "compact": Style(indent=None, key_separator=":"),
    "one line": Style(indent=None, item_separator=", ", tail="\n"),
    "indent 4": Style(indent="    "),
    "tabs": Style(indent="\t", tail="\n"),
    "no indent": Style(indent=""),
    "CRLF": Style(newline="\r\n", tail="\r\n"),
    "ascii escapes": Style(ascii_only=True),
    "ascii compact": Style(indent=None, ascii_only=True),
    "spaced colons": Style(key_separator=" : "),
}


@dataclass(frozen=True)
class Token:
    """A number as it is spelled."""

    text: str


_TEXT = {ascii_only: json.JSONEncoder(ensure_ascii=ascii_only).encode for ascii_only in (False, True)}
"""As `json.dumps`, which makes such an encoder for every value."""


def written(value: Any, style: Style = STYLES["as AIPerf writes"], depth: int = 0) -> str:
    """A value as JSON text, without the style's tail."""
    if isinstance(value, dict):
        items = [
            _TEXT[style.ascii_only](k) + style.key_separator + written(v, style, depth + 1) for k, v in value.items()
        ]
        return _wrapped("{", items, "}", style, depth)
    if isinstance(value, list):
        return _wrapped("[", [written(item, style, depth + 1) for item in value], "]", style, depth)
    if isinstance(value, Numeral):
        return value.text
    return _TEXT[style.ascii_only](value)


def _wrapped(start: str, items: list[str], end: str, style: Style, depth: int) -> str:
    if not items or style.indent is None:
        return start + style.item_separator.join(items) + end
    line = style.newline + style.indent * (depth + 1)
    return start + line + ("," + line).join(items) + style.newline + style.indent * depth + end


def as_bytes(value: Any, style: Style) -> bytes:
    """A whole file."""
    return (written(value, style) + style.tail).encode()


def tokens(raw: bytes) -> Any:
    """A file's content with every number as a [`Token`][]."""
    return json.loads(raw, parse_float=Token, parse_int=Token, parse_constant=Token)
