"""Comparing: what it costs in processor time once the files are read, against parsing them with `json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from time import process_time

from benchmarks.measure import GOLDEN, pairs, row, timed
from migrator.diff.engine import compare
from migrator.diff.policy import Policy
from migrator.diff.sides import load_side

AIM = 5.0
"""Milliseconds of computing for two summaries."""


def run() -> Iterator[str]:
    """In turn with the parser of the standard library, over the same bytes."""
    one, figure = _compared("compare two summaries", ["base-1"], ["base-2"])
    yield f"{one}  aim {AIM:g} ms: {'reached' if figure <= AIM else 'missed'}"
    yield _compared("compare three runs a side", *([f"{name}-{n}" for n in (1, 2, 3)] for name in ("base", "slow20")))[
        0
    ]


def _compared(what: str, *names: list[str]) -> tuple[str, float]:
    """A line of the table for two sides of runs, and the milliseconds."""
    files = [[str(GOLDEN / "lab" / name / "profile_export_aiperf.json") for name in side] for side in names]
    raw = []
    for path in (path for side in files for path in side):
        with open(path, "rb") as file:
            raw.append(file.read())
    base, candidate = map(load_side, files)
    mine, other, ratio = pairs(
        lambda: timed(lambda: compare(base, candidate, Policy()), process_time),
        lambda: timed(lambda: list(map(json.loads, raw)), process_time),
        40,
    )
    return row(what, f"{mine * 1e3:.1f} / {other * 1e3:.1f} ms", ratio), mine * 1e3
