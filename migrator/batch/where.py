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

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from migrator.batch import paths
from migrator.batch.fields import FIELDS, Field, Values, field_of, is_unproven, key_of, statistic_of, words_of
from migrator.batch.file import File
from migrator.batch.where_tests import (
    COMPARE,
    Test,
    Token,
    column_text,
    comparison,
    has_part,
    has_word,
    is_set,
    refuse,
)
from migrator.chain.names import is_known
from migrator.errors import UsageError
from migrator.values import NamedTuple


class AnswersOf:
    """The answers of a file that was read."""

    def __init__(self, file: File) -> None:
        self._file = file

    @property
    def words(self) -> str:
        """As of [`Answers`][]."""
        return words_of(self._file)

    def values(self, key: str) -> Values:
        """As of [`Answers`][]."""
        return field_of(key).values(self._file)


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
            raise refuse(self._place, f"unexpected {rest!r}", "and, or, or the end")
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
                    raise refuse(end, str(error), "]") from error
            end += 1
        self._place = end
        return self._text[start:end]

    def _quoted(self) -> Token:
        start = self._place
        end = self._text.find(self._text[start], start + 1)
        if end < 0:
            raise refuse(start, f"unexpected {self._text[start]!r}", "a second one that closes it")
        self._place = end + 1
        return Token(self._text[start + 1 : end], start + 1, quoted=True)

    def _word(self, ends: frozenset[str], *, brackets: bool = False) -> Token:
        if self._peek() and self._peek() in "\"'":
            return self._quoted()
        start = self._place
        return Token(self._run(ends, brackets=brackets), start + 1)

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
        found = pair if pair in COMPARE else char if char in COMPARE else ""
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
            raise refuse(self._place, "nested too deeply")
        if char == "(":
            self._place += 1
            test = self._expression()
            if self._peek() != ")":
                raise refuse(self._place, f"unexpected {Token(self._peek(), 0).name}", "')'")
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
            return has_word(name.text)
        if not name.text:
            raise refuse(name.column - 1, f"unexpected {Token(self._peek(), 0).name}", "a field or a word")
        before = self._place
        self._peek()
        sign_column = self._place + 1
        if self._place > before and self._text[self._place : self._place + 1] == ":":
            raise refuse(self._place, "unexpected ':'", "the name of a field right before it")
        sign = self._sign()
        if not sign and name.text.lower() in _KEYWORDS:
            raise refuse(name.column - 1, f"unexpected {name.text!r}", "a field or a word")
        if not sign:
            return self._bare(name)
        value = self._word(_PART_ENDS if sign == ":" else _VALUE_ENDS)
        if not value.text and not value.quoted:
            raise refuse(value.column - 1, f"unexpected {Token(self._peek(), 0).name}", "a value")
        key, field = self._field(name, value.text if sign == ":" else "")
        if sign == ":":
            return is_set(key) if key.startswith("is:") else has_part(key, field, value.text)
        return comparison(key, field, Token(sign, sign_column), value)

    def _bare(self, name: Token) -> Test:
        """A flag, or a word that is looked for. A field without a comparison and a misspelt flag are refused."""
        key = key_of(name.text)
        field = FIELDS.get(key)
        if field and field.kind == "flag":
            self._keys[key] = None
            return is_set(key)
        metric = statistic_of(key)
        if field or (metric and is_known(metric[0])):
            quoted = f"'{name.text}' in quotes is a word"
            raise refuse(self._place, f"{name.text!r} is not compared with anything", " ".join((*COMPARE, ":")), quoted)
        if near := _near_flag(name.text):
            raise refuse(name.column - 1, f"unknown name {name.text!r}", near, f"'{name.text}' in quotes is a word")
        return has_word(name.text)

    def _field(self, name: Token, state: str) -> tuple[str, Field]:
        key = key_of(name.text)
        if state and name.text.lower() == "is":
            key = f"is:{state.lower()}"
        try:
            field = field_of(key)
        except UsageError as error:
            error.place, error.file = column_text(name.column - 1), "--where"
            if state:
                error.hint = "in quotes it is a word"
            raise
        self._keys[key] = None
        if is_unproven(key):
            self._unproven.setdefault(key, column_text(name.column - 1))
        return key, field


def _near_flag(text: str) -> str:
    from difflib import get_close_matches

    flags = [name for name, field in FIELDS.items() if field.kind == "flag"]
    return ", ".join(get_close_matches(text.lower(), flags, 1, 0.85))
