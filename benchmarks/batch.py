"""Batch: cost of a file against the floor (read, parse and dump with orjson, write, rename)."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson

from benchmarks.measure import corpus, grow, pairs, process, row, timed
from migrator.batch.discover import discover
from migrator.batch.execute import Request, Status, execute

ROUNDS = 40
LARGE = 6_000


def run() -> Iterator[str]:
    """Both sides migrate the whole corpus in turn, each into a fresh folder."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        tree = base / "in"
        for number, path in enumerate(corpus()):
            tree.mkdir(exist_ok=True)
            shutil.copy(path, tree / f"{number:03}.json")
        files = len(corpus())
        floors, ours = [], []
        for number in range(ROUNDS):
            floors.append(timed(lambda n=number: floor(tree, base / f"floor{n}")) / files)
            ours.append(timed(lambda n=number: batch(tree, base / f"ours{n}")) / files)
            shutil.rmtree(base / f"floor{number}")
            shutil.rmtree(base / f"ours{number}")
        # The quickest rounds are those that the machine disturbed least; the median tells how typical they are.
        quick = statistics.quantiles(ours, n=4)[0] / statistics.quantiles(floors, n=4)[0]
        ratio = statistics.median(a / b for a, b in zip(ours, floors, strict=True))
        yield row("floor, a file", f"{statistics.median(floors) * 1e6:.0f} µs")
        yield row("upgrade to the newest, a file", f"{statistics.median(ours) * 1e6:.0f} µs", ratio, 1.25)
        yield row("the same, quickest quarter of rounds", f"{min(ours) * 1e6:.0f} µs", quick, 1.25)
        yield from _workers(base)


def _workers(base: Path) -> Iterator[str]:
    """Whole commands, start-up and all, on a tree that is large enough to be shared out."""
    tree = base / "large"
    grow(tree, LARGE)
    command = [
        str(Path(sys.executable).parent / "aiperf-migrate"),
        "upgrade",
        str(tree),
        "-d",
        str(base / "out"),
        "--force",
    ]
    one, two, ratio = pairs(lambda: process([*command, "--jobs", "1"]), lambda: process([*command, "--jobs", "2"]), 3)
    yield row(f"upgrade {LARGE:,} files, one process", f"{one / LARGE * 1e6:.0f} µs")
    yield row("the same, two", f"{two / LARGE * 1e6:.0f} µs", 1 / ratio, 1 / 1.7)


def floor(tree: Path, out: Path) -> None:
    """What no migration can be faster than."""
    out.mkdir()
    for entry in sorted(os.scandir(tree), key=lambda entry: entry.name):
        with open(entry.path, "rb") as file:
            raw = file.read()
        raw = orjson.dumps(orjson.loads(raw), option=orjson.OPT_INDENT_2)
        beside = os.path.join(out, entry.name + ".tmp")
        with open(beside, "wb") as file:
            file.write(raw)
        os.replace(beside, os.path.join(out, entry.name))


def batch(tree: Path, out: Path) -> None:
    """The real thing, without the process around it."""
    request = Request("1.5", "up", out_folder=str(out))
    for source in discover([str(tree)], avoid=str(out)):
        if execute(source, request).status is Status.FAILED:
            raise RuntimeError(f"{source.path} failed")
