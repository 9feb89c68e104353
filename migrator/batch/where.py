"""The language in which `--where` and the filter of the terminal UI choose files: `version < 1.3 -cancelled llama`.

    expression = term { "or" term }
    term       = factor { [ "and" ] factor }
    factor     = ( "not" | "-" | "!" ) factor | "(" expression ")" | test
    test       = FIELD operator VALUE | FIELD ":" PART | "is:" STATE | FLAG | WORD
    operator   = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~"

What a FIELD can be is in [`migrator.batch.fields`][]. A VALUE, a PART or a WORD is bare or stands in quotes. A field
that a file does not have makes every test of it false. Where it has several values, one that fits is enough.

An expression is read once from left to right, and nothing is tried twice.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

from migrator.aiperf.releases import age, version_key
from migrator.batch import paths
from migrator.batch.fields import FIELDS, Field, File, Kind, Values, field_of, key_of, statistic_of
from migrator.chain.names import is_known
from migrator.chain.steps import GENAI_PERF, VERSIONS
from migrator.errors import UsageError
from migrator.jsonfile import Json, Numeral


class Answers(Protocol):
    """What an expression asks of a file."""

    @property
    def words(self) -> str:
        """The text that bare words are looked for in, in lower case."""

    def values(self, key: str) -> Values:
        """The values of a field, by its key ([`key_of`][migrator.batch.fields.key_of])."""


class AnswersOf:
    """The answers of a file that was read."""

    def __init__(self, file: File) -> None:
        self._file = file

    @property
    def words(self) -> str:
        """As of [`Answers`][]."""
        return self._file.words

    def values(self, key: str) -> Values:
        """As of [`Answers`][]."""
        return field_of(key).values(self._file)


Test = Callable[[Answers], bool]


class Expression(NamedTuple):
    """A test that was read.

    Attributes:
        holds: whether a file passes.
        keys: the fields that it asks for.
        unproven: what may be misspelt, for no release of AIPerf need have it: metrics of one's own and places in a
            document, each with where it stands in the expression (`column 3`).
    """

    holds: Test
    keys: tuple[str, ...]
    unproven: Mapping[str, str]


@lru_cache(maxsize=64)
def where(text: str) -> Expression:
    """The test that an expression stands for.

    Raises:
        UsageError: not understood; with the column.
    """
    return _Parser(text).parse()


_NAME_ENDS: Final = frozenset("<>=!~:()\"'")
_VALUE_ENDS: Final = frozenset("<>=!~()\"'")
_PART_ENDS: Final = frozenset("()\"'")
_KEYWORDS: Final = ("and", "or", "not")
_DEEPEST: Final = 50
"""Parentheses and negations within each other."""


class _Token(NamedTuple):
    """A piece of the text, and its column, from 1; `quoted` tells text that stood in quotes from an empty place."""

    text: str
    column: int
    quoted: bool = False

    @property
    def name(self) -> str:
        """As it is called in a message."""
        return repr(self.text) if self.text else "end of the expression"


class _Parser:
    """Recursive descent, a method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0
        self._keys: dict[str, None] = {}
        self._unproven: dict[str, str] = {}

    def parse(self) -> Expression:
        """The whole text."""
        test = self._expression()
        if rest := self._peek():
            raise _refuse(self._place, f"unexpected {rest!r}", "and, or, or the end")
        return Expression(test, tuple(self._keys), self._unproven)

    # --- the text ----------------------------------------------------------------------------------------------

    def _peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while self._text[self._place : self._place + 1].isspace():
            self._place += 1
        return self._text[self._place : self._place + 1]

    def _run(self, ends: frozenset[str], *, brackets: bool = False) -> str:
        """The text up to a blank or one of some characters; those in brackets do not end it."""
        start = end = self._place
        while end < len(self._text) and not (char := self._text[end]).isspace() and char not in ends:
            if brackets and char == "[":
                try:
                    end = paths.bracket_end(self._text, end)
                except ValueError as error:
                    raise _refuse(end, str(error), "]") from error
            end += 1
        self._place = end
        return self._text[start:end]

    def _quoted(self) -> _Token:
        start = self._place
        end = self._text.find(self._text[start], start + 1)
        if end < 0:
            raise _refuse(start, f"unexpected {self._text[start]!r}", "a second one that closes it")
        self._place = end + 1
        return _Token(self._text[start + 1 : end], start + 1, quoted=True)

    def _word(self, ends: frozenset[str], *, brackets: bool = False) -> _Token:
        if self._peek() and self._peek() in "\"'":
            return self._quoted()
        start = self._place
        return _Token(self._run(ends, brackets=brackets), start + 1)

    def _took(self, *keywords: str) -> bool:
        """Whether the next word is a keyword, which is then behind."""
        self._peek()
        place = self._place
        if self._run(_NAME_ENDS).lower() in keywords and not self._is_operator():
            return True
        self._place = place
        return False

    def _is_operator(self) -> bool:
        place = self._place
        sign = self._sign()
        self._place = place
        return bool(sign)

    def _sign(self) -> str:
        """The operator that comes next, which is then behind; empty if there is none."""
        char = self._peek()
        pair = self._text[self._place : self._place + 2]
        found = pair if pair in _COMPARE else char if char in _COMPARE else ""
        if not found and char == ":":
            found = char
        self._place += len(found)
        return found

    # --- the grammar -------------------------------------------------------------------------------------------

    def _expression(self) -> Test:
        tests = [self._term()]
        while self._took("or"):
            tests.append(self._term())
        return tests[0] if len(tests) == 1 else lambda file: any(test(file) for test in tests)

    def _term(self) -> Test:
        tests = [self._factor()]
        while (char := self._peek()) and char != ")" and not self._sees("or"):
            self._took("and")
            tests.append(self._factor())
        return tests[0] if len(tests) == 1 else lambda file: all(test(file) for test in tests)

    def _sees(self, keyword: str) -> bool:
        place = self._place
        found = self._took(keyword)
        self._place = place
        return found

    def _factor(self) -> Test:
        char = self._peek()
        negates = char in ("-", "!") and self._text[self._place : self._place + 2] != "!="
        if not (negates or char == "(" or self._sees("not")):
            return self._test()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _refuse(self._place, "nested too deeply")
        if char == "(":
            self._place += 1
            test = self._expression()
            if self._peek() != ")":
                raise _refuse(self._place, f"unexpected {_Token(self._peek(), 0).name}", "')'")
            self._place += 1
        else:
            self._place += 1 if negates else len("not")
            inner = self._factor()
            test = lambda file: not inner(file)  # noqa: E731 (as the others are)
        self._depth -= 1
        return test

    def _test(self) -> Test:
        name = self._word(_NAME_ENDS, brackets=True)
        if name.quoted:
            return _has(name.text)
        if not name.text:
            raise _refuse(name.column - 1, f"unexpected {_Token(self._peek(), 0).name}", "a field or a word")
        before = self._place
        self._peek()
        sign_column = self._place + 1
        if self._place > before and self._text[self._place : self._place + 1] == ":":
            raise _refuse(self._place, "unexpected ':'", "the name of a field right before it")
        sign = self._sign()
        if not sign and name.text.lower() in _KEYWORDS:
            raise _refuse(name.column - 1, f"unexpected {name.text!r}", "a field or a word")
        if not sign:
            return self._bare(name)
        value = self._word(_PART_ENDS if sign == ":" else _VALUE_ENDS)
        if not value.text and not value.quoted:
            raise _refuse(value.column - 1, f"unexpected {_Token(self._peek(), 0).name}", "a value")
        key, field = self._field(name, value.text if sign == ":" else "")
        if sign == ":":
            return _is(key) if key.startswith("is:") else _part(key, field, value.text)
        return _comparison(key, field, _Token(sign, sign_column), value)

    def _bare(self, name: _Token) -> Test:
        """A flag, or a word that is looked for. A field without a comparison and a misspelt flag are refused."""
        key = key_of(name.text)
        field = FIELDS.get(key)
        if field and field.kind == "flag":
            self._keys[key] = None
            return _is(key)
        metric = statistic_of(key)
        if field or (metric and is_known(metric[0])):
            quoted = f"'{name.text}' in quotes is a word"
            raise _refuse(
                self._place, f"{name.text!r} is not compared with anything", " ".join((*_COMPARE, ":")), quoted
            )
        if near := _near_flag(name.text):
            raise _refuse(name.column - 1, f"unknown name {name.text!r}", near, f"'{name.text}' in quotes is a word")
        return _has(name.text)

    def _field(self, name: _Token, state: str) -> tuple[str, Field]:
        key = key_of(name.text)
        if state and name.text.lower() == "is":
            key = f"is:{state.lower()}"
        try:
            field = field_of(key)
        except UsageError as error:
            error.place, error.file = _column(name.column - 1), "--where"
            if state:
                error.hint = "in quotes it is a word"
            raise
        self._keys[key] = None
        metric = statistic_of(key)
        if field.kind == "any" or (metric and not is_known(metric[0])):
            self._unproven.setdefault(key, _column(name.column - 1))
        return key, field


