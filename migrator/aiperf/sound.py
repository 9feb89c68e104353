"""Whether the numbers within a stats block can be those of one distribution, told quickly.

The rules of `check` on single blocks say what is wrong with one that is not sound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
    least, most = get("min"), get("max")
    # Between percentiles alone an average need not lie: the rule on it asks for both ends.
    if average is not None and least is not None and most is not None and not least <= average <= most:
        return False
    if count is None:
        return True
    if type(count) is not int:
        return False
    return average is None or total is None or math.isclose(total, average * count, rel_tol=ROUNDING)


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
        return not between or found[0] <= numbers[average] <= found[-1]

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
