"""The chain of each family of files that has one."""

from __future__ import annotations

from functools import cache
from typing import Final

from migrator.chain.chain import Chain
from migrator.chain.steps import ENTRY, STEPS, VERSIONS

MAIN: Final = Chain("main export", VERSIONS, STEPS, entry=ENTRY, labelled=True, configured=True)
"""The chain of main exports, and of GenAI-Perf's."""

BESIDE: Final = ("timeslices", "telemetry records")
"""The families beside an export that have chains of their own."""


@cache
def chain_of(family: str) -> Chain:
    """The chain of a family, by the name that [`Family`][migrator.identify.Family] gives it; else that of exports."""
    # Imported here: only folders that have these files need their chains.
    if family == "timeslices":
        from migrator.chain import timeslices

        return timeslices.CHAIN
    if family == "telemetry records":
        from migrator.chain import gpu_records

        return gpu_records.CHAIN
    return MAIN
