"""Whether the numbers within a stats block can be those of one distribution, told quickly.

The rules of `check` on single blocks say what is wrong with one that is not sound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import chain, pairwise
from operator import itemgetter, le, mul
from typing import Any, Final

from migrator.aiperf.metrics import PERCENTILES, STATISTICS
from migrator.values import NamedTuple

ROUNDING: Final = 1e-9
"""Relative difference below which two numbers are the same."""
_IN_ORDER: Final = ("min", *PERCENTILES, "max")
_OF_A_BLOCK: Final = frozenset(("unit", *STATISTICS))
_NUMBERS: Final = frozenset({int, float})
_WHOLE: Final = frozenset({int})
_is_close: Final = partial(math.isclose, rel_tol=ROUNDING)
_LARGE: Final = 1e60
"""A number from here on is looked at more closely: its sums and products may not be finite."""


def is_sound(block: dict[str, Any]) -> bool:
    """Whether a stats block has nothing but a unit and numbers in order, which rules on single blocks accept.

    Nearly all blocks are sound, and this takes a fraction of what the rules take. One that is not may be right, too.
    """
    return is_plainly_sound(block) or _is_sound(block)


def is_plainly_sound(block: dict[str, Any]) -> bool:
    """Whether a stats block is sound, has an average, and has no null: nearly all have. It takes half the time."""
    keys = _keys(tuple(block))
    if keys is None or type(block["unit"]) is not str:
        return False
    values = keys.values_of(block)
    try:
        # With a NaN, the sum is one, and not below anything; of numbers that are not negative, none is above the sum.
        if not _NUMBERS.issuperset(map(type, values)) or not 0 <= min(values) <= sum(values) < _LARGE:
            return False
    except OverflowError:
        return False  # A whole number that no float is near.
    average = block["avg"]
    if keys.ordered:
        ordered = values[: keys.ordered]
        if not _is_between(average, ordered[0], ordered[-1]) or [*ordered] != sorted(ordered):
            return False
    if not keys.counted:
        return True
    count = block["count"]
    return type(count) is int and (not keys.summed or math.isclose(block["sum"], average * count, rel_tol=ROUNDING))


def are_plainly_sound(blocks: Sequence[dict[str, Any]], groups: Sequence[Group]) -> bool:
    """Whether each of some blocks [is plainly sound][is_plainly_sound]: many at once, in a third of the time.

    Args:
        blocks: the blocks, whose units are known to be texts.
        groups: those with the same keys, as [`groups_of`][] gives them for blocks with these keys in this order.
    """
    return all([_are_sound(group.keys, group.blocks_of(blocks)) for group in groups])  # noqa: C419 (a generator takes twice the time)


def groups_of(blocks: Sequence[dict[str, Any]]) -> tuple[Group, ...] | None:
    """Blocks by their keys; None if one of them has other keys than those of a distribution."""
    found: dict[_Keys, list[int]] = {}
    for number, block in enumerate(blocks):
        keys = _keys(tuple(block))
        if keys is None:
            return None
        found.setdefault(keys, []).append(number)
    return tuple([Group(keys, _of_several(numbers)) for keys, numbers in found.items()])


def _are_sound(keys: _Keys, blocks: tuple[dict[str, Any], ...]) -> bool:
    rows = list(map(keys.values_of, blocks))
    try:
        # As for a single block. What is smallest is the first of those in order, or one of the others.
        if not _NUMBERS.issuperset(map(type, chain.from_iterable(rows))) or not sum(map(sum, rows)) < _LARGE:
            return False
    except OverflowError:
        return False
    columns = list(zip(*rows, strict=True))
    ordered, others = columns[: keys.ordered], columns[keys.ordered :]
    if not all([min(column) >= 0 for column in (*ordered[:1], *others)]):  # noqa: C419 (a generator takes twice the time)
        return False
    if not all([all(map(le, lower, higher)) for lower, higher in pairwise(ordered)]):  # noqa: C419 (a generator takes twice the time)
        return False
    averages = others[0]
    if ordered and not all(map(_is_between, averages, ordered[0], ordered[-1])):
        return False
    if not keys.counted:
        return True
    counts = others[1 + keys.spread]
    products = map(mul, averages, counts)
    return _WHOLE.issuperset(map(type, counts)) and (not keys.summed or all(map(_is_close, others[-1], products)))


class _Keys(NamedTuple):
    """The keys of a block: how to get its numbers, how many of them are in order, and which others there are.

    The others come after those in order: the average, then the standard deviation, the count and the sum.
    """

    values_of: Callable[[dict[str, Any]], tuple[Any, ...]]
    ordered: int
    spread: bool
    counted: bool
    summed: bool


class Group(NamedTuple):
    """Blocks with the same keys: these, and how to get them among others."""

    keys: _Keys
    blocks_of: Callable[[Sequence[dict[str, Any]]], tuple[dict[str, Any], ...]]


@lru_cache(maxsize=256)
def _keys(names: tuple[str, ...]) -> _Keys | None:
    if not _OF_A_BLOCK.issuperset(names) or "unit" not in names or "avg" not in names:
        return None
    ordered = [name for name in _IN_ORDER if name in names]
    wanted = [*ordered, *(name for name in ("avg", "std", "count", "sum") if name in names)]
    return _Keys(_of_several(wanted), len(ordered), "std" in names, "count" in names, "sum" in names)


def _of_several(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """`itemgetter`, which of a single key gives no tuple."""
    first = keys[0]
    return itemgetter(*keys) if len(keys) > 1 else lambda holder: (holder[first],)


def _is_sound(block: dict[str, Any]) -> bool:
    if not block.keys() <= _OF_A_BLOCK or type(block["unit"]) is not str:
        return False
    numbers = [value for key, value in block.items() if key != "unit" and value is not None]
    # A NaN is not below anything, and what is infinite is not below the bound.
    if not numbers or not _NUMBERS.issuperset(map(type, numbers)):
        return False
    if not all([0 <= each < _LARGE for each in numbers]):  # noqa: C419 (a generator takes twice the time)
        return False
    get = block.get
    ordered = [value for name in _IN_ORDER if (value := get(name)) is not None]
    if ordered != sorted(ordered):
        return False
    average, count, total = get("avg"), get("count"), get("sum")
    least, most = get("min"), get("max")
    # Between percentiles alone an average need not lie: the rule on it asks for both ends.
    if average is not None and least is not None and most is not None and not _is_between(average, least, most):
        return False
    if count is None:
        return True
    if type(count) is not int:
        return False
    return average is None or total is None or math.isclose(total, average * count, rel_tol=ROUNDING)


def _is_between(average: float, least: float, most: float) -> bool:
    """Whether it is, but for rounding: the mean of equal values may differ from them in the last places."""
    if average < least:
        return math.isclose(average, least, rel_tol=ROUNDING)
    return average <= most or math.isclose(average, most, rel_tol=ROUNDING)


def sound_numbers(names: Sequence[str]) -> Callable[[Sequence[float]], bool]:
    """What tells of finite numbers of these names, in their order, whether a block with them is sound.

    `count` and `sum` are left out of account. The answer is that of [`is_sound`][], without a block.
    """
    place = {name: number for number, name in enumerate(names)}
    ordered = [place[name] for name in _IN_ORDER if name in place]
    others = [place[name] for name in ("avg", "std") if name in place]
    between = ("min" in place, "avg" in place, "max" in place) == (True, True, True)
    average = place.get("avg", 0)

    def sound(numbers: Sequence[float]) -> bool:
        found = [numbers[each] for each in ordered]
        if found != sorted(found) or (found and (found[0] < 0 or found[-1] >= _LARGE)):
            return False
        for each in others:
            if not 0 <= numbers[each] < _LARGE:
                return False
        return not between or _is_between(numbers[average], found[0], found[-1])

    return sound if ordered or others else lambda numbers: False


TAKES_TIME: Final = frozenset({"request_latency", "time_to_first_token"})
"""Today's names of metrics that no answer has at zero."""


def may_be_wrong(tag: str, block: dict[str, Any]) -> bool:
    """Whether a rule on the numbers within one block may have something to say of it.

    Args:
        tag: today's name of the metric.
        block: its unit and statistics.
    """
    if not is_sound(block):
        return True
    return tag in TAKES_TIME and any(block.get(name) == 0 for name in (*_IN_ORDER, "avg"))
