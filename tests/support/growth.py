"""Whether work grows with the length of its input, and no faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

TIMES: Final = 8
"""How many times longer the long input is. Linear work takes about as many times as long, quadratic work the square."""
_BELOW: Final = 3 * TIMES
_TRIES: Final = 5


def is_linear(work: Callable[[T], object], short: T, long: T) -> bool:
    """Whether work on an input [`TIMES`][] as long takes less than three times as many times as long.

    What is compared is processor time in one process, the least of several tries: another process at the same time
    does not count, and the bound is far from linear (8) as from quadratic (64).
    """
    return any(_cost(work, long) < _BELOW * max(_cost(work, short), 1e-4) for _ in range(_TRIES))


def _cost(work: Callable[[T], object], value: T) -> float:
    start = time.process_time()
    work(value)
    return time.process_time() - start
