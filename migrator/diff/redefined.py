"""Metrics that the releases behind two sides compute otherwise: converted where a file allows it, else not compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from migrator.aiperf.definitions import (
    Definition,
    Era,
    RunFacts,
    by_new_definition,
    crossed,
    era_of,
    facts_of,
    touches,
)
from migrator.diff.blocks import Block
from migrator.diff.pair import centre
from migrator.diff.receipt import Finding
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide
from migrator.values import NamedTuple

CODE: Final = "definition"
"""Code of these findings."""
_GROWTH: Final = 1.25
"""Factor by which the metric that tells of a change is larger after it, to tell of it. Recorded runs of one command,
whose lengths are drawn at random, differ by up to a tenth."""


class Redefined(NamedTuple):
    """Two sides by one set of definitions, as far as that is possible.

    `stops` has the metrics that are not comparable, and why. `findings` tell what was converted, and what a document
    does not tell; `notes` are changes of little weight.
    """

    base: LoadedSide
    candidate: LoadedSide
    stops: Mapping[str, str]
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()


class _Look(NamedTuple):
    """What is known of a run: the side it is on, the releases it can be from, its facts."""

    run: Run
    is_base: bool
    era: Era
    facts: RunFacts


def settled(base: LoadedSide, candidate: LoadedSide) -> Redefined:
    """Look at every run of both sides for metrics that its release computes otherwise than another's."""
    eras = [(_era(run), side is base, run) for side in (base, candidate) for run in side.runs]
    known = {era for era, _, _ in eras if era}
    if len(known) < len({era for era, _, _ in eras}) and known:
        message = "one side was written by AIPerf, the other by a program whose definitions of metrics are not known"
        finding = Finding(code=CODE, blocks=False, warns=True, message=message)
        return Redefined(base, candidate, {}, [finding])
    changes = crossed(known)
    if not changes:
        return Redefined(base, candidate, {})
    looks = [_Look(run, is_base, era, _facts(run)) for era, is_base, run in eras if era]
    return _Settling(base, candidate, looks).settle(changes)


def _era(run: Run) -> Era | None:
    return era_of(run.facts.get("aiperf_version"), run.version, run.blocks)


def _facts(run: Run) -> RunFacts:
    averages = {tag: block.values["avg"] for tag, block in run.blocks.items() if "avg" in block.values}
    return facts_of(averages, run.facts, run.requests.failed)


class _Settling:
    """The work of [`settled`][], change by change."""

    def __init__(self, base: LoadedSide, candidate: LoadedSide, looks: Sequence[_Look]) -> None:
        self._sides = base, candidate
        self._looks = looks
        self._stops: dict[str, str] = {}
        self._findings: list[Finding] = []
        self._notes: list[str] = []
        self._converted: dict[int, Run] = {}

    def settle(self, changes: Sequence[Definition]) -> Redefined:
        for change in changes:
            tags = [tag for tag in change.tags if all(self._have(tag, is_base=side) for side in (True, False))]
            if tags:
                self._settle(change, tags)
        base, candidate = (
            side._replace(runs=tuple(self._converted.get(id(run), run) for run in side.runs)) for side in self._sides
        )
        return Redefined(base, candidate, self._stops, self._findings, self._notes)

    def _have(self, tag: str, *, is_base: bool) -> bool:
        return any(tag in look.run.blocks for look in self._looks if look.is_base == is_base)

    def _settle(self, change: Definition, tags: Sequence[str]) -> None:
        answers = [touches(change, look.facts) for look in self._looks]
        touched = True if True in answers else None if None in answers else False
        if touched is not True and change.grows and self._has_grown(change):
            touched = True
        if touched is False:
            return
        words = f"AIPerf {change.since} and later compute it otherwise (before: {change.before}; since: {change.after})"
        if change.weight == "small":
            self._notes.append(f"{', '.join(tags)}: {words}")
        elif touched is None or any(look.era.side_of(change) == "unknown" for look in self._looks):
            message = f"{', '.join(tags)}: {words}; the files do not tell whether that concerns them"
            self._findings.append(Finding(code=CODE, blocks=False, warns=True, message=message))
        elif not self._convert(change, tags):
            why = f"defined otherwise since {change.since}: before, {change.before}; since, {change.after}"
            self._stops |= {tag: why for tag in tags if tag not in self._stops}
            self._findings.append(Finding(code=CODE, blocks=False, message=f"{', '.join(tags)}: {why}"))

    def _has_grown(self, change: Definition) -> bool:
        """Whether the metric that tells of a change is larger in the runs with the new definition than by chance."""
        old, new = (
            [
                look.facts.averages[change.grows]
                for look in self._looks
                if look.era.side_of(change) == side and change.grows in look.facts.averages
            ]
            for side in ("before", "after")
        )
        return bool(old and new) and centre(new) > _GROWTH * centre(old)

    def _convert(self, change: Definition, tags: Sequence[str]) -> bool:
        """Give the runs of before the new definition's values; false, and nothing done, where one does not allow it."""
        old = [look for look in self._looks if look.era.side_of(change) == "before" and touches(change, look.facts)]
        values = [by_new_definition(change, look.facts.averages) for look in old]
        if not old or any(value is None for value in values):
            return False
        for look, value in zip(old, values, strict=True):
            assert value is not None
            run = self._converted.get(id(look.run), look.run)
            blocks = {tag: Block(run.blocks[tag].unit, {"avg": value}) for tag in tags if tag in run.blocks}
            self._converted[id(look.run)] = run._replace(blocks={**run.blocks, **blocks})
        message = (
            f"{', '.join(tags)} was converted for {_names(old)}: {' / '.join(change.quotient)}, as since {change.since}"
        )
        self._findings.append(Finding(code=CODE, blocks=False, message=message))
        return True


def _names(looks: Sequence[_Look]) -> str:
    sides = dict.fromkeys("the base" if look.is_base else "the candidate" for look in looks)
    return " and ".join(sides)
