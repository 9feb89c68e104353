"""What people who watch see: colour, a pager, the width of their terminal; and nothing of it in a file or a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from support.process import EXPORTS, NAME, command, copy, environment, export, run

from migrator.cli import display
from migrator.diff.receipt import Verdict
from migrator.render.comparison.words import GLYPHS
from migrator.render.text import in_the_middle

LAB = EXPORTS / "lab"
BASE = [str(path) for path in sorted(LAB.glob("base-*"))]
SLOW = [str(path) for path in sorted(LAB.glob("slow20-*"))]
DIFF = ("diff", "--base", *BASE, "--cand", *SLOW, "--fail-on", "request_latency.p99:5")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def at_terminal(*arguments: str, columns: int = 80, **env: str) -> tuple[int, str]:
    """Run at a terminal of its own; the exit code, and what is on its screen."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    plain = {name: value for name, value in environment().items() if name != "COLUMNS"}
    process = subprocess.Popen(
        command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env={**plain, "TERM": "xterm", **env}
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        pass
    os.close(ours)
    return process.wait(), shown.decode().replace("\r\n", "\n")


def colours(*arguments: str, **env: str) -> bool:
    raw = subprocess.run(command(*arguments), env={**environment(), **env}, capture_output=True, check=False).stdout
    return b"\x1b" in raw


def test_colour_is_for_terminals_unless_it_is_asked_for() -> None:
    assert not colours(*DIFF)
    assert colours(*DIFF, "--color", "always")
    assert not colours(*DIFF, "--color", "always", "--json")
    assert not colours(*DIFF, "--color", "always", "--format", "markdown")
    assert colours(*DIFF, AIPERF_MIGRATE_COLOR="always")
    assert colours("check", str(export("0.6.0/key")), "--color", "always")
    assert colours("upgrade", str(export("0.6.0/key")), "--diff", "--color", "always")
    assert "\x1b" in at_terminal(*DIFF, PAGER="cat")[1]
    assert "\x1b" not in at_terminal(*DIFF, PAGER="cat", NO_COLOR="1")[1]
    assert "\x1b" not in at_terminal(*DIFF, "--color", "never", PAGER="cat")[1]


def test_colour_never_stands_in_a_file(tmp_path: Path) -> None:
    run(*DIFF, "--color", "always", "-o", tmp_path / "x.txt")
    assert b"\x1b" not in (tmp_path / "x.txt").read_bytes()


def test_colour_changes_no_character(monkeypatch: pytest.MonkeyPatch) -> None:
    text = run(*DIFF).stdout
    monkeypatch.setattr(display, "_colour", True)
    assert ESCAPE.sub("", display.paint(text, "comparison")) == text
    for verdict in Verdict:
        word = f"{GLYPHS[verdict.value]} {verdict.value}"
        assert display.paint(word, "comparison") != word


def test_text_is_as_wide_as_the_terminal_within_reason() -> None:
    def widest(columns: int) -> int:
        shown = at_terminal(*DIFF, "-v", "--color", "never", "--no-pager", columns=columns)[1]
        return max(map(len, shown.splitlines()))

    assert widest(80) <= 80 < widest(120) <= 120
    assert widest(300) <= 140


def test_a_pager_gets_everything_and_the_verdict_stays() -> None:
    code, shown = at_terminal(*DIFF, PAGER="sed s/^/P:/")
    assert code == 1
    assert all(line.startswith("P:") for line in shown.splitlines())
    assert "regression" in shown
    assert at_terminal(*DIFF, "--no-pager", PAGER="sed s/^/P:/")[1].startswith("P:") is False
    assert at_terminal(*DIFF, PAGER="false", GIT_PAGER="sed s/^/G:/")[1].startswith("G:")
    assert at_terminal(*DIFF, PAGER="sed s/^/P:/", AIPERF_MIGRATE_PAGER="false")[1].startswith("P:") is False


def test_a_pager_that_ends_early_is_no_crash() -> None:
    code, shown = at_terminal(*DIFF, "-v", PAGER="head -n 1 >/dev/null")
    assert code in (1, 141)
    assert "Traceback" not in shown
    code, shown = at_terminal(*DIFF, PAGER="no-such-pager-anywhere")
    assert "Traceback" not in shown
    assert "no-such-pager-anywhere" in shown


def test_errors_go_through_the_pager_too() -> None:
    """Written past it, they would stand somewhere in the middle of what it shows."""
    _, shown = at_terminal("check", str(export("0.6.0/key")), "no-such-file", PAGER="sed s/^/P:/")
    assert "P:aiperf-migrate: no-such-file: does not exist" in shown


def test_a_pipe_is_never_paged(tmp_path: Path) -> None:
    marker = tmp_path / "paged"
    assert run(*DIFF, env={"PAGER": f"touch {marker}"}).code == 1
    assert not marker.exists()


def test_quiet_leaves_what_is_wrong(tmp_path: Path) -> None:
    old = copy("0.13.0/cancelled", tmp_path / NAME)
    done = run("downgrade", old, "--to", "1.0", "-o", tmp_path / "a.json", "-q")
    assert done.stdout == ""
    assert any("lost" in line for line in done.complaints), "a loss is never quiet"
    tree = tmp_path / "tree"
    for number in range(30):
        copy("0.6.0/key", tree / str(number) / NAME)
    assert run("upgrade", tree, "--in-place", "--journal", tmp_path / "j", "-q").lines == []
    assert run("undo", tmp_path / "j", "-q").lines == []
    assert run("check", export("0.13.0/cancelled"), "-q").stdout.count("checked") == 0
    assert run("check", export("0.6.0/key"), "-q").code == 1
    verdict = run(*DIFF, "-q")
    assert verdict.code == 1
    assert verdict.stdout.startswith("✗ regression")
    assert len(verdict.lines) < 8
    assert run("table", old, "-o", tmp_path / "t.csv", "-q").stderr == ""


def test_a_rehearsal_with_a_place_is_told_how_to_be_one() -> None:
    done = run("upgrade", export("0.6.0/key"), "-o", "x.json", "--dry-run")
    assert done.code == 2
    assert "--dry-run alone tells what would be done" in done.stderr


def test_quiet_and_verbose_contradict_each_other() -> None:
    assert run(*DIFF, "-q", "-v").code == 2


@pytest.mark.parametrize("columns", [20, 40, 69])
def test_a_path_is_cut_in_the_middle(columns: int) -> None:
    path = "/srv/bench/runs/2026/11/27/" + "deep/" * 10 + "candidate-3"
    shown = in_the_middle(path, columns)
    assert len(shown) == columns
    assert shown.startswith("/srv")
    assert shown.endswith("candidate-3" if columns > 25 else "date-3")
    assert in_the_middle("short", columns) == "short"
