"""Scale: 100,000 files: time and memory against their number, two processes against one, and waiting for the disk.

`python -m benchmarks scale` measures in memory where there is such a place: it is the processor that is compared. The
inputs are hard links to copies of the recorded exports, so that only the outputs take room.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import ROOT, corpus, grow, in_memory, row, timed
from migrator.batch.discover import discover

PAGE = ROOT / "docs" / "reliability.md"
SIZES = (1_000, 10_000, 100_000)
SYNCED = 1_500
ROUNDS = 3

_RUN = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
took, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


class Cost(NamedTuple):
    """Seconds on the clock, seconds of processors, and the MB of the largest process."""

    clock: float
    processor: float
    memory: float


def cost(*arguments: str) -> Cost:
    """What a command costs, start-up and all."""
    command = [sys.executable, "-c", _RUN, sys.executable, "-m", "migrator", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Cost(*json.loads(done.stdout))


def linked(folder: Path, count: int) -> None:
    """A tree of `count` exports in folders of a hundred."""
    copies = folder.parent / "copies"
    copies.mkdir(exist_ok=True)
    sources = []
    for number, path in enumerate(corpus()):
        sources.append(copies / f"{number}.json")
        if not sources[-1].exists():
            shutil.copy(path, sources[-1])
    for number in range(count):
        place = folder / f"{number // 10_000:02}" / f"{number // 100 % 100:02}"
        if number % 100 == 0:
            place.mkdir(parents=True)
        os.link(sources[number % len(sources)], place / f"{number:06}.json")


def run() -> Iterator[str]:
    """Each size once with one process, the largest with two as well; `--fsync` on the disk. The page gets the table."""
    lines = []
    with tempfile.TemporaryDirectory(dir=in_memory()) as memory, tempfile.TemporaryDirectory() as disk:
        for line in chain(_sizes(Path(memory)), _waiting(Path(disk))):
            lines.append(line)
            yield line
    fill_in(lines)


def fill_in(lines: Sequence[str]) -> None:
    """Put the table into docs/reliability.md."""
    start, end = "<!-- speed -->\n", "<!-- end of speed -->"
    before, _, rest = PAGE.read_text().partition(start)
    PAGE.write_text(before + start + "\n".join(["```", *lines, "```"]) + "\n" + end + rest.partition(end)[2])


def _sizes(base: Path) -> Iterator[str]:
    costs = {}
    for size in SIZES:
        tree = base / f"in{size}"
        linked(tree, size)
        costs[size] = cost("upgrade", str(tree), "-d", str(base / "out"), "--jobs", "1")
        shutil.rmtree(base / "out")
        each = costs[size].processor / size
        first = costs[SIZES[0]]
        yield row(f"{size:,} files, processor a file", f"{each * 1e6:.0f} µs", each / (first.processor / SIZES[0]), 1.1)
        yield row(f"{size:,} files, memory", f"{costs[size].memory:.1f} MB", costs[size].memory / first.memory, 1.1)
    tree, one = base / f"in{SIZES[-1]}", costs[SIZES[-1]]
    found = timed(lambda: sum(1 for _ in discover([str(tree)])))
    yield row("finding them, a file", f"{found / SIZES[-1] * 1e6:.0f} µs")
    two = cost("upgrade", str(tree), "-d", str(base / "out"), "--jobs", "2")
    yield row(f"{SIZES[-1]:,} files, one process", f"{one.clock:.1f} s")
    yield row("the same, two", f"{two.clock:.1f} s", two.clock / one.clock, 1 / 1.7)
    # On a machine that is busy with other things the clock tells how busy; this tells what is to be shared out.
    share = two.processor / 2
    yield row("processor seconds for each of the two", f"{share:.1f} s", share / one.processor, 1 / 1.7)


def _waiting(base: Path) -> Iterator[str]:
    grow(base / "origin", SYNCED)
    taken: dict[str, list[float]] = {"never": [], "batch": [], "each": []}
    for _ in range(ROUNDS):
        for fsync, seconds in taken.items():
            shutil.copytree(base / "origin", base / "in")
            os.sync()
            seconds.append(cost("upgrade", str(base / "in"), "--in-place", "--fsync", fsync, "--jobs", "1").clock)
            shutil.rmtree(base / "in")
    never = statistics.median(taken["never"])
    for fsync, seconds in taken.items():
        found = statistics.median(seconds)
        yield row(f"in place, --fsync {fsync}, a file", f"{found / SYNCED * 1e6:.0f} µs", found / never)
