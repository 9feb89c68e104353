"""Parse and render JSON files, keeping the spelling of every number and the layout of the file.

A document that renders to the very bytes it was parsed from has lost nothing by being parsed. Most exports pass that
test on the fast path (`orjson`, two-space indentation, as AIPerf writes them). The others are parsed again by a slower
reader that keeps odd numbers as [`Numeral`][] and detects duplicate keys.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, Self

from migrator.errors import DuplicateKeyError, NotJsonError
from migrator.jsonlayout import CANONICAL, COMPACT, NEAR_CANONICAL, Layout, detect, relayout, respell
from migrator.values import NamedTuple

# Imported where it is needed: it takes longer than the rest of the start-up.
if TYPE_CHECKING:
    import orjson

Json = Any
"""A parsed JSON value: dict, list, str, int, float, [`Numeral`][], bool or None."""
Object = dict[str, Json]
"""A JSON object."""
Path = tuple[str | int, ...]
"""A place in a document: keys and list indices from the root."""


class Numeral(float):
    """A number that a float or a 64-bit integer would spell otherwise: `1.50`, `1e400`, a 70-bit integer, `NaN`.

    Its value is the nearest float; it is written as `text`, as it was read.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """The number that a JSON token spells."""
        self = super().__new__(cls, text)
        self.text = text
        return self

    def __repr__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.text,)


class Parsed(NamedTuple):
    """A parsed file: its data, and the layout that gives its bytes back.

    `uniform` is False if no layout gives the bytes of the file back: rendering keeps every value and its spelling, but
    not all white space. `constants` counts `NaN` and `Infinity` tokens, which JSON forbids.
    """

    data: Json
    layout: Layout = CANONICAL
    uniform: bool = True
    constants: int = 0


def parse(raw: bytes) -> Parsed:
    """Parse one JSON document.

    Raises:
        NotJsonError: not JSON, not UTF-8, too deep; with line and column.
        DuplicateKeyError: an object has a key twice; with the JSON path.
    """
    import orjson

    try:
        data = orjson.loads(raw)
        again = orjson.dumps(data, option=orjson.OPT_INDENT_2)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _parse_faithfully(raw)
    if again == raw:
        return Parsed(data)
    if b"\n" not in raw:
        return Parsed(data, COMPACT) if orjson.dumps(data) == raw else _parse_faithfully(raw)
    # Cheaper than rendering each of these layouts. The replacement also hits strings, but then the bytes differ.
    body = raw[:-1] if raw.endswith(b"\n") else raw
    bare = len(body) != len(again)
    if body == (again.replace(b"e+", b"e") if bare else again):
        return Parsed(data, Layout(exponent_plus=not bare, tail="\n" if body is not raw else ""))
    return _parse_faithfully(raw)


def render(data: Json, layout: Layout = CANONICAL) -> bytes:
    """The bytes of a document in a layout; the inverse of [`parse`][] for uniform files.

    Raises:
        NotJsonError: nested deeper than the writer can follow, or text with half a surrogate pair.
    """
    import orjson

    option = None if layout is COMPACT else orjson.OPT_INDENT_2
    try:
        raw = orjson.dumps(data, option=option, default=_numeral)
    except orjson.JSONEncodeError as error:
        reasons = {"Recursion": "nested more than 250 levels deep", "surrogates": "holds half of a surrogate pair"}
        found = next((text for word, text in reasons.items() if word in str(error)), f"cannot be written: {error}")
        raise NotJsonError(found, expected="a document that can be written as JSON") from error
    if layout is CANONICAL or layout is COMPACT:
        return raw
    if layout in NEAR_CANONICAL:
        return respell(raw, layout)
    return relayout(raw.decode(), layout).encode()


def fingerprint(value: Json) -> bytes:
    """Bytes that are equal if and only if two values are: 20 and 20.0 differ, the order of keys does not matter."""
    if "orjson" not in sys.modules and (text := _sorted_text(value)) is not None:
        # The same bytes: a command on one file ends before `orjson` has been imported.
        return text.encode()
    import orjson

    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=_numeral)
    except orjson.JSONEncodeError:
        value = _spelled(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=_numeral)
    except orjson.JSONEncodeError:
        # A string has half a surrogate pair. No JSON text starts with a tilde.
        return b"~" + orjson.dumps(_escaped(value), option=orjson.OPT_SORT_KEYS, default=_numeral)


