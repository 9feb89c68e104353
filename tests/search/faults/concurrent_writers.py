"""Concurrent writers of the same files: more batches, and a program without locks."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from search.faults.harness import FSYNC, BrokenError, Figures, fill, finish, forked, leftovers, state, workspace


def several_batches(trials: int, seed: int = 0) -> Iterator[Figures]:
    """Three batches at once at the same files."""
    rng = random.Random(seed)
    several = Figures("three batches at once")
    with workspace() as base:
        fill(base / "origin")
        tree = base / "in"
        shutil.copytree(base / "origin", tree)
        old = state(tree)
        finish(forked("upgrade", str(tree), "--in-place", "--no-backup"))
        up = {name: raw for name, (raw, _, _) in state(tree).items()}
        for _ in range(trials):
            shutil.rmtree(tree)
            shutil.copytree(base / "origin", tree)
            batch = ["upgrade", str(tree), "--in-place", "--fsync"]
            children = [forked(*batch, rng.choice(FSYNC)) for _ in range(3)]
            codes = [finish(child) for child in children]
            if any(codes):
                raise BrokenError(f"batches at once end with {codes}")
            now = state(tree)
            if {name: now[name][0] for name in up} != up or leftovers(now):
                raise BrokenError("batches at once do not do what one does")
            backups = {name: raw for name, raw in now.items() if name not in up}
            expected = {f"{name}.bak": old[name] for name in old if up[name] != old[name][0]}
            if backups != expected:
                raise BrokenError(f"a backup too many, or too few: {sorted(backups.keys() ^ expected.keys())}")
            several.trials += 1
            several.files += len(old)
    yield several


def foreign_writer(trials: int, seed: int = 0) -> Iterator[Figures]:
    """A program without locks that replaces the same files as fast as it can."""
    rng = random.Random(seed)
    figures = Figures("files replaced by another program")
    with workspace() as base:
        fill(base / "origin")
        tree = base / "in"
        for _ in range(trials):
            shutil.rmtree(tree, ignore_errors=True)
            shutil.copytree(base / "origin", tree)
            child = forked("upgrade", str(tree), "--in-place", "--fsync", rng.choice(FSYNC))
            written = _disturb(tree, child, rng, figures)
            now = state(tree)
            for name, raw in written.items():
                # Its last word is in place, or was migrated and is in a backup: an edit adds a space, which stays.
                backups = [found for other, (found, _, _) in now.items() if other.startswith(f"{name}.bak")]
                kept = raw in [now[name][0], *backups]
                figures.note("last versions kept", kept)
                figures.note("last versions lost", not kept)
            if leftovers(now):
                raise BrokenError("something is left beside")
            figures.trials += 1
            figures.files += len(written)
    yield figures


def _disturb(tree: Path, child: int, rng: random.Random, figures: Figures) -> dict[str, bytes]:
    """Replace random files until the batch has ended; what each was given last."""
    names = [str(path.relative_to(tree)) for path in sorted(tree.rglob("*.json"))]
    original = {name: (tree / name).read_bytes() for name in names}
    written: dict[str, bytes] = {}
    number = 0
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        name = rng.choice(names)
        number += 1
        raw = original[name] + b" " * number
        beside = tree / f"{name}.mine"
        beside.write_bytes(raw)
        os.replace(beside, tree / name)
        written[name] = raw
    figures.note("replacements", number)
    return written
