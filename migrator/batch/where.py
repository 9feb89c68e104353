"""A small language that chooses exports by what is in them: `version < 1.3 and not cancelled`.

    expression  = term { "or" term }
    term        = factor { "and" factor }
    factor      = "not" factor | "(" expression ")" | FIELD | FIELD operator VALUE
    operator    = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~"

A VALUE is a bare word or stands in quotes. A field that a file does not have makes every comparison false. Where a
file can be of two versions or of several releases, one that fits is enough.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from migrator.aiperf.metadata import dataset_of, submission_of
from migrator.aiperf.metrics import STATISTICS
from migrator.aiperf.releases import age, version_key
from migrator.chain.names import block_of, is_known, metrics_of
from migrator.chain.steps import GENAI_PERF, VERSIONS
from migrator.errors import UsageError
from migrator.identify import Identity
from migrator.jsonfile import Json, Object

Test = Callable[[Identity, Json], bool]
"""(identity, document) → whether the document is selected."""
_Kind = Literal["version", "release", "text", "flag", "number"]


class Field(NamedTuple):
    """What a comparison is about.

    `about` describes it for the documentation. `values` gives every value that a file can have, none if it has none.
    """

    kind: _Kind
    about: str
    values: Callable[[Identity, Json], tuple[Json, ...]]


def _key(name: str) -> Callable[[Identity, Json], tuple[Json, ...]]:
    return lambda _, document: _present(document.get(name)) if type(document) is dict else ()


def _told(read: Callable[[Object], Json]) -> Callable[[Identity, Json], tuple[Json, ...]]:
    return lambda _, document: _present(read(document)) if type(document) is dict else ()


def _present(value: Json) -> tuple[Json, ...]:
    return () if value is None or value == "" else (value,)


FIELDS: Final = {
    "version": Field("version", "schema version of the content", lambda found, _: found.versions),
    "label": Field("text", "schema_version as it stands in the file", lambda found, _: _present(found.label)),
    "release": Field("release", "AIPerf release that wrote it, or may have", lambda found, _: found.writers),
    "dialect": Field("text", "telemetry names: legacy or vendor", lambda found, _: _present(found.dialect)),
    "config": Field("text", "UserConfig or BenchmarkConfig", lambda found, _: _present(found.config)),
    "family": Field("text", "'main export' or another family", lambda found, _: (found.family.value,)),
    "benchmark_id": Field("text", "as in the file", _key("benchmark_id")),
    "start_time": Field("text", "as in the file: 2026-11-24T01:57:36", _key("start_time")),
    "end_time": Field("text", "as in the file", _key("end_time")),
    "cancelled": Field("flag", "was_cancelled", _key("was_cancelled")),
    "scenario": Field(
        "text", "--scenario, as metadata names it", _told(lambda document: submission_of(document).scenario)
    ),
    "submission_valid": Field(
        "flag", "whether the run counts for its scenario", _told(lambda document: submission_of(document).valid)
    ),
    "dataset": Field("text", "public data set, as metadata names it", _told(dataset_of)),
}
"""All fields but METRIC.STATISTIC, which is any number of a stats block.

