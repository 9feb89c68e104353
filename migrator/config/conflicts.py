"""Conflicts between the fields of a configuration: find what a release would reject, and leave it out or change it.

Releases check their configuration when they read an export, as they do on the command line; their JSON Schema does not
have these checks. [`conflict_rules`][migrator.config.conflict_rules] describes how they are written, and a table each
for UserConfig and BenchmarkConfig has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from operator import itemgetter

from migrator.aiperf.releases import age
from migrator.config.conflict_rules import EACH, GONE, ConflictRule
from migrator.config.release_models import Reader
from migrator.jsonfile import ABSENT, Json, Object, Path, at
from migrator.values import NamedTuple


class FieldChange(NamedTuple):
    """A field that a release would reject: `after` is what it accepts, or `GONE`; `why` is for people."""

    place: Path
    before: Json
    after: Json
    why: str


class Resolved(NamedTuple):
    """A configuration without conflicts, and what had to change. None if nothing of it can stay; `reason` says why."""

    config: Object | None
    changes: list[FieldChange]
    reason: str = ""


_RankedRules = list[tuple[int, ConflictRule]]
"""Rules with their positions in their table: of two that are broken, the first one decides."""


def rules_of(family: str) -> tuple[ConflictRule, ...]:
    """The table of one family, which is imported here: to read a file takes one of them only."""
    if family == "user":
        from migrator.config.conflicts_user import USER_RULES

        return USER_RULES
    from migrator.config.conflicts_benchmark import BENCHMARK_RULES

    return BENCHMARK_RULES


@cache
def _sections(family: str, release: str) -> list[tuple[Path, dict[str | int, _RankedRules]]]:
    """The rules that a release has: for each section, name of a field in it → its rules."""
    sections: dict[Path, dict[str | int, _RankedRules]] = {}
    for rank, rule in enumerate(rules_of(family)):
        if age(rule.first) <= age(release) and not (rule.last and age(release) > age(rule.last)):
            sections.setdefault(rule.field[:-1], {}).setdefault(rule.field[-1], []).append((rank, rule))
    return list(sections.items())


def resolve(config: Object, target: Reader) -> Resolved:
    """A configuration without the fields that a release rejects because of other fields.

    `config` is as the release would write it, each field with a value that it can have; it is not touched.
    """
    changes: list[FieldChange] = []
    given = config
    # What one rule leaves out may be what another field needs.
    while found := first_conflict(config, target):
        changes.append(found)
        config = _replaced(config, found.place, found.after)
    if config is not given and not target.models.matcher(target.config_model).trim(config).ok:
        return Resolved(None, [], f"{'.'.join(map(str, changes[-1].place))}: {changes[-1].why}")
    return Resolved(config, changes)


def first_conflict(config: Object, target: Reader) -> FieldChange | None:
    """The first field that a release would reject because of other fields; None if it accepts all of them."""
    for _, rule, place, value in sorted(_concerned(config, target), key=itemgetter(0)):
        if rule.test(value):
            accepted = rule.requirement.accepted(value, place, config)
            if accepted is not value:
                return FieldChange(place, value, accepted, rule.why)
    return None


def _concerned(config: Object, target: Reader) -> Iterator[tuple[int, ConflictRule, Path, Json]]:
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
    """The places that a place with [`EACH`][] in it means here, with their values."""
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


def _replaced(node: Json, place: Path, value: Json) -> Json:
    """The node with another value at a place, or without it and the sections that this leaves empty."""
    key, *below = place
    inner = _replaced(node[key], tuple(below), value) if below else value
    if type(node) is list:
        # An item cannot be left out: that would move the others to positions that mean something else.
        return [{} if inner is GONE else inner if index == key else item for index, item in enumerate(node)]
    rest = {name: inner if name == key else item for name, item in node.items() if name != key or inner is not GONE}
    return rest or GONE
