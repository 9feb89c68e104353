"""A JSON document as lines that fold: the model of every tree of values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from migrator.jsonfile import Json, Path, path_text
from migrator.render.text import value_text
from tui.common.rows import Column, Line, safe_text

COLUMNS: Final = (Column("key", "key", 44), Column("value", "value"))
MOST_OPENED: Final = 5_000
"""Lines that opening everything may make; the rest stays folded, and says how much it holds."""
_DEEPEST_INDENT: Final = 30
"""Levels that are indented; deeper ones are not."""


class Node(NamedTuple):
    """A visible value: where it is, how deep, and the value itself."""

    path: Path
    depth: int
    value: Json

    @property
    def foldable(self) -> bool:
        """Whether there is something below it."""
        return type(self.value) in (dict, list) and bool(self.value)


class Outline:
    """The lines of a document that are not folded away; at first its top level."""

    def __init__(self, document: Json, root: Path = ()) -> None:
        self._document = document
        self._root = root
        self._open: set[Path] = {root}
        self.nodes: list[Node] = []
        self.opened_all = False
        self._unfold()

    def __len__(self) -> int:
        return len(self.nodes)

    def line(self, index: int) -> Line:
        """Key and value; what is folded tells how much it holds."""
        node = self.nodes[index]
        sign = "" if not node.foldable else "▾ " if node.path in self._open else "▸ "
        name = node.path[-1] if node.path else "$"
        key = f"[{name}]" if type(name) is int else safe_text(name)
        indent = "  " * min(node.depth, _DEEPEST_INDENT)
        return Line((f"{indent}{sign or '  '}{key}", preview(node.value)), "" if node.foldable else "value")

    def place(self, index: int) -> str:
        """The JSON path of a line."""
        return safe_text(path_text(self.nodes[index].path)) if index < len(self.nodes) else ""

    def toggle(self, index: int) -> None:
        """Fold a line, or open it."""
        node = self.nodes[index]
        if node.foldable:
            self._open ^= {node.path}
            self._unfold()

    def unfold(self, index: int) -> int:
        """Open a line; the index to go to: its first child if it is open already."""
        node = self.nodes[index]
        if not node.foldable:
            return index
        if node.path in self._open:
            return index + 1
        self.toggle(index)
        return index

    def fold(self, index: int) -> int:
        """Fold a line, or what it is in; the index of what was folded."""
        node = self.nodes[index]
        if not (node.foldable and node.path in self._open):
            index = next((i for i in range(index, -1, -1) if self.nodes[i].depth < node.depth), index)
            if index == 0 and self.nodes[0].depth == node.depth:
                return index
        if self.nodes[index].path in self._open:
            self.toggle(index)
        return index

    def open_all(self) -> bool:
        """Open everything; False if only a part could be, because there is too much."""
        self._open = {self._root}
        self.opened_all = True
        for count, (path, value) in enumerate(_walk(self._document, self._root)):
            if count >= MOST_OPENED:
                self._unfold()
                return False
            if type(value) in (dict, list):
                self._open.add(path)
        self._unfold()
        return True

    def close_all(self) -> None:
        """Fold everything but the top level."""
        self._open = {self._root}
        self.opened_all = False
        self._unfold()

    def find(self, text: str, after: int, *, back: bool = False) -> int | None:
        """The index of the next line whose key or value holds a text, opened if it was folded away.

        Goes round at the end; letters of either case match. None if nothing does.
        """
        wanted = text.casefold()
        if not wanted:
            return None
        paths = [path for path, value in _walk(self._document, self._root) if _matches(path, value, wanted)]
        if not paths:
            return None
        order = {path: place for place, (path, _) in enumerate(_walk(self._document, self._root))}
        here = order.get(self.nodes[after].path, -1) if after < len(self.nodes) else -1
        beyond = [p for p in paths if (order[p] < here if back else order[p] > here)]
        target = (beyond or paths)[-1 if back else 0]
        return self.reveal(target)

    def reveal(self, path: Path) -> int | None:
        """The index of the line of a path, opened if it was folded away; None if there is no such place."""
        for length in range(len(self._root), len(path)):
            self._open.add(path[:length])
        self._unfold()
        return next((i for i, node in enumerate(self.nodes) if node.path == path), None)

    def _unfold(self) -> None:
        self.nodes = list(self._visible())

    def _visible(self) -> Iterator[Node]:
        pending: list[Node] = list(reversed(list(_children(Node(self._root, -1, self._document)))))
        while pending:
            node = pending.pop()
            yield node
            if node.path in self._open:
                pending.extend(reversed(list(_children(node))))


def preview(value: Json) -> str:
    """A value on one line: a large object is shown as its number of keys."""
    if type(value) is dict and len(value) > 3:
        return f"{{{len(value)} keys}}"
    return safe_text(value_text(value, 200))


def _children(node: Node) -> Iterator[Node]:
    if type(node.value) is dict:
        for key, value in node.value.items():
            yield Node((*node.path, key), node.depth + 1, value)
    elif type(node.value) is list:
        for index, value in enumerate(node.value):
            yield Node((*node.path, index), node.depth + 1, value)


def _walk(document: Json, root: Path) -> Iterator[tuple[Path, Json]]:
    pending = list(reversed(list(_children(Node(root, -1, document)))))
    while pending:
        node = pending.pop()
        yield node.path, node.value
        pending.extend(reversed(list(_children(node))))


def _matches(path: Path, value: Json, wanted: str) -> bool:
    if wanted in str(path[-1]).casefold():
        return True
    return type(value) not in (dict, list) and wanted in value_text(value, 10_000).casefold()
