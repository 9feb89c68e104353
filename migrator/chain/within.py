"""An operation of the main export on each part of another document that holds metrics in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from migrator.chain.operation import AddedField, Context, Operation
from migrator.chain.places import PLACES, Field, Pattern, applied, visit
from migrator.jsonfile import Object, Path


class Within:
    """An operation on every object that `at` names, each taken for a document of its own.

    Args:
        at: the objects.
        of: the operation.
    """

    __slots__ = ("at", "of")

    def __init__(self, at: Pattern, of: Operation) -> None:
        self.at = at
        self.of = of

    def up(self, document: Object, context: Context) -> Object:
        """The upgrade of each object."""
        return self._each(document, context, self.of.up)

    def down(self, document: Object, context: Context) -> Object:
        """The downgrade of each object."""
        return self._each(document, context, self.of.down)

    def _each(self, document: Object, context: Context, run: Callable[[Object, Context], Object]) -> Object:
        above = context.above
        changes: list[tuple[Path, Object]] = []
        for path, node, _ in visit(document, self.at):
            context.above = above + path
            new = run(node, context)
            if new is not node:
                changes.append((path, new))
        context.above = above
        return applied(document, changes) if changes else document

    def present(self, document: Object) -> str:
        """The first evidence in any of the objects."""
        for path, node, _ in visit(document, self.at):
            if proof := self.of.present(node):
                return ".".join((*map(str, path), proof))
        return ""

    def describe(self, up: bool = True) -> str:
        """`renames a to b in each time slice`."""
        return f"{self.of.describe(up)} in {PLACES[self.at]}"

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """The fields of the operation, by their place in each object."""
        return self.of.gains(up)

    def keys(self) -> frozenset[str]:
        """None: the objects stand below the top level."""
        return frozenset()
