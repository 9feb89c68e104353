"""The statistics of a column as AIPerf computes them, to the last bit where a sum is concerned.

AIPerf adds up doubles with numpy. Two orders occur: one by one, up to 0.11, and in pairs of blocks (numpy's own
`sum`), from 0.12 on; `avg` is the latter in every release. Where all values are whole, any order gives the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from math import dist, floor, fsum, hypot, inf, sqrt
from operator import add, mul
from typing import Final

from migrator.aiperf.metrics import PERCENTILES
from migrator.backfill.base import factor
from migrator.backfill.columns import Column
from migrator.jsonfile import Object
from migrator.values import NamedTuple

_BLOCK: Final = 128
_EXACT: Final = float(2**50)
"""Sums of whole nanoseconds below this (13 days) are known exactly from the rounded milliseconds."""
_MOST_SORTED: Final = 2**22
"""Values of a column that are sorted to verify its percentiles, which takes memory; more are not held at once."""


class Facts(NamedTuple):
    """The number of values of a column, the statistics of a block, and what AIPerf itself would have written.

    `one_by_one` and `in_pairs` are the two sums, and `p10` that percentile, to the last bit. They are None if the exact
    numbers are not known, which is decided by the export's own `avg`.
    """

    number: int
    stats: dict[str, float]
    one_by_one: float | None = None
    in_pairs: float | None = None
    p10: float | None = None


def facts(column: Column, avg: object, *, p10: bool = False) -> Facts:
    """The facts of a column that has at least one value.

    Args:
        column: the values.
        avg: the export's own average. Exact numbers are given only if they lead to it, to the last bit.
        p10: whether that percentile is wanted to the last bit.
    """
    count = len(column.values)
    if count > _MOST_SORTED:
        return _of_many(column, avg)
    values = column.values.tolist()
    total = _sum(values)
    mean = total / count
    stats = {"avg": mean, "std": dist(values, [mean] * count) / sqrt(count)}
    exact = _whole(column, total, avg) or _fractions(column, avg) or _as_shown(column, values, avg)
    values.sort()
    stats |= {"min": values[0], "max": values[-1]}
    stats |= {name: percentile(values, int(name[1:])) for name in PERCENTILES}
    if exact is None:
        return Facts(count, stats)
    return Facts(count, stats, *exact, _p10(column, values, avg) if p10 else None)


def _of_many(column: Column, avg: object) -> Facts:
    """The facts of a column that is too long to be sorted, some thousands of values in memory at a time."""
    values, count = column.values, len(column.values)
    total = _sum(values)
    mean = total / count
    deviation = hypot(*(dist(part, [mean] * len(part)) for part in values.parts())) / sqrt(count)
    stats = {"avg": mean, "std": deviation, "min": min(values), "max": max(values)}
    exact = _whole(column, total, avg) or _fractions(column, avg) or _as_shown(column, values, avg)
    return Facts(count, stats, *(exact or (None, None)))


def stats_block(column: Column) -> Object:
    """The stats block of a column that has at least one value, with its statistics in AIPerf's order.

    Durations are taken back to the whole nanoseconds that they were measured in, and the statistics computed there, as
    AIPerf does; sums are those of 0.12.0 and later. A statistic beyond the range of a double is infinite, as in numpy.
    """
    numbers, scale = _measured(column)
    count = len(numbers)
    total = pairwise(numbers)
    mean = total / count
    deviations = [number - mean for number in numbers]
    # A power would raise an error where a product is infinite.
    variance = pairwise(list(map(mul, deviations, deviations))) / count
    ordered = sorted(numbers)
    stats: dict[str, float] = {"avg": mean}
    stats |= {name: percentile(ordered, int(name[1:])) for name in PERCENTILES}
    stats |= {"min": ordered[0], "max": ordered[-1], "std": sqrt(variance)}
    block = {name: value * scale for name, value in stats.items()}
    return {"unit": column.unit, **block, "count": count, "sum": total * scale}


def _measured(column: Column) -> tuple[Sequence[float], float]:
    """The values as AIPerf had them, and what they were multiplied by to be shown."""
    scale = factor(column.unit)
    values = column.values.tolist()
    if scale is None:
        return values, 1.0
    if column.base:
        return column.base.tolist(), scale
    whole = [float(round(value / scale)) for value in values if abs(value) < _EXACT]
    shown_again = len(whole) == len(values) and all(
        number * scale == value for number, value in zip(whole, values, strict=True)
    )
    return (whole, scale) if shown_again else (values, 1.0)


def _sum(values: Iterable[float]) -> float:
    """The sum, rounded once; infinite beyond the range of a double, where `fsum` raises an error."""
    try:
        return fsum(values)
    except OverflowError:
        return inf


_Sums = tuple[float, float]
"""The sum of one value after the other, and the sum in pairs."""


def _whole(column: Column, total: float, avg: object) -> _Sums | None:
    """The sums if all values are whole nanoseconds: then any order gives the same."""
    scale = factor(column.unit)
    if scale is None or abs(total / scale) >= _EXACT:
        return None
    nanoseconds = round(total / scale)
    return (nanoseconds * scale,) * 2 if nanoseconds / len(column.values) * scale == avg else None


def _fractions(column: Column, avg: object) -> _Sums | None:
    scale = factor(column.unit)
    if scale is None or not column.base:
        return None
    pairs = pairwise(column.base)
    return (_running(column.base) * scale, pairs * scale) if pairs / len(column.base) * scale == avg else None


def _as_shown(column: Column, values: Sequence[float], avg: object) -> _Sums | None:
    pairs = pairwise(values)
    return (_running(values), pairs) if pairs / len(values) == avg else None


def _p10(column: Column, ordered: list[float], avg: object) -> float:
    """The tenth percentile of the numbers that AIPerf had, in the unit of the file."""
    scale = factor(column.unit)
    if scale is None:
        return percentile(ordered, 10)
    if column.base:
        return percentile(sorted(column.base), 10) * scale
    if _whole(column, _sum(ordered), avg) is None:
        return percentile(ordered, 10)
    low, high, part = _neighbours(ordered, 10)
    return _between(round(low / scale), round(high / scale), part) * scale


def _running(values: Sequence[float]) -> float:
    # Not `sum`, which is more exact than AIPerf from Python 3.12 on.
    return reduce(add, values, 0.0)


def pairwise(values: Sequence[float]) -> float:
    """The sum of a contiguous array as numpy computes it: eight at a time in blocks of 128, halves above that."""
    count = len(values)
    if count < 8:
        return reduce(add, values, 0.0)
    if count <= _BLOCK:
        end = count - count % 8
        a, b, c, d, e, f, g, h = (reduce(add, values[lane:end:8]) for lane in range(8))
        return reduce(add, values[end:], ((a + b) + (c + d)) + ((e + f) + (g + h)))
    half = count // 2
    half -= half % 8
    return pairwise(values[:half]) + pairwise(values[half:])


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The percentile of sorted values by linear interpolation at percent / 100 · (n − 1), as in numpy."""
    return _between(*_neighbours(ordered, percent))


def _neighbours(ordered: Sequence[float], percent: int) -> tuple[float, float, float]:
    """The two values around a percentile, and its distance from the first, 0 to 1."""
    place = percent / 100 * (len(ordered) - 1)
    index = floor(place)
    return ordered[index], ordered[min(index + 1, len(ordered) - 1)], place - index


def _between(low: float, high: float, part: float) -> float:
    # From the nearer end, so that both ends come out as they are.
    return high - (high - low) * (1 - part) if part >= 0.5 else low + (high - low) * part
