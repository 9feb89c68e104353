"""The reversible operations that steps are made of.

An operation is declared once and runs both ways. It reports every change to the
[`Context`][migrator.chain.operation.Context], with its class of loss, and returns a new document: the argument is never
modified, and unchanged parts are shared with it.

A new kind of operation is rare. It implements [`Operation`][migrator.chain.operation.Operation]: both directions, and
what each of them loses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from migrator.aiperf.metrics import is_block, record_tags
from migrator.aiperf.releases import Dialect
from migrator.chain.operation import UNKNOWN, AddedField, Context, Operation
from migrator.chain.places import BLOCK, PLACES, ROOT, Field, Pattern, applied, inserted, visit
from migrator.jsonfile import Object, Path
from migrator.ledger import Loss, Op

_NO_FIELDS: Final[Mapping[Field, AddedField]] = {}


class Add:
    """Fields that only the newer version has, in every object that `at` names.

    Up, a missing field is added if its source computes a value. Down, the field is dropped: `derivable` if its source
    computes the same value again. A field in `kept_fields` of the context stays unless it is derivable.
    """

    __slots__ = ("_addable", "at", "fields")

    def __init__(self, *fields: AddedField, at: Pattern = ROOT) -> None:
        self.fields = fields
        self.at = at
        self._addable = tuple(field for field in fields if field.source or field.nullable)

    def up(self, document: Object, context: Context) -> Object:
        """Add each missing field whose value is known."""
        if not self._addable:
            return document
        changes: list[tuple[Path, Object]] = []
        for path, node, _ in visit(document, self.at):
            additions = []
            for field in self._addable:
                if field.key in node or (value := field.value(document, node, path)) is UNKNOWN:
                    continue
                additions.append((field.key, value, field.after))
                context.note(Op.ADD, (*path, field.key), Loss.EXACT if value is None else field.loss, None, value)
            if additions:
                changes.append((path, inserted(node, additions)))
        return applied(document, changes) if changes else document

    def down(self, document: Object, context: Context) -> Object:
        """Drop each field."""
        changes: list[tuple[Path, Object]] = []
        for path, node, _ in visit(document, self.at):
            dropped = set()
            for field in self.fields:
                if field.key not in node:
                    continue
                value = node[field.key]
                loss = context.loss_of(value, field.value(document, node, path))
                if loss is not Loss.DERIVABLE and (self.at, field.key) in context.kept_fields:
                    continue
                dropped.add(field.key)
                context.note(Op.DROP, (*path, field.key), loss, value)
                if field.source:
                    context.note_computed(field, node, path)
            if dropped:
                changes.append((path, {name: value for name, value in node.items() if name not in dropped}))
        return applied(document, changes) if changes else document

    def present(self, document: Object) -> str:
        """The first of the fields. In stats blocks only those of known record metrics are evidence."""
        for path, node, _ in visit(document, self.at):
            for field in self.fields:
                if field.key in node and (BLOCK not in self.at or (len(path) == 1 and path[0] in record_tags())):
                    return ".".join(map(str, (*path, field.key)))
        return ""

    def describe(self, up: bool = True) -> str:
        """`adds count, sum to each metric`, `drops count, sum from each metric`."""
        verb, preposition = ("adds", "to") if up else ("drops", "from")
        names = ", ".join(field.key for field in self.fields)
        return f"{verb} {names}" + (f" {preposition} {PLACES[self.at]}" if self.at else "")

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """Its fields, upwards."""
        return {(self.at, field.key): field for field in self.fields} if up else _NO_FIELDS

    def keys(self) -> frozenset[str]:
        """The fields, if they stand at the top level."""
        return frozenset(field.key for field in self.fields) if self.at == ROOT else frozenset()


class Rename:
    """New names for the keys of every object that `at` names; the order of keys stays.

    Where the old and the new name are both there, neither is touched: readers use the new one, and the old one is
    kept beside it.

    Args:
        table: old name → new name.
        at: the objects whose keys are renamed.
        unless: tells from the parent of such an object whether it is left alone (an AMD GPU keeps its names).
        about: (what is renamed, the pattern of the new names), for a table too long to be listed in a description.
        remark: gives the note of a new name: what a reader must know of the value, such as that newer releases define
            it otherwise.
    """

    __slots__ = ("about", "at", "inverse", "remark", "table", "unless")

    def __init__(
        self,
        table: dict[str, str],
        at: Pattern = ROOT,
        unless: Callable[[Object], bool] | None = None,
        about: tuple[str, str] | None = None,
        remark: Callable[[str], str] | None = None,
    ) -> None:
        self.table = table
        self.remark = remark
        self.inverse = {new: old for old, new in table.items()}
        self.at = at
        self.unless = unless
        self.about = about

    def up(self, document: Object, context: Context) -> Object:
        """Old names become new ones."""
        return self._rename(document, context, self.table)

    def down(self, document: Object, context: Context) -> Object:
        """New names become old ones."""
        return self._rename(document, context, self.inverse)

    def _rename(self, document: Object, context: Context, table: dict[str, str]) -> Object:
        changes: list[tuple[Path, Object]] = []
        for path, node, parent in visit(document, self.at):
            known = {name for name in table if name in node}
            if not known or (self.unless is not None and self.unless(parent)):
                continue
            clashes = {old for old in known if table[old] in node}
            for old in node:
                if old in clashes:
                    note = f"{table[old]} is there too"
                    context.note(Op.KEEP, (*path, old), Loss.KEPT, note=note)
                elif old in known:
                    new = table[old]
                    note = self.remark(new if new in self.inverse else old) if self.remark else ""
                    context.note(Op.RENAME, (*path, old), Loss.EXACT, to=(*path, new), note=note)
            if len(clashes) < len(known):
                changes.append((path, {n if n in clashes else table.get(n, n): v for n, v in node.items()}))
        return applied(document, changes) if changes else document

    def present(self, document: Object) -> str:
        """The first new name. One beside its old name, or in an object left alone, proves nothing."""
        for path, node, parent in visit(document, self.at):
            found = [name for name in node.keys() & self.inverse.keys() if self.inverse[name] not in node]
            if found and not (self.unless is not None and self.unless(parent)):
                return ".".join(map(str, (*path, min(found))))
        return ""

    def describe(self, up: bool = True) -> str:
        """`renames ttft to time_to_first_token`, or with `about` `renames 4 energy metrics to nvidia_*`."""
        if self.about:
            what, names = self.about
            return f"renames {len(self.table)} {what} {'to' if up else 'back from'} {names}"
        return "renames " + ", ".join(f"{old} to {new}" for old, new in (self.table if up else self.inverse).items())

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """None: both versions have the value."""
        return _NO_FIELDS

    def keys(self) -> frozenset[str]:
        """The old and the new names, if they stand at the top level."""
        return frozenset((*self.table, *self.inverse)) if self.at == ROOT else frozenset()


class Unnest:
    """Stats blocks move from the object at a top-level key to the top level, where that object stood."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    def up(self, document: Object, context: Context) -> Object:
        """Move the blocks. Anything else in the object, and blocks whose tag the top level has already, stay in it."""
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
            context.note(Op.DROP, (self.key,), Loss.DERIVABLE, container)
        for name in rest:
            note = f"{name} is there too" if is_block(rest[name]) else "not a metric"
            context.note(Op.KEEP, (self.key, name), Loss.KEPT, note=note)
        # A metric of the container's own name can only take its place when the others have left it.
        for name in sorted(lifted, key=self.key.__eq__):
            context.note(Op.MOVE, (self.key, name), Loss.EXACT, to=(name,))
        result: Object = {}
        for name, value in document.items():
            if name != self.key:
                result[name] = value
                continue
            if rest:
                result[name] = rest
            result.update(lifted)
        return result

    def down(self, document: Object, context: Context) -> Object:
        """Move all blocks into the object, which takes the place of the first of them."""
        blocks = {name: value for name, value in document.items() if is_block(value)}
        container = document.get(self.key, {})
        seed = container if type(container) is dict and not is_block(container) else {}
        clashes = blocks.keys() & seed.keys()
        moved = {name: value for name, value in blocks.items() if name not in clashes}
        if self.key in document and not seed and self.key not in moved:
            context.note(Op.DROP, (self.key,), context.dropped, container)
        for name in blocks:
            if name in clashes:
                context.note(Op.KEEP, (name,), Loss.KEPT, note=f"{self.key}.{name} is there too")
        for name in sorted(moved, key=self.key.__ne__):
            context.note(Op.MOVE, (name,), Loss.EXACT, to=(self.key, name))
        gathered = {**seed, **moved}
        if not gathered:
            context.note(Op.ADD, (self.key,), Loss.EXACT, after=gathered)
        result: Object = {}
        for name, value in document.items():
            if name in moved or name == self.key:
                result.setdefault(self.key, gathered)
            else:
                result[name] = value
        return result if self.key in result else {self.key: gathered, **result}

    def present(self, document: Object) -> str:
        """Nothing: every later version has metrics at the top level."""
        return ""

    def describe(self, up: bool = True) -> str:
        """`lifts metrics out of records to the top level`, `gathers metrics in records`."""
        return f"lifts metrics out of {self.key} to the top level" if up else f"gathers metrics in {self.key}"

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """None: both versions have the values."""
        return _NO_FIELDS

    def keys(self) -> frozenset[str]:
        """The key of the object."""
        return frozenset((self.key,))


