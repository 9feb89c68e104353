"""A virtual environment for one AIPerf release, made once and kept in the user's cache."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from golden.record.scenarios import pins
from migrator.aiperf.releases import requirement

PINS: Final = Path(__file__).parent / "pins"
"""`<release>.txt`: every requirement of that release at one version, so that an installation can be repeated."""
_MARK: Final = "constraints.txt"
"""Written last, with what the installation was held to: an environment without it is half made."""
_NO_TORCH: Final = "torch<0"
"""No release needs torch for recording. Should one ask for it, pip fails instead of fetching gigabytes."""


class InstallationError(Exception):
    """A release could not be installed; the text says why."""


def cache_folder() -> Path:
    """Where environments are kept, one folder a release.

    `$AIPERF_MIGRATE_RELEASES`, or `$XDG_CACHE_HOME/aiperf-migrate/releases`, or the platform's equivalent.
    """
    if named := os.environ.get("AIPERF_MIGRATE_RELEASES"):
        return Path(named)
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "aiperf-migrate" / "releases"


def aiperf(release: str, cache: Path, python: str = sys.executable) -> Path:
    """The `aiperf` command of a release, which is installed unless it is there already.

    Its requirements are those of `pins/<release>.txt`, which says what was newest when the release was first tried;
    for a release without such a file, what `pins` of the scenario table narrows. uv installs where there is one,
    otherwise pip.

    Args:
        release: such as `0.13.0`.
        cache: the folder that holds one environment for each release.
        python: the interpreter to make the environment with.

    Raises:
        InstallationError: no such release, or it does not install with this interpreter.
    """
    folder = cache / release
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{release}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two commands that need the same release make it once.
        if not _ready(folder, release):
            _make(folder, release, python)
    return folder / "bin" / "aiperf"


def constraints(release: str) -> str:
    """What an installation of a release is held to, as pip and uv read it."""
    frozen = PINS / f"{release}.txt"
    if frozen.exists():
        return frozen.read_text(encoding="utf-8")
    return "\n".join([_NO_TORCH, *pins(release), ""])


def freeze(release: str, cache: Path) -> Path:
    """Write `pins/<release>.txt` from what is installed for the release; returns its path.

    Raises:
        InstallationError: it is not installed.
    """
    probe = "import importlib.metadata as m; print(*sorted(f'{d.name}=={d.version}' for d in m.distributions()))"
    text = _run([str(cache / release / "bin" / "python"), "-c", probe])
    rows = {row.lower() for row in text.split()}
    left_out = ("aiperf", "aiperf-nightly", "pip", "setuptools", "wheel", "uv")
    kept = sorted(row for row in rows if row.partition("==")[0] not in left_out)
    path = PINS / f"{release}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([_NO_TORCH, *kept, ""]), encoding="utf-8")
    return path


def _ready(folder: Path, release: str) -> bool:
    mark = folder / _MARK
    whole = (folder / "bin" / "aiperf").exists() and mark.exists()
    return whole and mark.read_text(encoding="utf-8") == constraints(release)


def _make(folder: Path, release: str, python: str) -> None:
    """With uv, which is many times faster, or else with pip, which may know an index or a proxy that uv does not."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if uv:
        try:
            _install(folder, release, python, uv)
        except InstallationError as error:
            print(f"uv: {error}\ntrying pip", file=sys.stderr)
        else:
            return
    _install(folder, release, python, None)


def _install(folder: Path, release: str, python: str, uv: str | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    own = str(folder / "bin" / "python")
    venv = [uv, "venv", "--quiet", "--no-python-downloads", "--python", python] if uv else [python, "-m", "venv"]
    _run([*venv, str(folder)])
    wanted = folder / "wanted.txt"
    wanted.write_text(constraints(release), encoding="utf-8")
    install = [uv, "pip", "install", "--python", own] if uv else [own, "-m", "pip", "--no-input", "install"]
    _run([*install, "--quiet", "--constraint", str(wanted), requirement(release)])
    wanted.rename(folder / _MARK)


def _run(command: list[str]) -> str:
    """What a command prints."""
    try:
        # A machine's own certificates are where its proxies are.
        done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "UV_SYSTEM_CERTS": "1"})
    except OSError as error:
        raise InstallationError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if "WARNING" not in line]
        raise InstallationError("\n".join([f"{shlex.join(command)} failed:", *lines[-12:]]))
    return done.stdout.decode()