def _sorted_text(value: Json) -> str | None:
    """What `orjson` writes with its keys sorted; None for what it may spell otherwise than Python."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value) if value.isascii() and "\x7f" not in value else None
    if value is None or kind is bool:
        return "null" if value is None else "true" if value else "false"
    if kind is int:
        return str(value) if -(2**63) <= value < 2**64 else None
    if kind is float:
        return number_text(value) if math.isfinite(value) else None
    if kind is list:
        parts = [told for item in value if (told := _sorted_text(item)) is not None]
        return f"[{','.join(parts)}]" if len(parts) == len(value) else None
    if kind is not dict:
        return value.text if kind is Numeral else None
    pairs = [
        f"{key}:{told}"
        for name, item in sorted(value.items())
        if (key := _sorted_text(name)) is not None and (told := _sorted_text(item)) is not None
    ]
    return f"{{{','.join(pairs)}}}" if len(pairs) == len(value) else None


def _escaped(value: Json) -> Json:
    """A copy in which every string and key is spelled as in JSON, in ASCII."""
    if type(value) is dict:
        return {json.dumps(key): _escaped(item) for key, item in value.items()}
    if type(value) is list:
        return [_escaped(item) for item in value]
    return json.dumps(value) if type(value) is str else value


def _spelled(value: Json) -> Json:
    """A copy in which integers that `orjson` refuses are [`Numeral`][]s."""
    if type(value) is dict:
        return {key: _spelled(item) for key, item in value.items()}
    if type(value) is list:
        return [_spelled(item) for item in value]
    return Numeral(str(value)) if type(value) is int and not -(2**63) <= value < 2**64 else value


def plain(value: Json) -> Json:
    """A copy in which every [`Numeral`][] is an int or float, for code that does not know it."""
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    if type(value) is list:
        return [plain(item) for item in value]
    if type(value) is Numeral:
        return int(value.text) if value.text.lstrip("-").isdigit() and len(value.text) < 400 else float(value)
    return value


def path_text(path: Path) -> str:
    """A place as a JSON path: `$.run_info.trial`, `$.phases[0]`, `$["odd key"]`."""
    return "$" + "".join(
        f"[{part}]" if type(part) is int else f".{part}" if str(part).isidentifier() else f"[{json.dumps(part)}]"
        for part in path
    )


def _numeral(value: object) -> orjson.Fragment:
    import orjson

    if isinstance(value, Numeral):
        return orjson.Fragment(value.text)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


# --- the faithful reader -------------------------------------------------------------------------------------


def parse_to_look(raw: bytes) -> Parsed:
    """Parse one JSON document that will not be rendered: the data of [`parse`][], and not its layout.

    Slower than [`parse`][], but it does not import `orjson`, which pays off for a single file.

    Raises:
        NotJsonError, DuplicateKeyError: as [`parse`][] does.
    """
    try:
        data, constants = _read(_decode(raw), _float_to_look)
    except _OlderSpellingError:
        return parse(raw)
    return Parsed(data, constants=constants)


class _OlderSpellingError(Exception):
    """A number with an exponent as older writers have it: whether it is a [`Numeral`][] depends on the whole file."""


def _float_to_look(token: str) -> float:
    value = float(token)
    usual = number_text(value)
    if usual == token:
        return value
    if usual.replace("e+", "e") == token:
        raise _OlderSpellingError
    return Numeral(token)


def _parse_faithfully(raw: bytes) -> Parsed:
    text = _decode(raw)
    data, constants = _read(text, _float)
    layout = detect(text)
    return Parsed(data, layout, uniform=render(data, layout) == raw, constants=constants)


def _read(text: str, parse_float: Callable[[str], float]) -> tuple[Json, int]:
    """The document, and how many NaN and Infinity tokens are in it."""
    duplicates: list[tuple[dict[str, Json], str]] = []
    constants: list[str] = []

    def pairs(members: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(members)
        if len(found) != len(members):
            names = [name for name, _ in members]
            duplicates.append((found, next(name for name in names if names.count(name) > 1)))
        return found

    def constant(token: str) -> Numeral:
        constants.append(token)
        return Numeral(token)

    try:
        data = json.loads(
            text, parse_float=parse_float, parse_int=_int, parse_constant=constant, object_pairs_hook=pairs
        )
    except json.JSONDecodeError as error:
        raise NotJsonError(
            f"not JSON: {error.msg[0].lower()}{error.msg[1:].removesuffix(' starting at')}",
            place=f"line {error.lineno} column {error.colno}",
            hint="the file may be cut off" if _may_be_cut(error, text) else "",
        ) from error
    except RecursionError as error:
        raise NotJsonError("nested too deeply to be an export") from error
    if duplicates:
        # An object that was dropped as a duplicate itself has no place: name one around it.
        owner, name = next((found for found in duplicates if find(data, found[0]) is not None), duplicates[-1])
        raise DuplicateKeyError(
            f"the key {json.dumps(name)} occurs twice in one object",
            place=path_text((*(find(data, owner) or ()), name)),
            hint="delete one of the two; only you know which is right",
        )
    return data, len(constants)


def _may_be_cut(error: json.JSONDecodeError, text: str) -> bool:
    return error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")


def _decode(raw: bytes) -> str:
    if not raw.strip():
        raise NotJsonError("the file is empty" if not raw else "the file holds only white space")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:4]:
        raise NotJsonError("the file is UTF-16 or UTF-32", expected="UTF-8", hint="convert it with iconv")
    if raw.startswith(b"\xef\xbb\xbf"):
        raise NotJsonError(
            "the file starts with a byte order mark",
            expected="plain UTF-8",
            hint="remove the first three bytes",
        )
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise NotJsonError(
            f"byte 0x{raw[error.start]:02x} is not UTF-8", expected="UTF-8", place=f"line {line}"
        ) from error


def _float(token: str) -> float:
    value = float(token)
    return value if number_text(value) == token else Numeral(token)


def number_text(value: float) -> str:
    """A finite number as `orjson` writes it, and so AIPerf: the digits of Python, with fewer exponents and zeros."""
    text = repr(value)
    if "e" not in text:
        return text
    digits, _, exponent = text.partition("e")
    if exponent == "-05":
        sign, digits = ("-", digits[1:]) if value < 0 else ("", digits)
        return f"{sign}0.0000{digits.replace('.', '')}"
    return f"{digits}e{int(exponent):+d}"


def _int(token: str) -> int | Numeral:
    if len(token) <= 18 and token != "-0":
        return int(token)
    if len(token) > 20 or token == "-0" or not -(2**63) <= int(token) < 2**64:
        return Numeral(token)
    return int(token)


ABSENT: Final = object()
"""What [`at`][] returns for a path that does not exist; null is a value."""


def at(node: Json, path: Path) -> Json:
    """The value at a path, or [`ABSENT`][]."""
    for part in path:
        if type(node) is dict:
            node = node.get(part, ABSENT)
        elif type(node) is list and type(part) is int and part < len(node):
            node = node[part]
        else:
            return ABSENT
    return node


def leaves(value: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """(path, value) of every scalar, and of every empty object or array, in document order."""
    items = value.items() if type(value) is dict else enumerate(value) if type(value) is list else ()
    if not items or not value:
        yield path, value
        return
    for key, item in items:
        yield from leaves(item, (*path, key))


def find(root: Json, node: Json) -> Path | None:
    """The path in `root` of the very object `node`, not of an equal one; None if it is not there."""
    stack: list[tuple[Path, Json]] = [((), root)]
    while stack:
        path, value = stack.pop()
        if value is node:
            return path
        if type(value) is dict:
            stack.extend(((*path, key), item) for key, item in value.items())
        elif type(value) is list:
            stack.extend(((*path, index), item) for index, item in enumerate(value))
    return None
