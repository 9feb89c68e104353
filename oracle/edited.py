"""Recorded exports whose configuration was edited so that its fields conflict: does a release read them, too?"""

from __future__ import annotations

import copy
import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from oracle import corpus
from oracle.convert import convert

EDITS: Final = Path(__file__).parent / "edited.toml"


class Edited(NamedTuple):
    """An edited export. `name` tells the export and the edits."""

    name: str
    document: dict[str, Any]


@cache
def edited() -> tuple[Edited, ...]:
    """The exports of `edited.toml`."""
    with open(EDITS, "rb") as file:
        return tuple(_edit(edit) for edit in tomllib.load(file)["edit"])


def converted(release: str, folder: Path) -> tuple[dict[str, Path], int, dict[str, str]]:
    """Convert all of them for a release.

    Returns:
        name → the file that was written below `folder`; how many were written without a configuration, because
        nothing of it could stay; name → why the tool refused.
    """
    files: dict[str, Path] = {}
    refused: dict[str, str] = {}
    without_config = 0
    for index, export in enumerate(edited()):
        done, why = convert(export.document, release)
        if done is None:
            refused[export.name] = why
            continue
        without_config += "input_config" not in done
        files[export.name] = folder / f"edited-{index}.json"
        files[export.name].write_text(json.dumps(done), encoding="utf-8")
    return files, without_config, refused


def _edit(edit: dict[str, Any]) -> Edited:
    release, _, scenario = edit["of"].partition("/")
    document = copy.deepcopy(corpus.document(release, scenario))
    for field in edit.get("leave", ()):
        node, name = place(document["input_config"], field)
        node.pop(name, None)
    fields = {**dict.fromkeys(edit.get("null", ())), **edit.get("set", {})}
    for field, value in fields.items():
        node, name = place(document["input_config"], field)
        node[name if isinstance(node, dict) else int(name)] = copy.deepcopy(value)
    told = [f"without {field}" for field in edit.get("leave", ())]
    told += [f"{field} = {json.dumps(value)}" for field, value in fields.items()]
    return Edited(f"{edit['of']}, {', '.join(told)}", document)


def place(node: Any, field: str) -> tuple[Any, str]:
    """The object that a field is in, made if need be, and its name there."""
    *above, name = field.split(".")
    for part in above:
        node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
    return node, name
