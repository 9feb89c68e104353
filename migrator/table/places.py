"""Columns that are places in the documents: which there are, and what their values are, is known after the last row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from migrator.jsonfile import Json
from migrator.table.rows import Kind, Row, Run, steps_of, text_of

_MOST: Final = 10_000
"""Columns that wildcards stand for; only hostile documents have more, and those are left out with a warning."""


class Places:
    """The columns of some paths.

    A column of numbers has numbers alone, and one of flags flags alone; every other one is of text, whatever the single
    values are, so that "0.10" in one file is not 0.1 because another has a number.

    Args:
        columns: all columns that are asked for; those that are not paths are passed over.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._kinds: dict[str, Kind | None] = {}
        self._names: dict[str, dict[str, None]] = {}
        for column in columns:
            if steps := steps_of(column):
                is_wild = any(step.wild for step in steps)
                self._names[column] = {} if is_wild else {column: None}
                self._kinds |= {} if is_wild else {column: None}

    def __bool__(self) -> bool:
        return bool(self._names)

    def row(self, run: Run) -> Row:
        """The cells of a run, by column."""
        cells: Row = {}
        for column, found in run.places.items():
            for name, value in found.items():
                if name not in self._kinds and len(self._kinds) >= _MOST:
                    run.warnings.append(f"{column} stands for more than {_MOST} columns: the rest is left out")
                    break
                self._names[column][name] = None
                self._note(name, value)
                cells[name] = value
        return cells

    def _note(self, name: str, value: Json) -> None:
        kind: Kind = "flag" if type(value) is bool else "number" if isinstance(value, (int, float)) else "text"
        before = self._kinds.get(name) or kind
        self._kinds[name] = kind if before == kind else "text"

    def names(self) -> Mapping[str, Sequence[str]]:
        """Path → the columns that it stands for, in the order that they were met."""
        return {column: list(names) for column, names in self._names.items()}

    def kinds(self) -> dict[str, Kind]:
        """Column → what its values are; text for one that has none."""
        return {name: kind or "text" for name, kind in self._kinds.items()}

    def typed(self, row: Row) -> Row:
        """A row whose cells are of the kind of their columns, which takes all rows to know."""
        for name, kind in self._kinds.items():
            if (kind is None or kind == "text") and row.get(name) is not None:
                row[name] = text_of(row[name])
        return row
