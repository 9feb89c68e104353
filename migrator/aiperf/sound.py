"""Whether the numbers within a stats block can be those of one distribution, told quickly.

The rules of `check` on single blocks say what is wrong with one that is not sound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from migrator.aiperf.metrics import PERCENTILES, STATISTICS
from migrator.values import NamedTuple

ROUNDING: Final = 1e-9
"""Relative difference below which two numbers are the same."""
_IN_ORDER: Final = ("min", *PERCENTILES, "max")
_OF_A_BLOCK: Final = frozenset(("unit", *STATISTICS))
_NUMBERS: Final = frozenset({int, float})
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
        if not ordered[0] <= average <= ordered[-1] or [*ordered] != sorted(ordered):
            return False
    if not keys.counted:
        return True
    count = block["count"]
    return type(count) is int and (not keys.summed or math.isclose(block["sum"], average * count, rel_tol=ROUNDING))


class _Keys(NamedTuple):
    """The keys of a block: how to get its numbers, how many of them are in order, and whether there are two others."""

    values_of: Callable[[dict[str, Any]], tuple[Any, ...]]
    ordered: int
    counted: bool
    summed: bool


@lru_cache(maxsize=256)
def _keys(names: tuple[str, ...]) -> _Keys | None:
    if not _OF_A_BLOCK.issuperset(names) or "unit" not in names or "avg" not in names:
        return None
    ordered = [name for name in _IN_ORDER if name in names]
    wanted = [*ordered, *(name for name in ("avg", "std", "count", "sum") if name in names)]
    # Of a single key, `itemgetter` gives no tuple.
    values_of = itemgetter(*wanted) if len(wanted) > 1 else lambda block: (block["avg"],)
    return _Keys(values_of, len(ordered), "count" in names, "sum" in names)


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
    if average is not None and ordered and not ordered[0] <= average <= ordered[-1]:
        return False
    if count is None:
        return True
    if type(count) is not int:
        return False
    return average is None or total is None or math.isclose(total, average * count, rel_tol=ROUNDING)


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
