"""The ledger: what a migration did, path by path, with the class of loss of each change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from operator import attrgetter
from typing import Any

from migrator.jsonfile import Json, Path, path_text
from migrator.values import NamedTuple


class Loss(StrEnum):
    """What happened to a value. Every changed path has exactly one class."""

    EXACT = "exact"
    """Nothing is lost or assumed: a rename, a move, a null for an unknown value."""
    DERIVABLE = "derivable"
    """Can be computed again from what the document holds."""
    INFERRED = "inferred"
    """Concluded from evidence, and possibly wrong."""
    SAVED = "saved"
    """Dropped from the document, kept in the residue."""
    LOST = "lost"
    """Dropped, and not saved."""
    KEPT = "kept"
    """Unchanged, because no version knows it or because its new name is taken."""
    REDACTED = "redacted"
    """A secret in clear, replaced by `<redacted>`."""


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

    `path` is the place before the change, or the place of an added value; `to` is the new place, for renames and
    moves. `before` and `after` are whole values, objects included. A redacted value is never recorded.
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
        """The entry as `--json` and ledger files have it, without fields that do not apply."""
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
    """Counts of a ledger: entries by operation, entries by class, and `implied`: drops that are derivable."""

    operations: Counter[Op]
    losses: Counter[Loss]
    implied: int

    @property
    def lost(self) -> int:
        """How many values are lost. Conflicts with a residue, which have the same class, are not counted."""
        return self.losses[Loss.LOST] - self.operations[Op.CONFLICT]


class Ledger:
    """The entries of a migration in order, and counts of them."""

    __slots__ = ("entries",)

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = list(entries)

    def __repr__(self) -> str:
        told = ", ".join(f"{count} {PAST_TENSE[op]}" for op, count in self.by_op().items())
        return f"<Ledger: {told or 'nothing changed'}>"

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
        """All counts at once."""
        # Looked up once: finding a member in its enumeration takes longer than the rest of the loop.
        drop, derivable = Op.DROP, Loss.DERIVABLE
        implied = sum([entry.op is drop and entry.loss is derivable for entry in self.entries])
        return Tally(self.by_op(), self.by_loss(), implied)

    def as_list(self) -> list[dict[str, Any]]:
        """All entries as plain JSON objects."""
        return [entry.as_dict() for entry in self.entries]
