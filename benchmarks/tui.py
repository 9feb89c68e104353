"""Terminal UI: a folder of 10,000 exports: first frame, full list beside `table`, longest stall, memory."""

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
import time; started = time.process_time()
import asyncio
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("empty")

async def main():
    async with Empty().run_test(size=(120, 40)):
        print(time.process_time() - started)

asyncio.run(main())
"""
_FULL = """
import time; started, used = time.perf_counter(), time.process_time()
import asyncio, json, resource, sys
from tui.app import MigrateApp
from tui.session import Remembered, Session

WHOLE = {whole}
stalls = []
told = {{}}

async def watch():
    while True:
        before, busy = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.005)
        stalls.append((time.perf_counter() - before - 0.005, time.thread_time() - busy))

async def pressed(pilot, *keys):
    since = len(stalls)
    for key in keys:
        await pilot.press(key)
        await asyncio.sleep(0.05)
    return max(busy for _, busy in stalls[since:])

async def main():
    app = MigrateApp(Session([{folder!r}], remembered=Remembered(introduced=True)), {{}})
    async with app.run_test(size=(120, 40)) as pilot:
        files = app.screen.files
        while not files.rows:
            # Not 0: waiting would be counted as processor time.
            await asyncio.sleep(0.001)
        told["first"] = time.process_time() - used
        if WHOLE:
            watcher = asyncio.create_task(watch())
            while not app.screen.whole or files.unknown or files.tally.runs is None:
                await pilot.press("down")
                await asyncio.sleep(0.05)
            told["full"] = time.perf_counter() - started
            told["own"] = time.process_time()
            app.workers.cancel_all()
            told["reading"] = max(busy for _, busy in stalls)
            keys = ("greater_than_sign", "2", "3", "slash", "l", "a", "b", "escape", "1", "end", "home")
            told["keys"] = await pressed(pilot, *keys)
            watcher.cancel()
            told["files"] = len(files.exports)
            told["stall"] = max(wall for wall, _ in stalls)
            told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

asyncio.run(main())
others = resource.getrusage(resource.RUSAGE_CHILDREN)
told["others"] = others.ru_utime + others.ru_stime
print(json.dumps(told))
"""
_TABLE = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run([sys.executable, "-m", "migrator", "table", {folder!r}, "-o", {out!r}, "--force"], check=True,
    stderr=subprocess.DEVNULL)
took = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({{"full": took, "used": used.ru_utime + used.ru_stime}}))
"""


def _told(script: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return told if isinstance(told, dict) else {"seconds": told}


def _first(folder: str) -> float:
    return _told(_FULL.format(folder=folder, whole=False))["first"]


def _number(script: str) -> float:
    return _told(script)["seconds"]


def _aim(what: str, seconds: float) -> str:
    return f"{row(what, f'{seconds * 1e3:.0f} ms')}            aim 50 ms: {'reached' if seconds <= 0.05 else 'missed'}"


def whole(folder: str) -> Iterator[str]:
    """The full list beside a table of the same tree: in time, and in processor time of all processes."""
    told = _told(_FULL.format(folder=folder, whole=True))
    table = _told(_TABLE.format(folder=folder, out=f"{folder}.csv"))
    used = told["own"] + told["others"]
    what = f"full list of {told['files']:.0f} / table, s"
    yield row(what, f"{told['full']:.1f} / {table['full']:.1f}", told["full"] / table["full"], 1.2)
    processor = "processor time of all processes, s"
    yield row(processor, f"{used:.1f} / {table['used']:.1f}", used / table["used"], 1.2)
    yield _aim("longest stall of the event loop", told["stall"])
    # A machine with other work stops everybody: this is what the app itself takes.
    yield _aim("longest computing while files are read", told["reading"])
    yield _aim("longest computing for a key", told["keys"])
    yield row("memory of the app", f"{told['memory'] / 1024:.0f} MB")


def run() -> Iterator[str]:
    """First frame with lines in turn with an empty app, in processor time; the rest once."""
    with tempfile.TemporaryDirectory() as folder:
        grow(Path(folder), COUNT)
        mine, other, ratio = pairs(lambda: _first(folder), lambda: _number(_EMPTY), ROUNDS)
        yield row("first frame / empty Textual app", f"{mine * 1e3:.0f} / {other * 1e3:.0f} ms", ratio, 1.3)
        yield from whole(folder)
