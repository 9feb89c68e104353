"""The top-level keys that some version of the main export has."""

from __future__ import annotations

from functools import cache
from typing import Final

from migrator.aiperf.metrics import catalogue
from migrator.aiperf.records import REBUILT
from migrator.chain.steps import ENTRY, STEPS

_IN_EVERY_VERSION: Final = frozenset(
    {
        "schema_version",
        "records",
        "telemetry_data",
        "input_config",
        "was_cancelled",
        "error_summary",
        "start_time",
        "end_time",
        REBUILT,
    }
)
"""The keys that no step adds or renames, the label, and the object of 0.1's metrics, and this tool's mark."""


@cache
def known_keys() -> frozenset[str]:
    """Every metric of the catalogue, and every key that a version has a place for; any other key is unknown."""
    return _IN_EVERY_VERSION.union(catalogue(), *(op.keys() for step in (ENTRY, *STEPS) for op in step.ops))
