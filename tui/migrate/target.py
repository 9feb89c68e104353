"""Where a migration leads: a schema version, or what one AIPerf release reads. A name tells which: `1.5`, `0.9.0`."""

from __future__ import annotations

from typing import NamedTuple

from migrator.aiperf.releases import writers
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.config.release_models import readers
from migrator.migration.goal import Goal, goal_of


class Target(NamedTuple):
    """A target to choose: its name, and what it means."""

    name: str
    about: str


def targets() -> list[Target]:
    """All versions, newest first, then all releases that read exports."""
    versions = [Target(version, _writers_text(version)) for version in reversed(VERSIONS)]
    names = [reader.release for reader in reversed(readers())]
    return versions + [Target(name, f"what AIPerf {name} reads: schema {goal(name).version}") for name in names]


def _writers_text(version: str) -> str:
    names = writers(version)
    if not names:
        return "no published release writes it"
    span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    return f"AIPerf {span}{', newest' if version == NEWEST else ''}"


def goal(target: str) -> Goal:
    """The goal of a target."""
    return goal_of(target) if target in VERSIONS else goal_of(for_aiperf=target)


def option(target: str) -> tuple[str, str]:
    """The option and its value that name a target on the command line."""
    return ("--to" if target in VERSIONS else "--for-aiperf", target)
