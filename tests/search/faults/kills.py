"""`kill -9` at random moments: of batches, of what resumes them and takes them back, of several processes at one."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from search.faults.harness import (
    FSYNC,
    BrokenError,
    Figures,
    fill,
    finish,
    forked,
    leftovers,
    started,
    state,
    warm,
    whole,
    workspace,
)

from migrator.errors import ExitCode

WAYS: Final = {
    "upgrade": ("upgrade",),
    "with a residue": ("downgrade", "--to", "1.0", "--residue"),
    "backups in a folder": ("upgrade", "--backup-dir", "{base}/kept"),
}
"""Batches that are killed."""


def kill(trials: int, seed: int = 0) -> Iterator[Figures]:
    """`kill -9` at random moments of batches, of what resumes them, and of what takes them back."""
    rng = random.Random(seed)
    warm()
    for name, way in WAYS.items():
        with workspace() as base:
            fill(base / "origin", 18)
            yield _kill_one_way(base, name, way, trials // len(WAYS), rng)


def _kill_one_way(base: Path, name: str, way: tuple[str, ...], trials: int, rng: random.Random) -> Figures:
    tree, journal = base / "in", base / "journal"
    words = [*(word.format(base=base) for word in way), str(tree), "--in-place", "--journal", str(journal)]
    undoing = ["undo", str(journal)]

    def renew() -> None:
        for path in (tree, base / "kept"):
            shutil.rmtree(path, ignore_errors=True)
        journal.unlink(missing_ok=True)
        shutil.copytree(base / "origin", tree)

    def timed(arguments: list[str]) -> float:
        start = time.perf_counter()
        code = finish(forked(*arguments))
        if code:
            raise BrokenError(f"{' '.join(arguments)} ends with {code}")
        return time.perf_counter() - start

    renew()
    old = state(tree)
    takes = timed(words)
    new = state(tree)
    takes_undo = timed(undoing)
    if state(tree) != old:
        raise BrokenError("undo does not give the tree back")
    figures = Figures(f"`kill -9`, {name}")
    while figures.trials < trials:
        renew()
        batch = [*words, "--fsync", rng.choice(FSYNC)]
        for attempt in range(rng.randint(1, 3)):
            _killed([*batch, *(["--resume"] if attempt else [])], rng.uniform(0, 1.1) * takes, figures)
            renewed = whole(state(tree), old, new)
            figures.note("times in the middle", 0 < renewed < len(old))
        if rng.random() < 0.5:
            timed([*batch, "--resume"])
            now = state(tree)
            if {key: now.get(key) for key in old} != {key: new[key] for key in old} or leftovers(now):
                raise BrokenError(f"not finished by --resume: {leftovers(now)}")
            figures.note("resumed")
        if journal.exists():
            if rng.random() < 0.3:
                _killed(undoing, rng.uniform(0, 1.1) * takes_undo, figures)
                whole(state(tree), old, new)
            timed(undoing)
        if state(tree) != old:
            raise BrokenError(f"undo does not give the tree back: {sorted(state(tree).keys() ^ old.keys())}")
        figures.note("undone")
        figures.files += len(old)
    return figures


def _killed(arguments: list[str], after: float, figures: Figures) -> None:
    child = forked(*arguments)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    code = finish(child)
    if code not in (0, -signal.SIGKILL):
        raise BrokenError(f"{' '.join(arguments)} ends with {code}")
    figures.trials += 1
    figures.note("kills came too late", code == 0)


def kill_pools(trials: int, seed: int = 0) -> Iterator[Figures]:
    """The same with several processes at work: the one in charge is killed, or one that works for it."""
    rng = random.Random(seed)
    figures = Figures("`kill -9`, two workers")
    with workspace() as base:
        fill(base / "origin", 560)
        reference = base / "new"
        shutil.copytree(base / "origin", reference)
        old = state(reference)
        finish(forked("upgrade", str(reference), "--in-place", "--jobs", "1"))
        new = state(reference)
        for _ in range(trials):
            tree, journal = base / "in", base / "journal"
            shutil.rmtree(tree, ignore_errors=True)
            journal.unlink(missing_ok=True)
            shutil.copytree(base / "origin", tree)
            words = ["upgrade", str(tree), "--in-place", "--journal", str(journal), "--jobs", "2"]
            process = started(*words)
            while process.poll() is None and not any(tree.rglob("*.bak")):
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.1))
            workers = [int(pid) for pid in _children(process.pid)]
            victim = rng.choice(workers) if workers and rng.random() < 0.5 else process.pid
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            code = process.wait()
            if code not in (0, -signal.SIGKILL if victim == process.pid else ExitCode.CRASH):
                raise BrokenError(f"a batch that loses a process ends with {code}")
            figures.trials += 1
            figures.note("workers killed", victim != process.pid)
            figures.note("times in the middle", 0 < whole(state(tree), old, new) < len(old))
            # Workers of a dead parent may still be at it: who resumes need not wait for them.
            if code := started(*words, "--resume").wait():
                raise BrokenError(f"--resume ends with {code}")
            now = state(tree)
            if {key: now.get(key) for key in old} != {key: new[key] for key in old} or leftovers(now):
                differ = [key for key in old if now.get(key) != new[key]]
                raise BrokenError(f"not finished by --resume: {len(differ)} files, {leftovers(now)}")
            figures.note("resumed")
            if finish(forked("undo", str(journal))) or state(tree) != old:
                raise BrokenError("undo does not give the tree back")
            figures.note("undone")
            figures.files += len(old)
    yield figures


def _children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[1:]
    except OSError:
        return []
