"""What of a configuration a release rejects although each field by itself would do: the rules, applied.

These releases check their configuration when they read an export, as they do on the command line; a JSON Schema does
not tell such checks. [`rules`][migrator.config.conflict_rules] says how they are told, and two tables have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from migrator.aiperf.releases import age
from migrator.config.conflict_rules import EACH, Condition, Rule, Verb, number
from migrator.jsonfile import ABSENT, Json, Object, Path, at

if TYPE_CHECKING:
    from migrator.config.release_models import Reader


GONE: Final = object()
"""In place of a value that is left out."""


class Change(NamedTuple):
    """A field that a release would reject: `after` is what it accepts, or [`GONE`][]; `why` is for people."""

    place: Path
    before: Json
    after: Json
    why: str


class Together(NamedTuple):
    """A configuration without what does not go together. None if then nothing of it can stay; `reason` says why."""

    config: Object | None
    changes: list[Change]
    reason: str = ""


_Sections = list[tuple[Path, dict[str | int, list[tuple[int, Rule]]]]]


def rules_of(family: str) -> tuple[Rule, ...]:
    """The table of one family. To look at a file takes one of them only."""
    if family == "user":
        from migrator.config.conflicts_user import USER_RULES

        return USER_RULES
    from migrator.config.conflicts_benchmark import BENCHMARK_RULES

    return BENCHMARK_RULES


@cache
def _sections(family: str, release: str) -> _Sections:
    """The rules that a release has: section → name of a field in it → its rules, with their ranks."""
    sections: dict[Path, dict[str | int, list[tuple[int, Rule]]]] = {}
    for rank, rule in enumerate(rules_of(family)):
        if age(rule.first) <= age(release) and not (rule.last and age(release) > age(rule.last)):
            sections.setdefault(rule.field[:-1], {}).setdefault(rule.field[-1], []).append((rank, rule))
    return list(sections.items())


def together(config: Object, target: Reader) -> Together:
    """What a release accepts of a configuration whose fields it has, each with a value that it can have.

    Args:
        config: as the release would write it; it is not touched.
        target: what the release reads, rules aside.
    """
    changes: list[Change] = []
    given = config
    # What one rule leaves out may be what another field needs.
    while found := next(_broken(config, target), None):
        changes.append(found)
        config = _replaced(config, found.place, found.after)
    if config is not given:
        fitted = target.models.shape(target.config_model).fit(config)
        if not fitted.ok:
            return Together(None, [], f"{'.'.join(map(str, changes[-1].place))}: {changes[-1].why}")
    return Together(config, changes)


def unfit_together(config: Object, target: Reader) -> Change | None:
    """The first thing that a release would reject for what is, or is not, beside it; None if it reads all of it."""
    return next(_broken(config, target), None)


def _broken(config: Object, target: Reader) -> Iterator[Change]:
    for _, rule, place, value in sorted(_concerned(config, target), key=itemgetter(0)):
        change = _judged(rule, place, value, config)
        if change is not None:
            yield change


def _concerned(config: Object, target: Reader) -> Iterator[tuple[int, Rule, Path, Json]]:
    """(rank, rule, place, value) for each field that a rule is about. Most configurations have few of them."""
    for section, rules in _sections(target.family, target.release):
        if section and section[0] not in config:
            continue
        several = EACH in rules
        for place, node in _each(config, (), section) if EACH in section else ((section, at(config, section)),):
            names: Iterable[str | int] = ()
            if type(node) is dict:
                names = node if several else rules.keys() & node.keys()
            elif type(node) is list and several:
                names = range(len(node))
            for name in names:
                for rank, rule in (*rules.get(name, ()), *rules.get(EACH, ())):
                    yield rank, rule, (*place, name), node[name]


def _each(node: Json, before: Path, field: Path) -> Iterator[tuple[Path, Json]]:
    """The places that a place with [`EACH`][] in it means here, and what stands there."""
    if EACH in field:
        start = field.index(EACH)
        above = at(node, field[:start])
        items = above.items() if type(above) is dict else enumerate(above) if type(above) is list else ()
        for key, item in items:
            yield from _each(item, (*before, *field[:start], key), field[start + 1 :])
    else:
        found = at(node, field)
        if found is not ABSENT:
            yield (*before, *field), found


def _judged(rule: Rule, place: Path, value: Json, config: Object) -> Change | None:
    """What a rule has against the value of a field."""
    if (value is None and not rule.even_null) or not rule.test(value):
        return None
    if rule.fits is not None:
        return None if rule.fits(value, at(config, place[:-1]), config, place) else Change(place, value, GONE, rule.why)
    if rule.verb is Verb.NEEDS or rule.verb is Verb.WITHOUT:
        met = any(other.test(found) for other, found in _others(rule, place, config))
        return Change(place, value, GONE, rule.why) if met is (rule.verb is Verb.WITHOUT) else None
    if rule.verb is Verb.AS:
        due = next((found for other, found in _others(rule, place, config) if other.test(found)), value)
        return Change(place, value, due, rule.why) if due != value else None
    bound = next((found for _, found in _others(rule, place, config) if number(found)), None)
    if bound is None or _most(value) <= bound:
        return None
    return Change(place, value, bound if rule.verb is Verb.CAP and number(value) else GONE, rule.why)


def _others(rule: Rule, place: Path, config: Object) -> Iterator[tuple[Condition, Json]]:
    """The others of a rule, in the item that its field was found in, with their values."""
    for other in rule.others:
        yield other, at(config, _beside(other.place, place) if EACH in other.place else other.place)


def _most(value: Json) -> float:
    return max((item for item in (value if type(value) is list else [value]) if number(item)), default=0)


def _beside(place: Path, found: Path) -> Path:
    """A place with [`EACH`][] in it, for the item that was found."""
    return tuple(found[index] if part == EACH else part for index, part in enumerate(place))


def _replaced(node: Json, place: Path, value: Json) -> Json:
    """The node with another value at a place, or without it and the sections that this leaves empty."""
    key, *below = place
    inner = _replaced(node[key], tuple(below), value) if below else value
    if type(node) is list:
        # The positions of the others would mean something else.
        return [{} if inner is GONE else inner if index == key else item for index, item in enumerate(node)]
    rest = {name: inner if name == key else item for name, item in node.items() if name != key or inner is not GONE}
    return rest or GONE
