"""Rules between the fields of a configuration: what each asks, and the lines in which tables write them.

A line is `FIELD [or null] VERB OTHER [or OTHER …]`. The verb is one of

- `needs`: a release rejects the field unless one of the others is met;
- `excludes`: it rejects the field if one of the others is met;
- `at-most`: it rejects a number above that of the first other that is a number;
- `lowered-to`: the same, but the excess has no effect, so the field gets the number of the other;
- `same-as`: it rejects any value but that of the first other that is met, which the field gets.

A plain OTHER is met if its value is neither null, false, zero nor empty; a plain FIELD is any value but null, and
`or null` adds null. Either may ask for more of the value: `name=a|b` is one of these values, where `unset` stands for
null and for a field that is absent; `name!=a|b` is neither one of them nor unset; `name:list` is a test of
[`_TESTS`][]. A `*` in a name stands for each item of a list or object, the same one in FIELD and OTHER.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from migrator.jsonfile import ABSENT, Json, Numeral, Object, Path, at
from migrator.values import NamedTuple

Test = Callable[[Json], bool]
Accepts = Callable[[Json, Json, Object, Path], bool]
"""(value, the object or list that it is in, the whole configuration, place) → whether the release accepts it."""

EACH: Final = "*"
"""In a place: each item of a list or object."""

GONE: Final = object()
"""In place of a value that is left out."""


class Requirement(Protocol):
    """What a rule asks of the value of a field."""

    def accepted(self, value: Json, place: Path, config: Object) -> Json:
        """What the release accepts instead of a value: the very value, another one, or [`GONE`][] for none."""
        ...


class ConflictRule(NamedTuple):
    """One check that releases make between fields.

    It is about the values of `field` for which `test` is true. `why` tells people what the release asks. `first` and
    `last` are the releases that make the check; without `last` all later ones of the family do.
    """

    field: Path
    test: Test
    requirement: Requirement
    why: str
    first: str
    last: str


class Condition(NamedTuple):
    """A field, and what must be so of its value (or of `ABSENT`)."""

    place: Path
    test: Test

    def value(self, place: Path, config: Object) -> Json:
        """The value of the field, in the items that lead to a place; `ABSENT` for none."""
        own = self.place
        if EACH in own:
            own = tuple(place[index] if part == EACH else part for index, part in enumerate(own))
        return at(config, own)


class _Verb:
    """A requirement that compares a field with others. `says` begins its `why`."""

    __slots__ = ("others",)
    says = ""

    def __init__(self, others: tuple[Condition, ...]) -> None:
        self.others = others

    def met(self, place: Path, config: Object) -> Iterator[Json]:
        """The values of those others that are met."""
        for other in self.others:
            value = other.value(place, config)
            if other.test(value):
                yield value

    def exceeded(self, value: Json, place: Path, config: Object) -> Json:
        """The bound that a number, or one in a list, is above: the first other that is a number. None if it is not."""
        numbers = (found for other in self.others if number(found := other.value(place, config)))
        bound = next(numbers, None)
        items = value if type(value) is list else (value,)
        return None if bound is None or max(filter(number, items), default=0) <= bound else bound


class _Needs(_Verb):
    __slots__ = ()
    says = "allowed only with"

    def accepted(self, value: Json, place: Path, config: Object) -> Json:
        return next((value for _ in self.met(place, config)), GONE)


class _Excludes(_Verb):
    __slots__ = ()
    says = "not allowed with"

    def accepted(self, value: Json, place: Path, config: Object) -> Json:
        return next((GONE for _ in self.met(place, config)), value)


class _AtMost(_Verb):
    __slots__ = ()
    says = "must not be above"

    def accepted(self, value: Json, place: Path, config: Object) -> Json:
        return value if self.exceeded(value, place, config) is None else GONE


class _LoweredTo(_Verb):
    __slots__ = ()
    says = "must not be above"

    def accepted(self, value: Json, place: Path, config: Object) -> Json:
        bound = self.exceeded(value, place, config)
        return value if bound is None else bound if number(value) else GONE


class _SameAs(_Verb):
    __slots__ = ()
    says = "must be the same as"

    def accepted(self, value: Json, place: Path, config: Object) -> Json:
        other = next(self.met(place, config), value)
        return value if other == value else other


class _Passes:
    """A requirement that takes more than a line: a function of the value and of what is around it."""

    __slots__ = ("accepts",)

    def __init__(self, accepts: Accepts) -> None:
        self.accepts = accepts

    def accepted(self, value: Json, place: Path, config: Object) -> Json:
        return value if self.accepts(value, at(config, place[:-1]), config, place) else GONE


_VERBS: Final[dict[str, type[_Needs | _Excludes | _AtMost | _LoweredTo | _SameAs]]] = {
    "needs": _Needs,
    "excludes": _Excludes,
    "at-most": _AtMost,
    "lowered-to": _LoweredTo,
    "same-as": _SameAs,
}


def number(value: Json) -> bool:
    """Whether a value is a number; a boolean is not."""
    return type(value) in (int, float, Numeral)


def given(value: Json) -> bool:
    """Whether a value is neither absent nor null."""
    return value is not ABSENT and value is not None


def _present(value: Json) -> bool:
    return value is not ABSENT


def _set(value: Json) -> bool:
    return value is not ABSENT and bool(value)


def _spelled(value: Json) -> str:
    return str(value).lower() if given(value) else "unset"


_TESTS: Final[dict[str, Test]] = {
    "given": given,
    "several": lambda value: number(value) and value >= 2,
    "list": lambda value: type(value) is list,
    "rankings": lambda value: type(value) is str and "rankings" in value.lower(),
    "weka": lambda value: type(value) is str and "weka" in value.lower(),
}
"""What `name:test` in a line asks of a value."""


def _condition(text: str, test: Test) -> Condition:
    """The condition that a line writes as a text; `test` is what a plain name asks of its value."""
    found = re.fullmatch(r"([\w.*]+)(?:(!=|=|:)(\S+))?", text)
    if not found:
        raise ValueError(f"conflict rules: expected a field, found {text!r}")
    name, sign, wanted = found.groups()
    place = tuple(int(part) if part.isdecimal() else part for part in name.split("."))
    if sign == ":":
        return Condition(place, _TESTS[wanted])
    if sign:
        words = wanted.split("|")
        if sign == "=":
            return Condition(place, lambda value: _spelled(value) in words)
        return Condition(place, lambda value: given(value) and _spelled(value) not in words)
    return Condition(place, test)


def rules(first: str, table: str, *, last: str = "") -> list[ConflictRule]:
    """The rules of a table, a rule a line as the module describes it.

    `first` is the first release that makes the checks, `last` the last one; if it is empty all later ones do.

    Raises:
        ValueError: a line is not a rule.
    """
    return [_rule(line.strip(), first, last) for line in table.split("\n") if line.strip()]


def _rule(line: str, first: str, last: str) -> ConflictRule:
    found = re.fullmatch(rf"(\S+)( or null)? ({'|'.join(_VERBS)}) (\S+(?: or \S+)*)", line)
    if not found:
        raise ValueError(f"conflict rules: expected FIELD [or null] VERB OTHER [or OTHER …], found {line!r}")
    field, or_null, verb, rest = found.groups()
    place, test = _condition(field, _present if or_null else given)
    others = rest.split(" or ")
    requirement = _VERBS[verb](tuple(_condition(other, _set) for other in others))
    names = [
        re.sub(r"\|unset$|:\w+$", "", re.sub(r"(.+)=unset$", r"no \1", other)).replace("*.", "") for other in others
    ]
    return ConflictRule(place, test, requirement, f"{requirement.says} {' or '.join(names)}", first, last)


def check(field: str, accepts: Accepts, why: str, *, first: str, last: str = "") -> ConflictRule:
    """A rule that takes more than a line.

    Args:
        field: the field, as a line writes it.
        accepts: whether the release accepts a value.
        why: what the release asks, for people.
        first: the first release that makes the check.
        last: the last one; all later ones of the family if empty.

    Raises:
        ValueError: `field` is not written as in a line.
    """
    place, test = _condition(field, given)
    return ConflictRule(place, test, _Passes(accepts), why, first, last)


def never(*_: object) -> bool:
    """For a value that a release never accepts."""
    return False


STREAMING: Final = (
    "chat|completions|responses|messages|huggingface_generate|image_generation|solido_rag|template|raw|unset"
)
"""Types of endpoint that stream; releases switch streaming off for others."""
