"""Where a migration leads: a schema version, or what one AIPerf release reads. A name tells which: `1.5`, `0.9.0`."""

from __future__ import annotations

from typing import NamedTuple

from migrator.aiperf.releases import release, writers
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.config.release_models import readers


class Target(NamedTuple):
    """A target to choose: its name, and what it means."""

    name: str
    about: str


def targets() -> list[Target]:
    """All versions, newest first, then all releases that read exports."""
    versions = [Target(version, _writers_text(version)) for version in reversed(VERSIONS)]
    names = [reader.release for reader in reversed(readers())]
    return versions + [Target(name, f"what AIPerf {name} reads: schema {version_of(name)}") for name in names]


def _writers_text(version: str) -> str:
    names = writers(version)
    if not names:
        return "no published release writes it"
    span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    return f"AIPerf {span}{', newest' if version == NEWEST else ''}"


def release_of(target: str) -> str:
    """The release that a target names; empty for a version."""
    return "" if target in VERSIONS else target


def version_of(target: str) -> str:
    """The schema version of a target."""
    found = release(target) if release_of(target) else None
    return found.version if found else target


def target_text(target: str) -> str:
    """A target in a sentence: `1.5`, or `AIPerf 0.9.0`."""
    return f"AIPerf {target}" if release_of(target) else target


def option(target: str) -> tuple[str, str]:
    """The option and its value that name a target on the command line."""
    return ("--for-aiperf" if release_of(target) else "--to", target)
