"""What a step is: one version to the next, with its reason, as data."""

from __future__ import annotations

from typing import NamedTuple

from migrator.chain.ops import Operation
from migrator.chain.pivot import Pivot


class Step(NamedTuple):
    """Two neighbouring versions and the operations between them.

    `reason` says what changed in AIPerf and where (release, upstream change); it is printed by
    `aiperf-migrate versions` and in `--explain`. `summary` is its half line. `ops` run in order upwards and in
    reverse downwards. The label of a version is set by the chain itself.
    """

    older: str
    newer: str
    summary: str
    reason: str
    ops: tuple[Operation | Pivot, ...]

    def name(self, *, up: bool) -> str:
        """`1.0 → 1.1`, or the other way."""
        return f"{self.older} → {self.newer}" if up else f"{self.newer} → {self.older}"
