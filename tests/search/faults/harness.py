"""What every trial needs: trees of exports, the command line in a process of its own, and what is compared after it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Final

from support.process import EXPORTS, NAME, command, environment
from support.versions import NEWEST

from migrator.batch.discover import Source
from migrator.batch.migrate_files import execute
from migrator.batch.request import Request
from migrator.cli.main import run as command_line
from migrator.migration.goal import Goal

FSYNC: Final = ("never", "batch", "each")

State = dict[str, tuple[bytes, int, int]]
"""Relative name → content, permissions, time of modification."""


class BrokenError(Exception):
    """A promise was not kept."""


@dataclass
class Figures:
    """What was done to how many, for one line of the table."""

    what: str
    trials: int = 0
    files: int = 0
    notes: dict[str, int] = field(default_factory=dict)

    def note(self, word: str, count: int = 1) -> None:
        self.notes[word] = self.notes.get(word, 0) + count

    def row(self) -> str:
        told = ", ".join(f"{count:,} {word}" for word, count in sorted(self.notes.items()))
        return f"| {self.what} | {self.trials:,} | {self.files:,} | {told} |"


def warm() -> None:
    """Import and build once what every forked process then inherits."""
    modules = ("migrator.cli.commands.migrate", "migrator.cli.commands.undo")
    for name in (*modules, "ctypes", "hashlib", "sqlite3"):
        import_module(name)

    for path in sorted(EXPORTS.rglob(NAME))[::5]:
        execute(Source(str(path), path.name, named=True), Request(Goal(NEWEST)))
        execute(Source(str(path), path.name, named=True), Request(Goal("1.0"), residue=True))


def fill(folder: Path, count: int = 30) -> None:
    """A tree of recorded exports with times and permissions of their own."""
    sources = sorted(EXPORTS.rglob(NAME))
    for number in range(count):
        target = folder / f"{number % 5}" / f"{number % 3}" / f"run{number:03}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(sources[number * 7 % len(sources)].read_bytes())
        target.chmod(0o600 + 0o40 * (number % 2))
        os.utime(target, ns=(10**18 + number, 10**18 + number * 10**9))


def state(folder: Path) -> State:
    """Every file of a tree, hidden ones too."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            status = path.stat()
            found[str(path.relative_to(folder))] = (path.read_bytes(), status.st_mode, status.st_mtime_ns)
    return found


def forked(*arguments: str, setup: Callable[[], object] = lambda: None) -> int:
    """The command line in a process of its own, whose number is returned; forked, as kills come by the thousand."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(quiet, number)
        setup()
        sys.argv = ["aiperf-migrate", *arguments]
        command_line()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def started(*arguments: str) -> subprocess.Popen[bytes]:
    """The command line as a user starts it, for what starts processes itself."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command(*arguments), env=environment(), stdout=quiet, stderr=quiet)


def finish(child: int) -> int:
    """Its exit code; minus the number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def whole(now: State, old: State, new: State, *, backups: bool = True) -> int:
    """Require that every file is the old or the new one; returns how many are new.

    Raises:
        BrokenError: one is neither, or something else appeared.
    """
    renewed = 0
    for name, (raw, mode, changed) in old.items():
        if name not in now:
            raise BrokenError(f"{name} is gone")
        if now[name] != (raw, mode, changed) and now[name] != new[name]:
            raise BrokenError(f"{name} is neither the old nor the new one")
        renewed += now[name] == new[name] != old[name]
    for name in now.keys() - old.keys():
        base = name.partition(".json.bak")[0] + ".json"
        is_backup = backups and base in old and now[name] == old[base]
        is_residue = name in new and now[name][0] == new[name][0]
        if not (is_backup or is_residue or Path(name).name.startswith(".aiperf-migrate.")):
            raise BrokenError(f"{name} should not be there")
    return renewed


def leftovers(now: State) -> list[str]:
    return [name for name in now if Path(name).name.startswith(".aiperf-migrate.")]


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder in memory where the system has one: thousands of trials take less time there."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if os.access(shm, os.W_OK) else None) as folder:
        yield Path(folder)
