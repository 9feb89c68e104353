"""One configuration being rewritten as another: what was carried over, what was added, and what is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrator.chain.ledger import Entry, Loss, Op
from migrator.config.rows import SAME, UNFIT, Change
from migrator.jsonfile import Json, fingerprint

Object = dict[str, Json]
Place = tuple[str | int, ...]
"""A place in a configuration: keys, and positions in lists."""

CONFIG: Final = ("input_config",)
ABSENT: Final = object()


def at(node: Json, place: Place) -> Json:
    """The value at a place, or [`ABSENT`][]."""
    for part in place:
        if type(node) is dict:
            node = node.get(part, ABSENT)
        elif type(node) is list and type(part) is int and part < len(node):
            node = node[part]
        else:
            return ABSENT
    return node


def leaves(value: Json, place: Place = ()) -> Iterator[tuple[Place, Json]]:
    """Every scalar with its place; an empty object or list is one, too."""
    items = value.items() if type(value) is dict else enumerate(value) if type(value) is list else ()
    if not items or not value:
        yield place, value
        return
    for key, item in items:
        yield from leaves(item, (*place, key))


class Draft:
    """The new configuration (`target`) beside the old one (`source`).

    Lists of the new one are built in order of their positions. `moved` maps each new place to the old one.
    """

    def __init__(self, source: Object, step: str, gone: Loss = Loss.LOST) -> None:
        self.source = source
        self.step = step
        self.gone = gone
        self.entries: list[Entry] = []
        self.moved: dict[Place, Place] = {}
        self.added: set[Place] = set()
        self._target: dict[str | int, Json] = {}
        self._taken: set[Place] = set()

    @property
    def target(self) -> Object:
        """The new configuration as plain JSON."""
        plain: Object = _listed(self._target)
        return plain

    def built(self, place: Place) -> Json:
        """The new value at a place, as far as it is written; [`ABSENT`][] for none."""
        return at(self._target, place)

    def read(self, place: Place) -> Json:
        """The old value at a place; [`ABSENT`][] for one that is not there or null."""
        value = at(self.source, place)
        return ABSENT if value is None else value

    def carry(self, source: Place, target: Place, change: Change = SAME.up, inverse: Change = SAME.down) -> bool:
        """Carry a value over, as `change` gives it; what it cannot express stays where it is."""
        value = ABSENT if source in self._taken else at(self.source, source)
        new = UNFIT if value is ABSENT else change(value)
        if new is UNFIT or not self._put(target, new):
            return False
        self._taken.add(source)
        self.moved[target] = source
        if source != target:
            self.entries.append(Entry(self.step, Op.MOVE, CONFIG + source, Loss.EXACT, to=CONFIG + target))
        if new is not value and fingerprint(new) != fingerprint(value):
            loss = Loss.EXACT if inverse(new) == value else self.gone
            self.entries.append(Entry(self.step, Op.SET, CONFIG + target, loss, value, new))
        return True

    def keep(self, place: Place) -> bool:
        """Leave something that no release knows where it is; not in a list, whose positions may mean another thing."""
        if any(type(part) is int for part in place) or not self._put(place, at(self.source, place)):
            return False
        self._taken.add(place)
        self.moved[place] = place
        self.entries.append(Entry(self.step, Op.KEEP, CONFIG + place, Loss.KEPT, note="not known to any release"))
        return True

    def add(self, target: Place, value: Json, loss: Loss, note: str) -> None:
        """Put a value that no single field of the old configuration holds; not over one that is there."""
        if self._put(target, value):
            self.added.add(target)
            self.entries.append(Entry(self.step, Op.ADD, CONFIG + target, loss, after=value, note=note))

    def rest(self) -> list[tuple[Place, Json]]:
        """The old leaves that were not carried over."""
        return list(self._rest((), self.source)) if self.source else []

    def _rest(self, place: Place, value: Json) -> Iterator[tuple[Place, Json]]:
        if place in self._taken:
            return
        if value and type(value) is dict:
            for key, item in value.items():
                yield from self._rest((*place, key), item)
        elif value and type(value) is list:
            for index, item in enumerate(value):
                yield from self._rest((*place, index), item)
        else:
            yield place, value

    def _put(self, place: Place, value: Json) -> bool:
        node = self._target
        for part in place[:-1]:
            node = node.setdefault(part, {})
            if type(node) is not dict:
                return False
        if place[-1] in node:
            return False
        node[place[-1]] = value
        return True


def _listed(node: Json) -> Json:
    """Objects whose keys are positions as lists."""
    if type(node) is not dict:
        return node
    if node and all(type(key) is int for key in node):
        return [_listed(node[key]) for key in sorted(node)]
    return {key: _listed(value) for key, value in node.items()}
