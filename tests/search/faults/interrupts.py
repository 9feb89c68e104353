"""Ctrl-C at random moments."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator

from search.faults.harness import FSYNC, BrokenError, Figures, fill, finish, forked, leftovers, state, whole, workspace


def interrupts(trials: int, seed: int = 0) -> Iterator[Figures]:
    """Ctrl-C at random moments: the files in hand are finished, nothing lies beside, the exit code says it."""
    rng = random.Random(seed)
    figures = Figures("Ctrl-C")
    with workspace() as base:
        fill(base / "origin", 60)
        tree = base / "in"
        shutil.copytree(base / "origin", tree)
        old = state(tree)
        start = time.perf_counter()
        finish(forked("upgrade", str(tree), "--in-place", "--fsync", "each"))
        takes = time.perf_counter() - start
        new = state(tree)
        while figures.trials < trials:
            shutil.rmtree(tree)
            shutil.copytree(base / "origin", tree)
            child = forked("upgrade", str(tree), "--in-place", "--fsync", rng.choice(FSYNC), setup=_wanted)
            time.sleep(rng.uniform(0.1, 1) * takes)
            os.kill(child, signal.SIGINT)
            code = finish(child)
            if code not in (0, 130):
                raise BrokenError(f"an interrupted batch ends with {code}")
            now = state(tree)
            figures.note("times in the middle", 0 < whole(now, old, new) < len(old))
            if leftovers(now):
                raise BrokenError("an interrupted batch leaves something behind")
            figures.trials += 1
            figures.files += len(old)
            figures.note(f"ended with {code}")
    yield figures


def _wanted() -> None:
    # Who runs this in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
