"""Most tests run commands in forks of a process that has the tool imported. These must be what a start gives."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest
from support import warm
from support.process import NAME, copy, environment, run

COMMANDS = (
    ("--version",),
    ("inspect", NAME),
    ("inspect", "nowhere"),
    ("upgrade", NAME),
    ("diff", NAME, NAME),
    ("check", NAME, "--json"),
    ("table", NAME),
    ("versions",),
    ("no-such-command",),
    ("upgrade", "-", "-o", "/dev/stdout"),
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_fork_says_what_a_start_says(arguments: tuple[str, ...], tmp_path: Path) -> None:
    stdin = copy("0.4.0/chat-streaming", tmp_path / NAME).read_bytes()
    env = {"AIPERF_MIGRATE_COLOR": "never"}
    assert run(*arguments, cwd=tmp_path, stdin=stdin, env=env) == run(
        *arguments, cwd=tmp_path, stdin=stdin, env=env, fresh=True
    )


def test_a_fork_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    copy("0.4.0/chat-streaming", tmp_path / "other" / NAME)
    first = run("inspect", NAME, cwd=tmp_path / "other", env={"COLUMNS": "60"})
    assert (first.code, run("inspect", NAME, cwd=tmp_path).code) == (0, 4)
    assert run("inspect", NAME, cwd=tmp_path / "other").code == 0


def test_a_fork_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    received = warm._received

    def nothing_in_time(source: socket.socket) -> object:
        if source.gettimeout() is not None:
            raise TimeoutError
        return received(source)

    monkeypatch.setattr(warm, "_received", nothing_in_time)
    with pytest.raises(subprocess.TimeoutExpired):
        warm.ended(["--version"], tmp_path, b"", environment(), 60)
    monkeypatch.undo()
    assert warm.ended(["--version"], tmp_path, b"", environment(), 60).code == 0
