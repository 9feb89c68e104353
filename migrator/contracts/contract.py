"""A reader's contract: the paths that a program reads in an export, and what it makes of one that is not there.

    [reader]
    name = "our-dashboard"
    about = "the nightly dashboard, parse.py"
    needs = ["request_latency.avg", "input_config.loadgen.concurrency"]
    wants = ["error_request_count.avg"]
    nulls = "stop"

    [[path]]
    path = "input_config.loadgen.concurrency"
    type = "number"
    absent = "counts as 0"

A path is what the reader's code goes through, key by key: `METRIC.STATISTIC`, or any other (`models[0].name`). Without
what a reader *needs* its result is wrong or missing; without what it *wants*, poorer. `absent` says in words what it
makes of a missing value. `nulls` says what a metric that is null does to it: "pass", or "stop" (it fails).
"""

from __future__ import annotations

import os
import re
import tomllib
from functools import cache
from typing import Any, Final, Literal, get_args

from migrator.errors import UsageError
from migrator.jsonfile import ABSENT, Json
from migrator.values import NamedTuple

Type = Literal["any", "number", "text", "boolean", "list", "object"]
_FOLDER: Final = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "readers")
_PART: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]|\.(?=[^.\[\]])")
_READER_KEYS: Final = {"name", "about", "needs", "wants", "nulls"}
_PATH_KEYS: Final = {"path", "type", "unit", "absent"}


class Needed(NamedTuple):
    """One path of a contract.

    `parts` are its keys and positions, `required` whether the reader needs it. `unit` is the unit that the metric must
    have, empty for any. `absent` says in words what the reader makes of a missing value.
    """

    path: str
    parts: tuple[str | int, ...]
    required: bool
    type: Type = "any"
    unit: str = ""
    absent: str = ""


class Contract(NamedTuple):
    """What a reader needs of an export."""

    name: str
    about: str
    paths: tuple[Needed, ...]
    null_stops: bool = False


class Missing(NamedTuple):
    """A path that a file does not have as the reader needs it, and what is there instead."""

    needed: Needed
    found: str


@cache
def shipped() -> tuple[str, ...]:
    """The names of the contracts that come with the tool, of public readers."""
    return tuple(sorted(name.removesuffix(".toml") for name in os.listdir(_FOLDER) if name.endswith(".toml")))


def contract(name: str) -> Contract:
    """A contract by the name of a shipped one, or by its file.

    Raises:
        UsageError: there is no such contract, or the file is not one; with the file, the key, and what is expected.
    """
    path = os.path.join(_FOLDER, f"{name}.toml") if name in shipped() else name
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"no such contract: {reason}", expected=f"a TOML file, or one of {', '.join(shipped())}", file=name
        ) from error
    return parsed(text, path)


def parsed(text: str, file: str) -> Contract:
    """The contract that a text of TOML is.

    Args:
        text: the contract.
        file: its name, for errors.

    Raises:
        UsageError: as of [`contract`][].
    """
    try:
        table = tomllib.loads(text)
    except ValueError as error:
        raise UsageError(f"is not TOML: {error}", file=file) from error
    reader = table.get("reader")
    if type(reader) is not dict:
        raise UsageError("has no table [reader]", expected="[reader] with name and needs", file=file)
    _only(reader, _READER_KEYS, "[reader]", file)
    _only(table, {"reader", "path"}, "the file", file)
    name = reader.get("name")
    if type(name) is not str or not name:
        raise UsageError("has no name", expected="a text", place="reader.name", file=file)
    nulls = reader.get("nulls", "pass")
    if nulls not in ("pass", "stop"):
        raise UsageError(
            f"{nulls!r} is not a way to take null", expected="pass or stop", place="reader.nulls", file=file
        )
    details = _details(table.get("path", []), file)
    paths = [
        _needed(path, key == "needs", details.pop(path, {}), file)
        for key in ("needs", "wants")
        for path in _texts(reader.get(key, []), f"reader.{key}", file)
    ]
    if not paths:
        raise UsageError("needs nothing", expected="a list of paths", place="reader.needs", file=file)
    if details:
        raise UsageError(
            f"{next(iter(details))} is neither needed nor wanted",
            expected="a path of [reader]",
            place="path",
            file=file,
        )
    return Contract(name, str(reader.get("about", "")), tuple(paths), nulls == "stop")


