"""Columns that wildcards stand for are known after the last row, and limited."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from migrator.table import places as module
from migrator.table.places import Places

COLUMN = "input_config.*"


def run_with(**values: Any) -> Any:
    return SimpleNamespace(places={COLUMN: values}, warnings=[])


def test_beyond_the_limit_no_new_column_is_made_and_the_known_ones_are_filled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    found = Places([COLUMN])
    full, more = run_with(a=1, b=2), run_with(a=3, b=4, c=5)
    assert found.row(full) == {"a": 1, "b": 2}
    assert full.warnings == []
    assert found.row(more) == {"a": 3, "b": 4}
    assert len(more.warnings) == 1
    assert "more than 2 columns" in more.warnings[0]
    assert found.names() == {COLUMN: ["a", "b"]}


def test_a_column_of_two_kinds_is_text() -> None:
    found = Places([COLUMN])
    for values in ({"a": 1, "b": True, "c": 1.5}, {"a": "0.10", "b": False, "c": 2}):
        found.row(run_with(**values))
    assert found.kinds() == {"a": "text", "b": "flag", "c": "number"}
