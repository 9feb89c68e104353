"""The ledger: what a migration did, path by path, with the class of loss of each change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from migrator.jsonfile import Json, Path, path_text


class Loss(StrEnum):
    """What became of a value. Every changed path has exactly one of these."""

    EXACT = "exact"
    """Nothing is lost or assumed: a rename, a move, a null for what the document does not say."""
    DERIVABLE = "derivable"
    """Can be computed again from what the document holds."""
    INFERRED = "inferred"
    """A guess from evidence, which may be wrong."""
    SAVED = "saved"
    """Dropped from the document, kept in the residue."""
    LOST = "lost"
    """Dropped, and kept nowhere."""
    KEPT = "kept"
    """Not known to any version, or in the way of a known name: left alone."""
    REDACTED = "redacted"
    """A secret that stood in clear, now `<redacted>`."""


class Op(StrEnum):
    """What was done at a path."""

    ADD = "add"
    DROP = "drop"
    RENAME = "rename"
    MOVE = "move"
    SET = "set"
    KEEP = "keep"
    REDACT = "redact"
    RESTORE = "restore"
    CONFLICT = "conflict"


PAST_TENSE = {
    Op.ADD: "added",
    Op.DROP: "dropped",
    Op.RENAME: "renamed",
    Op.MOVE: "moved",
    Op.SET: "set",
    Op.KEEP: "kept",
    Op.REDACT: "redacted",
    Op.RESTORE: "restored",
    Op.CONFLICT: "in conflict",
}
"""How a summary counts each operation."""


class Entry(NamedTuple):
    """One line of the ledger.

    `path` is the place before the change, or the new place of something added; `to` is where it went, for renames
    and moves. `before` and `after` are whole values, subtrees included; a redacted value is never among them.
    """

    step: str
    op: Op
    path: Path
    loss: Loss
    before: Json = None
    after: Json = None
    to: Path | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and ledger files; fields that do not apply are left out."""
        row: dict[str, Any] = {
            "step": self.step,
            "op": self.op.value,
            "path": path_text(self.path),
            "loss": self.loss.value,
        }
        if self.to is not None:
            row["to"] = path_text(self.to)
        if self.op in (Op.DROP, Op.SET):
            row["before"] = self.before
        if self.op in (Op.ADD, Op.SET, Op.RESTORE):
            row["after"] = self.after
        if self.note:
            row["note"] = self.note
        return row


class Tally(NamedTuple):
    """A ledger in figures: how many entries each operation and each class has, and how many drops are derivable."""

    operations: Counter[Op]
    losses: Counter[Loss]
    implied: int

    @property
    def lost(self) -> int:
        """How many values nothing keeps; conflicts with a residue are counted among the operations."""
        return self.losses[Loss.LOST] - self.operations[Op.CONFLICT]


class Ledger:
    """An ordered list of entries, with the questions one asks of it."""

    __slots__ = ("entries",)

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = list(entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __bool__(self) -> bool:
        return bool(self.entries)

    def of(self, loss: Loss) -> list[Entry]:
        """The entries of one class."""
        return [entry for entry in self.entries if entry.loss is loss]

    def by_op(self) -> Counter[Op]:
        """How many entries each operation has."""
        return Counter(map(attrgetter("op"), self.entries))

    def by_loss(self) -> Counter[Loss]:
        """How many entries each class of loss has."""
        return Counter(map(attrgetter("loss"), self.entries))

    def tally(self) -> Tally:
        """All of it in figures."""
        # Once, not for each entry: looking a member up in its enumeration takes longer than all the rest here.
        drop, derivable = Op.DROP, Loss.DERIVABLE
        implied = sum([entry.op is drop and entry.loss is derivable for entry in self.entries])
        return Tally(self.by_op(), self.by_loss(), implied)

    def as_list(self) -> list[dict[str, Any]]:
        """All entries as plain JSON objects."""
        return [entry.as_dict() for entry in self.entries]
