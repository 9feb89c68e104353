"""Each system call that changes a file, in turn, kills the process or fails.

The calls are counted by a library in C (`shim.c`), which is compiled here and loaded before Python: so the trials run
in a process of their own, which prints its figures.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from search.faults.harness import BrokenError, Figures, State, fill, finish, forked, leftovers, state, warm, workspace
from support.process import ROOT, environment

WAYS: Final = {
    "in place, with a residue": ("downgrade", "--to", "1.0", "--residue", "--in-place", "--fsync", "each"),
    "in place, 64 together": ("upgrade", "--in-place"),
    "backups on another disk": ("upgrade", "--in-place", "--backup-dir", "{away}/kept"),
    "to a folder": ("upgrade", "-d", "{base}/new/out", "--ledger", "{base}/ledger"),
}
"""Batches whose calls are counted."""
ERRORS: Final = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


def system_calls(trials: int, seed: int = 0) -> Iterator[Figures]:
    """Kills and failures at one call after another, in a process that has the library."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler or sys.platform != "linux":
        yield Figures("system calls", notes={"not tried: no C compiler, or not Linux": 1})
        return
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "shim.so"
        source = Path(__file__).with_name("shim.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        start = "from search.faults.system_calls import main; main()"
        words = [sys.executable, "-c", start, str(trials), str(seed)]
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        env = environment(PYTHONPATH=path, LD_PRELOAD=str(library))
        done = subprocess.run(words, env=env, stdout=subprocess.PIPE, text=True, check=False)
        for line in done.stdout.splitlines():
            yield Figures(**json.loads(line))
        if done.returncode:
            raise BrokenError(f"the trials of system calls end with {done.returncode}")


class _Way:
    """One kind of batch: its tree, what it is without a fault, and how many calls it makes."""

    def __init__(self, base: Path, away: Path, words: tuple[str, ...]) -> None:
        self.base, self.away, self.tree = base, away, base / "in"
        self.places = (self.tree, base / "new", base / "ledger", away / "kept", base / "journal")
        self.journal = str(base / "journal")
        told = [word.format(base=base, away=away) for word in words]
        self.words = [told[0], str(self.tree), *told[1:], "--journal", self.journal]
        self.shim: Any = ctypes.CDLL(None)
        self.exact = True
        self.renew()
        self.old = self.now()
        self.require(self.words)
        self.calls = self.counted
        self.new = self.now()
        self.require(["undo", self.journal])
        self.undo_calls = self.counted
        if self.now() != self.old:
            raise BrokenError("undo does not give the tree back")
        self.known = (self.old, self.new)

    @property
    def counted(self) -> int:
        return int(self.shim.shim_count())

    def renew(self) -> None:
        for place in self.places:
            shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)
        shutil.copytree(self.base / "origin", self.tree)

    def now(self) -> State:
        """All files but the journal and the ledgers; permissions and times only where none may be refused."""
        return {name: (raw, *(about if self.exact else (0, 0))) for name, (raw, *about) in self.everything().items()}

    def everything(self) -> State:
        """All files but the journal and the ledgers."""
        found = {f"in/{name}": about for name, about in state(self.tree).items()}
        found |= {f"new/{name}": about for name, about in state(self.base / "new").items()}
        return found | {f"kept/{name}": about for name, about in state(self.away / "kept").items()}

    def compare_exactly(self, *, exact: bool) -> None:
        """Whether permissions and times are compared from now on."""
        self.exact = exact
        self.old, self.new = (
            all_of if exact else {name: (raw, 0, 0) for name, (raw, _, _) in all_of.items()} for all_of in self.known
        )

    def run(self, words: list[str], call: int = 0, error: int = 0) -> int:
        return finish(forked(*words, setup=lambda: self.shim.shim_arm(ctypes.c_long(call), error)))

    def require(self, words: list[str]) -> None:
        if code := self.run(words):
            raise BrokenError(f"{' '.join(words)} ends with {code}")

    def inspect(self) -> None:
        """Every input is the old or the new one, complete, and every other file is one that the batch makes."""
        now = self.now()
        for name, (raw, mode, changed) in self.old.items():
            if now.get(name) not in ((raw, mode, changed), self.new[name]):
                raise BrokenError(f"{name} is neither the old nor the new one")
        originals = {about[0] for about in self.old.values()}
        for name in now.keys() - self.new.keys() - set(leftovers(now)):
            if now[name][0] not in originals:
                raise BrokenError(f"{name} should not be there")

    def take_back(self) -> None:
        """Undo, twice: the second one has nothing to do, and nothing to say."""
        if Path(self.journal).exists():
            for _ in range(2):
                self.require(["undo", self.journal])
                if (now := self.now()) != self.old:
                    raise BrokenError(f"undo does not give the tree back: {sorted(now.keys() ^ self.old.keys())}")
            if (self.base / "new").exists() or (self.away / "kept").exists():
                raise BrokenError("a folder that the batch made stays")
        elif self.now() != self.old:
            raise BrokenError("a batch without a journal changed something")

    def go_on(self, *, second_names: bool = False) -> None:
        """Finish the batch. A hidden second name that could not be removed may stay until undo."""
        self.require([*self.words, "--resume"])
        now = self.now()
        for name in leftovers(now) if second_names else ():
            del now[name]
        if now.keys() != self.new.keys() or any(now[name][0] != self.new[name][0] for name in now):
            differ = sorted(now.keys() ^ self.new.keys()) or [name for name in now if now[name] != self.new[name]]
            raise BrokenError(f"not finished by --resume: {differ}")
        if (self.base / "ledger").exists():
            rows = [json.loads(line) for line in (self.base / "ledger").read_bytes().splitlines()]
            if sorted(row["status"] for row in rows) != ["migrated"] * len(self.old):
                raise BrokenError("the ledgers do not tell of every file once")


