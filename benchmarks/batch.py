"""Batch: cost of a file against the floor (read, parse and dump with orjson, write, rename)."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from benchmarks.measure import corpus, grow, in_memory, pairs, process, row, timed
from migrator.batch.discover import discover
from migrator.batch.migrate_files import execute
from migrator.batch.request import Request, Status
from migrator.identify import identify
from migrator.jsonfile import parse, render
from migrator.migration.goal import Goal
from migrator.migration.migrate import Options, migrate
from migrator.writing.options import Fsync, WriteOptions

ROUNDS = 30
LARGE = 3_000


def run() -> Iterator[str]:
    """Both sides migrate the whole corpus in turn, each into a fresh folder."""
    # In memory where there is such a place: how long a shared disk takes is not what is compared.
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        base = Path(folder)
        tree = base / "in"
        for number, path in enumerate(corpus()):
            tree.mkdir(exist_ok=True)
            shutil.copy(path, tree / f"{number:03}.json")
        files = len(corpus())
        floors, ours = [], []
        for number in range(ROUNDS):
            # Processor time: what others do on the machine is not what is compared.
            floors.append(timed(lambda n=number: floor(tree, base / f"floor{n}"), time.process_time) / files)
            ours.append(timed(lambda n=number: batch(tree, base / f"ours{n}"), time.process_time) / files)
            shutil.rmtree(base / f"floor{number}")
            shutil.rmtree(base / f"ours{number}")
        # The quickest rounds are those that the machine disturbed least; the median tells how typical they are.
        quick = statistics.quantiles(ours, n=4)[0] / statistics.quantiles(floors, n=4)[0]
        ratio = statistics.median(a / b for a, b in zip(ours, floors, strict=True))
        yield row("floor, a file", f"{statistics.median(floors) * 1e6:.0f} µs")
        yield row("upgrade to the newest, a file", f"{statistics.median(ours) * 1e6:.0f} µs", ratio, 1.25)
        yield row("the same, quickest quarter of rounds", f"{min(ours) * 1e6:.0f} µs", quick, 1.25)
        yield from _stages()
        yield from _workers(base)


def _stages() -> Iterator[str]:
    """What a file costs beyond the floor, stage by stage, in processor time: what is left is asking and reporting."""
    raws = [path.read_bytes() for path in corpus()]
    parsed = [parse(raw).data for raw in raws]
    known = [identify(data, details=False) for data in parsed]
    identified = list(zip(parsed, known, strict=True))
    stages: dict[str, Callable[[], object]] = {
        "orjson, parse and dump": lambda: [orjson.dumps(orjson.loads(raw), option=orjson.OPT_INDENT_2) for raw in raws],
        "parse, and prove that nothing is lost": lambda: [parse(raw) for raw in raws],
        "identify": lambda: [identify(data, details=False) for data in parsed],
        "migrate, configuration left alone": lambda: [migrate(data, identity=found) for data, found in identified],
        "migrate, configuration translated": lambda: [
            migrate(data, options=Options(config=True), identity=found) for data, found in identified
        ],
        "render": lambda: [render(data) for data in parsed],
    }
    for name, stage in stages.items():
        taken = statistics.median(timed(stage, time.process_time) for _ in range(ROUNDS))
        yield row(f"  {name}, a file", f"{taken / len(raws) * 1e6:.0f} µs")


def _workers(base: Path) -> Iterator[str]:
    """Whole commands, start-up and all, on a tree just large enough to be shared out; `scale` has a large one."""
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
    one, two, ratio = pairs(lambda: process([*command, "--jobs", "1"]), lambda: process([*command, "--jobs", "2"]), 2)
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
    request = Request(Goal("1.5"), "up", out_folder=str(out), ledgers=False, options=WriteOptions(fsync=Fsync.NEVER))
    for source in discover([str(tree)], avoid=[str(out)]):
        if execute(source, request).status is Status.FAILED:
            raise RuntimeError(f"{source.path} failed")
