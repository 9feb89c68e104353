"""The steps, one file each, found by file name: `s1_0_to_1_1.py` declares `STEP`, from 1.0 to 1.1.

A new version is a new file here. The files must form one line without gaps, which is verified at import.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Final

from migrator.chain.step import Step
from migrator.chain.steps.genai_perf import STEP as _GENAI_PERF_STEP
from migrator.errors import UnknownVersionError


def _load() -> tuple[Step, ...]:
    found = {}
    for name in os.listdir(os.path.dirname(__file__)):
        older, _, newer = name.removeprefix("s").removesuffix(".py").partition("_to_")
        numbers = (*older.split("_"), *newer.split("_"))
        if name[:1] == "s" and name.endswith(".py") and len(numbers) == 4 and all(map(str.isdecimal, numbers)):
            major, minor, newer_major, newer_minor = map(int, numbers)
            found[major, minor] = (newer_major, newer_minor, import_module(f"{__name__}.{name[:-3]}").STEP)
    line: list[Step] = []
    for (major, minor), (newer_major, newer_minor, step) in sorted(found.items()):
        expected = (f"{major}.{minor}", f"{newer_major}.{newer_minor}")
        if (step.older, step.newer) != expected or (line and line[-1].newer != step.older):
            raise ImportError(f"the step {step.older} → {step.newer} does not continue the line of versions")
        line.append(step)
    return tuple(line)


STEPS: Final = _load()
"""All steps, oldest first."""

VERSIONS: Final = (STEPS[0].older, *(step.newer for step in STEPS))
"""All versions of the line, oldest first."""

NEWEST: Final = VERSIONS[-1]
FIRST_LABELLED: Final = "1.0"
"""Older exports carry no `schema_version`."""

ENTRY: Final = _GENAI_PERF_STEP
"""The step that brings exports of GenAI-Perf, AIPerf's predecessor, into the line; it is not part of the line."""

GENAI_PERF: Final = ENTRY.older
"""What stands for a version in exports of GenAI-Perf. No AIPerf release wrote that shape."""


def require_version(version: str) -> str:
    """The version itself, if a migration can start or end there: one of [`VERSIONS`][], or [`GENAI_PERF`][].

    Raises:
        UnknownVersionError: it is neither.
    """
    if version not in VERSIONS and version != GENAI_PERF:
        raise UnknownVersionError(f'no schema version "{version}"', expected=", ".join(VERSIONS))
    return version
