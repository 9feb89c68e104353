"""What became of a file: of one that was to be written, and of one that was to be restored."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from migrator.errors import MigratorError
from migrator.values import dataclass, field


@dataclass(slots=True)
class Outcome:
    """What became of a document that was handed over to be written, as soon as its writer has settled.

    `error` tells why the document is not in its place; None if it is. `other_names` counts the further hard links of
    the original, which keep the old content. `warnings` tell what the system refused, such as to keep the owner.
    """

    error: MigratorError | None = None
    other_names: int = 0
    warnings: list[str] = field(default_factory=list)


class Undone(StrEnum):
    """What became of one entry of a journal that is undone."""

    RESTORED = "restored"
    """The original is back."""
    REMOVED = "removed"
    """The file that the batch made is removed; there was none before."""
    UNTOUCHED = "untouched"
    """The file is as it was before the batch."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """What became of one entry of a journal, with the error of one that failed, and what the system refused."""

    path: str
    status: Undone
    error: MigratorError | None = None
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """One line of `--json`."""
        row: dict[str, Any] = {"file": self.path, "status": self.status.value}
        if self.warnings:
            row["warnings"] = list(self.warnings)
        return row | ({"error": self.error.as_dict()} if self.error else {})
