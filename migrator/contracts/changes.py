"""What changed between two shapes of exports, and which kinds of readers it breaks.

Three kinds of readers are told apart: one with a *closed* model, which refuses keys that it does not know; one that
goes by *paths*; and one that reads *statistics* of metrics by their names, and takes their units and definitions for
granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Final

from migrator.aiperf.definitions import definitions
from migrator.aiperf.releases import Release, age
from migrator.chain.metric_ops import Units
from migrator.chain.operation import Operation
from migrator.chain.ops import InDialect, Inverse, OneWay, Rename, Unnest
from migrator.chain.places import ROOT
from migrator.chain.step import Step
from migrator.config.field_pairs import FIELD_PAIRS, FieldPath
from migrator.schemas.shape import ANY, METRIC, Shape
from migrator.values import NamedTuple


class Kind(StrEnum):
    """What happened to a place or a metric."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    RETYPED = "retyped"
    UNIT = "unit"
    REDEFINED = "redefined"


class Reader(StrEnum):
    """A kind of reader: by a model that refuses what it does not know, by paths, or by statistics of metrics."""

    CLOSED = "closed"
    PATH = "path"
    STATISTICS = "statistics"


class Change(NamedTuple):
    """One difference. `before` and `after` are places, metrics, kinds or units, empty where there is none.

    `of_metric` marks what concerns a metric of the run, whose place is its name.
    """

    kind: Kind
    place: str
    before: str = ""
    after: str = ""
    of_metric: bool = False
    nullable: bool = False

    @property
    def breaks(self) -> tuple[Reader, ...]:
        """The kinds of readers that this breaks.

        A new metric breaks nobody: models of exports take any metric. A new definition is no change of any place.
        """
        if self.kind is Kind.ADDED:
            return () if self.of_metric else (Reader.CLOSED,)
        if self.kind in (Kind.UNIT, Kind.REDEFINED):
            return (Reader.STATISTICS,)
        if self.of_metric:
            closed = (Reader.CLOSED,) if self.kind in (Kind.MOVED, Kind.RETYPED) else ()
            return (*closed, Reader.PATH, Reader.STATISTICS)
        closed = () if self.kind is Kind.REMOVED and self.nullable else (Reader.CLOSED,)
        return (*closed, Reader.PATH)

    def as_dict(self) -> dict[str, Any]:
        """One line of `--json`."""
        row: dict[str, Any] = {"change": self.kind.value, "place": self.place, "metric": self.of_metric}
        row |= {name: value for name, value in (("before", self.before), ("after", self.after)) if value}
        return row | {"breaks": [reader.value for reader in self.breaks]}


_NUMBERS: Final = frozenset({"integer", "number"})


def changes(
    base: Shape, new: Shape, steps: Iterable[Step], releases: tuple[Release, Release], *, redefined: bool = True
) -> list[Change]:
    """What is different in `new`.

    Args:
        base: what readers know.
        new: what they get.
        steps: those from the version of `base` up to that of `new`, which say what was renamed and moved.
        releases: those that the two are of. Between two with the same names of GPU telemetry, none was renamed.
        redefined: whether the known changes of how metrics are computed are told.
    """
    renamed = releases[0].dialect != releases[1].dialect
    declared = list(dict.fromkeys(_declared(steps, with_dialects=renamed)))
    pairs = {change.before: change.after for change in declared if change.kind in (Kind.RENAMED, Kind.MOVED)}
    gone = sorted(base.places.keys() - new.places.keys())
    come = sorted(new.places.keys() - base.places.keys())
    moved = _moved(gone, come)
    found = [change for change in declared if _is_there(change, base, new)]
    found += [Change(Kind.MOVED, old, old, now) for old, now in moved.items()]
    found += [
        Change(Kind.REMOVED, place, _kinds(base.places[place]), nullable="null" in base.places[place])
        for place in _outermost(gone, base)
        if place not in moved and place not in pairs
    ]
    come_else = [place for place in come if place not in moved.values() and place not in pairs.values()]
    found += [Change(Kind.ADDED, place, after=_kinds(new.places[place])) for place in _outermost(come_else, new)]
    found += _retyped(base, new)
    found += _metrics(base, new, pairs)
    found += _redefined(base, new, releases) if redefined else []
    order = list(Kind)
    return sorted(found, key=lambda change: (order.index(change.kind), not change.of_metric, change.place))


