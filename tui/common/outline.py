"""A JSON document as lines that fold: the model of every tree of values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from migrator.jsonfile import Json, Path, path_text
from migrator.render.text import value_text
from tui.common.rows import Column, Line, safe_text

COLUMNS: Final = (Column("key", "key", 44), Column("value", "value"))
MOST_OPENED: Final = 5_000
"""Lines that opening everything may make; the rest stays folded, and says how much it holds."""
_DEEPEST_INDENT: Final = 30
"""Levels that are indented; deeper ones are not."""


_TURN: Final = 1024
"""Values of a search after which it asks whether to stop."""
_SOUGHT: Final = 10_000
"""Characters of a text in which is searched."""
Place = tuple[int, ...]
"""Where a value stands in a document: its number within what it is in, level by level."""


class Matches(NamedTuple):
    """What a search has found: the text, and the places and paths of all values, in the order of the document."""

    text: str
    places: list[tuple[Place, Path]]


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

    def search(self, text: str, stop: Callable[[], bool] = lambda: False) -> Matches:
        """All lines whose key or value holds a text, folded away or not; letters of either case match.

        Args:
            text: what is sought; an empty text is nowhere.
            stop: asked now and then whether to end early, with what was found so far.
        """
        wanted = text.casefold()
        found: list[tuple[Place, Path]] = []
        if not wanted:
            return Matches(text, found)
        # For documents of many megabytes: a path is made for what matches only.
        keys: list[str | int] = []
        place: list[int] = []
        open_values = [_members(self._document)]
        count = 0
        while open_values:
            number, key, value = next(open_values[-1], _END)
            if number < 0:
                open_values.pop()
                if keys:
                    keys.pop()
                    place.pop()
                continue
            count += 1
            if count % _TURN == 1 and stop():
                break
            if _matches(key, value, wanted):
                found.append(((*place, number), (*self._root, *keys, key)))
            if type(value) in (dict, list) and value:
                keys.append(key)
                place.append(number)
                open_values.append(_members(value))
        return Matches(text, found)

    def next_match(self, found: Matches, after: int, *, back: bool = False) -> int | None:
        """The index of the next line of a search, opened if it was folded away; None if there is none.

        Args:
            found: what [`search`][] gave.
            after: the line to begin at. It goes round at the end.
            back: whether to go backwards.
        """
        if not found.places:
            return None
        here = self._place(self.nodes[after].path) if after < len(self.nodes) else ()
        number = bisect_left(found.places, (here, ())) - 1 if back else bisect_right(found.places, here, key=_first)
        return self.reveal(found.places[number % len(found.places)][1])

    def _place(self, path: Path) -> Place:
        """Where a path stands in the document, comparable with other places."""
        node, place = self._document, []
        for part in path[len(self._root) :]:
            place.append(part if type(part) is int else next(i for i, key in enumerate(node) if key == part))
            node = node[part]
        return tuple(place)

    def reveal(self, path: Path) -> int | None:
        """The index of the line of a path, opened if it was folded away; None if there is no such place."""
        index = -1
        for length in range(len(self._root) + 1, len(path) + 1):
            index = next((i for i in range(index + 1, len(self.nodes)) if self.nodes[i].path == path[:length]), -1)
            if index < 0:
                return None
            if length < len(path) and path[:length] not in self._open:
                self._open.add(path[:length])
                self.nodes[index + 1 : index + 1] = self._visible(self.nodes[index])
        return index if index >= 0 else None

    def _unfold(self) -> None:
        self.nodes = list(self._visible(Node(self._root, -1, self._document)))

    def _visible(self, above: Node) -> Iterator[Node]:
        """What is seen below an open node."""
        pending: list[Node] = list(reversed(list(_children(above))))
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
    """Everything in a document, in its order."""
    pending = list(reversed(list(_children(Node(root, -1, document)))))
    while pending:
        node = pending.pop()
        yield node.path, node.value
        pending.extend(reversed(list(_children(node))))


_Member = tuple[int, str | int, Json]
_END: Final[_Member] = (-1, "", None)


def _members(value: Json) -> Iterator[_Member]:
    """What is in an object or array: its number, its key or index, and the value."""
    if type(value) is dict:
        return ((number, key, member) for number, (key, member) in enumerate(value.items()))
    return ((number, number, member) for number, member in enumerate(value if type(value) is list else ()))


def _matches(key: str | int, value: Json, wanted: str) -> bool:
    if wanted in (key.casefold() if type(key) is str else str(key)):
        return True
    if type(value) is str:
        return wanted in value[:_SOUGHT].casefold()
    if type(value) in (int, float):
        return wanted in repr(value)
    return type(value) not in (dict, list) and wanted in value_text(value, _SOUGHT).casefold()


def _first(match: tuple[Place, Path]) -> Place:
    return match[0]
