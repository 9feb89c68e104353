"""The declaration of a step: one version to the next, with its reason, as data."""

from __future__ import annotations

from migrator.chain.operation import Operation
from migrator.values import NamedTuple


class Step(NamedTuple):
    """Two neighbouring versions and the operations between them.

    `reason` says what changed in AIPerf and in which release; `aiperf-migrate versions -v` and `docs/versions.md` show
    it. `summary` says the same in half a line. `ops` run in this order upwards and in reverse downwards. The label
    (`schema_version`) is not theirs: the migration sets it.
    """

    older: str
    newer: str
    summary: str
    reason: str
    ops: tuple[Operation, ...]

    def name(self, *, up: bool) -> str:
        """`1.0 → 1.1` upwards, `1.1 → 1.0` downwards."""
        return f"{self.older} → {self.newer}" if up else f"{self.newer} → {self.older}"