def _killed(way: _Way, call: int, chance: random.Random, figures: Figures) -> None:
    way.renew()
    way.compare_exactly(exact=True)
    if way.run(way.words, call) != -signal.SIGKILL:
        raise BrokenError("it was not killed")
    way.inspect()
    if chance.random() < 0.5:
        way.go_on()
        figures.note("resumed")
    if chance.random() < 0.3 and Path(way.journal).exists():
        way.run(["undo", way.journal], chance.randint(1, way.undo_calls))
        way.inspect()
        figures.note("undos killed, too")
    way.take_back()
    figures.note("undone")


def _failing(way: _Way, call: int, chance: random.Random, figures: Figures) -> None:
    way.renew()
    error = chance.choice(ERRORS)
    # A system may refuse to give a new file what the old one had: that is told, and no failure.
    way.compare_exactly(exact=error in (errno.EIO, errno.ENOSPC))
    code = way.run(way.words, call, error)
    if code not in (0, 4):
        raise BrokenError(f"a call that fails ends it with {code}")
    way.inspect()
    figures.note("batches that failed in part", code == 4)
    if chance.random() < 0.3:
        way.go_on(second_names=True)
        figures.note("resumed")
    if chance.random() < 0.3 and Path(way.journal).exists():
        code = way.run(["undo", way.journal], chance.randint(1, way.undo_calls), error)
        if code not in (0, 4):
            raise BrokenError(f"a call that fails ends undo with {code}")
        way.inspect()
    way.take_back()
    figures.note("undone")


def main() -> None:
    """Trials of all ways; a line of figures each."""
    trials, seed = map(int, sys.argv[1:])
    chance = random.Random(seed)
    warm()
    with workspace() as base, tempfile.TemporaryDirectory() as away:
        fill(base / "origin", 3)
        for name, words in WAYS.items():
            way = _Way(base, Path(away), words)
            for what, trial in (("killed", _killed), ("made to fail", _failing)):
                figures = Figures(f"system calls {what}, {name}")
                calls = range(1, way.calls + 1)
                for call in [*calls] if trials >= way.calls else sorted(chance.sample(calls, trials)):
                    try:
                        trial(way, call, chance, figures)
                    except BrokenError as error:
                        raise BrokenError(f"{figures.what}, call {call} of {way.calls}: {error}") from error
                    figures.trials += 1
                    figures.files += len(way.old)
                print(json.dumps(asdict(figures)), flush=True)  # noqa: T201 (read by who started this process)
