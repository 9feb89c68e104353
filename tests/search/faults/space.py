"""A disk that fills up, a quota, a file system that may not be written."""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from search.faults.harness import (
    FSYNC,
    BrokenError,
    Figures,
    State,
    fill,
    finish,
    forked,
    leftovers,
    state,
    whole,
    workspace,
)
from support.process import environment


def no_space(trials: int, seed: int = 0) -> Iterator[Figures]:
    """A file system that fills up in the middle, and a limit on the size of files, at random places."""
    rng = random.Random(seed)
    full, quota, forbidden = Figures("disk full"), Figures("quota (RLIMIT_FSIZE)"), Figures("file system read-only")
    with workspace() as base:
        fill(base / "origin")
        tree, journal = base / "in", base / "journal"
        shutil.copytree(base / "origin", tree)
        old = state(tree)
        finish(forked("upgrade", str(tree), "--in-place"))
        new = state(tree)
        biggest = max(len(raw) for raw, _, _ in new.values())
        for _ in range(trials):
            shutil.rmtree(tree)
            journal.unlink(missing_ok=True)
            shutil.copytree(base / "origin", tree)
            limit = rng.randint(0, biggest)
            words = ["upgrade", str(tree), "--in-place", "--journal", str(journal), "--fsync", rng.choice(FSYNC)]
            code = finish(forked(*words, setup=lambda limit=limit: _no_larger_than(limit)))
            _after_no_space(code, tree, journal, old, new, quota)
        usage = sum(-(-len(raw) // 4096) * 4096 for raw, _, _ in old.values())
        for figures, extra in ((full, True), (forbidden, False)):
            for _ in range(trials):
                outcome = _on_small_disk(base, usage + rng.randint(0, usage // 4) if extra else usage * 4, full=extra)
                if outcome is None:
                    figures.note("not tried: no file system can be mounted here")
                    break
                code, now, after = outcome
                if not extra and now != old:
                    raise BrokenError("a read-only tree was changed")
                if code not in (0, 4) or (not extra and code == 0):
                    raise BrokenError(f"no space, and it ends with {code}")
                figures.note("batches that failed in part", code == 4)
                figures.note("files replaced", whole(now, old, new))
                if leftovers(now):
                    raise BrokenError("something is left beside")
                if after != old:
                    raise BrokenError("undo does not give the tree back")
                figures.trials += 1
                figures.files += len(old)
    yield from (full, quota, forbidden)


def _no_larger_than(limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def _after_no_space(code: int, tree: Path, journal: Path, old: State, new: State, figures: Figures) -> None:
    now = state(tree)
    if code not in (0, 4):
        raise BrokenError(f"no space, and it ends with {code}")
    figures.note("batches that failed in part", code == 4)
    figures.note("files replaced", whole(now, old, new))
    if leftovers(now):
        raise BrokenError("something is left beside")
    if journal.exists() and finish(forked("undo", str(journal))):
        raise BrokenError("undo fails")
    if state(tree) != old:
        raise BrokenError("undo does not give the tree back")
    figures.trials += 1
    figures.files += len(old)


_SMALL_DISK: Final = """
set -e
mount -t tmpfs -o size={size} small {base}/small
cp -a {base}/origin {base}/small/in
{readonly}
set +e
{tool} upgrade {base}/small/in --in-place --journal {base}/outside > /dev/null 2>&1
echo $?
set -e
rm -rf {base}/now {base}/after
cp -a {base}/small/in {base}/now
mount -o remount,rw,size=64m small
{tool} undo {base}/outside > /dev/null
cp -a {base}/small/in {base}/after
"""


def _on_small_disk(base: Path, size: int, *, full: bool) -> tuple[int, State, State] | None:
    """A batch on a file system of its own, in a name space of its own: exit code, the tree after it, after undo."""
    for name in ("small", "now", "after"):
        (base / name).mkdir(exist_ok=True)
    (base / "outside").unlink(missing_ok=True)
    script = _SMALL_DISK.format(
        size=size,
        base=base,
        tool=f"{sys.executable} -m migrator",
        readonly="" if full else f"mount -o remount,ro small {base}/small",
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        if "unshare" in done.stderr or "permission denied" in done.stderr.lower():
            return None
        raise BrokenError(f"the small disk: {done.stderr}")
    return int(done.stdout), state(base / "now"), state(base / "after")
