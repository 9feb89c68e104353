"""The filter of the list: a condition in the language of `--where`, asked of what was read of each file.

A line that is not understood (`-`, `model:`, while it is typed) leaves the list as the line before it had it, and is
not taken with enter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from migrator.errors import UsageError
from tui.files.export import Export

if TYPE_CHECKING:
    from migrator.batch.where import Expression


OLD: Final = "is:old"
"""The word of a filter for what needs migration."""


class AnswersOf:
    """What the language asks of a file of the list. One that has not been read yet has a name, and no other value."""

    __slots__ = ("_export",)

    def __init__(self, export: Export) -> None:
        self._export = export

    @property
    def words(self) -> str:
        """The text that bare words are looked for in."""
        return self._export.words or self._export.relative.casefold()

    def values(self, key: str) -> tuple[object, ...]:
        """The values of a field."""
        export = self._export
        if key == "file":
            return (export.relative,)
        if key == "is:bad":
            return (bool(export.problems or export.error),) if export.checked or not export.comparable else ()
        number = export.numbers.get(key)
        return export.values.get(key, ()) if number is None else (number,)


class Filter:
    """A line of the filter, and the condition that it stands for.

    Attributes:
        text: the line as it was typed.
        problem: why it is not understood; empty if it is.
    """

    def __init__(self) -> None:
        self.text = ""
        self.problem = ""
        self._condition: Expression | None = None

    def type(self, text: str) -> None:
        """Take another line."""
        self.text, self.problem = text, ""
        if not text.strip():
            self._condition = None
            return
        # Slow to import: only for a list that is filtered.
        from migrator.batch.where import where

        try:
            self._condition = where(text)
        except UsageError as error:
            error.file = ""
            self.problem = str(error)

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that have to be read for it."""
        return self._condition.keys if self._condition else ()

    @property
    def unproven(self) -> Mapping[str, str]:
        """The names in it that no file need have."""
        return self._condition.unproven if self._condition else {}

    def passing(self, exports: list[Export]) -> list[Export]:
        """The files that pass, in their order."""
        condition = self._condition
        return exports if condition is None else [each for each in exports if condition.holds(AnswersOf(each))]


def nowhere(keys: Iterable[str], exports: Sequence[Export]) -> str:
    """The first of some fields that none of the files has, which may be misspelt; empty if there is none."""
    return next((key for key in keys if not any(AnswersOf(each).values(key) for each in exports)), "")


def passing(exports: list[Export], text: str) -> list[Export]:
    """The files that pass a filter line, in their order; all, if it is not understood."""
    line = Filter()
    line.type(text)
    return line.passing(exports)


def refusal_of(text: str) -> str:
    """Why a filter line is not understood; empty if it is."""
    line = Filter()
    line.type(text)
    return line.problem


def old_only(text: str) -> str:
    """A filter line that lets only such files pass as need migration; given one of those, the line without that."""
    text = text.strip()
    words = text.split()
    if not re.search(r"""["'()]|(^|\s)(or|and|not|-|!)(\s|$)""", text, re.IGNORECASE):
        return " ".join([word for word in words if word != OLD] if OLD in words else [*words, OLD])
    # `a or b is:old` would let every `a` pass; without its last word, `a or is:old` would be no condition.
    rest = text.removesuffix(OLD).rstrip()
    if text == f"({rest[1:-1]}) {OLD}" and not refusal_of(rest[1:-1]):
        return rest[1:-1]
    return f"({text}) {OLD}"
