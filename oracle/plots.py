"""Does `aiperf plot` draw as much from converted folders as from native ones? It needs chromium on the path.

A release draws its own folder, and those of the others: as they are, and converted for it with all their files. The
time slices come from the CSV, GPUs from the records of telemetry. 0.13.0 also compares several runs with each other.
The exit code of the command is 0 even if it saves nothing, so the pictures are counted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from golden.provenance import EXPORT_FILE, EXPORTS
from golden.record.environment import aiperf
from oracle import corpus
from oracle.convert import convert_tree

RELEASE: Final = "0.13.0"
"""Compares several runs."""
SCENARIO: Final = "folder"
"""The scenario whose whole folders were recorded."""
RECORDS: Final = "profile_export.jsonl"
"""The file of records beside an export; `aiperf plot` takes only folders that have both."""
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
CONCURRENCY: Final = 2


def browser() -> str | None:
    """The path of the first browser found, which draws the plots; None if there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def plots(cache: Path) -> dict[str, Any]:
    """Names of the pictures that are drawn.

    Returns:
        `folders`: release that draws → release that wrote → `{"as_is": […], "converted": […]}`, of its own folder the
        former alone; `runs`: the pictures of several runs, `{"native": […], "converted": […], "runs": how many
        converted runs}`.

    Raises:
        InstallationError: a release cannot be installed.
        CalledProcessError: `aiperf plot` or the conversion failed.
    """
    releases = corpus.releases_of(SCENARIO)
    pairs = [(reader, writer) for reader in releases for writer in releases]
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        drawn = list(pool.map(lambda pair: _of_folder(*pair, cache), pairs))
    folders: dict[str, dict[str, Any]] = {reader: {} for reader in releases}
    for (reader, writer), found in zip(pairs, drawn, strict=True):
        folders[reader][writer] = found
    return {"folders": folders, "runs": _of_runs(cache)}


def fewer(found: dict[str, Any]) -> list[str]:
    """What is drawn from native files and not from converted ones, in words."""
    told = []
    for reader, writers in found["folders"].items():
        for writer, drawn in writers.items():
            gone = [name for name in writers[reader]["as_is"] if name not in drawn.get("converted", drawn["as_is"])]
            told += [f"{reader} does not draw {name} of {writer}" for name in gone]
    native, converted = found["runs"]["native"], found["runs"]["converted"]
    return told + [f"{RELEASE} does not draw {name} of several runs" for name in native if name not in converted]


def _of_folder(reader: str, writer: str, cache: Path) -> dict[str, list[str]]:
    """What a release draws from the folder that another one wrote."""
    command = aiperf(reader, cache)
    recorded = EXPORTS / writer / SCENARIO
    with tempfile.TemporaryDirectory(prefix="aiperf-plots-") as name:
        folder = Path(name)
        shutil.copytree(recorded, folder / "as_is")
        kinds = ["as_is"]
        if reader != writer:
            convert_tree(recorded, reader, folder / "converted", all_files=True)
            kinds.append("converted")
        return {kind: _draw(command, folder, kind) for kind in kinds}


def _of_runs(cache: Path) -> dict[str, Any]:
    """What `RELEASE` draws to compare runs, its own, and those of older releases."""
    command = aiperf(RELEASE, cache)
    exports = [path.parent for path in sorted(EXPORTS.rglob(RECORDS)) if (path.parent / EXPORT_FILE).exists()]
    runs = [run for run in exports if run.name != SCENARIO]
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