class Inverse:
    """An operation whose directions are exchanged: `Inverse(Add(...))` is a field that only the older version has."""

    __slots__ = ("of",)

    def __init__(self, of: Operation) -> None:
        self.of = of

    def up(self, document: Object, context: Context) -> Object:
        """The downgrade of `of`."""
        return self.of.down(document, context)

    def down(self, document: Object, context: Context) -> Object:
        """The upgrade of `of`."""
        return self.of.up(document, context)

    def present(self, document: Object) -> str:
        """Nothing: that something is missing proves no version."""
        return ""

    def describe(self, up: bool = True) -> str:
        """The line of the other direction of `of`."""
        return self.of.describe(not up)

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """The fields of the other direction of `of`."""
        return self.of.gains(not up)

    def keys(self) -> frozenset[str]:
        """The keys of `of`."""
        return self.of.keys()


class InDialect:
    """An operation that belongs to this step in one dialect of 1.4, and to the neighbouring step in the other.

    Both steps declare it; the second one finds its work done.

    Args:
        of: the operation.
        entering_up: the dialect in which the upgrade runs; None for both.
        entering_down: the dialect in which the downgrade runs; None for both.
    """

    __slots__ = ("entering_down", "entering_up", "of")

    def __init__(self, of: Operation, entering_up: Dialect | None = None, entering_down: Dialect | None = None) -> None:
        self.of = of
        self.entering_up = entering_up
        self.entering_down = entering_down

    def up(self, document: Object, context: Context) -> Object:
        """The upgrade of `of`, if it runs in the dialect of the context."""
        return self.of.up(document, context) if self.entering_up in (None, context.dialect) else document

    def down(self, document: Object, context: Context) -> Object:
        """The downgrade of `of`, if it runs in the dialect of the context."""
        return self.of.down(document, context) if self.entering_down in (None, context.dialect) else document

    def present(self, document: Object) -> str:
        """The evidence of `of`, for the older of the two steps only."""
        return self.of.present(document) if self.entering_up else ""

    def describe(self, up: bool = True) -> str:
        """The line of `of`, with the dialect."""
        when = "where 1.4 has not" if self.entering_down else "in the later dialect of 1.4"
        return f"{self.of.describe(up)} ({when})"

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """The fields of `of`."""
        return self.of.gains(up)

    def keys(self) -> frozenset[str]:
        """The keys of `of`."""
        return self.of.keys()


class OneWay:
    """An operation that an upgrade runs, and a downgrade does not.

    The older version spelled the same thing in two ways, and `of` turns the rarer one to that of the newer version. A
    document that comes back keeps the latter; its residue has the former.
    """

    __slots__ = ("of",)

    def __init__(self, of: Operation) -> None:
        self.of = of

    def up(self, document: Object, context: Context) -> Object:
        """The upgrade of `of`."""
        return self.of.up(document, context)

    def down(self, document: Object, context: Context) -> Object:
        """The document as it is."""
        return document

    def present(self, document: Object) -> str:
        """Nothing: the older version has both spellings."""
        return ""

    def describe(self, up: bool = True) -> str:
        """The line of `of`, with a note for the downgrade."""
        return self.of.describe() if up else f"does not take back: {self.of.describe()}"

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """None: both versions have the value."""
        return _NO_FIELDS

    def keys(self) -> frozenset[str]:
        """The keys of `of`."""
        return self.of.keys()
