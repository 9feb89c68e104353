"""Processes with few open files or little memory, and user name spaces that do not know the owners of files."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from search.faults.harness import BrokenError, Figures, State, fill, finish, forked, leftovers, state, warm, workspace
from support.process import command, environment


def limits(trials: int, seed: int = 0) -> Iterator[Figures]:
    """Random limits on open files and on memory: the batch fails as a whole, in part, or not; nothing is lost."""
    chance = random.Random(seed)
    warm()
    few, little = Figures("few open files (RLIMIT_NOFILE)"), Figures("little memory (RLIMIT_AS)")
    with workspace() as base:
        fill(base / "origin", 80)
        old, new = _both(base)
        used = _memory()
        for _ in range(trials):
            count = chance.randint(6, 160)
            _limited(base, old, new, few, partial(resource.setrlimit, resource.RLIMIT_NOFILE, (count, count)))
            size = used + chance.randint(0, 24 * 2**20)
            _limited(base, old, new, little, partial(resource.setrlimit, resource.RLIMIT_AS, (size, size)))
    yield from (few, little)


def _memory() -> int:
    """Bytes of address space that this process has, and a forked one begins with."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _both(base: Path) -> tuple[State, State]:
    tree = base / "in"
    shutil.copytree(base / "origin", tree)
    old = state(tree)
    finish(forked("upgrade", str(tree), "--in-place", "--no-backup"))
    return old, state(tree)


def _limited(base: Path, old: State, new: State, figures: Figures, limit: Callable[[], object]) -> None:
    tree, journal = base / "in", base / "journal"
    shutil.rmtree(tree)
    journal.unlink(missing_ok=True)
    shutil.copytree(base / "origin", tree)
    words = ("upgrade", str(tree), "--in-place", "--journal", str(journal), "--jobs", "1")
    code = finish(forked(*words, setup=limit))
    figures.note(f"ended with {code}")
    now = state(tree)
    for name, about in old.items():
        if now.get(name) not in (about, new[name]):
            raise BrokenError(f"{figures.what}: {name} is neither the old nor the new one")
    if journal.exists() and finish(forked("undo", str(journal))):
        raise BrokenError(f"{figures.what}: undo fails")
    if (now := state(tree)) != old:
        raise BrokenError(f"{figures.what}: undo does not give the tree back: {sorted(now.keys() ^ old.keys())[:3]}")
    figures.trials += 1
    figures.files += len(old)


def name_spaces(trials: int, seed: int = 0) -> Iterator[Figures]:
    """Root of a user name space, at files whose owner it does not know: a warning each, and nothing lost."""
    del seed
    figures = Figures("user name spaces")
    possible = os.geteuid() == 0 and shutil.which("unshare")
    if not possible or subprocess.run(["unshare", "-r", "true"], capture_output=True, check=False).returncode:
        figures.note("not tried: no user name spaces here, or not root")
        yield figures
        return
    with workspace() as base:
        base.chmod(0o711)
        for _ in range(trials):
            tree, journal = base / "in", base / "journal"
            shutil.rmtree(tree, ignore_errors=True)
            journal.unlink(missing_ok=True)
            fill(tree, 6)
            for number, path in enumerate(sorted(tree.rglob("*.json"))):
                os.chown(path, 1000 + number, 2000)
                path.chmod(0o666)
            old = state(tree)
            words = command("upgrade", tree, "--in-place", "--journal", journal, "--backup-dir", base / "kept")
            done = subprocess.run(
                ["unshare", "-r", *words], env=environment(), capture_output=True, text=True, check=False
            )
            if done.returncode or done.stderr.count("does not have the original's owner") < len(old):
                raise BrokenError(f"a user name space: {done.stderr}")
            figures.note("warnings", len(done.stderr.splitlines()))
            if leftovers(state(tree)):
                raise BrokenError("something is left beside")
            # Outside of the name space the owners are known again: the backups are the originals.
            if finish(forked("undo", str(journal))) or state(tree) != old:
                raise BrokenError("undo does not give the tree back")
            figures.trials += 1
            figures.files += len(old)
    yield figures
