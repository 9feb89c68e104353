"""How it is told what goes only beside something else, or only without it; and what such a rule consists of.

A line of a table says

- `field needs other …`: the release rejects the field unless one of the others is set;
- `field without other …`: it rejects the field if one of the others is set;
- `field atmost other …`: it rejects a number above that of the first of the others that is set;
- `field cap other …`: the same; but as what is above has no effect, the field gets the number of the other;
- `field as other`: it rejects any other value than that of the other, which the field gets.

`other=a|b` is set if it has one of these values, `-` being none at all; `field=a` and `field!=a` mean the field only
if it has, or has not, such a value. A verb with `!` is also for a field that is null. `*` stands for each item.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from migrator.jsonfile import ABSENT, Json, Numeral, Object, Path

Test = Callable[[Json], bool]
Fits = Callable[[Json, Json, Object, Path], bool]
"""(value, the section it stands in, the whole configuration, place) → whether the release accepts it."""

EACH: Final = "*"


class Verb(StrEnum):
    """What a rule asks of a field, as the module explains."""

    NEEDS = "needs"
    WITHOUT = "without"
    ATMOST = "atmost"
    CAP = "cap"
    AS = "as"
    FITS = "fits"


class Condition(NamedTuple):
    """A field, and what must be so of its value (or of `ABSENT`)."""

    place: Path
    test: Test


class Rule(NamedTuple):
    """One check. `first` and `last` are the releases that make it; without `last` all later ones of the family do."""

    field: Path
    test: Test
    verb: Verb
    others: tuple[Condition, ...]
    why: str
    first: str
    last: str
    even_null: bool = False
    fits: Fits | None = None


def number(value: Json) -> bool:
    """Whether a value is a number, and no boolean."""
    return type(value) in (int, float, Numeral)


def _set(value: Json) -> bool:
    return value is not ABSENT and bool(value)


def given(value: Json) -> bool:
    """Whether there is a value at all."""
    return value is not ABSENT and value is not None


def _spelled(value: Json) -> str:
    return "-" if value is ABSENT or value is None else str(value).lower()


_TESTS: Final[dict[str, Test]] = {
    "given": given,
    "several": lambda value: number(value) and value >= 2,
    "list": lambda value: type(value) is list,
    "rankings": lambda value: type(value) is str and "rankings" in value.lower(),
    "weka": lambda value: type(value) is str and "weka" in value.lower(),
}
"""`field:name` in a line."""


def _condition(text: str, test: Test) -> Condition:
    found = re.fullmatch(r"([\w.*]+)(?:(!=|=|:)(\S+))?", text)
    assert found, text
    path, sign, wanted = found.groups()
    place = tuple(int(part) if part.isdecimal() else part for part in path.split("."))
    if sign == ":":
        return Condition(place, _TESTS[wanted])
    if sign:
        words = wanted.split("|")
        return Condition(place, lambda value: (_spelled(value) in words) == (sign == "="))
    return Condition(place, test)


def lines(first: str, table: str, last: str = "") -> list[Rule]:
    """Rules from lines, as the module explains them."""
    return [_rule(line.split(), first, last) for line in table.split("\n") if line.strip()]


def _rule(words: list[str], first: str, last: str) -> Rule:
    field, verb, *others = words
    place, test = _condition(field, lambda value: value is not ABSENT)
    why = {
        Verb.NEEDS: "it goes only with",
        Verb.WITHOUT: "it does not go with",
        Verb.ATMOST: "it must not be above",
        Verb.CAP: "it must not be above",
        Verb.AS: "it must be as",
    }[Verb(verb.rstrip("!"))]
    conditions = tuple(_condition(other, _set) for other in others)
    told = [re.sub(r"=-$|\|-$|:\w+$", "", other).replace("*.", "") for other in others]
    said = f"{why} {' or '.join(told)}"
    return Rule(place, test, Verb(verb.rstrip("!")), conditions, said, first, last, verb.endswith("!"))


def check(field: str, fits: Fits, why: str, first: str, last: str = "", *, even_null: bool = False) -> Rule:
    """A check that is more than a line."""
    place, test = _condition(field, lambda value: True)
    return Rule(place, test, Verb.FITS, (), why, first, last, even_null, fits)


def never(*_: object) -> bool:
    """For a value that a release never accepts."""
    return False


STREAMING: Final = "chat|completions|responses|messages|huggingface_generate|image_generation|solido_rag|template|raw|-"
"""Types of endpoint that stream; releases switch streaming off for others."""
