"""AIPerf: its own model loading and dumping a file, against upgrading it here.

Needs an interpreter that has AIPerf: the environment variable AIPERF_PYTHON names it, or `aiperf` is on the path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import GOLDEN, row, timed
from migrator.jsonfile import parse, render
from migrator.migration.migrate import migrate

EXPORT = GOLDEN / "0.13.0" / "chat-streaming" / "profile_export_aiperf.json"
ROUNDS = 200

_THEIRS = """
import sys, time
from aiperf.common.models.export_models import JsonExportData
raw = open(sys.argv[1], "rb").read()
def once():
    start = time.perf_counter()
    JsonExportData.model_validate_json(raw).model_dump_json(indent=2, exclude_none=True)
    return time.perf_counter() - start
once()
print(min(once() for _ in range(int(sys.argv[2]))))
"""


def run() -> Iterator[str]:
    """Both in memory, the best of many, so that importing AIPerf is not counted against it."""
    python = _python()
    if python is None:
        yield "AIPerf is not installed: not measured (AIPERF_PYTHON names an interpreter that has it)"
        return
    done = subprocess.run([python, "-c", _THEIRS, str(EXPORT), str(ROUNDS)], capture_output=True, text=True)
    if done.returncode:
        yield f"AIPerf could not load the file: {done.stderr.strip().splitlines()[-1]}"
        return
    theirs = float(done.stdout.split()[-1])
    raw = EXPORT.read_bytes()
    ours = min(timed(lambda: _upgrade(raw)) for _ in range(ROUNDS))
    yield row("AIPerf: model, load and dump", f"{theirs * 1e6:.0f} µs")
    yield row("parse, upgrade to 1.5, render", f"{ours * 1e6:.0f} µs", ours / theirs)


def _upgrade(raw: bytes) -> bytes:
    parsed = parse(raw)
    return render(migrate(parsed.data, "1.5").document, parsed.layout)


def _python() -> str | None:
    named = os.environ.get("AIPERF_PYTHON")
    if named:
        return named
    script = shutil.which("aiperf")
    beside = Path(script).resolve().parent / "python" if script else None
    return str(beside) if beside and beside.exists() else None
