"""Reports as JSON, one document a line, valid for every parser whatever the exports contain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from migrator.jsonfile import Json, Numeral

# Imported by the functions that need it: it takes longer than the rest of a start-up.
if TYPE_CHECKING:
    import orjson

_DEEPEST: Final = 100
"""Levels of nesting that are written where the whole report is too deep."""


def json_line(row: dict[str, Any]) -> str:
    r"""A report as one line of JSON that is harmless on a terminal.

    Numbers keep their spelling; `NaN` and `Infinity`, which JSON does not have, become strings. Control characters are
    escaped. In a file name that is not UTF-8, the invalid bytes are `\udc80` to `\udcff`, which [`os.fsencode`][]
    converts back.
    """
    import orjson

    try:
        line = orjson.dumps(row, default=_number).decode()
    except orjson.JSONEncodeError:
        line = orjson.dumps(_legible(row, _DEEPEST), default=_number).decode()
    return line if line.isprintable() else harmless_json(line)


def harmless_json(text: str) -> str:
    """The same JSON, in lines, with every character escaped that could move a cursor or turn the direction of text."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


def _number(value: object) -> orjson.Fragment | str:
    import orjson

    if not isinstance(value, Numeral):
        raise TypeError(f"{type(value).__name__} is not a JSON value")
    return orjson.Fragment(value.text) if value.text[-1].isdigit() else value.text


def _legible(value: Json, levels: int) -> Json:
    """The value without what orjson refuses: unpaired surrogates, integers beyond 64 bits, and too many levels."""
    import orjson

    if type(value) is int and not -(2**63) <= value < 2**64:
        return orjson.Fragment(str(value))
    if isinstance(value, str):
        return value if value.isprintable() else orjson.Fragment(json.dumps(value))
    if not isinstance(value, (dict, list)):
        return value
    if not levels:
        return "nested too deeply to be shown"
    if isinstance(value, dict):
        return {key: _legible(item, levels - 1) for key, item in value.items()}
    return [_legible(item, levels - 1) for item in value]
