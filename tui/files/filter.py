"""The filter of the list: words that must be there, and words that must not.

`llama 1.0` needs both; `-lab` or `!lab` excludes; `version:1.0`, or another key of a column before a colon, asks that
column; `is:old`, `is:bad`, `is:export`, `is:failed`, `is:cancelled` ask what a file is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tui.files.columns import column, key_of, refusal
from tui.files.export import Export

STATES: Final[dict[str, Callable[[Export], bool]]] = {
    "old": lambda e: e.outdated,
    "bad": lambda e: bool(e.problems or e.error),
    "export": lambda e: e.main,
    "failed": lambda e: bool(e.failed),
    "cancelled": lambda e: e.cancelled,
}
"""What `is:` may ask."""


_IS: Final = "is"


class Word(NamedTuple):
    """One condition: a text in lower case, the key of the column that it is asked of, and whether it is negated.

    The key is empty for a word that may be anywhere, and `is` for a state.
    """

    text: str
    key: str = ""
    negated: bool = False

    def holds(self, export: Export) -> bool:
        """Whether a file passes."""
        return self._found(export) != self.negated

    def _found(self, export: Export) -> bool:
        if self.key == _IS:
            return any(test(export) for name, test in STATES.items() if name.startswith(self.text))
        found = column(self.key) if self.key else None
        if found is not None:
            return found.ask(export, self.text)
        return self.text in (export.words or export.relative.casefold())


def words(text: str) -> tuple[Word, ...]:
    """The conditions of a filter line, all of which must hold; unfinished ones (`-`, `model:`) ask nothing yet."""
    found = []
    for part in text.casefold().split():
        negated = part[0] in "-!"
        body = part[1:] if negated else part
        before, colon, rest = body.partition(":")
        key = _key(before) if colon else ""
        word = Word(rest, key, negated) if key else Word(body, "", negated)
        if word.text:
            found.append(word)
    return tuple(found)


def _key(typed: str) -> str:
    """The key that a word before a colon names; empty if it names none."""
    if typed == _IS or column(typed):
        return typed
    return key_of(typed) if "." in typed and not refusal(key_of(typed)) else ""


def metrics_asked(text: str) -> list[str]:
    """The `METRIC.STAT` that a filter line asks for."""
    return [word.key for word in words(text) if "." in word.key]


def passing(exports: list[Export], text: str) -> list[Export]:
    """The files that pass a filter line, in their order."""
    conditions = words(text)
    return [export for export in exports if all(word.holds(export) for word in conditions)] if conditions else exports
