"""What is judged: recorded exports by release and scenario, and the releases that read them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from golden.provenance import EXPORT_FILE, EXPORTS
from golden.record.scenarios import release_key
from migrator.aiperf.releases import NIGHTLIES, RELEASES, age
from migrator.config.release_models import known_releases
from migrator.jsonfile import parse

FULL: Final = "chat-streaming"
"""The one scenario that every release was recorded with: the sources of the matrix."""

SAME_MODEL: Final = ("0.6.0.post1",)
"""Published releases with the export model of the one before: asked, and not kept apart."""

LOADERS: Final = tuple(sorted((*known_releases(), *SAME_MODEL), key=age))
"""Releases whose `JsonExportData` judges, oldest first: all published ones, and the nightly builds on the package index
that read otherwise than the build before them. 0.1.1 has no such model, so nothing can be loaded in it."""


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
