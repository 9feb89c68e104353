"""Which steps lead from one version to another."""

from __future__ import annotations

from functools import cache

from migrator.chain.chain import Chain
from migrator.chain.families import MAIN
from migrator.chain.places import Field
from migrator.chain.step import Step
from migrator.chain.steps import require_version
from migrator.values import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps from `source` to `target`, in the order in which they run.

    `kept_fields` are those that both ends have and a version between them has not; they stay in the document.
    """

    source: str
    target: str
    steps: tuple[Step, ...]
    up: bool
    kept_fields: frozenset[Field] = frozenset()

    def names(self) -> tuple[str, ...]:
        """`("1.0 → 1.1", "1.1 → 1.2")`."""
        return tuple(step.name(up=self.up) for step in self.steps)


@cache
def plan(source: str, target: str, chain: Chain = MAIN) -> Plan:
    """The plan from one version of a chain to another, up or down.

    Raises:
        UnknownVersionError: one of the versions does not exist, or GenAI-Perf's shape is to become 0.1.
    """
    if chain is MAIN:
        require_version(source)
        require_version(target)
    up = chain.order(source) <= chain.order(target)
    steps = chain.between(source, target) if up else tuple(reversed(chain.between(target, source)))
    dropped: set[Field] = set()
    kept: set[Field] = set()
    for step in steps:
        for op in step.ops:
            kept |= dropped & op.gains(up).keys()
            dropped |= op.gains(not up).keys()
    return Plan(source, target, steps, up, frozenset(kept))
