"""One configuration being written anew as another: what was carried over, what was added, what is not used."""

from __future__ import annotations

from typing import Final

from migrator.config.conversions import SAME, Conversion, Convert
from migrator.config.json_schema import UNFIT
from migrator.jsonfile import ABSENT, Json, Object, Path, at, fingerprint
from migrator.ledger import Entry, Loss, Op

CONFIG: Final = ("input_config",)
NOWHERE: Final[Path] = ()
"""The origin of a value that was only added."""


def objects(node: Json) -> dict[Path, Object]:
    """Place → object, for every object in a configuration."""
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
"""Looked up once: to find a member in its enumeration takes half as long as to make an entry."""


class Notes:
    """The ledger of a rewrite. `step` is the name of each entry, `gone` the class of a value that cannot come back."""

    __slots__ = ("entries", "gone", "step")

    def __init__(self, step: str, gone: Loss) -> None:
        self.step = step
        self.gone = gone
        self.entries: list[Entry] = []

    def carried(self, source: Path, target: Path, *, before: Json, after: Json, invert: Convert) -> None:
        """Note a value that was carried over, if it has another place or is another value.

        Args:
            source: its old place.
            target: its new place.
            before: the old value.
            after: the new value.
            invert: the conversion back, which tells whether anything was lost.
        """
        if source != target:
            self.entries.append(Entry(self.step, _MOVE, CONFIG + source, _EXACT, to=CONFIG + target))
        if after is not before and fingerprint(after) != fingerprint(before):
            loss = _EXACT if invert(after) == before else self.gone
            self.entries.append(Entry(self.step, _SET, CONFIG + target, loss, before, after))

    def kept(self, place: Path) -> None:
        """Note a field that stays where it is."""
        self.entries.append(Entry(self.step, _KEEP, CONFIG + place, Loss.KEPT, note="not known to any release"))

    def added(self, place: Path, value: Json, loss: Loss, note: str) -> None:
        """Note a value that no single field of the old configuration held.

        Args:
            place: its place in the new configuration.
            value: the value.
            loss: the class of the entry: how sure the value is.
            note: where the value comes from, for people.
        """
        self.entries.append(Entry(self.step, _ADD, CONFIG + place, loss, None, value, None, note))


class Rewrite:
    """The old configuration (`source`), which is not touched, and the new one (`target`) as far as it is written.

    Lists of the new one are written in the order of their positions. A value that is carried over is shared with the
    old one; its objects are copied before anything is written into them. Without `notes` no ledger is kept.
    """

    def __init__(self, source: Object, notes: Notes | None = None) -> None:
        self.source = source
        self.notes = notes
        self.target: Object = {}
        self._own: dict[Path, Json] = {(): self.target}
        """Place → object or list of the target that was made here, and so may be written to."""
        self._moved: dict[Path, Path] = {}
        """New place → old place of its value; [`NOWHERE`][] for a value that was only added."""
        self._taken: set[Path] = set()
        """The old places whose values were carried over."""
        self._all_carried = False

    def written(self, place: Path) -> Json:
        """The new value at a place; `ABSENT` for one that is not written (yet)."""
        return at(self.target, place)

    def read(self, place: Path) -> Json:
        """The old value at a place; `ABSENT` for one that is not there, or null."""
        value = at(self.source, place)
        return ABSENT if value is None else value

    def carry_all(self) -> None:
        """Carry everything over as it is."""
        self.target.update(self.source)
        self._all_carried = True

    def carry(self, source: Path, value: Json, target: Path, conversion: Conversion = SAME) -> bool:
        """Carry a value over to a new place, unless it was carried already, cannot be converted, or the place is taken.

        Args:
            source: its old place.
            value: the value there.
            target: its new place.
            conversion: from the old value to the new one.

        Returns:
            Whether it was carried over; if not, it is among the [`unused`][].
        """
        if source in self._taken:
            return False
        new = conversion.convert(value)
        if new is UNFIT or not self._put(target, new):
            return False
        self._taken.add(source)
        self._moved[target] = source
        if self.notes is not None and (new is not value or source != target):
            self.notes.carried(source, target, before=value, after=new, invert=conversion.invert)
        return True

    def keep(self, place: Path) -> bool:
        """Leave a field that no release knows where it is; not in a list, whose positions may mean something else.

        Returns:
            Whether it is there now, from this call or from one before.
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
        """Write a value that no single field of the old configuration holds, unless the place is taken.

        Args:
            target: its place in the new configuration.
            value: the value.
            loss: the class of the entry in the ledger: how sure the value is.
            note: where the value comes from, for people.
        """
        if self._put(target, value):
            self._moved[target] = NOWHERE
            if self.notes is not None:
                self.notes.added(target, value, loss, note)

    def unused(self) -> list[tuple[Path, Json]]:
        """The old leaves that were not carried over: (place, value)."""
        found: list[tuple[Path, Json]] = []
        if self.source and not self._all_carried:
            self._unused((), self.source, found)
        return found

    def origin(self, place: Path) -> Path:
        """The old place of the value at a new place; [`NOWHERE`][] for a value that was only added."""
        for length in range(len(place), 0, -1):
            start = self._moved.get(place[:length])
            if start is not None:
                return start and start + place[length:]
        return place if self._all_carried else NOWHERE

    def _unused(self, place: Path, value: Json, found: list[tuple[Path, Json]]) -> None:
        for key, item in value.items() if type(value) is dict else enumerate(value):
            inner = (*place, key)
            if inner in self._taken:
                continue
            if item and (type(item) is dict or type(item) is list):
                self._unused(inner, item, found)
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
        """The object or list at a place, made if there is none, to be written to; None if another value is there."""
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
