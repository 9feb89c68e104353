"""Texts that many files have in common are in memory once: a list of 100,000 files has few models and releases."""

from __future__ import annotations

from typing import Any

from tui.files.export import Export


class Shared:
    """The texts of the files that were read so far."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def share(self, export: Export, listed: Export) -> None:
        """Replace texts of a file that was read by equal ones of other files.

        Args:
            export: the file.
            listed: the same as it was found, whose names it takes.
        """
        one = self._known.setdefault
        export.path, export.relative = listed.path, listed.relative
        for name in ("family", "version", "label", "dialect", "release", "model", "load"):
            text = getattr(export, name)
            setattr(export, name, one(text, text))
        export.values = {one(key, key): self._values(values) for key, values in export.values.items()}
        export.numbers = {one(key, key): number for key, number in export.numbers.items()}

    def _values(self, values: tuple[object, ...]) -> tuple[object, ...]:
        kinds = tuple(map(type, values))
        # A number keeps its own text; and 1, 1.0 and True are equal, but not the same.
        if not all(kind in (str, bool, int) for kind in kinds):
            return values
        shared: tuple[object, ...] = self._known.setdefault((kinds, values), values)
        return shared
