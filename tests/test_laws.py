"""The laws of the chain over every ordered pair of versions, on generated and on real documents."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from jsontext import STYLES, written
from laws import LAWS, Case, case_of
from realdocs import mutated, recorded, thinned
from strategies import documents

from migrator.chain.steps import RANK, VERSIONS
from migrator.errors import MigratorError
from migrator.identify import identify, require_migratable

UPWARDS = ("3 up and down",)
DOWNWARDS = ("4 down and up",)

FAST, LONG = 15, 600
"""Documents for each law and version; each goes to every other version."""


def targets(law: str, source: str) -> list[str]:
    """Where a law takes a document of a version: to every other version, in the directions that it speaks of."""
    up = [version for version in VERSIONS if RANK[version] > RANK[source]]
    down = [version for version in VERSIONS if RANK[version] < RANK[source]]
    return ([] if law in DOWNWARDS else up) + ([] if law in UPWARDS else down)


RUNS = [(law, source) for law in LAWS for source in VERSIONS if targets(law, source)]


def test_every_pair_is_covered() -> None:
    for law in LAWS:
        pairs = {(source, target) for name, source in RUNS if name == law for target in targets(law, source)}
        wanted = set(permutations(VERSIONS, 2))
        if law in UPWARDS:
            wanted = {(a, b) for a, b in wanted if RANK[a] < RANK[b]}
        if law in DOWNWARDS:
            wanted = {(a, b) for a, b in wanted if RANK[a] > RANK[b]}
        assert pairs == wanted


def hold(law: str, case: Case, data: Any) -> None:
    """Check a law for a document and every version it speaks of."""
    for target in targets(law, case.version):
        note(f"{case.version} → {target}")
        LAWS[law](case, target, data.draw)


def generated(law: str, source: str, data: Any) -> None:
    document = data.draw(documents(source), label="document")
    style = data.draw(st.sampled_from(sorted(STYLES)), label="layout")
    case = case_of(document, source, STYLES[style], conforms=True)
    assert source in case.versions
    hold(law, case, data)


def real(law: str, source: str, data: Any) -> None:
    broken = data.draw(st.sampled_from([True, True, False]), label="mutated")
    document = data.draw(mutated(source) if broken else thinned(source))
    note(written(document))
    style = data.draw(st.sampled_from(sorted(STYLES)), label="layout")
    try:
        require_migratable(identify(document))
    except MigratorError:
        return
    hold(law, case_of(document, source, STYLES[style], conforms=not broken), data)


@pytest.mark.parametrize(("law", "source"), RUNS)
@settings(max_examples=FAST)
@given(data=st.data())
def test_generated_documents(law: str, source: str, data: Any) -> None:
    generated(law, source, data)


@pytest.mark.parametrize(("law", "source"), RUNS)
@settings(max_examples=FAST)
@given(data=st.data())
def test_real_documents(law: str, source: str, data: Any) -> None:
    real(law, source, data)