def _near_flag(text: str) -> str:
    from difflib import get_close_matches

    flags = [name for name, field in FIELDS.items() if field.kind == "flag"]
    return ", ".join(get_close_matches(text.lower(), flags, 1, 0.85))


def _refuse(place: int, found: str, expected: str = "", hint: str = "") -> UsageError:
    return UsageError(found, expected=expected, hint=hint, place=_column(place), file="--where")


def _column(place: int) -> str:
    return f"column {place + 1}"


# --- tests -----------------------------------------------------------------------------------------------------


def _has(word: str) -> Test:
    wanted = word.casefold()
    return lambda file: wanted in file.words


def _is(key: str) -> Test:
    return lambda file: True in file.values(key)


def _part(key: str, field: Field, text: str) -> Test:
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


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
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


def _comparison(key: str, field: Field, sign: _Token, value: _Token) -> Test:
    name, kind, text = key, field.kind, value.text
    if sign.text == "~" and kind not in ("text", "time", "any"):
        raise _refuse(sign.column - 1, f"~ compares text, and {name} is not text", "= != < <= > >=")
    if sign.text in _ORDERING and kind in ("flag", "text"):
        raise _refuse(sign.column - 1, f"{name} has no order", "= != or ~" if kind == "text" else "= or !=")
    compare = _COMPARE[sign.text]
    if kind == "any":
        if sign.text in _ORDERING and _number(text) is None:
            raise _refuse(
                value.column - 1, f"{text!r} is not a number", "a number: what is in the file has no other order"
            )
        return lambda file: any(_compared(compare, sign.text, given, text) for given in file.values(key))
    order = _ORDERS[kind]
    wanted = order(text)
    if wanted is None:
        raise _refuse(value.column - 1, f"{text!r} is not {_WORDS[kind]}", _EXPECTED.get(kind, ""))

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
