"""Comparing: what two summaries cost once they are read, against parsing both with `json`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.measure import GOLDEN, pairs, row, timed
from migrator.diff.engine import compare
from migrator.diff.policy import Policy
from migrator.diff.sides import load_side

FILES = [GOLDEN / "lab" / name / "profile_export_aiperf.json" for name in ("base-1", "base-2")]
AIM = 5.0
"""Milliseconds of computing."""


def run() -> Iterator[str]:
    """In turn with the parser of the standard library, over the same bytes."""
    raw = [path.read_bytes() for path in FILES]
    base, candidate = (load_side([str(path)]) for path in FILES)
    mine, other, ratio = pairs(
        lambda: timed(lambda: compare(base, candidate, Policy())), lambda: timed(lambda: list(map(json.loads, raw))), 40
    )
    told = "reached" if mine * 1e3 <= AIM else "missed"
    yield f"{row('compare two summaries', f'{mine * 1e3:.1f} / {other * 1e3:.1f} ms', ratio)}  aim {AIM:g} ms: {told}"
