"""Does `aiperf plot` draw as much from converted exports as from native ones? It needs chromium on the path.

The exit code of the command is 0 even if it saves nothing, so the pictures are counted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from golden.provenance import EXPORTS
from golden.record.environment import aiperf
from golden.update import EXPORT_FILE
from oracle.convert import convert_tree

RELEASE: Final = "0.13.0"
RECORDS: Final = "profile_export.jsonl"
"""The file of records beside an export; `aiperf plot` takes only folders that have both."""
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")


def browser() -> str | None:
    """The path of the first browser found, which draws the plots; None if there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def plots(cache: Path) -> dict[str, Any]:
    """Names of the pictures: `{"native": […], "converted": […], "runs": how many converted runs}`.

    Raises:
        InstallationError: the release cannot be installed.
        CalledProcessError: `aiperf plot` or the conversion failed.
    """
    command = aiperf(RELEASE, cache)
    runs = [path.parent for path in sorted(EXPORTS.rglob(RECORDS)) if (path.parent / EXPORT_FILE).exists()]
    native = [run for run in runs if run.is_relative_to(EXPORTS / RELEASE)]
    older = [run for run in runs if run not in native]
    with tempfile.TemporaryDirectory(prefix="aiperf-plots-") as name:
        folder = Path(name)
        convert_tree(EXPORTS, RELEASE, folder / "tree")
        for run in native:
            _copy(folder / "native", run, run)
        for run in older:
            _copy(folder / "converted", run, folder / "tree" / run.relative_to(EXPORTS))
        drawn = {kind: _draw(command, folder, kind) for kind in ("native", "converted")}
    return {**drawn, "runs": len(older)}


def _copy(folder: Path, run: Path, exported: Path) -> None:
    place = folder / "-".join(run.relative_to(EXPORTS).parts)
    place.mkdir(parents=True)
    shutil.copyfile(run / RECORDS, place / RECORDS)
    shutil.copyfile(exported / EXPORT_FILE, place / EXPORT_FILE)


def _draw(command: Path, folder: Path, kind: str) -> list[str]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8"}
    environment |= {"BROWSER_PATH": browser() or "", "DO_NOT_TRACK": "1"}
    words = [str(command), "plot", "--paths", str(folder / kind)]
    subprocess.run(words, env=environment, cwd=folder, check=True, capture_output=True)
    return sorted(path.name for path in (folder / kind).rglob("*.png"))
