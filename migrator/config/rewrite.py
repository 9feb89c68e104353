"""One configuration being rewritten as another: what was carried over, what was added, and what is left."""

from __future__ import annotations

from typing import Final

from migrator.config.field_pairs import SAME, Change
from migrator.config.json_schema import UNFIT
from migrator.jsonfile import ABSENT, Json, Object, Path, at, fingerprint
from migrator.ledger import Entry, Loss, Op

CONFIG: Final = ("input_config",)
NOWHERE: Final[Path] = ()
"""The origin of a value that was only added."""


def objects(node: Json) -> dict[Path, Object]:
    """Path → object, for every object in a configuration."""
    found: dict[Path, Object] = {}
    _collect(node, (), found)
    return found


def _collect(node: Json, place: Path, found: dict[Path, Object]) -> None:
    if type(node) is dict:
        found[place] = node
    for key, item in node.items() if type(node) is dict else enumerate(node):
        if type(item) is dict or type(item) is list:
            _collect(item, (*place, key), found)


_ADD, _MOVE, _SET, _KEEP, _EXACT = Op.ADD, Op.MOVE, Op.SET, Op.KEEP, Loss.EXACT
"""Looked up once: finding a member in its enumeration takes half as long as making an entry."""


class Notes:
    """The ledger of a draft, if one is wanted. `gone` is the class of a value that cannot come back."""

    __slots__ = ("entries", "gone", "step")

    def __init__(self, step: str, gone: Loss) -> None:
        self.step = step
        self.gone = gone
        self.entries: list[Entry] = []

    def carried(self, source: Path, target: Path, before: Json, after: Json, inverse: Change) -> None:
        """A value that was carried over, if that shows: it stands elsewhere, or is another one."""
        if source != target:
            self.entries.append(Entry(self.step, _MOVE, CONFIG + source, _EXACT, to=CONFIG + target))
        if after is not before and fingerprint(after) != fingerprint(before):
            loss = _EXACT if inverse(after) == before else self.gone
            self.entries.append(Entry(self.step, _SET, CONFIG + target, loss, before, after))

    def kept(self, place: Path) -> None:
        """A field that was left alone."""
        self.entries.append(Entry(self.step, _KEEP, CONFIG + place, Loss.KEPT, note="not known to any release"))

    def added(self, place: Path, value: Json, loss: Loss, note: str) -> None:
        """A value that no single field of the old configuration held."""
        self.entries.append(Entry(self.step, _ADD, CONFIG + place, loss, None, value, None, note))


class Draft:
    """The new configuration (`target`) beside the old one (`source`).

    Lists of the new one are built in order of their positions. A value that is carried over is shared with the old
    one, whose objects are copied before anything is put into them.
    """

    def __init__(self, source: Object, notes: Notes | None = None) -> None:
        self.source = source
        self.notes = notes
        self.target: Object = {}
        self._own: dict[Path, Json] = {(): self.target}
        """The objects and lists of the target that were made here, by place."""
        self._moved: dict[Path, Path] = {}
        """Each new place that holds what stood in an old one."""
        self._taken: set[Path] = set()
        self._whole = False

    def built(self, place: Path) -> Json:
        """The new value at a place, as far as it is written; [`ABSENT`][] for none."""
        return at(self.target, place)

    def read(self, place: Path) -> Json:
        """The old value at a place; [`ABSENT`][] for one that is not there or null."""
        value = at(self.source, place)
        return ABSENT if value is None else value

    def carry_all(self) -> None:
        """Carry everything over as it is."""
        self.target.update(self.source)
        self._whole = True

    def carry(
        self, source: Path, value: Json, target: Path, change: Change = SAME.up, inverse: Change = SAME.down
    ) -> bool:
        """Carry the value of a place over, as `change` gives it; what it cannot express stays where it is."""
        if source in self._taken:
            return False
        new = change(value)
        if new is UNFIT or not self._put(target, new):
            return False
        self._taken.add(source)
        self._moved[target] = source
        if self.notes is not None and (new is not value or source != target):
            self.notes.carried(source, target, value, new, inverse)
        return True

    def keep(self, place: Path) -> bool:
        """Leave something that no release knows where it is; not in a list, whose positions may mean another thing.

        Whether it is there now, or was before.
        """
        if place in self._moved:
            return True
        if any(type(part) is int for part in place) or not self._put(place, at(self.source, place)):
            return False
        self._taken.add(place)
        self._moved[place] = place
        if self.notes is not None:
            self.notes.kept(place)
        return True

    def add(self, target: Path, value: Json, loss: Loss, note: str) -> None:
        """Put a value that no single field of the old configuration holds; not over one that is there."""
        if self._put(target, value):
            self._moved[target] = NOWHERE
            if self.notes is not None:
                self.notes.added(target, value, loss, note)

    def rest(self) -> list[tuple[Path, Json]]:
        """The old leaves that were not carried over."""
        found: list[tuple[Path, Json]] = []
        if self.source and not self._whole:
            self._rest((), self.source, found)
        return found

    def origin(self, place: Path) -> Path:
        """Where the value at a new place stood in the old configuration; [`NOWHERE`][] for one that was only added."""
        for length in range(len(place), 0, -1):
            start = self._moved.get(place[:length])
            if start is not None:
                return start and start + place[length:]
        return place if self._whole else NOWHERE

    def _rest(self, place: Path, value: Json, found: list[tuple[Path, Json]]) -> None:
        for key, item in value.items() if type(value) is dict else enumerate(value):
            inner = (*place, key)
            if inner in self._taken:
                continue
            if item and (type(item) is dict or type(item) is list):
                self._rest(inner, item, found)
            else:
                found.append((inner, item))

    def _put(self, place: Path, value: Json) -> bool:
        node = self._own.get(place[:-1])
        if node is None:
            node = self._opened(place[:-1], dict)
        if type(node) is not dict or place[-1] in node:
            return False
        node[place[-1]] = value
        return True

    def _opened(self, place: Path, kind: type) -> Json:
        """The object or list at a place, ready to be written to: made if there is none. Another value is left alone."""
        found = self._own.get(place)
        if found is not None:
            return found
        part = place[-1]
        above = self._opened(place[:-1], list if type(part) is int else dict)
        if type(above) is dict:
            there = above.get(part, ABSENT)
        elif type(above) is list and type(part) is int:
            there = above[part] if part < len(above) else ABSENT
        else:
            return None
        if there is ABSENT:
            found = kind()
        elif type(there) is dict or type(there) is list:
            found = there.copy()
        else:
            return None
        self._own[place] = found
        if type(above) is list and part == len(above):
            above.append(found)
        else:
            above[part] = found
        return found
