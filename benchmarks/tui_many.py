"""Terminal UI: a folder of 100,000 exports, which has to be usable: no aim but that of 10,000; takes minutes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import grow
from benchmarks.tui import whole

COUNT = 100_000


def run() -> Iterator[str]:
    """The full list beside a table, stalls and memory."""
    with tempfile.TemporaryDirectory() as folder:
        grow(Path(folder), COUNT)
        yield from whole(folder)