A metric is found in a file of any version, by its present name or a former one.
"""

_TOKEN: Final = r"""\s*(?:(?P<op><=|>=|==|!=|[<>=~()])|(?P<quoted>"[^"]*"|'[^']*')|(?P<word>[^\s<>=!~()"']+))"""
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


class _Token(NamedTuple):
    """A piece of an expression; `kind` is `op`, `quoted`, `word` or `end`."""

    kind: str
    text: str
    column: int

    @property
    def name(self) -> str:
        """As it is called in a message."""
        return repr(self.text) if self.text else "end of the expression"


def where(text: str) -> Test:
    """The test that an expression stands for.

    Raises:
        UsageError: not understood; with the column.
    """
    return _read(text)[0]


def unknown_metrics(text: str) -> dict[str, str]:
    """Metrics in an expression that no release of AIPerf writes → where they stand in it (`column 3`).

    A file may have them nevertheless: [`select`][migrator.batch.select.select] looks.

    Raises:
        UsageError: not understood; with the column.
    """
    return _read(text)[1]


@lru_cache(maxsize=8)
def _read(text: str) -> tuple[Test, dict[str, str]]:
    parser = _Parser(text)
    return parser.parse(), parser.unknown


def _refuse(column: int, found: str, expected: str = "", hint: str = "") -> UsageError:
    return UsageError(found, expected=expected, hint=hint, place=_column(column), file="--where")


def _column(number: int) -> str:
    return f"column {number}"


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    end = 0
    while text[end:].strip():
        match = re.compile(_TOKEN).match(text, end)
        if not match or match.lastgroup is None:
            column = end + len(text[end:]) - len(text[end:].lstrip()) + 1
            raise _refuse(column, f"unexpected {text[column - 1]!r}")
        kind = match.lastgroup
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        end = match.end()
    return [*found, _Token("end", "", len(text) + 1)]


class _Parser:
    """Recursive descent, a method for each rule of the grammar.

    Attributes:
        unknown: metrics that no release of AIPerf writes → where they stand.
    """

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._depth = 0
        self.unknown: dict[str, str] = {}

    def parse(self) -> Test:
        """The test of the whole text."""
        test = self._expression()
        if self._next.kind != "end":
            raise _refuse(self._next.column, f"unexpected {self._next.text!r}", "and, or, or the end")
        return test

    @property
    def _next(self) -> _Token:
        return self._tokens[0]

    def _take(self) -> _Token:
        return self._tokens.pop(0)

    def _is(self, *texts: str) -> bool:
        return self._next.kind in ("word", "op") and self._next.text in texts

    def _expression(self) -> Test:
        test = self._term()
        while self._is("or"):
            self._take()
            test = _or(test, self._term())
        return test

    def _term(self) -> Test:
        test = self._factor()
        while self._is("and"):
            self._take()
            test = _and(test, self._factor())
        return test

    def _factor(self) -> Test:
        self._depth += 1
        if self._depth > 50:
            raise _refuse(self._next.column, "nested too deeply")
        try:
            if self._is("not"):
                self._take()
                return _not(self._factor())
            if self._is("("):
                self._take()
                test = self._expression()
                if not self._is(")"):
                    raise _refuse(self._next.column, f"unexpected {self._next.name}", "')'")
                self._take()
                return test
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Test:
        name = self._take()
        field = self._field(name)
        if not self._is(*_COMPARE):
            if field.kind != "flag":
                raise _refuse(self._next.column, f"{name.text!r} is not compared with anything", " ".join(_COMPARE))
            return lambda found, document: True in field.values(found, document)
        sign, value = self._take(), self._take()
        if value.kind not in ("word", "quoted"):
            raise _refuse(value.column, f"unexpected {value.name}", "a value")
        return _test(name.text, field, sign, value)

    def _field(self, name: _Token) -> Field:
        if name.kind == "word" and name.text in FIELDS:
            return FIELDS[name.text]
        tag, _, statistic = name.text.rpartition(".")
        if name.kind == "word" and tag and statistic in STATISTICS:
            if not is_known(tag):
                self.unknown.setdefault(tag, _column(name.column))
            return Field("number", "", lambda found, document: _statistic(found, document, tag, statistic))
        raise _refuse(name.column, f"{name.name} is not a field", f"METRIC.STATISTIC or one of {', '.join(FIELDS)}")


def _statistic(found: Identity, document: Json, tag: str, statistic: str) -> tuple[Json, ...]:
    block = block_of(metrics_of(document, found.version), tag)
    value = block.get(statistic) if block else None
    return (value,) if isinstance(value, (int, float)) and type(value) is not bool else ()


def _test(name: str, field: Field, sign: _Token, value: _Token) -> Test:
    text = value.text[1:-1] if value.kind == "quoted" else value.text
    compare = _COMPARE[sign.text]
    if sign.text == "~" and field.kind != "text":
        raise _refuse(sign.column, f"~ compares text, and {name} is not text", "= != < <= > >=")
    if field.kind in ("flag", "text") and sign.text in ("<", "<=", ">", ">=") and not name.endswith("_time"):
        raise _refuse(sign.column, f"{name} has no order", "= != or ~" if field.kind == "text" else "= or !=")
    order = _ORDERS[field.kind]
    wanted = order(text)
    if wanted is None:
        raise _refuse(value.column, f"{text!r} is not {_WORDS[field.kind]}", _EXPECTED.get(field.kind, ""))

    # A file may have a newer version than the known ones, which are all that an expression may name.
    order_of_file = version_key if field.kind == "version" else order

    def test(found: Identity, document: Json) -> bool:
        values = map(order_of_file, field.values(found, document))
        return any(compare(given, wanted) for given in values if given is not None)

    return test


def _version(text: str) -> tuple[int, ...] | None:
    return version_key(text) if text in (GENAI_PERF, *VERSIONS) else None


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
    except (TypeError, ValueError):
        return None


def _flag(value: Json) -> bool | None:
    return {"true": True, "false": False, True: True, False: False}.get(value) if type(value) in (str, bool) else None


def _text(value: Json) -> str | None:
    return value if type(value) is str else None


_ORDERS: Final[dict[_Kind, Callable[[Json], Any]]] = {
    "version": _version,
    "release": _release,
    "text": _text,
    "flag": _flag,
    "number": _number,
}
_WORDS: Final = {
    "version": "a schema version",
    "release": "a release",
    "flag": "true or false",
    "number": "a number",
    "text": "text",
}
_EXPECTED: Final = {
    "version": ", ".join((GENAI_PERF, *VERSIONS)),
    "release": "0.13.0 or the like",
}


def _or(a: Test, b: Test) -> Test:
    return lambda found, document: a(found, document) or b(found, document)


def _and(a: Test, b: Test) -> Test:
    return lambda found, document: a(found, document) and b(found, document)


def _not(a: Test) -> Test:
    return lambda found, document: not a(found, document)
