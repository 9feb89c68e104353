"""Whether the numbers within a stats block can be those of one distribution, told quickly.

The rules of `check` on single blocks say what is wrong with one that is not sound.
"""

from __future__ import annotations

import math
from typing import Any, Final

from migrator.aiperf.metrics import PERCENTILES, STATISTICS

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
