"""Start-up: each command from start to end, against a bare interpreter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import GOLDEN, pairs, process, row

EXPORT = str(GOLDEN / "0.13.0" / "chat-streaming" / "profile_export_aiperf.json")
BASE = str(GOLDEN / "lab" / "base-1" / "profile_export_aiperf.json")
CANDIDATE = str(GOLDEN / "lab" / "base-2" / "profile_export_aiperf.json")
ROUNDS = 15
COMMANDS: tuple[tuple[list[str], float | None], ...] = (
    (["--version"], 1.6),
    (["--help"], None),
    (["inspect", EXPORT], 5),
    (["upgrade", EXPORT, "--dry-run"], None),
    (["downgrade", EXPORT, "--to", "1.0", "--dry-run"], None),
    (["diff", BASE, CANDIDATE], 9),
    (["table", BASE], 7),
    (["versions"], None),
    (["check", EXPORT], 8),
    (["schema", "1.5"], None),
)


NAMES = {EXPORT: "FILE", BASE: "A", CANDIDATE: "B"}


def script() -> str:
    """The installed console script of this environment."""
    return str(Path(sys.executable).parent / "aiperf-migrate")


def run() -> Iterator[str]:
    """Pairs of processes in turn."""
    bare = [sys.executable, "-c", "pass"]
    for arguments, aim in COMMANDS:
        command = [script(), *arguments]
        mine, other, ratio = pairs(lambda c=command: process(c), lambda: process(bare), ROUNDS)
        shown = " ".join(NAMES.get(argument, argument) for argument in arguments)
        yield row(shown, f"{mine * 1e3:.0f} / {other * 1e3:.0f} ms", ratio, aim)
