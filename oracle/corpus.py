"""What is judged: recorded exports by release and scenario, and the releases that read them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from golden.provenance import EXPORTS
from golden.record.scenarios import release_key
from golden.update import EXPORT_FILE
from migrator.aiperf.releases import NIGHTLIES, RELEASES
from migrator.jsonfile import parse

FULL: Final = "chat-streaming"
"""The one scenario that every release was recorded with: the sources of the matrix."""

LOADABLE_NIGHTLIES: Final = ("0.13.0.dev20260825", "0.13.0.dev20261008", "0.13.0.dev20261023")
"""Nightly builds that the package index still has: the oldest of 0.13.0, the first that writes 1.5, the newest that
was recorded. Those of 0.8.0, 0.11.0 and 0.12.0 are no longer there, or without a file that can be installed."""

LOADERS: Final = tuple(entry.name for entry in RELEASES if entry.version != "0.1") + LOADABLE_NIGHTLIES
"""Releases whose `JsonExportData` judges, oldest first. 0.1.1 has no such model, so nothing can be loaded in it."""


def path(release: str, scenario: str) -> Path:
    """The path of a main export; that of the first run if a scenario was run several times."""
    folder = EXPORTS / release / scenario
    if (folder / EXPORT_FILE).exists() or not folder.is_dir():
        return folder / EXPORT_FILE
    return min(folder.rglob(EXPORT_FILE), default=folder / EXPORT_FILE)


def document(release: str, scenario: str) -> dict[str, Any]:
    """The main export of a run, parsed.

    Raises:
        FileNotFoundError: that release was not recorded with that scenario.
    """
    data: dict[str, Any] = parse(path(release, scenario).read_bytes()).data
    return data


@cache
def sources() -> tuple[str, ...]:
    """Releases and nightlies that were recorded with `FULL`, oldest first."""
    return releases_of(FULL)


def releases_of(scenario: str) -> tuple[str, ...]:
    """Releases that were recorded with a scenario, oldest first."""
    known = {entry.name for entry in (*RELEASES, *NIGHTLIES)}
    found = [folder.name for folder in EXPORTS.iterdir() if path(folder.name, scenario).exists()]
    return tuple(sorted((name for name in found if name in known or ".dev" in name), key=release_key))


def scenarios() -> tuple[str, ...]:
    """Scenarios that two or more releases were recorded with, `FULL` first: for them the right result is known."""
    names = {run.name for folder in EXPORTS.iterdir() if folder.is_dir() for run in folder.iterdir() if run.is_dir()}
    several = sorted(name for name in names if len(releases_of(name)) > 1)
    return (FULL, *(name for name in several if name != FULL))
