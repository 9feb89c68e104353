"""Migrated exports against AIPerf's own: what a release makes of a command is what migrated files of others look like.

One command was recorded with many releases. Whatever a migration makes of one recording must have the places and the
names of the other, and a metric that was renamed must be the one that its new name says.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from itertools import permutations
from math import log
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import pytest

from migrator.aiperf.releases import age, release
from migrator.chain.ops import Rename
from migrator.chain.steps import STEPS
from migrator.jsonfile import Object
from migrator.migration.goal import Goal
from migrator.migration.migrate import migrate
from oracle import corpus

TABLE: Final = Path(__file__).parent / "aiperf_changes.toml"
GPU: Final = ("telemetry_data", "endpoints", "*", "gpus", "*", "metrics")
Place = tuple[str, ...]


class Change(NamedTuple):
    """A row of the table: a pattern of places, and the releases at which AIPerf started or stopped to write them."""

    places: str
    releases: tuple[str, ...]
    reason: str

    def explains(self, place: Place, source: str, target: str) -> bool:
        """Whether a place that only one of two releases has is one of these."""
        between = any((age(source) < age(name)) != (age(target) < age(name)) for name in self.releases)
        return between and fnmatchcase(_text(place), self.places)


CHANGES: Final = tuple(
    Change(places, tuple(row["releases"]), row["reason"])
    for row in tomllib.loads(TABLE.read_text(encoding="utf-8"))["change"]
    for places in row["places"]
)


def _text(place: Place) -> str:
    return ".".join(("GPU", *place[len(GPU) :]) if place[: len(GPU)] == GPU else place)


def places(node: Any, place: Place = ()) -> Iterator[Place]:
    """Every place that holds something: null and absent mean the same."""
    if node is None:
        return
    yield place
    if type(node) is dict:
        for key, item in node.items():
            yield from places(item, (*place, key))


def plain(place: Place) -> Place:
    """A place with `*` for what is the machine's own name; metrics of the warm-up, or in `records`, as at the top."""
    if place[:2] == GPU[:2]:
        place = tuple("*" if index in (2, 4) else part for index, part in enumerate(place))
    return place[1:] if len(place) > 1 and place[0] in ("records", "warmup_metrics") else place


def outside(document: Object) -> frozenset[Place]:
    """The places of a document outside its configuration, which `oracle/leaves.py` compares by value."""
    return frozenset(map(plain, places({key: item for key, item in document.items() if key != "input_config"})))


@cache
def migrated(source: str, scenario: str, version: str, reader: str | None) -> Object:
    return migrate(corpus.document(source, scenario), Goal(version, reader)).document


def as_target(source: str, target: str, scenario: str) -> Object:
    """A recording of one release at the version, and in the dialect, of another."""
    found = release(target)
    assert found is not None
    return migrated(source, scenario, found.version, target if found.version == "1.4" else None)


@cache
def differences(scenario: str) -> tuple[tuple[str, str, Place], ...]:
    """(source, target, place) of each place that only one of the two has, and whose parent both have."""
    found = []
    for source, target in permutations(corpus.releases_of(scenario), 2):
        ours, theirs = outside(as_target(source, target, scenario)), outside(corpus.document(target, scenario))
        common = ours & theirs
        found += [(source, target, place) for place in ours ^ theirs if place[:-1] in common]
    return tuple(found)


@pytest.mark.parametrize("scenario", corpus.scenarios())
def test_a_migrated_export_has_the_places_of_one_that_was_recorded(scenario: str) -> None:
    left = [row for row in differences(scenario) if not any(change.explains(row[2], *row[:2]) for change in CHANGES)]
    assert left == [], f"a rename is missing or wrong, or AIPerf changed: then a row of {TABLE.name} says so"


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.places)
def test_every_row_of_the_table_is_needed(change: Change) -> None:
    rows = [row for scenario in corpus.scenarios() for row in differences(scenario)]
    assert any(change.explains(place, source, target) for source, target, place in rows)
    assert change.reason


def renamed() -> list[tuple[str, str]]:
    """(older name, newer name) of each metric, at the top or of a GPU, that a step renames."""
    ops = [getattr(op, "of", op) for step in STEPS for op in step.ops]
    tables = [op.table for op in ops if isinstance(op, Rename) and "summary" not in op.at]
    return sorted({row for table in tables for row in table.items()})


def averages(document: Object) -> dict[str, float]:
    """The average of each metric; of those of GPUs, the median over the GPUs."""
    found: dict[str, list[float]] = {}
    _collect(document, found)
    return {name: median(values) for name, values in found.items()}


def _collect(node: Object, found: dict[str, list[float]]) -> None:
    for key, item in node.items():
        if type(item) is dict and type(item.get("avg")) in (int, float):
            found.setdefault(key, []).append(item["avg"])
        elif type(item) is dict and key not in ("input_config", "warmup_metrics"):
            _collect(item, found)


def units(node: Object) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, item in node.items():
        if type(item) is dict and "unit" in item:
            found[key] = item["unit"]
        elif type(item) is dict and key not in ("input_config", "warmup_metrics"):
            found |= units(item)
    return found


@pytest.mark.parametrize(("older", "newer"), renamed())
def test_a_renamed_metric_is_the_one_that_its_new_name_says(older: str, newer: str) -> None:
    """Of all renamed metrics with the unit, the one recorded under the new name is the nearest in value: in most
    recordings, for they are of different minutes."""
    rivals = {name for _, name in renamed()}
    right, compared = 0, 0
    for scenario in corpus.scenarios():
        for source, target in permutations(corpus.releases_of(scenario), 2):
            before, own = corpus.document(source, scenario), corpus.document(target, scenario)
            was, now = averages(before), averages(own)
            if older not in was or newer in was or newer not in now:
                continue
            ours = averages(as_target(source, target, scenario))
            assert newer in ours, (source, target, scenario)
            kinds = units(own)
            same = [name for name in rivals if name in now and kinds[name] == kinds[newer]]
            compared += 1
            right += min(same, key=lambda name: _distance(ours[newer], now[name])) == newer
    assert compared == 0 or right > compared / 2, f"{right} of {compared}"


def _distance(a: float, b: float) -> float:
    return abs(log(a / b)) if a > 0 and b > 0 else 0.0 if a == b else abs(a - b)


def test_most_renamed_metrics_are_recorded_on_both_sides() -> None:
    names = {
        key
        for scenario in corpus.scenarios()
        for name in corpus.releases_of(scenario)
        for key in averages(corpus.document(name, scenario))
    }
    unseen = [row for row in renamed() if not names.issuperset(row)]
    assert len(unseen) < len(renamed()) / 2, unseen
