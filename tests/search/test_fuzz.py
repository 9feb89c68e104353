"""Any bytes end in an answer or in an error of this package. `make fuzz` looks for more of them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search.fuzz import FOUND, everything, read_by_release, readers
from search.fuzz import broken as broken_by
from search.fuzz_commands import journals, residues
from search.fuzz_targets import TARGETS
from support.process import EXPORTS, run

from migrator.errors import MigratorError
from migrator.files.packed import Packing, pack
from migrator.jsonfile import parse

SMALL = sorted(path for path in EXPORTS.rglob("*.json") if path.stat().st_size < 20_000)
"""Recorded files of all families that are quickly tried."""

_DOCUMENTS = st.sampled_from(SMALL).map(Path.read_bytes)
_CHANCE = st.randoms(use_true_random=False)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes(raw: bytes) -> None:
    everything(raw)


@settings(max_examples=40)
@given(_DOCUMENTS, _CHANCE)
def test_exports_that_somebody_broke(raw: bytes, chance: Random) -> None:
    everything(broken_by(raw, chance))


@pytest.mark.slow
@settings(max_examples=400)
@given(_DOCUMENTS, _CHANCE)
def test_many_exports_that_somebody_broke(raw: bytes, chance: Random) -> None:
    everything(broken_by(raw, chance))


@settings(max_examples=20)
@given(_DOCUMENTS, _CHANCE, st.sampled_from(list(Packing)))
def test_compressed_files_that_somebody_broke(raw: bytes, chance: Random, packing: Packing) -> None:
    packed = bytearray(pack(raw, packing))
    for _ in range(chance.randint(0, 3)):
        packed[chance.randrange(len(packed))] = chance.randrange(256)
    everything(bytes(packed[: chance.choice([len(packed), chance.randrange(len(packed))])]))


@pytest.mark.parametrize("name", sorted(path.name for path in FOUND.glob("*")))
def test_what_was_found_before(name: str) -> None:
    raw = (FOUND / name).read_bytes()
    everything(raw)
    with suppress(MigratorError):
        document = parse(raw).data
        for release in readers():
            read_by_release(document, release)
    assert run("inspect", FOUND / name).code in (0, 4)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=4)
@given(_CHANCE)
def test_every_command_and_input_that_somebody_broke(name: str, chance: Random) -> None:
    tried, first = TARGETS[name]
    tried(broken_by(chance.choice(first()), chance))


@given(st.sampled_from([*journals(), *residues()]), _CHANCE)
def test_journals_and_residues_that_somebody_broke(raw: bytes, chance: Random) -> None:
    everything(broken_by(raw, chance))
