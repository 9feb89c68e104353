"""The tests that the language of `--where` is made of: a word, a state, a part of a value, a comparison."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final, Protocol

from migrator.aiperf.releases import age, version_key
from migrator.batch.fields import Field, Kind, Values
from migrator.chain.steps import GENAI_PERF, VERSIONS
from migrator.errors import UsageError
from migrator.jsonfile import Json, Numeral
from migrator.values import NamedTuple


class Answers(Protocol):
    """What an expression asks of a file."""

    @property
    def words(self) -> str:
        """The text that bare words are looked for in, in lower case."""

    def values(self, key: str) -> Values:
        """The values of a field, by its key ([`key_of`][migrator.batch.fields.key_of])."""


Test = Callable[[Answers], bool]


class Token(NamedTuple):
    """A piece of the text, and its column, from 1; `quoted` tells text that stood in quotes from an empty place."""

    text: str
    column: int
    quoted: bool = False

    @property
    def name(self) -> str:
        """As it is called in a message."""
        return repr(self.text) if self.text else "end of the expression"


def refuse(place: int, found: str, expected: str = "", hint: str = "") -> UsageError:
    """The error about a place of an expression.

    Args:
        place: its index in the text.
        found: what is wrong.
        expected: what could stand there.
        hint: what to do.
    """
    return UsageError(found, expected=expected, hint=hint, place=column_text(place), file="--where")


def column_text(place: int) -> str:
    """`column 3`, for a place of the text by its index."""
    return f"column {place + 1}"


def has_word(word: str) -> Test:
    """Whether a word stands in the text of a file, whatever the case."""
    wanted = word.casefold()
    return lambda file: wanted in file.words


def is_set(key: str) -> Test:
    """Whether a flag is true."""
    return lambda file: True in file.values(key)


def has_part(key: str, field: Field, text: str) -> Test:
    """Texts that hold a text, whatever the case; numbers, versions and releases that begin with it."""
    wanted = text.casefold()

    def holds(value: Json) -> bool:
        if type(value) is bool:
            return str(value).casefold().startswith(wanted)
        if isinstance(value, (int, float)):
            return any(spelling.startswith(wanted) for spelling in _spellings(value))
        if type(value) is not str:
            return False
        begins = field.kind in ("version", "release")
        return value.casefold().startswith(wanted) if begins else wanted in value.casefold()

    return lambda file: any(map(holds, file.values(key)))


def _spellings(value: int | float) -> tuple[str, ...]:
    """A number as a file has it, and with four digits, as lists show it."""
    whole = value.text if isinstance(value, Numeral) else repr(value)
    try:
        return whole.casefold(), f"{float(value):.4g}", f"{float(value):.4f}".rstrip("0").rstrip(".")
    except OverflowError:
        return (whole,)


COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "~": fnmatchcase,
}
_ORDERING: Final = frozenset({"<", "<=", ">", ">="})


def comparison(key: str, field: Field, sign: Token, value: Token) -> Test:
    """Whether a value of a field compares with a text as an operator says.

    Args:
        key: of the field.
        field: what it is.
        sign: the operator.
        value: what it is compared with.

    Raises:
        UsageError: the field has no such order, or the text is not a value of it.
    """
    name, kind, text = key, field.kind, value.text
    if sign.text == "~" and kind not in ("text", "time", "any"):
        raise refuse(sign.column - 1, f"~ compares text, and {name} is not text", "= != < <= > >=")
    if sign.text in _ORDERING and kind in ("flag", "text"):
        raise refuse(sign.column - 1, f"{name} has no order", "= != or ~" if kind == "text" else "= or !=")
    compare = COMPARE[sign.text]
    if kind == "any":
        if sign.text in _ORDERING and _number(text) is None:
            raise refuse(
                value.column - 1, f"{text!r} is not a number", "a number: what is in the file has no other order"
            )
        return lambda file: any(_compared(compare, sign.text, given, text) for given in file.values(key))
    order = _ORDERS[kind]
    wanted = order(text)
    if wanted is None:
        raise refuse(value.column - 1, f"{text!r} is not {_WORDS[kind]}", _EXPECTED.get(kind, ""))

    # A file may have a newer version than the known ones, which are all that an expression may name.
    order_of_file = version_key if kind == "version" else order

    def holds(file: Answers) -> bool:
        values = map(order_of_file, file.values(key))
        return any(compare(given, wanted) for given in values if given is not None)

    return holds


def _compared(compare: Callable[[Any, Any], bool], sign: str, given: Json, text: str) -> bool:
    """A value of any type against a text: numbers as numbers, texts as texts, so that "0.10" is not 0.1."""
    if type(given) is bool:
        return sign in ("=", "==", "!=") and compare(str(given).lower(), text.lower())
    if isinstance(given, (int, float)):
        wanted = _number(text)
        if sign == "~":
            return fnmatchcase(_spellings(given)[0], text)
        return sign == "!=" if wanted is None else compare(_number(given), wanted)
    return type(given) is str and sign not in _ORDERING and compare(given, text)


def _version(text: Json) -> tuple[int, ...] | None:
    return version_key(text) if text in (GENAI_PERF, *VERSIONS) else None


def _numbers_first(value: Json) -> tuple[bool, Any] | None:
    is_number = isinstance(value, (int, float))
    return None if value is None else (not is_number, _number(value) if is_number else str(value))


def _release(name: Json) -> tuple[int, ...] | None:
    """Releases in order, as [`age`][migrator.aiperf.releases.age] has it. `0.13` is 0.13.0."""
    match = re.fullmatch(r"(\d{1,6}\.\d{1,6})(\.\d{1,6})?(.*)", name) if type(name) is str else None
    if not match or not re.fullmatch(_AFTER_THE_NUMBER, match[3]):
        return None
    return age(f"{match[1]}{match[2] or '.0'}{match[3]}")


_AFTER_THE_NUMBER: Final = r"(\.post\d{1,6})?(\.dev\d{1,12})?(\+[\w.-]*)?"


def _number(value: Json) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _flag(value: Json) -> bool | None:
    return {"true": True, "false": False, True: True, False: False}.get(value) if type(value) in (str, bool) else None


def _text(value: Json) -> str | None:
    return value if type(value) is str else None


_ORDERS: Final[dict[Kind, Callable[[Json], Any]]] = {
    "version": _version,
    "release": _release,
    "time": _text,
    "text": _text,
    "flag": _flag,
    "number": _number,
}
_WORDS: Final[dict[Kind, str]] = {
    "version": "a schema version",
    "release": "a release",
    "flag": "true or false",
    "number": "a number",
    "text": "text",
    "time": "text",
}
_EXPECTED: Final[dict[Kind, str]] = {
    "version": ", ".join((GENAI_PERF, *VERSIONS)),
    "release": "0.13.0 or the like",
}


def order_of(kind: Kind) -> Callable[[Json], Any]:
    """What values of fields of a kind are ordered by: versions in the order of their line, releases by their dates.

    Returns:
        a function from a value to something that has an order among all that it returns; None for what has no place in
        it. Values of any type have numbers first.
    """
    if kind == "any":
        return _numbers_first
    return version_key if kind == "version" else _ORDERS[kind]
