"""The closed set of reversible operations that steps are made of.

An operation is declared once and runs both ways. It reports every change to the [`Move`][], with its class of loss,
and returns a new document: the one it is given is never touched, and what does not change is shared.

Adding a kind of operation is rare. It must be its own inverse's declaration, and say what each direction loses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from migrator.aiperf.metrics import is_block, record_tags
from migrator.aiperf.releases import Dialect
from migrator.chain.places import BLOCK, PLACES, ROOT, Field, Pattern, applied, inserted, visit
from migrator.jsonfile import Json, Object, Path, fingerprint
from migrator.ledger import Entry, Loss, Op

UNKNOWN: Final = object()
"""What a source returns when the document does not say."""


class Move:
    """One run along the chain: what operations need to know, and where they report.

    `kept_fields` names (pattern, key) pairs that both ends of the run have a place for: they ride through versions
    that have none. `dialect` is the telemetry dialect of 1.4 in this run. `residue` says whether drops are saved.
    """

    __slots__ = ("_computed", "dialect", "entries", "kept_fields", "residue", "step")

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
        self._computed: list[tuple[int, Item, Object, Path]] = []

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
        """Report one change to the ledger."""
        self.entries.append(Entry(self.step, op, path, loss, before, after, to, note))

    @property
    def dropped(self) -> Loss:
        """The class of a value that the target has no place for."""
        return Loss.SAVED if self.residue else Loss.LOST

    def loss_of(self, value: Json, again: Json) -> Loss:
        """The class of a dropped value for which its source gives `again`."""
        if again is not UNKNOWN and fingerprint(again) == fingerprint(value):
            return Loss.DERIVABLE
        return Loss.EXACT if value is None else self.dropped

    def note_computed(self, item: Item, node: Object, path: Path) -> None:
        """Remember that the entry just made drops a field of `node` that its source may compute again."""
        self._computed.append((len(self.entries) - 1, item, node, path))

    def settle(self, document: Object) -> None:
        """Class each such drop by the document the run ends with: a later step may have taken what its source needs."""
        for index, item, node, path in self._computed:
            entry = self.entries[index]
            loss = self.loss_of(entry.before, item.value(document, node, path))
            if loss is not entry.loss:
                self.entries[index] = entry._replace(loss=loss)
        self._computed.clear()


Source = Callable[[Object, Object, Path], Json]
"""(document, the object that gets the field, its path) → the value, or [`UNKNOWN`][]."""


class Item(NamedTuple):
    """One field of an [`Add`][].

    `source` computes its value from the document; without one it is optional and never made up. `nullable` writes
    null where nothing is known. `after` names the neighbours it stands behind. `loss` classes a computed value.
    """

    key: str
    source: Source | None = None
    nullable: bool = False
    after: tuple[str, ...] = ()
    loss: Loss = Loss.DERIVABLE

    def value(self, document: Object, node: Object, path: Path) -> Json:
        """What the document says about the field, or [`UNKNOWN`][]."""
        value = self.source(document, node, path) if self.source else UNKNOWN
        return None if value is UNKNOWN and self.nullable else value


class Add:
    """Fields that the newer version has.

    Up, a missing field is added if its source knows the value. Down, it is dropped: `derivable` when its source
    would give the same value again. A field that the far end of the run has a place for stays if it must.
    """

    __slots__ = ("_addable", "at", "items")

    def __init__(self, *items: Item, at: Pattern = ROOT) -> None:
        self.items = items
        self.at = at
        self._addable = tuple(item for item in items if item.source or item.nullable)

    def up(self, document: Object, move: Move) -> Object:
        """Add each field wherever it is missing and something is known about it."""
        if not self._addable:
            return document
        changes: list[tuple[Path, Object]] = []
        for path, node, _ in visit(document, self.at):
            additions = []
            for item in self._addable:
                if item.key in node or (value := item.value(document, node, path)) is UNKNOWN:
                    continue
                additions.append((item.key, value, item.after))
                move.note(Op.ADD, (*path, item.key), Loss.EXACT if value is None else item.loss, None, value)
            if additions:
                changes.append((path, inserted(node, additions)))
        return applied(document, changes) if changes else document

    def down(self, document: Object, move: Move) -> Object:
        """Drop each field wherever it is."""
        changes: list[tuple[Path, Object]] = []
        for path, node, _ in visit(document, self.at):
            dropped = set()
            for item in self.items:
                if item.key not in node:
                    continue
                value = node[item.key]
                loss = move.loss_of(value, item.value(document, node, path))
                if loss is not Loss.DERIVABLE and (self.at, item.key) in move.kept_fields:
                    continue
                dropped.add(item.key)
                move.note(Op.DROP, (*path, item.key), loss, value)
                if item.source:
                    move.note_computed(item, node, path)
            if dropped:
                changes.append((path, {name: value for name, value in node.items() if name not in dropped}))
        return applied(document, changes) if changes else document

    def present(self, document: Object) -> str:
        """The first such field, if it counts as evidence: of stats blocks, only those of known record metrics do."""
        for path, node, _ in visit(document, self.at):
            for item in self.items:
                if item.key in node and (BLOCK not in self.at or (len(path) == 1 and path[0] in record_tags())):
                    return ".".join(map(str, (*path, item.key)))
        return ""

    def describe(self) -> str:
        """`adds is_complete`, `adds count, sum to each metric`."""
        names = ", ".join(item.key for item in self.items)
        return f"adds {names}" + (f" to {PLACES[self.at]}" if self.at else "")

    def gains(self, up: bool) -> frozenset[Field]:
        """Its fields, upwards."""
        return frozenset((self.at, item.key) for item in self.items) if up else frozenset()


class Rename:
    """New names for keys of a map, by a table; key order stays.

    Where old and new name are both there, neither is touched: the new name is the one readers use, and the old one
    is kept beside it. `unless` exempts objects by looking at their parent (an AMD GPU keeps its names).
    """

    __slots__ = ("about", "at", "inverse", "table", "unless")

    def __init__(
        self,
        table: dict[str, str],
        at: Pattern = ROOT,
        unless: Callable[[Object], bool] | None = None,
        about: str = "",
    ) -> None:
        self.table = table
        self.inverse = {new: old for old, new in table.items()}
        self.at = at
        self.unless = unless
        self.about = about

    def up(self, document: Object, move: Move) -> Object:
        """Old names become new ones."""
        return self._rename(document, move, self.table)

    def down(self, document: Object, move: Move) -> Object:
        """New names become old ones."""
        return self._rename(document, move, self.inverse)

    def _rename(self, document: Object, move: Move, table: dict[str, str]) -> Object:
        changes: list[tuple[Path, Object]] = []
        for path, node, parent in visit(document, self.at):
            known = {name for name in table if name in node}
            if not known or (self.unless is not None and self.unless(parent)):
                continue
            clashes = {old for old in known if table[old] in node}
            for old in node:
                if old in clashes:
                    note = f"{table[old]} is there too"
                    move.note(Op.KEEP, (*path, old), Loss.KEPT, note=note)
                elif old in known:
                    move.note(Op.RENAME, (*path, old), Loss.EXACT, to=(*path, table[old]))
            if len(clashes) < len(known):
                changes.append((path, {n if n in clashes else table.get(n, n): v for n, v in node.items()}))
        return applied(document, changes) if changes else document

    def present(self, document: Object) -> str:
        """The first new name. One whose old name is there too, or in an exempt object, may be older: no evidence."""
        for path, node, parent in visit(document, self.at):
            found = [name for name in node.keys() & self.inverse.keys() if self.inverse[name] not in node]
            if found and not (self.unless is not None and self.unless(parent)):
                return ".".join(map(str, (*path, min(found))))
        return ""

    def describe(self) -> str:
        """`renames ttft to time_to_first_token`, or how many names where there are many."""
        if self.about:
            return f"renames {self.about}"
        return "renames " + ", ".join(f"{old} to {new}" for old, new in self.table.items())

    def gains(self, up: bool) -> frozenset[Field]:
        """None: both sides have the value."""
        return frozenset()


class Unnest:
    """Stats blocks that stood in an object of their own move to the top level, in its place."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    def up(self, document: Object, move: Move) -> Object:
        """Lift the blocks; whatever else the object holds, or collides with the top level, stays in it."""
        container = document.get(self.key)
        if type(container) is not dict or is_block(container):
            return document
        lifted = {
            name: value
            for name, value in container.items()
            if is_block(value) and (name not in document or name == self.key)
        }
        rest = {name: value for name, value in container.items() if name not in lifted}
        if rest and self.key in lifted:
            rest[self.key] = lifted.pop(self.key)
        if not container:
            move.note(Op.DROP, (self.key,), Loss.DERIVABLE, container)
        for name in rest:
            note = f"{name} is there too" if is_block(rest[name]) else "not a metric"
            move.note(Op.KEEP, (self.key, name), Loss.KEPT, note=note)
        # A metric of the container's own name can only take its place when the others have left it.
        for name in sorted(lifted, key=self.key.__eq__):
            move.note(Op.MOVE, (self.key, name), Loss.EXACT, to=(name,))
        result: Object = {}
        for name, value in document.items():
            if name != self.key:
                result[name] = value
                continue
            if rest:
                result[name] = rest
            result.update(lifted)
        return result

    def down(self, document: Object, move: Move) -> Object:
        """Gather all blocks into the object, where the first of them stood."""
        blocks = {name: value for name, value in document.items() if is_block(value)}
        container = document.get(self.key, {})
        seed = container if type(container) is dict and not is_block(container) else {}
        clashes = blocks.keys() & seed.keys()
        moved = {name: value for name, value in blocks.items() if name not in clashes}
        if self.key in document and not seed and self.key not in moved:
            move.note(Op.DROP, (self.key,), move.dropped, container)
        for name in blocks:
            if name in clashes:
                move.note(Op.KEEP, (name,), Loss.KEPT, note=f"{self.key}.{name} is there too")
        for name in sorted(moved, key=self.key.__ne__):
            move.note(Op.MOVE, (name,), Loss.EXACT, to=(self.key, name))
        gathered = {**seed, **moved}
        if not gathered:
            move.note(Op.ADD, (self.key,), Loss.EXACT, after=gathered)
        result: Object = {}
        for name, value in document.items():
            if name in moved or name == self.key:
                result.setdefault(self.key, gathered)
            else:
                result[name] = value
        return result if self.key in result else {self.key: gathered, **result}

    def present(self, document: Object) -> str:
        """Nothing: flat metrics are every later version's shape."""
        return ""

    def describe(self) -> str:
        """`lifts metrics out of records to the top level`."""
        return f"lifts metrics out of {self.key} to the top level"

    def gains(self, up: bool) -> frozenset[Field]:
        """None: both sides have the values."""
        return frozenset()