def parts_of(path: str) -> tuple[str | int, ...] | None:
    """The keys and positions of a path (`models[0].name`); None if it is not one."""
    parts, position = list[str | int](), 0
    while position < len(path):
        match = _PART.match(path, position)
        if match is None or (match[1] and parts and path[position - 1] != "."):
            return None
        if match[1] or match[2]:
            parts.append(match[1] if match[1] else int(match[2]))
        position = match.end()
    return tuple(parts) or None


def missing(document: Json, of: Contract) -> list[Missing]:
    """What a document does not have as a reader needs or wants it, in the order of the contract."""
    found = [Missing(needed, reason) for needed in of.paths if (reason := _reason(document, needed))]
    if of.null_stops and type(document) is dict:
        stops = {needed.parts[0] for needed in of.paths if len(needed.parts) > 1}
        found = [
            lack._replace(found="the metric is null, which stops the reader")
            if lack.needed.parts[0] in stops and document.get(lack.needed.parts[0], ABSENT) is None
            else lack
            for lack in found
        ]
    return found


def is_met(lacks: list[Missing], of: Contract) -> bool:
    """Whether a reader can do with a file that lacks this."""
    return not any(lack.needed.required or (of.null_stops and "null" in lack.found) for lack in lacks)


def value_at(document: Json, parts: tuple[str | int, ...]) -> Json:
    """The value at a path; ABSENT if there is none. A key may have dots in it: the longest key that is there counts."""
    if not parts:
        return document
    if type(document) is list and type(parts[0]) is int:
        return value_at(document[parts[0]], parts[1:]) if parts[0] < len(document) else ABSENT
    if type(document) is not dict:
        return ABSENT
    for length in range(len(parts), 0, -1):
        if all(type(part) is str for part in parts[:length]):
            value = document.get(".".join(map(str, parts[:length])), ABSENT)
            if value is not ABSENT:
                return value_at(value, parts[length:])
    return ABSENT


def _reason(document: Json, needed: Needed) -> str:
    value = value_at(document, needed.parts)
    if value is ABSENT:
        return "missing"
    if value is None:
        return "null"
    if needed.type != "any" and not _is(value, needed.type):
        return f"not {_ARTICLES[needed.type]}"
    if needed.unit:
        unit = value_at(document, (*needed.parts[:-1], "unit"))
        if unit != needed.unit:
            return f"in {unit}" if type(unit) is str and unit else "without a unit"
    return ""


_ARTICLES: Final = {
    "number": "a number",
    "text": "a text",
    "boolean": "true or false",
    "list": "a list",
    "object": "an object",
}


def _is(value: Json, kind: Type) -> bool:
    if kind == "number":
        return isinstance(value, (int, float)) and type(value) is not bool
    return type(value) is {"text": str, "boolean": bool, "list": list, "object": dict}[kind]


def _needed(path: str, required: bool, details: dict[str, Any], file: str) -> Needed:
    parts = parts_of(path)
    if parts is None:
        raise UsageError(f"{path!r} is not a path", expected="such as metric.avg or models[0].name", file=file)
    kind = details.get("type", "any")
    if kind not in get_args(Type):
        raise UsageError(f"{kind!r} is not a type", expected=", ".join(get_args(Type)), place=path, file=file)
    return Needed(path, parts, required, kind, str(details.get("unit", "")), str(details.get("absent", "")))


def _details(rows: Any, file: str) -> dict[str, dict[str, Any]]:
    if type(rows) is not list or not all(type(row) is dict and type(row.get("path")) is str for row in rows):
        raise UsageError(
            "is not a list of tables with a path", expected='[[path]] with path = "…"', place="path", file=file
        )
    for row in rows:
        _only(row, _PATH_KEYS, "[[path]]", file)
    return {row["path"]: row for row in rows}


def _texts(value: Any, place: str, file: str) -> list[str]:
    if type(value) is not list or not all(type(item) is str for item in value):
        raise UsageError("is not a list of paths", expected='["metric.avg", …]', place=place, file=file)
    return value


def _only(table: dict[str, Any], known: set[str], place: str, file: str) -> None:
    from difflib import get_close_matches

    for key in table:
        if key not in known:
            meant = get_close_matches(key, known, 1)
            raise UsageError(
                f"{key!r} is not known in {place}", expected=meant[0] if meant else ", ".join(sorted(known)), file=file
            )
