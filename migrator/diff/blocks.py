"""The metrics of a run in little room: the numbers of all of them are one array, and what runs have alike is shared."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from sys import intern
from typing import Any, ClassVar, Final

from migrator.aiperf.metrics import STATISTICS
from migrator.aiperf.sound import sound_numbers
from migrator.jsonfile import Json, Numeral, Object
from migrator.values import NamedTuple

_MOST: Final = math.inf
_LEAST: Final = -math.inf
_STATISTICS: Final = frozenset(STATISTICS)
_NUMBERS: Final = frozenset((int, float, Numeral))
_PLAIN: Final = frozenset((int, float))
_MOST_SHAPES: Final = 10_000
"""Sets of names that are shared; only hostile files have more."""
_LARGEST: Final = 1000
"""Metrics of a run whose shape is remembered."""
_UNIT: Final = itemgetter("unit")


class Values(Mapping[str, float]):
    """Statistics of a metric by name.

    Args:
        places: the place of each name, from `first` on.
        numbers: those of all metrics of the run.
        first: where those of this metric begin.
    """

    __slots__ = ("_first", "_numbers", "_places")

    def __init__(self, places: Mapping[str, int], numbers: array[float], first: int = 0) -> None:
        self._places, self._numbers, self._first = places, numbers, first

    def __getitem__(self, name: str) -> float:
        return self._numbers[self._first + self._places[name]]

    # Faster than that of `Mapping`, which raises for a name that is not there.
    def get(self, name: str, default: Any = None, /) -> Any:
        """The statistic of a name, or a default."""
        place = self._places.get(name)
        return default if place is None else self._numbers[self._first + place]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return repr(self.copy())

    def copy(self) -> dict[str, float]:
        """The statistics as an object of their own."""
        numbers = self._numbers[self._first : self._first + len(self._places)]
        return dict(zip(self._places, numbers, strict=True))


class Block(NamedTuple):
    """One metric of one run: its unit, and its finite statistics by name."""

    unit: str
    values: Mapping[str, float]


Cell = tuple[str, Mapping[str, int], int]
"""Unit, the places of the statistics, and where they begin among the numbers of the run."""
_Table = dict[str, Cell]
"""Tag → where its numbers are; one object for all runs of the same metrics."""
_NOTHING: Final[dict[str, Block]] = {}


class Blocks(Mapping[str, Block]):
    """The metrics of a run by tag. Each block is made where it is looked at: of most runs few are.

    Args:
        table: where the numbers of each are.
        numbers: those of all.
        own: blocks that take the place of others, or come after them.
    """

    __slots__ = ("_numbers", "_own", "_table")

    def __init__(self, table: _Table, numbers: array[float], own: dict[str, Block] = _NOTHING) -> None:
        self._table, self._numbers, self._own = table, numbers, own

    def __getitem__(self, tag: str) -> Block:
        if self._own and tag in self._own:
            return self._own[tag]
        unit, places, first = self._table[tag]
        return Block(unit, Values(places, self._numbers, first))

    # Faster than that of `Mapping`, which raises for a tag that is not there.
    def get(self, tag: str, default: Any = None, /) -> Any:
        """The block of a tag, or a default."""
        if self._own and tag in self._own:
            return self._own[tag]
        cell = self._table.get(tag)
        return default if cell is None else Block(cell[0], Values(cell[1], self._numbers, cell[2]))

    def __contains__(self, tag: object) -> bool:
        return tag in self._table or tag in self._own

    def __iter__(self) -> Iterator[str]:
        return iter({**self._table, **self._own} if self._own else self._table)

    def __len__(self) -> int:
        return len(self._table) + sum(tag not in self._table for tag in self._own)

    def __repr__(self) -> str:
        return repr(dict(self))

    def cell(self, tag: str) -> Cell | None:
        """Unit, places of the statistics and where they begin among [`numbers`][]; None of a block that is not there.

        Also of one that took the place of the file's. For those who look at all metrics of a large file.
        """
        return None if tag in self._own else self._table.get(tag)

    @property
    def numbers(self) -> array[float]:
        """The numbers of all metrics of the file."""
        return self._numbers

    def number(self, tag: str, name: str) -> float | None:
        """A statistic of a metric; None where the run does not have it."""
        if self._own and tag in self._own:
            return self._own[tag].values.get(name)
        cell = self._table.get(tag)
        if cell is None or (place := cell[1].get(name)) is None:
            return None
        return self._numbers[cell[2] + place]

    def doubtful(self, tags: Iterable[str], always: Collection[str] = ()) -> list[str]:
        """Those of some tags whose numbers, beside `count` and `sum`, are not surely those of one distribution.

        Args:
            tags: metrics, which the run may have or not.
            always: tags that are among those found wherever the run has them.
        """
        known: dict[int, Callable[[Sequence[float]], bool]] = {}
        table, own, numbers = self._table, self._own, self._numbers
        found = []
        for tag in tags:
            cell = table.get(tag)
            if tag in own or (cell and tag in always):
                found.append(tag)
            elif cell:
                places, first = cell[1:]
                sound = known.get(id(places))
                if sound is None:
                    sound = known[id(places)] = sound_numbers(tuple(places))
                if not sound(numbers[first : first + len(places)]):
                    found.append(tag)
        return found

    def surely_same(self, other: Mapping[str, Block]) -> bool:
        """Whether other blocks stand in the same order and have the same units and numbers, to the last bit."""
        return (
            isinstance(other, Blocks)
            and self._own == other._own
            and (self._table is other._table or self._table == other._table)
            and self._numbers.tobytes() == other._numbers.tobytes()
        )

    def __or__(self, other: Mapping[str, Block]) -> Blocks:
        """These blocks with others in their place, or after them."""
        return Blocks(self._table, self._numbers, {**self._own, **other}) if other else self


class _Shape(NamedTuple):
    """What the metrics of several runs have alike: where each number goes, of all that stand in their blocks."""

    table: _Table
    chosen: Callable[[Sequence[Json]], Sequence[Json]]


class _Shapes:
    """The shapes that were met; shared by all runs of a process."""

    places: ClassVar[dict[tuple[str, ...], Mapping[str, int]]] = {}
    tables: ClassVar[dict[tuple[tuple[str, str, tuple[str, ...]], ...], _Table]] = {}
    known: ClassVar[dict[tuple[Sequence[str], Sequence[tuple[str, ...]], Sequence[str]], _Shape]] = {}


def blocks_of(metrics: Object) -> Blocks:
    """The finite numbers of stats blocks by tag; NaN and infinity are left out, and a block without a number, too.

    Args:
        metrics: stats blocks as a document has them.
    """
    every: list[Object] = list(metrics.values())
    units = tuple(map(_UNIT, every))
    if not _are_texts(units):
        return _one_by_one(metrics)
    if len(every) > _LARGEST:
        return _of_many(metrics) or _one_by_one(metrics)
    # The members of each block decide where its numbers are; of the runs of a sweep they are all alike.
    key = tuple(metrics), tuple(map(tuple, every)), units
    shape = _Shapes.known.get(key)
    if shape is None:
        found = _one_by_one(metrics)
        if len(_Shapes.known) < _MOST_SHAPES and (made := _shape_of(every, metrics, found)):
            _Shapes.known[key] = made
        return found
    numbers = shape.chosen(list(chain.from_iterable(map(dict.values, every))))
    # A sum is finite only if all of its terms are.
    if set(map(type, numbers)) <= _PLAIN and math.isfinite(sum(numbers)):
        return Blocks(shape.table, array("d", numbers))
    return _one_by_one(metrics)


def tags_of(blocks: Iterable[Mapping[str, Block]]) -> set[str]:
    """The tags of all of some blocks."""
    return set().union(*(list(one) for one in blocks))


def copied(values: Mapping[str, float]) -> dict[str, float]:
    """Statistics as an object of their own."""
    return values.copy() if isinstance(values, Values) else dict(values)


def number_of(blocks: Mapping[str, Block], tag: str, name: str) -> float | None:
    """A statistic of a metric; None where the run does not have it."""
    if isinstance(blocks, Blocks):
        return blocks.number(tag, name)
    block = blocks.get(tag)
    return block.values.get(name) if block else None


def with_more(blocks: Mapping[str, Block], more: Mapping[str, Block]) -> Mapping[str, Block]:
    """Blocks with others in their place, or after them."""
    return blocks | more if isinstance(blocks, Blocks) else {**blocks, **more}


def packed(blocks: Mapping[str, tuple[str, Mapping[str, float]]]) -> Blocks:
    """Blocks from the unit of each and its statistics, which are finite."""
    names = tuple((tag, unit, tuple(values)) for tag, (unit, values) in blocks.items())
    table = _Shapes.tables.get(names)
    if table is None:
        table = _table_of(names)
        if len(_Shapes.tables) < _MOST_SHAPES and len(names) <= _LARGEST:
            _Shapes.tables[names] = table
    return Blocks(table, array("d", chain.from_iterable(values.values() for _, values in blocks.values())))


def _are_texts(units: Iterable[Json]) -> bool:
    return all(type(unit) is str for unit in units)


def _of_many(metrics: Object) -> Blocks | None:
    """The blocks of a file with many metrics, whose shape is not remembered; None where a number is not plain."""
    shapes: dict[tuple[str, ...], tuple[Mapping[str, int], Callable[[Sequence[Json]], Sequence[Json]]]] = {}
    table: _Table = {}
    numbers = array("d")
    for tag, block in metrics.items():
        names = tuple(block)
        shape = shapes.get(names)
        if shape is None:
            shape = shapes[names] = _taken(names)
        places, chosen = shape
        found = chosen(list(block.values()))
        if not _PLAIN.issuperset(map(type, found)):
            return None
        if found:
            table[tag] = intern(block["unit"]), places, len(numbers)
            numbers.extend(found)
    # A sum is finite only if all of its terms are.
    return Blocks(table, numbers) if math.isfinite(sum(numbers)) else None


def _taken(names: tuple[str, ...]) -> tuple[Mapping[str, int], Callable[[Sequence[Json]], Sequence[Json]]]:
    """The place of each statistic among those of a block with members of these names, and what takes their values."""
    wanted = [place for place, name in enumerate(names) if name in _STATISTICS]
    places = _places_of(tuple(names[place] for place in wanted))
    # Of a single place `itemgetter` would give no sequence, and none takes none.
    few = slice(wanted[0], wanted[0] + 1) if wanted else slice(0)
    return places, itemgetter(*wanted) if len(wanted) > 1 else itemgetter(few)


def _one_by_one(metrics: Object) -> Blocks:
    found = {}
    for tag, block in metrics.items():
        numbers = {
            name: number
            for name, number in block.items()
            if name in _STATISTICS and type(number) in _NUMBERS and _LEAST < number < _MOST
        }
        if numbers:
            found[tag] = intern(str(block["unit"])), numbers
    return packed(found)


def _table_of(names: Iterable[tuple[str, str, tuple[str, ...]]]) -> _Table:
    table: dict[str, Cell] = {}
    first = 0
    for tag, unit, statistics in names:
        table[tag] = unit, _places_of(statistics), first
        first += len(statistics)
    return table


def _places_of(statistics: tuple[str, ...]) -> Mapping[str, int]:
    """The place of each name, shared by all blocks that have the same."""
    places = _Shapes.places.get(statistics)
    if places is None:
        places = {name: place for place, name in enumerate(statistics)}
        if len(_Shapes.places) < _MOST_SHAPES:
            _Shapes.places[statistics] = places
    return places


def _shape_of(every: Sequence[Object], metrics: Object, found: Blocks) -> _Shape | None:
    """The shape of a run's metrics; None where a statistic is no number, so that the next run may have another."""
    chosen, place = [], 0
    for tag, block in zip(metrics, every, strict=True):
        wanted = [number for number, name in enumerate(block, place) if name in _STATISTICS]
        if tag not in found or len(found[tag].values) != len(wanted):
            return None
        chosen += wanted
        place += len(block)
    # Of a single place `itemgetter` would give no tuple.
    return _Shape(found._table, itemgetter(*chosen)) if len(chosen) > 1 else None
