"""What a file is brought to: a schema version, or what one AIPerf release reads. Both are told by a name."""

from __future__ import annotations

from typing import NamedTuple

from migrator.aiperf.releases import release, writers
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.config.release_models import readers


class Target(NamedTuple):
    """A goal to choose: its name, and what it means."""

    version: str
    about: str


def targets() -> list[Target]:
    """All versions, newest first, then all releases that read exports."""
    versions = [Target(version, _written_by(version)) for version in reversed(VERSIONS)]
    names = [reader.release for reader in reversed(readers())]
    return versions + [Target(name, f"what AIPerf {name} reads: schema {version_of(name)}") for name in names]


def _written_by(version: str) -> str:
    names = writers(version)
    if not names:
        return "no published release writes it"
    span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    return f"AIPerf {span}{', newest' if version == NEWEST else ''}"


def release_of(goal: str) -> str:
    """The release that a goal names; nothing for a version."""
    return "" if goal in VERSIONS else goal


def version_of(goal: str) -> str:
    """The schema version that a goal means."""
    found = release(goal) if release_of(goal) else None
    return found.version if found else goal


def goal_text(goal: str) -> str:
    """`1.5`, or `AIPerf 0.9.0`."""
    return f"AIPerf {goal}" if release_of(goal) else goal


def option(goal: str) -> tuple[str, str]:
    """The same on the command line."""
    return ("--for-aiperf" if release_of(goal) else "--to", goal)
