"""Batches under faults, for real: killed, out of space, forbidden, interrupted, disturbed. `make faults` runs it all.

A trial starts the real command line in a process of its own and does it harm; then every file is looked at. Figures
go to docs/reliability.md. The slow tests run a small share of the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from search.faults.concurrent_writers import company, strangers
from search.faults.harness import BrokenError, Figures
from search.faults.interrupts import interrupts
from search.faults.kills import kill, kill_pools
from search.faults.space import no_space

__all__ = ["PARTS", "BrokenError", "Figures"]

PARTS: Final[dict[str, Callable[[int, int], Iterator[Figures]]]] = {
    "kill": kill,
    "kill_pools": kill_pools,
    "interrupts": interrupts,
    "no_space": no_space,
    "company": company,
    "strangers": strangers,
}
"""Kinds of harm: each takes a number of trials and a seed."""
