"""A virtual environment for one AIPerf release, made once and kept in the user's cache."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from golden.record.scenarios import pins

_NO_TORCH: Final = "torch<0"
"""No release needs torch for recording. Should one ask for it, pip fails instead of fetching gigabytes."""


class InstallationError(Exception):
    """A release could not be installed; the text says why."""


def cache_folder() -> Path:
    """Where environments are kept: `$XDG_CACHE_HOME/aiperf-migrate/record`, or the platform's equivalent."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "aiperf-migrate" / "record"


def aiperf(release: str, cache: Path, python: str = sys.executable) -> Path:
    """The `aiperf` command of a release, which is installed unless it is there already.

    Args:
        release: such as `0.13.0`.
        cache: the folder that holds one environment for each release.
        python: the interpreter to make the environment with.

    Raises:
        InstallationError: no such release, or it does not install with this interpreter.
    """
    folder = cache / release
    command = folder / "bin" / "aiperf"
    mark = folder / "constraints.txt"  # Written last: an environment without it is half made.
    constraints = "\n".join([_NO_TORCH, *pins(release), ""])
    if command.exists() and mark.exists() and mark.read_text(encoding="utf-8") == constraints:
        return command
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _run([python, "-m", "venv", str(folder)])
    wanted = folder / "wanted.txt"
    wanted.write_text(constraints, encoding="utf-8")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run([*pip, "install", "--constraint", str(wanted), f"aiperf=={release}"])
    wanted.rename(mark)
    return command


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise InstallationError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if "WARNING" not in line]
        raise InstallationError("\n".join([f"{shlex.join(command)} failed:", *lines[-12:]]))
