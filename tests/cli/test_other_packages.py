"""Packages of other programs that are called as ours never stand in their place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.process import NAME, ROOT, copy, environment, export

START = (
    f"#!{sys.executable}\nimport sys\nsys.path.append({str(ROOT)!r})\nfrom aiperf_migrate import run\nsys.exit(run())\n"
)


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """The command as an installer makes it, and a folder of somebody else's packages that comes first on the path."""
    script = tmp_path / "bin" / "aiperf-migrate"
    script.parent.mkdir()
    script.write_text(START)
    script.chmod(0o755)
    for name in ("migrator", "tui"):
        (tmp_path / "theirs" / name).mkdir(parents=True)
        (tmp_path / "theirs" / name / "__init__.py").write_text("raise SystemExit('somebody else')\n")
    return script


def start(command: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = environment(PYTHONPATH=str(command.parents[1] / "theirs"))
    return subprocess.run([command, *arguments], env=env, capture_output=True, text=True, check=False, cwd=ROOT.parent)


def test_the_command_is_ours(command: Path) -> None:
    done = start(command, "inspect", str(export("0.6.0/key")))
    assert (done.returncode, done.stderr) == (0, "")
    assert "somebody else" not in start(command, "tui", "--help").stderr
    assert start(command, "--version").stdout.startswith("aiperf-migrate ")


def test_its_workers_are_ours(command: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for number in range(80):
        copy("0.6.0/key", tree / str(number) / NAME)
    done = start(command, "upgrade", str(tree), "--dry-run", "--jobs", "2")
    assert "somebody else" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert "80 would be migrated" in done.stdout


def test_the_guard_is_needed(command: Path, tmp_path: Path) -> None:
    """Without it, somebody else's package is what starts."""
    env = environment(PYTHONPATH=str(tmp_path / "theirs"))
    code = f"import sys; sys.path.append({str(ROOT)!r}); import migrator.cli.start"
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "somebody else" in done.stderr