class Inverse:
    """An operation the other way round: `Inverse(Add(...))` is a field that only the older version has."""

    __slots__ = ("of",)

    def __init__(self, of: Operation) -> None:
        self.of = of

    def up(self, document: Object, move: Move) -> Object:
        """The inner operation's downgrade."""
        return self.of.down(document, move)

    def down(self, document: Object, move: Move) -> Object:
        """The inner operation's upgrade."""
        return self.of.up(document, move)

    def present(self, document: Object) -> str:
        """Nothing: that something is missing proves no version."""
        return ""

    def describe(self) -> str:
        """The inner line with its verb turned round."""
        return self.of.describe().replace("adds ", "drops ", 1).replace(" to each", " from each", 1)

    def gains(self, up: bool) -> frozenset[Field]:
        """The inner operation's, the other way round."""
        return self.of.gains(not up)


class InDialect:
    """An operation that belongs to this step in one dialect of 1.4, and to the neighbouring step in the other.

    `entering_up` and `entering_down` name the dialect in which that direction runs; None means in both. Both steps
    declare the operation, and the second to come finds its work done.
    """

    __slots__ = ("entering_down", "entering_up", "of")

    def __init__(self, of: Operation, entering_up: Dialect | None = None, entering_down: Dialect | None = None) -> None:
        self.of = of
        self.entering_up = entering_up
        self.entering_down = entering_down

    def up(self, document: Object, move: Move) -> Object:
        """The inner upgrade, if the dialect asks for it."""
        return self.of.up(document, move) if self.entering_up in (None, move.dialect) else document

    def down(self, document: Object, move: Move) -> Object:
        """The inner downgrade, if the dialect asks for it."""
        return self.of.down(document, move) if self.entering_down in (None, move.dialect) else document

    def present(self, document: Object) -> str:
        """Evidence for the older of the two steps only."""
        return self.of.present(document) if self.entering_up else ""

    def describe(self) -> str:
        """The inner line, with the dialect."""
        return f"{self.of.describe()} ({'where 1.4 has not' if self.entering_down else 'in the later dialect of 1.4'})"

    def gains(self, up: bool) -> frozenset[Field]:
        """The inner operation's."""
        return self.of.gains(up)


Operation = Add | Rename | Unnest | Inverse | InDialect
"""What a step is made of. Each has `up` and `down`, which take a document one version further; `present`, evidence in
a document that the operation's result is there; `describe`, a line for tables; and `gains`, the fields that a run in
one direction gives a place (a run the other way takes it from them)."""
