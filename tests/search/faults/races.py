"""Batches and an undo at once at the same files, and folders that become links while a batch is in them."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from search.faults.harness import BrokenError, Figures, fill, finish, forked, leftovers, state, warm, workspace


def with_undo(trials: int, seed: int = 0) -> Iterator[Figures]:
    """Two batches, and an undo of an earlier one, at once: each file is complete, and each original is somewhere."""
    rng = random.Random(seed)
    warm()
    figures = Figures("two batches and an undo at once")
    with workspace() as base:
        fill(base / "origin", 24)
        tree = base / "in"
        origin = {name: raw for name, (raw, _, _) in state(base / "origin").items()}
        wanted = [origin, *_made(base, ("1.3",), ("1.5",), ("1.3", "1.5"), ("1.3", "1.4"), ("1.4",), ("1.4", "1.5"),
                                 ("1.3", "1.4", "1.5"), ("1.5", "1.4"), ("1.3", "1.5", "1.4"))]  # fmt: skip
        for _ in range(trials):
            shutil.rmtree(tree, ignore_errors=True)
            for name in ("first", "second", "third"):
                (base / name).unlink(missing_ok=True)
            shutil.copytree(base / "origin", tree)
            batch = ["convert", str(tree), "--in-place", "--to"]
            finish(forked(*batch, "1.3", "--journal", str(base / "first")))
            children = [forked("undo", str(base / "first"))]
            time.sleep(rng.uniform(0, 0.05))
            children += [forked(*batch, "1.5", "--journal", str(base / "second"))]
            children += [forked(*batch, "1.4", "--journal", str(base / "third"))]
            codes = [finish(child) for child in children]
            if set(codes) - {0, 4}:
                raise BrokenError(f"an undo and batches at once end with {codes}")
            now = {name: raw for name, (raw, _, _) in state(tree).items()}
            for name, raw in origin.items():
                if now.get(name) not in [each[name] for each in wanted]:
                    raise BrokenError(f"{name} is no complete version")
                kept = [found for other, found in now.items() if other == name or other.startswith(f"{name}.bak")]
                if raw not in kept:
                    raise BrokenError(f"the original of {name} is lost")
            if left := leftovers(state(tree)):
                raise BrokenError(f"something is left beside: {left}")
            figures.note("undos that found files changed", codes[0] == 4)
            figures.trials += 1
            figures.files += len(origin)
    yield figures


def _made(base: Path, *ways: tuple[str, ...]) -> Iterator[dict[str, bytes]]:
    """The tree after one conversion after the other, for each way."""
    for way in ways:
        tree = base / "made"
        shutil.copytree(base / "origin", tree)
        for version in way:
            finish(forked("convert", str(tree), "--in-place", "--no-backup", "--to", version))
        yield {name: raw for name, (raw, _, _) in state(tree).items()}
        shutil.rmtree(tree)


def folder_swapped(trials: int, seed: int = 0) -> Iterator[Figures]:
    """A folder is moved away and becomes a link to another one, again and again, while a batch works in it."""
    rng = random.Random(seed)
    warm()
    figures = Figures("a folder that becomes a link")
    with workspace() as base:
        fill(base / "origin", 40)
        tree, away, other = base / "in", base / "away", base / "other"
        shutil.copytree(base / "origin", tree)
        old = state(tree)
        finish(forked("upgrade", str(tree), "--in-place", "--no-backup"))
        new = state(tree)
        for _ in range(trials):
            for folder in (tree, other):
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(base / "origin", folder)
            child = forked("upgrade", str(tree), "--in-place", "--fsync", "never")
            swaps = 0
            while os.waitpid(child, os.WNOHANG)[0] == 0:
                os.rename(tree / "2", away)
                os.symlink(other / "2", tree / "2")
                time.sleep(rng.uniform(0, 0.003))
                os.unlink(tree / "2")
                os.rename(away, tree / "2")
                time.sleep(rng.uniform(0, 0.003))
                swaps += 1
            for folder in (tree, other):
                now = state(folder)
                for name, about in old.items():
                    if now.get(name) not in (about, new[name]):
                        kept = [raw for found, (raw, _, _) in now.items() if found.startswith(f"{name}.bak")]
                        raise BrokenError(f"{name} is neither the old nor the new one; backups: {len(kept)}")
                # What a swap kept from being removed, the next batch at the same files removes.
                with suppress(FileNotFoundError):
                    figures.note("hidden names left to the next batch", len(leftovers(now)))
                finish(forked("upgrade", str(folder), "--in-place", "--fsync", "never"))
                if leftovers(state(folder)):
                    raise BrokenError("the next batch does not clear up")
            figures.note("swaps", swaps)
            figures.trials += 1
            figures.files += len(old)
    yield figures
