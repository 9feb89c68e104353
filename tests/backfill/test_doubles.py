"""Values that are stored in a file are those that were put in, and give the same facts, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.growth import TIMES

from migrator.backfill import columns as columns_module
from migrator.backfill import doubles as doubles_module
from migrator.backfill import statistics
from migrator.backfill.columns import Column, read_columns
from migrator.backfill.doubles import Doubles, ValuesFile, bounded
from migrator.backfill.statistics import facts, pairwise

_VALUES = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), max_size=400)


@given(st.lists(_VALUES, max_size=4), st.slices(1600), st.integers(1, 50))
def test_stored_values_are_those_that_were_put_in(groups: list[list[float]], some: slice, part: int) -> None:
    """Of two that share a file, whatever was stored when."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doubles_module, "_PART", part)
        backing = ValuesFile()
        one, other = Doubles(backing), Doubles(backing)
        expected: list[float] = []
        for place, group in enumerate(groups):
            one.fromlist(group)
            for value in group:
                other.append(-value)
            expected += group
            if place % 2 == 0:
                bounded([one, other], 0)
        assert (len(one), len(other)) == (len(expected),) * 2
        assert list(one) == one.tolist() == expected
        assert list(other) == [-value for value in expected]
        assert list(one[some]) == expected[some]
        assert pairwise(one) == pairwise(expected)
        if expected:
            assert one[len(expected) - 1] == expected[-1]


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=500), st.booleans(), st.integers(1, 50))
def test_stored_columns_give_the_same_facts(nanoseconds: list[int], whole: bool, part: int) -> None:
    unit = "ms" if whole else "tokens/sec"
    values = [value * 1e-6 for value in nanoseconds]
    average = sum(nanoseconds) / len(values) * 1e-6 if whole else pairwise(values) / len(values)
    held, stored = Column(), Column()
    for column in (held, stored):
        column.unit = unit
        for place in range(0, len(values), 100):
            column.values.fromlist(values[place : place + 100])
            if column is stored:
                column.values.store()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doubles_module, "_PART", part)
        patch.setattr(statistics, "_MOST_SORTED", 0)
        many = facts(stored, average)
    expected = facts(held, average)
    assert (many.number, many.one_by_one, many.in_pairs) == (expected.number, expected.one_by_one, expected.in_pairs)
    for name, value in many.stats.items():
        assert value == pytest.approx(expected.stats[name], rel=1e-12)


def test_memory_does_not_grow_with_the_records(tmp_path: Path, monkeypatch: Any) -> None:
    """However long the records are, no more values than the bound are in memory when they are counted."""
    monkeypatch.setattr(columns_module, "_HELD", 100)
    monkeypatch.setattr(columns_module, "_LOOKED_AT", 10)
    path = tmp_path / "profile_export.jsonl"
    line = b'{"metrics":{"a":{"value":1.5,"unit":"ms"},"b":{"value":[1,2],"unit":"ms"}}}\n'
    held = []
    for size in (100, 100 * TIMES):
        path.write_bytes(line * size)
        count, columns = read_columns(str(path), None)
        assert (count, len(columns["a"].values), len(columns["b"].values)) == (size, size, 2 * size)
        assert set(columns["b"].values) == {1.0, 2.0}
        held.append(sum(column.values.held for column in columns.values()))
    assert max(held) <= 100 + 3 * 10
