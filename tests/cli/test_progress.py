"""The progress line: seen by a person at a terminal, and never mixed into what is written elsewhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[2] / "golden" / "exports"

# The line appears as soon as there is something to count, not after a second.
_IMPATIENT = """
import migrator.cli.progress as progress
progress._DELAY, progress._EVERY = 0.0, 4
from migrator.cli.main import run
run()
"""


def _watched(command: list[str], stdout: int | None) -> tuple[int, bytes, bytes]:
    """Exit code, what the terminal shows, and what went to a pipe, of a command whose errors go to a terminal."""
    leader, follower = pty.openpty()
    out = follower if stdout is None else stdout
    with subprocess.Popen(command, stdin=follower, stdout=out, stderr=follower) as process:
        os.close(follower)
        piped = process.stdout.read() if process.stdout else b""
        shown = b""
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        process.wait()
    os.close(leader)
    return process.returncode, shown, piped


@pytest.mark.parametrize("piped", [True, False])
def test_the_line_is_on_the_terminal_only_and_the_report_is_whole(piped: bool) -> None:
    arguments = ["upgrade", str(GOLDEN / "0.13.0"), "--dry-run"]
    plain = subprocess.run([sys.executable, "-m", "migrator", *arguments], capture_output=True, check=True).stdout
    command = [sys.executable, "-c", _IMPATIENT, *arguments]
    code, shown, out = _watched(command, subprocess.PIPE if piped else None)
    assert code == 0
    assert b"files" in shown
    assert b"/s" in shown
    assert b"up" in shown
    if piped:
        assert out == plain, "a progress line must not take anything from standard output"
    else:
        lines = [line for line in plain.decode().splitlines() if "→" in line]
        assert lines
        assert all(line in shown.decode() for line in lines)