def _outermost(places: Iterable[str], of: Shape) -> list[str]:
    """The places without those that stand in another one of them."""
    every = set(places)
    return sorted(place for place in every if not any(above in every for above in _above(place, of)))


def _above(place: str, of: Shape) -> Iterator[str]:
    for index in range(len(place) - 1, 0, -1):
        if place[index] in ".[" and place[:index] in of.places:
            yield place[:index]


def _kinds(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds - {"null"}) or ["null"])


def _declared(steps: Iterable[Step], *, with_dialects: bool) -> Iterator[Change]:
    """What steps say of names, places and units; with what depends on the names of GPU telemetry, or without."""
    for step in steps:
        for op in step.ops:
            if with_dialects or not isinstance(op, InDialect):
                yield from _of_operation(op)


def _of_operation(op: Operation) -> Iterator[Change]:
    inner = op.of if isinstance(op, (InDialect, Inverse, OneWay)) else op
    if isinstance(inner, Rename):
        at = ".".join(inner.at)
        for old, now in inner.table.items():
            names = (old, now) if inner.at == ROOT else (f"{at}.{old}", f"{at}.{now}")
            yield Change(Kind.RENAMED, names[0], *names, of_metric=inner.at == ROOT)
    elif isinstance(inner, Units):
        for tag, (old, now) in inner.table.items():
            yield Change(Kind.UNIT, tag, old, now, of_metric=True)
    elif isinstance(inner, Unnest):
        yield Change(Kind.MOVED, f"{inner.key}.{METRIC}", f"{inner.key}.{METRIC}", METRIC, of_metric=True)


def _is_there(change: Change, base: Shape, new: Shape) -> bool:
    """Whether a declared change is one between these two: the step may hold for another dialect of its version."""
    if change.kind is Kind.UNIT:
        return change.place in base.metrics or change.place in new.metrics
    if change.of_metric and change.kind is Kind.RENAMED:
        return change.before not in new.metrics or change.after not in base.metrics
    return True


def _moved(gone: Iterable[str], come: Iterable[str]) -> dict[str, str]:
    """Old place → new one of the fields of `input_config` that both of its families have."""
    left, there = set(gone), set(come)
    found = {}
    for pair in FIELD_PAIRS:
        user, benchmark = (_place(path) for path in (pair.user, pair.benchmark))
        for old, now in ((user, benchmark), (benchmark, user)):
            if old in left and now in there:
                found[old] = now
    return found


def _place(path: FieldPath) -> str:
    first, *rest = path
    name = first.partition("[")[0] + ("[]" if "[" in first else "")
    return ".".join(("input_config", name, *rest))


def _retyped(base: Shape, new: Shape) -> Iterator[Change]:
    for place in sorted(base.places.keys() & new.places.keys()):
        before, after = base.places[place] - {"null"}, new.places[place] - {"null"}
        if ANY in before or ANY in after or not before or not after:
            continue
        if not after <= before and not (after <= before | _NUMBERS and "number" in before):
            yield Change(Kind.RETYPED, place, _kinds(before), _kinds(after))


def _metrics(base: Shape, new: Shape, pairs: dict[str, str]) -> Iterator[Change]:
    for tag in sorted(base.metrics.keys() - new.metrics.keys() - pairs.keys()):
        yield Change(Kind.REMOVED, tag, base.metrics[tag], of_metric=True)
    for tag in sorted(new.metrics.keys() - base.metrics.keys() - set(pairs.values())):
        yield Change(Kind.ADDED, tag, after=new.metrics[tag], of_metric=True)

    declared = pairs.keys() | set(pairs.values())
    for tag in sorted(base.metrics.keys() & new.metrics.keys() - declared):
        if base.metrics[tag] and new.metrics[tag] and base.metrics[tag] != new.metrics[tag]:
            yield Change(Kind.UNIT, tag, base.metrics[tag], new.metrics[tag], of_metric=True)


def _redefined(base: Shape, new: Shape, releases: tuple[Release, Release]) -> Iterator[Change]:
    older, newer = sorted(age(release.name) for release in releases)
    for change in definitions():
        if change.weight != "large" or not older < age(change.nightly or change.since) <= newer:
            continue
        for tag in sorted(change.tags):
            if tag in base.metrics or tag in new.metrics:
                yield Change(Kind.REDEFINED, tag, change.before, change.after, of_metric=True)
