"""Which releases and nightly builds of AIPerf the package index has, and their wheels."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from migrator.aiperf.releases import age, requirement

_PACKAGES: Final = ("aiperf", "aiperf-nightly")


def newest() -> list[str]:
    """The newest release and the newest nightly build.

    Raises:
        RuntimeError: the index cannot be asked.
    """
    found = []
    for package in _PACKAGES:
        answer = _pip("index", "versions", package, *(["--pre"] if "nightly" in package else []))
        listed = re.search(r"Available versions: (.*)", answer)
        names = [name for name in (listed[1].split(", ") if listed else []) if re.match(r"\d+\.\d+\.\d+", name)]
        found += [max(names, key=age)] if names else []
    if not found:
        raise RuntimeError("the package index has no release of AIPerf")
    return found


def wheel(release: str, folder: Path) -> Path:
    """The wheel of a release, downloaded and not installed.

    Raises:
        RuntimeError: the index has none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (there := _of(release, folder)):
        _pip("download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder), requirement(release))
        there = _of(release, folder)
    if not there:
        raise RuntimeError(f"the package index has no wheel of AIPerf {release}")
    return there[0]


def _of(release: str, folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.whl")) if path.name.split("-")[1] == release]


def _pip(*arguments: str) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip failed")
    return done.stdout
