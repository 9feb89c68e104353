"""Parse and render JSON files, keeping the spelling of every number and the layout of the file.

A document that renders to the very bytes it was parsed from has lost nothing by being parsed. Most exports pass that
test on the fast path (`orjson`, two-space indentation, as AIPerf writes them). The others are parsed again by a slower
reader that keeps odd numbers as [`Numeral`][] and detects duplicate keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Self

from migrator.errors import DuplicateKeyError, NotJsonError
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
_NEAR_CANONICAL: Final = (
    Layout(tail="\n"),
    Layout(exponent_plus=False),
    Layout(exponent_plus=False, tail="\n"),
)


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
    if layout in _NEAR_CANONICAL:
        return _respell(raw, layout)
    return _relayout(raw.decode(), layout).encode()


def fingerprint(value: Json) -> bytes:
    """Bytes that are equal if and only if two values are: 20 and 20.0 differ, the order of keys does not matter."""
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
    """Parse one JSON document that will not be rendered: layout and spelling are not kept.

    Slower than [`parse`][], but it does not import `orjson`, which pays off for a single file.

    Raises:
        NotJsonError, DuplicateKeyError: as [`parse`][] does.
    """
    data, constants = _read(_decode(raw), float)
    return Parsed(data, constants=constants)


def _parse_faithfully(raw: bytes) -> Parsed:
    text = _decode(raw)
    data, constants = _read(text, _float)
    layout = _detect(text)
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
    import orjson

    value = float(token)
    return value if orjson.dumps(value).decode() == token else Numeral(token)


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


# --- layouts -------------------------------------------------------------------------------------------------

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


def _respell(raw: bytes, layout: Layout) -> bytes:
    """Canonical bytes in a layout that differs only in exponents and tail."""
    if not layout.exponent_plus and b"e+" in raw:
        raw = re.sub(_EXPONENT, rb"e", raw)
    return raw + layout.tail.encode()


def _detect(text: str) -> Layout:
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


def _relayout(text: str, layout: Layout) -> str:
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
