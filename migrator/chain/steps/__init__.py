"""The steps, one file each, found by their file names: `s1_0_to_1_1.py` declares `STEP`.

Adding a version is adding a file here. The files must form one unbroken line, which is verified at import.
"""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import Final

from migrator.chain.step import Step
from migrator.chain.steps.genai_perf import STEP as _GENAI_PERF_STEP

_NAME: Final = r"s(\d+)_(\d+)_to_(\d+)_(\d+)\.py"


def _load() -> tuple[Step, ...]:
    found = {}
    for name in os.listdir(os.path.dirname(__file__)):
        if match := re.fullmatch(_NAME, name):
            major, minor, newer_major, newer_minor = map(int, match.groups())
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
"""The step into the line, for exports that no AIPerf release wrote; it is not part of the line."""

GENAI_PERF: Final = ENTRY.older
"""Where exports of GenAI-Perf, AIPerf's predecessor, come from: not a version of the line, but a way into it."""

RANK: Final = {version: rank for rank, version in enumerate(VERSIONS)}
"""Position of each version in the line, for comparing them."""


def rank(version: str) -> int:
    """The same for all that a migration may start from: GenAI-Perf stands before the first version."""
    return -1 if version == GENAI_PERF else RANK[version]
