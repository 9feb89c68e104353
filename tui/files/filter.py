"""The filter of the list: words that must be there, and words that must not.

`llama 1.0` needs both; `-lab` or `!lab` excludes; `version:1.0`, `model:`, `release:`, `load:`, `dialect:`, `name:`,
`family:` and `problems:` ask one column; `is:old`, `is:bad`, `is:export`, `is:cancelled` ask what a file is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tui.common.rows import shown
from tui.files.export import Export

FIELDS: Final[dict[str, Callable[[Export], str]]] = {
    "name": lambda e: shown(e.relative),
    "release": lambda e: e.release,
    "version": lambda e: e.version,
    "dialect": lambda e: e.dialect,
    "model": lambda e: e.model,
    "load": lambda e: e.load,
    "date": lambda e: e.start,
    "family": lambda e: e.family,
    "problems": lambda e: " ".join(e.problems) + e.error,
}
"""What a word with a colon may ask, and where it is looked for."""
STATES: Final[dict[str, Callable[[Export], bool]]] = {
    "old": lambda e: e.outdated,
    "bad": lambda e: bool(e.problems or e.error),
    "export": lambda e: e.main,
    "cancelled": lambda e: e.cancelled,
}
"""What `is:` may ask."""


class Word(NamedTuple):
    """One condition: text, where it must be (`""`: anywhere), and whether it must not."""

    text: str
    field: str = ""
    negated: bool = False

    def holds(self, export: Export) -> bool:
        """Whether a file passes."""
        return self._found(export) != self.negated

    def _found(self, export: Export) -> bool:
        if self.field == "is":
            return any(test(export) for name, test in STATES.items() if self.text and name.startswith(self.text))
        if self.field == "version":
            return export.version.startswith(self.text)
        if self.field:
            return self.text in FIELDS[self.field](export).casefold()
        return self.text in (export.words or export.relative.casefold())


def words(text: str) -> tuple[Word, ...]:
    """The conditions of a filter line, all of which must hold; unfinished ones (`-`, `model:`) ask nothing yet."""
    found = []
    for part in text.casefold().split():
        negated = part[0] in "-!"
        body = part[1:] if negated else part
        field, colon, rest = body.partition(":")
        word = Word(rest, field, negated) if colon and (field in FIELDS or field == "is") else Word(body, "", negated)
        if word.text:
            found.append(word)
    return tuple(found)


def passing(exports: list[Export], text: str) -> list[Export]:
    """The files that pass a filter line, in their order."""
    asked = words(text)
    return [export for export in exports if all(word.holds(export) for word in asked)] if asked else exports
