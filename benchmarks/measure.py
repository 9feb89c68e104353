"""Shared by the benchmarks: the corpus, pairs of measurements, rows of a table."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "golden" / "exports"


def corpus() -> list[Path]:
    """All recorded main exports."""
    return sorted(GOLDEN.rglob("profile_export_aiperf.json"))


def grow(folder: Path, count: int) -> list[Path]:
    """A tree of `count` exports, copies of the corpus in folders of a hundred."""
    sources = [(path, path.read_bytes()) for path in corpus()]
    made = []
    for number in range(count):
        place = folder / f"{number // 100:04}"
        place.mkdir(parents=True, exist_ok=True)
        target = place / f"{number:06}.json"
        target.write_bytes(sources[number % len(sources)][1])
        made.append(target)
    return made


def in_memory() -> str | None:
    """A folder whose files are in memory, None where there is none: then the usual place does."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def timed(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that a call takes by a clock."""
    start = clock()
    action()
    return clock() - start


def process(command: Sequence[str]) -> float:
    """Seconds that a process takes, its output thrown away.

    Raises:
        CalledProcessError: it failed; a failing command must not be timed as if it had worked.
    """
    return timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def pairs(first: Callable[[], float], second: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Medians of two measurements taken in turn, and the median of their ratios pair by pair."""
    first(), second()  # warm-up
    taken = [(first(), second()) for _ in range(rounds)]
    ratios = [a / b for a, b in taken]
    return (
        statistics.median(a for a, _ in taken),
        statistics.median(b for _, b in taken),
        statistics.median(ratios),
    )


def row(what: str, figure: str, ratio: float | None = None, aim: float | None = None) -> str:
    """One line: what, how long, the ratio, and the aim with a word on whether it is reached."""
    told = "" if ratio is None else f"{ratio:6.2f} ×"
    goal = "" if aim is None or ratio is None else f"aim {aim:g} ×: {'reached' if ratio <= aim else 'missed'}"
    return f"{what:<38}{figure:>14}  {told:>8}  {goal}".rstrip()
