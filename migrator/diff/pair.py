"""Bring the numbers of both sides together: same metric, same statistic, one unit."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from migrator.aiperf.metrics import PERCENTILES, STATISTICS
from migrator.aiperf.units import convert, same_family
from migrator.diff.blocks import Block, Blocks
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.interval import logarithms
from migrator.values import NamedTuple

SHOWN: Final = ("avg", "p50", "p90", "p95", "p99")
"""Statistics that get a row of their own; the curve of all percentiles is shown beside them."""
_DISTANCES: Final = ("std",)
_UNITLESS: Final = ("count",)


class Pair(NamedTuple):
    """One statistic of one metric on both sides, a value per run, in one unit; an empty side does not have it.

    `other_unit` is that of the candidate where it measures something else: then its values cannot be compared, and are
    left out. `refused` tells why they cannot be compared though both sides have them: their definition changed, or no
    run can have measured them.
    """

    metric: str
    statistic: str
    unit: str
    base: tuple[float, ...]
    candidate: tuple[float, ...]
    other_unit: str = ""
    refused: str = ""


class UnitChange(NamedTuple):
    """A metric whose unit measures something else on the other side, so that its values cannot be compared."""

    metric: str
    base: str
    candidate: str


def pairs(
    base: LoadedSide,
    candidate: LoadedSide,
    named: Iterable[tuple[str, str]] = (),
    only: Collection[tuple[str, str]] | None = None,
) -> tuple[list[Pair], list[UnitChange]]:
    """Every row that the two sides have, in the order of the baseline's files; and the metrics whose unit changed.

    Args:
        base: the baseline.
        candidate: what is compared with it.
        named: (metric, statistic) of rows that a policy names, which may be other than the usual statistics.
        only: (metric, statistic) of the rows that are wanted, the statistic `*` for all; None for every row.
    """
    found: list[Pair] = []
    changed: list[UnitChange] = []
    asked: dict[str, set[str]] = {}
    for metric, statistic in named:
        asked.setdefault(metric, set()).add(statistic)
    wanted: dict[str, set[str]] = {}
    for metric, statistic in only or ():
        wanted.setdefault(metric, set()).add(statistic)
    two = _TwoRuns.of(base.runs, candidate.runs)
    for tag in wanted if only is not None else _tags(base.runs, candidate.runs):
        names: Sequence[str] = SHOWN
        if tag in asked:
            names = [name for name in STATISTICS if name in SHOWN or name in asked[tag]]
        if only is not None and "*" not in wanted[tag]:
            names = tuple(name for name in names if name in wanted[tag])
        if two and (rows := two.rows(tag, names)) is not None:
            found += rows
            continue
        one, other = _blocks(base.runs, tag), _blocks(candidate.runs, tag)
        if not one and not other:
            continue
        unit = (one or other)[0].unit
        odd = ""
        for block in (*one, *other):
            if block.unit != unit and not same_family(unit, block.unit):
                odd = block.unit or "no unit"
                changed.append(UnitChange(tag, unit, block.unit))
                break
        if odd:
            found += _rows_of_two_units(tag, unit, (one, other), names, odd)
        else:
            found += _rows(tag, unit, one, other, names)
    return found, changed


def _tags(*sides: Sequence[Run]) -> Iterator[str]:
    seen: dict[str, None] = {}
    for runs in sides:
        for run in runs:
            seen.update(dict.fromkeys(run.blocks))
    yield from seen


def _blocks(runs: Sequence[Run], tag: str) -> list[Block]:
    return [block for run in runs if (block := run.blocks.get(tag))]


def _rows(
    tag: str, unit: str, base: Sequence[Block], candidate: Sequence[Block], statistics: Iterable[str]
) -> Iterator[Pair]:
    for statistic in statistics:
        one, other = _values(base, statistic, unit), _values(candidate, statistic, unit)
        if one or other:
            yield Pair(tag, statistic, unit, one, other)


class _TwoRuns:
    """The metrics of one run a side, which are taken from their numbers without a block of each."""

    def __init__(self, base: Blocks, candidate: Blocks) -> None:
        self._base, self._candidate = base, candidate
        self._numbers = base.numbers, candidate.numbers
        self._places: dict[tuple[int, int, Sequence[str]], list[tuple[str, int | None, int | None]]] = {}

    @classmethod
    def of(cls, base: Sequence[Run], candidate: Sequence[Run]) -> _TwoRuns | None:
        """Those of two sides; None where a side has several runs, or its blocks are not those of a file."""
        if len(base) != 1 or len(candidate) != 1:
            return None
        one, other = base[0].blocks, candidate[0].blocks
        return cls(one, other) if isinstance(one, Blocks) and isinstance(other, Blocks) else None

    def rows(self, tag: str, statistics: Sequence[str]) -> list[Pair] | None:
        """The rows of a metric that both have in one unit; None of any other."""
        one, other = self._base.cell(tag), self._candidate.cell(tag)
        if one is None or other is None or one[0] != other[0]:
            return None
        unit, first, second = one[0], one[2], other[2]
        # The places of the names are one object for all metrics with the same, and the run keeps them.
        key = id(one[1]), id(other[1]), tuple(statistics)
        places = self._places.get(key)
        if places is None:
            there = [(name, one[1].get(name), other[1].get(name)) for name in statistics]
            places = self._places[key] = [row for row in there if row[1:] != (None, None)]
        a, b = self._numbers
        return [
            Pair(
                tag,
                name,
                unit,
                () if base is None else (a[first + base],),
                () if candidate is None else (b[second + candidate],),
            )
            for name, base, candidate in places
        ]


def _rows_of_two_units(
    tag: str, unit: str, blocks: tuple[Sequence[Block], Sequence[Block]], statistics: Iterable[str], odd: str
) -> Iterator[Pair]:
    """Rows of a metric that measures something else on the other side, in the unit `odd`: its values are left out."""
    there = {name for side in blocks for block in side for name in block.values}
    same = [block for block in blocks[0] if block.unit == unit]
    for statistic in statistics:
        if statistic in there:
            yield Pair(tag, statistic, unit, _values(same, statistic, unit), (), odd)


def values_of(runs: Sequence[Run], tag: str, statistic: str, unit: str) -> tuple[float, ...]:
    """A statistic of every run that has it, in a unit."""
    return _values(_blocks(runs, tag), statistic, unit)


def _values(blocks: Sequence[Block], statistic: str, unit: str) -> tuple[float, ...]:
    values = []
    for block in blocks:
        if statistic in block.values:
            value = block.values[statistic] if block.unit == unit else _in_unit(block, statistic, unit)
            if value is not None:
                values.append(value)
    return tuple(values)


def by_run(runs: Sequence[Run], tag: str, statistic: str, unit: str) -> list[float | None]:
    """A statistic of every run, in a unit; None for a run without it, or with a unit that measures something else."""
    blocks = [run.blocks.get(tag) for run in runs]
    return [_in_unit(block, statistic, unit) if block and statistic in block.values else None for block in blocks]


def _in_unit(block: Block, statistic: str, unit: str) -> float | None:
    """A statistic that a block has, in a unit; None if that measures something else."""
    value = block.values[statistic]
    if block.unit == unit or statistic in _UNITLESS:
        return value
    if not same_family(block.unit, unit):
        return None
    return convert(value, block.unit, unit, difference=statistic in _DISTANCES)


def curve(runs: Sequence[Run], tag: str, unit: str) -> dict[str, float]:
    """The percentiles of a metric over the runs of a side, each their centre; empty for one without distribution."""
    blocks = _blocks(runs, tag)
    return {
        name: centre(values)
        for name in PERCENTILES
        if (values := _values(blocks, name, unit)) and len(values) == len(runs)
    }


def spread(values: Sequence[float]) -> float | None:
    """How much runs of a side differ, in percent: the standard deviation of their logarithms (divisor n − 1)."""
    if len(values) < 2 or min(values) <= 0 or max(values) == math.inf:
        return None
    return 100 * math.sqrt(logarithms(tuple(values))[1])


def centre(values: Sequence[float]) -> float:
    """The value that stands for the runs of a side: their geometric mean, as changes are judged on logarithms.

    So value, change and interval of a row agree. Values that have no logarithm are averaged.
    """
    if len(values) == 1:
        return values[0]
    least, most = min(values), max(values)
    if least == most:
        return values[0]
    if least > 0 and most < math.inf:
        return math.exp(logarithms(tuple(values))[0])
    return math.fsum(value / len(values) for value in values)
