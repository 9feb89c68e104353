"""Two trees made of the recorded exports, for the costs of a batch.

A tree that repeats its configurations has copies of the recordings, as runs of one command are alike. In the other,
every file has seeds, identities, times and a folder of its own, and other numbers, as no two runs are equal.
"""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks.measure import corpus

REPEATING: Final = "configurations repeat"
OWN: Final = "seeds and ids of its own in each file"
_TIMES: Final = ("start_time", "end_time")
_FOLDERS: Final = ("artifact_directory", "dir")


def repeating(folder: Path, copies: int) -> int:
    """A tree of so many copies of each recording; gives the number of files."""
    sources = [path.read_bytes() for path in corpus()]
    for number in range(copies * len(sources)):
        _write(folder, number, sources[number % len(sources)])
    return copies * len(sources)


def own(folder: Path, copies: int) -> int:
    """A tree of as many files, each with values of its own; gives their number."""
    sources = [path.read_bytes() for path in corpus()]
    dice = random.Random(1)
    for number in range(copies * len(sources)):
        run = _Run(dice, number)
        document = run.changed(orjson.loads(sources[number % len(sources)]), "")
        _write(folder, number, orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return copies * len(sources)


def _write(folder: Path, number: int, raw: bytes) -> None:
    place = folder / f"{number // 100:04}"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{number:06}.json").write_bytes(raw)


class _Run:
    def __init__(self, dice: random.Random, number: int) -> None:
        self._identity = str(uuid.UUID(int=dice.getrandbits(128)))
        self._seed = dice.randrange(1, 2**31)
        self._folder = f"artifacts/run-{number:06}"
        self._later = timedelta(seconds=number + dice.random())
        self._slower = 1 + dice.random()

    def changed(self, node: Any, key: str) -> Any:
        """A part of a document as this run would have it."""
        if isinstance(node, dict):
            if "unit" in node and "avg" in node:
                return {name: value * self._slower if type(value) is float else value for name, value in node.items()}
            return {name: self.changed(value, name) for name, value in node.items()}
        if isinstance(node, list):
            return [self.changed(item, key) for item in node]
        if type(node) is int:
            return self._seed if key == "random_seed" else node
        if type(node) is not str:
            return node
        if key in _TIMES:
            return (datetime.fromisoformat(node) + self._later).isoformat()
        return self._identity if key == "benchmark_id" else self._folder if key in _FOLDERS else node
