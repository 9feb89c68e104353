"""The other families that are migrated: time slices, records of GPU telemetry, exports of GenAI-Perf.

Each family is a matrix of its own: what releases wrote, as it is and converted for every loader.
"""

from __future__ import annotations

import copy
import json
import shutil
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from golden.provenance import EXPORTS
from golden.record.scenarios import release_key
from golden.update import GENAI_PERF_FILE
from oracle.convert import convert_tree
from oracle.edited import place

MORE: Final = EXPORTS.parent / "beside"
"""Recordings of releases whose exports are in the corpus without them."""
GENAI_PERF: Final = "GenAI-Perf"
FILES: Final = {
    "time slices": "profile_export_aiperf_timeslices.json",
    "GPU telemetry": "gpu_telemetry_export.jsonl",
    GENAI_PERF: GENAI_PERF_FILE,
}
"""Family → how its files are called."""
PREDECESSOR: Final = Path(__file__).parent / "genai_perf.toml"
_RECORDED: Final = EXPORTS / "genai-perf-0.0.16" / "chat-streaming" / GENAI_PERF_FILE
_NANOSECONDS: Final = 1_000_000
"""In a millisecond."""


class Name(NamedTuple):
    """A file of a matrix: its family, and its row."""

    family: str
    row: str


@cache
def sources() -> dict[Name, Path]:
    """Every recording, oldest first; of GenAI-Perf, the one that its rows are made of."""
    found = {Name(family, row): path for family in FILES if family != GENAI_PERF for row, path in _recorded(family)}
    return found | {Name(GENAI_PERF, export["name"]): _RECORDED for export in _edits()}


def _recorded(family: str) -> list[tuple[str, Path]]:
    found = {}
    for folder in (EXPORTS, MORE):
        for path in folder.rglob(FILES[family]):
            found["/".join(path.relative_to(folder).parent.parts)] = path
    return sorted(found.items(), key=lambda each: (release_key(each[0].partition("/")[0]), each[0]))


@cache
def _edits() -> tuple[dict[str, Any], ...]:
    with open(PREDECESSOR, "rb") as file:
        return tuple(tomllib.load(file)["export"])


def originals(folder: Path) -> dict[Name, Path]:
    """Write every file below `folder`, as its release wrote it: name → path."""
    found = {}
    exports = {export["name"]: export for export in _edits()}
    for number, (name, recorded) in enumerate(sources().items()):
        path = found[name] = folder / str(number) / FILES[name.family]
        path.parent.mkdir(parents=True)
        if name.family == GENAI_PERF:
            path.write_text(json.dumps(_genai_perf(exports[name.row]), indent=2), encoding="utf-8")
        else:
            shutil.copyfile(recorded, path)
    return found


def converted(release: str, originals: dict[Name, Path], out: Path) -> tuple[dict[Name, Path], dict[Name, str]]:
    """Convert all of them for a release.

    Args:
        release: which release they are for.
        originals: the files, in one folder with nothing else.
        out: where they are written.

    Returns:
        name → the file that was written, without those that this release does not write; name → why the tool refused.
    """
    folder = next(iter(originals.values())).parents[1]
    refused = convert_tree(folder, release, out)
    places = {name: path.relative_to(folder) for name, path in originals.items()}
    return (
        {name: out / place for name, place in places.items() if (out / place).exists()},
        {name: refused[str(place)] for name, place in places.items() if str(place) in refused},
    )


def genai_perf() -> Iterator[tuple[str, dict[str, Any]]]:
    """(row, export) of every export of GenAI-Perf."""
    for export in _edits():
        yield export["name"], _genai_perf(export)


def _genai_perf(edit: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_RECORDED.read_bytes())
    config = document.pop("input_config")
    for tag, unit in edit.get("units", {}).items():
        block = document[tag] | {"unit": unit}
        if unit == "ns":
            block |= {key: value * _NANOSECONDS for key, value in block.items() if key != "unit"}
        document[tag] = block
    for tag in edit.get("leave", ()):
        del document[tag]
    names = edit.get("rename", {})
    document = {names.get(tag, tag): block for tag, block in document.items()}
    for field, value in edit.get("set", {}).items():
        node, name = place(config, field)
        node[name] = copy.deepcopy(value)
    return {**document, **edit.get("add", {}), "input_config": edit.get("flat", config)}
