"""What an operation of a step is, and the run of steps that it is part of.

The operations themselves are in [`migrator.chain.ops`][] and [`migrator.chain.pivot`][].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from migrator.aiperf.releases import Dialect
from migrator.chain.places import Field
from migrator.jsonfile import Json, Object, Path, at, fingerprint
from migrator.ledger import Entry, Loss, Op
from migrator.values import NamedTuple

UNKNOWN: Final = object()
"""What a source returns when the document does not give the value."""


class Context:
    """The run of steps that an operation is part of: its settings, and its ledger.

    Args:
        dialect: the telemetry dialect that 1.4 has in this run.
        residue: whether a residue is written, so that dropped values are `saved` instead of `lost`.
        kept_fields: fields that the first and the last version have, and a version between them has not: they stay.
        entries: where changes are reported; a new list by default.

    Attributes:
        step: the name of the step that runs.
        above: the place of the object that an operation takes for its document: that of a part ([`Within`][
            migrator.chain.within.Within]), else the root.
    """

    __slots__ = ("_computed", "above", "dialect", "entries", "kept_fields", "residue", "step")

    def __init__(
        self,
        dialect: Dialect,
        residue: bool = False,
        kept_fields: frozenset[Field] = frozenset(),
        entries: list[Entry] | None = None,
    ) -> None:
        self.dialect = dialect
        self.residue = residue
        self.kept_fields = kept_fields
        self.entries = [] if entries is None else entries
        self.step = ""
        self.above: Path = ()
        self._computed: list[tuple[int, Path, AddedField, Object, Path]] = []

    def note(
        self,
        op: Op,
        path: Path,
        loss: Loss,
        before: Json = None,
        after: Json = None,
        to: Path | None = None,
        note: str = "",
    ) -> None:
        """Report one change; the arguments are the fields of [`Entry`][migrator.ledger.Entry] after `step`."""
        above = self.above
        if above:
            path, to = above + path, to if to is None else above + to
        self.entries.append(Entry(self.step, op, path, loss, before, after, to, note))

    @property
    def dropped(self) -> Loss:
        """The class of a value that the target version has no place for."""
        return Loss.SAVED if self.residue else Loss.LOST

    def loss_of(self, value: Json, computed: Json) -> Loss:
        """The class of a dropped value: `derivable` if its source computes the same one ([`UNKNOWN`][]: nothing)."""
        if computed is not UNKNOWN and fingerprint(computed) == fingerprint(value):
            return Loss.DERIVABLE
        return Loss.EXACT if value is None else self.dropped

    def note_computed(self, field: AddedField, node: Object, path: Path) -> None:
        """Remember that the last entry drops a field of `node`, at `path`, that has a source."""
        self._computed.append((len(self.entries) - 1, self.above, field, node, path))

    def settle(self, document: Object) -> None:
        """Classify these drops by the final document: a later step may have dropped what a source reads."""
        for index, above, field, node, path in self._computed:
            entry = self.entries[index]
            part = at(document, above) if above else document
            loss = self.loss_of(entry.before, field.value(part, node, path))
            if loss is not entry.loss:
                self.entries[index] = entry._replace(loss=loss)
        self._computed.clear()


class Operation(Protocol):
    """One reversible change of a document."""

    def up(self, document: Object, context: Context) -> Object:
        """The document as the newer version has it."""

    def down(self, document: Object, context: Context) -> Object:
        """The document as the older version has it."""

    def present(self, document: Object) -> str:
        """The place that proves that a document is of the newer version, as dotted keys; empty if none does."""

    def describe(self, up: bool = True) -> str:
        """What one direction does, in one line without a full stop: `adds is_complete`."""

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """The fields that one direction makes room for; the other direction drops them."""

    def keys(self) -> frozenset[str]:
        """Every top-level key that it reads or writes, in either direction."""


Source = Callable[[Object, Object, Path], Json]
"""(document, the object that gets the field, the path of that object) → the value, or [`UNKNOWN`][]."""


class AddedField(NamedTuple):
    """One field of an [`Add`][].

    `source` computes its value from the document. `nullable`: null is added where no value is known; a field that is
    not nullable is not added there. `after` lists the keys it follows, as
    [`inserted`][migrator.chain.places.inserted] reads them. `loss` is the class of a computed value.
    """

    key: str
    source: Source | None = None
    nullable: bool = False
    after: tuple[str, ...] = ()
    loss: Loss = Loss.DERIVABLE

    def value(self, document: Object, node: Object, path: Path) -> Json:
        """The value of the field in `node`, which stands at `path`; [`UNKNOWN`][] if it is not to be added."""
        value = self.source(document, node, path) if self.source else UNKNOWN
        return None if value is UNKNOWN and self.nullable else value
