"""dask workers, the scheduler with its batch, and what they leave: killed at random moments."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from search.faults.harness import (
    BrokenError,
    Figures,
    fill,
    finish,
    forked,
    leftovers,
    started,
    state,
    whole,
    workspace,
)


def clusters(trials: int, seed: int = 0) -> Iterator[Figures]:
    """A worker is killed, which costs nothing; or the process with the scheduler, and its workers end, too."""
    rng = random.Random(seed)
    workers, schedulers = Figures("`kill -9`, dask workers"), Figures("`kill -9`, dask schedulers")
    if find_spec("distributed") is None:
        workers.note("not tried: dask is not installed")
        yield workers
        return
    with workspace() as base:
        fill(base / "origin", 300)
        tree, journal = base / "in", base / "journal"
        shutil.copytree(base / "origin", tree)
        old = state(tree)
        finish(forked("upgrade", str(tree), "--in-place", "--jobs", "1"))
        new = state(tree)
        for trial in range(trials):
            figures = schedulers if trial % 2 else workers
            shutil.rmtree(tree)
            journal.unlink(missing_ok=True)
            shutil.copytree(base / "origin", tree)
            words = ["upgrade", str(tree), "--in-place", "--journal", str(journal)]
            process = started(*words, "--engine", "dask", "--jobs", "2")
            while process.poll() is None and not any(tree.rglob("*.bak")):
                time.sleep(0.02)
            time.sleep(rng.uniform(0, 0.2))
            family = _descendants(process.pid)
            victim = process.pid if trial % 2 else rng.choice(family or [process.pid])
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            code = process.wait()
            figures.note(f"ended with {code}")
            figures.note("times in the middle", 0 < whole(state(tree), old, new) < len(old))
            _require_ended(family)
            if code and started(*words, "--resume").wait():
                raise BrokenError("--resume fails")
            now = state(tree)
            if {name: now.get(name) for name in old} != {name: new[name] for name in old} or leftovers(now):
                raise BrokenError(f"not finished: {leftovers(now)}")
            if finish(forked("undo", str(journal))) or state(tree) != old:
                raise BrokenError("undo does not give the tree back")
            figures.trials += 1
            figures.files += len(old)
        if started("upgrade", str(tree), "-d", str(base / "last"), "--engine", "dask", "--jobs", "1").wait():
            raise BrokenError("a batch after all that fails")
        if left := list(Path(tempfile.gettempdir()).glob("aiperf-migrate-dask-*")):
            raise BrokenError(f"temporary folders are left: {left}")
    yield from (workers, schedulers)


def _require_ended(family: list[int]) -> None:
    """Require that workers end when the process that started them is gone."""
    patience = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in family):
        if time.monotonic() > patience:
            raise BrokenError("workers outlive their batch")
        time.sleep(0.1)


def _descendants(pid: int) -> list[int]:
    found = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found
