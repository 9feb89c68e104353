"""Which steps lead from one version to another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from migrator.aiperf.releases import version_key
from migrator.chain.places import Field
from migrator.chain.step import Step
from migrator.chain.steps import ENTRY, GENAI_PERF, STEPS, VERSIONS, require_version
from migrator.errors import UnknownVersionError


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
def plan(source: str, target: str) -> Plan:
    """The plan from one version to another, up or down.

    Raises:
        UnknownVersionError: one of the versions does not exist, or GenAI-Perf's shape is to become 0.1.
    """
    up = version_key(require_version(source)) <= version_key(require_version(target))
    steps = _upwards(source, target) if up else tuple(reversed(_upwards(target, source)))
    dropped: set[Field] = set()
    kept: set[Field] = set()
    for step in steps:
        for op in step.ops:
            kept |= dropped & op.gains(up).keys()
            dropped |= op.gains(not up).keys()
    return Plan(source, target, steps, up, frozenset(kept))


def _upwards(older: str, newer: str) -> tuple[Step, ...]:
    """The steps from a version up to another one; GenAI-Perf's shape enters at the newer version of `ENTRY`."""
    if older != GENAI_PERF:
        return STEPS[VERSIONS.index(older) : VERSIONS.index(newer)]
    if newer == GENAI_PERF:
        return ()
    if version_key(newer) < version_key(ENTRY.newer):
        raise UnknownVersionError(
            f"GenAI-Perf exports cannot become {newer}", expected=f"{ENTRY.newer} or newer", hint="only AIPerf wrote it"
        )
    return (ENTRY, *_upwards(ENTRY.newer, newer))
