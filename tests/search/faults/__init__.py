"""Batches under faults: killed, out of space, forbidden, interrupted, with concurrent writers. `make faults` runs all.

A trial starts the command line in a process of its own and injects a fault; then every file is compared. The figures go
to docs/reliability.md. The slow tests run a small share of the trials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from search.faults.clusters import clusters
from search.faults.concurrent_writers import foreign_writer, several_batches
from search.faults.harness import BrokenError, Figures
from search.faults.interrupts import interrupts
from search.faults.kills import kill, kill_pools
from search.faults.limits import limits, name_spaces
from search.faults.races import folder_swapped, with_undo
from search.faults.space import no_space
from search.faults.system_calls import system_calls

__all__ = ["PARTS", "BrokenError", "Figures"]

PARTS: Final[dict[str, Callable[[int, int], Iterator[Figures]]]] = {
    "kill": kill,
    "kill_pools": kill_pools,
    "interrupts": interrupts,
    "no_space": no_space,
    "several_batches": several_batches,
    "foreign_writer": foreign_writer,
    "system_calls": system_calls,
    "with_undo": with_undo,
    "folder_swapped": folder_swapped,
    "limits": limits,
    "name_spaces": name_spaces,
    "clusters": clusters,
}
"""Kind of fault → its trials; each takes a number of trials and a seed."""
