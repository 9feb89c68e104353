"""Terminal UI: a folder of 10,000 exports: first frame, full list, longest stall, memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import grow, pairs, row

COUNT = 10_000
ROUNDS = 5
_EMPTY = """
import time; started = time.perf_counter()
import asyncio
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("empty")

async def main():
    async with Empty().run_test(size=(120, 40)):
        print(time.perf_counter() - started)

asyncio.run(main())
"""
_LIST = """
import os, time
started = time.perf_counter()
list(os.scandir({folder!r}))
for folder in os.scandir({folder!r}):
    sorted(os.scandir(folder.path), key=lambda entry: entry.name)
print(time.perf_counter() - started)
"""
_FULL = """
import time; started = time.perf_counter()
import asyncio, json, resource, sys
from tui.app import MigrateApp
from tui.session import Session

WHOLE = {whole}
stalls = []

async def watch():
    while True:
        before, busy = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.005)
        stalls.append((time.perf_counter() - before - 0.005, time.thread_time() - busy))

async def main():
    app = MigrateApp(Session([{folder!r}]), {{}})
    async with app.run_test(size=(120, 40)) as pilot:
        files = app.screen.files
        while not files.rows:
            await asyncio.sleep(0)
        told = {{"first": time.perf_counter() - started}}
        if WHOLE:
            watcher = asyncio.create_task(watch())
            while app.screen.busy or not all(each.read for each in files.exports):
                await pilot.press("down")
                await asyncio.sleep(0.05)
            told["full"] = time.perf_counter() - started
            for key in ("s", "s", "s", "2", "3", "slash", "l", "a", "b", "escape", "1", "end", "home"):
                await pilot.press(key)
                await asyncio.sleep(0.05)
            watcher.cancel()
            told["files"] = len(files.exports)
            told["stall"] = max(wall for wall, _ in stalls)
            told["busy"] = max(busy for _, busy in stalls)
            told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps(told))

asyncio.run(main())
"""


def _told(script: str) -> float | dict[str, float]:
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    told: float | dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _first(folder: str) -> float:
    told = _told(_FULL.format(folder=folder, whole=False))
    assert isinstance(told, dict)
    return told["first"]


def _number(script: str) -> float:
    told = _told(script)
    assert isinstance(told, float)
    return told


def _aim(what: str, seconds: float) -> str:
    return f"{row(what, f'{seconds * 1e3:.0f} ms')}            aim 50 ms: {'reached' if seconds <= 0.05 else 'missed'}"


def run() -> Iterator[str]:
    """First frame in turn with an empty app that lists the folder besides; the rest once."""
    with tempfile.TemporaryDirectory() as folder:
        grow(Path(folder), COUNT)
        listing = min(_number(_LIST.format(folder=folder)) for _ in range(3))
        mine, other, ratio = pairs(lambda: _first(folder), lambda: _number(_EMPTY), ROUNDS)
        # The aim is 1.5 × an empty app, plus the time to list the folder.
        ratio -= listing / other
        yield row("first frame / empty Textual app", f"{mine * 1e3:.0f} / {other * 1e3:.0f} ms", ratio, 1.5)
        told = _told(_FULL.format(folder=folder, whole=True))
        assert isinstance(told, dict)
        yield row(f"full list of {told['files']:.0f} exports", f"{told['full']:.1f} s")
        yield _aim("longest stall of the event loop", told["stall"])
        # A machine with other work stops everybody: this is what the app itself takes.
        yield _aim("longest computing between two events", told["busy"])
        yield row("memory of the app", f"{told['memory'] / 1024:.0f} MB")
