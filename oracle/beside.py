"""Files beside an export, converted for a release: time slices, and the records of GPU telemetry."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Final

from golden.provenance import EXPORTS
from oracle.convert import convert_tree

MORE: Final = EXPORTS.parent / "beside"
"""Recordings of releases whose exports are in the corpus without them."""
NAMES: Final = ("profile_export_aiperf_timeslices.json", "gpu_telemetry_export.jsonl")


@cache
def sources() -> dict[str, Path]:
    """Name → file of every recording: `0.13.0/gpu_telemetry_export.jsonl`."""
    found = sorted(path for folder in (EXPORTS, MORE) for name in NAMES for path in folder.rglob(name))
    return {
        f"{path.relative_to(EXPORTS if EXPORTS in path.parents else MORE).parts[0]}/{path.name}": path for path in found
    }


def converted(release: str, folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Convert all of them for a release.

    Args:
        release: which release they are for.
        folder: where they are written, in a folder of their own.

    Returns:
        name → the file that was written, without those that this release does not write; name → why the tool refused.
    """
    originals, out = folder / "beside-original", folder / "beside"
    for name, path in sources().items():
        (originals / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, originals / name)
    refused = convert_tree(originals, release, out)
    return {name: out / name for name in sources() if (out / name).exists()}, refused
