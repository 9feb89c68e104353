"""Batches under faults, for real: killed, out of space, forbidden, interrupted, disturbed. `make faults` runs it all.

A trial starts the real command line in a process of its own and does it harm; then every file is looked at. Figures
go to docs/reliability.md. The slow tests run a small share of the same.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from process import EXPORTS, NAME, ROOT, command, environment

import migrator.cli.move
import migrator.cli.undo
import migrator.cli.upgrade  # noqa: F401  imported once here, not once a process
from migrator.batch.discover import Source
from migrator.batch.execute import Request, execute
from migrator.cli.main import run as command_line
from migrator.errors import ExitCode

PAGE = ROOT / "docs" / "reliability.md"
FSYNC = ("never", "batch", "each")

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
    """What every process would import and build for itself: done once here, it is inherited."""
    import ctypes  # noqa: F401
    import hashlib  # noqa: F401
    import sqlite3  # noqa: F401

    for path in sorted(EXPORTS.rglob(NAME))[::5]:
        execute(Source(str(path), path.name, named=True), Request("1.5"))
        execute(Source(str(path), path.name, named=True), Request("1.0", residue=True))


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
def workshop() -> Iterator[Path]:
    """A folder in memory where there is one: a kill does not care, and thousands of trials do."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if os.access(shm, os.W_OK) else None) as folder:
        yield Path(folder)


WAYS = {
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
        with workshop() as base:
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
    with workshop() as base:
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


def interrupts(trials: int, seed: int = 0) -> Iterator[Figures]:
    """Ctrl-C at random moments: the files in hand are finished, nothing lies beside, the exit code says it."""
    rng = random.Random(seed)
    figures = Figures("Ctrl-C")
    with workshop() as base:
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


def no_space(trials: int, seed: int = 0) -> Iterator[Figures]:
    """A file system that fills up in the middle, and a limit on the size of files, at random places."""
    rng = random.Random(seed)
    full, quota, forbidden = Figures("disk full"), Figures("quota (RLIMIT_FSIZE)"), Figures("file system read-only")
    with workshop() as base:
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


_SMALL_DISK = """
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


def company(trials: int, seed: int = 0) -> Iterator[Figures]:
    """Three batches at once at the same files."""
    rng = random.Random(seed)
    several = Figures("three batches at once")
    with workshop() as base:
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


def strangers(trials: int, seed: int = 0) -> Iterator[Figures]:
    """A program that knows no locks, and replaces the same files as fast as it can."""
    rng = random.Random(seed)
    figures = Figures("files replaced by another program")
    with workshop() as base:
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


PARTS: dict[str, Callable[[int, int], Iterator[Figures]]] = {
    "kill": kill,
    "kill_pools": kill_pools,
    "interrupts": interrupts,
    "no_space": no_space,
    "company": company,
    "strangers": strangers,
}
TRIALS = {"kill": 2400, "kill_pools": 15, "interrupts": 100, "no_space": 20, "company": 25, "strangers": 150}


def page(rows: list[str]) -> None:
    """Put the table into the page."""
    text = PAGE.read_text()
    start, end = "<!-- faults -->\n", "<!-- end of faults -->"
    before, _, rest = text.partition(start)
    table = ["| fault | times | files looked at | of these |", "|---|---|---|---|", *rows]
    PAGE.write_text(before + start + "\n".join(table) + "\n" + end + rest.partition(end)[2])


if __name__ == "__main__":
    rows = []
    for part in sys.argv[1:] or PARTS:
        for figures in PARTS[part](TRIALS[part], int(os.environ.get("FAULTS_SEED", "1"))):
            print(figures.row(), flush=True)  # noqa: T201
            rows.append(figures.row())
            if not sys.argv[1:]:
                page(rows)
