"""Exports of an old release in folders of their own: what a user would upgrade."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from support.process import export

OLD: Final = "0.4.0/chat-streaming"


def runs(folder: Path, count: int) -> list[Path]:
    """Some exports that need a migration, as `0000/profile_export_aiperf.json` and so on."""
    paths = []
    for number in range(count):
        path = folder / f"{number:04}" / "profile_export_aiperf.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(export(OLD).read_bytes())
        paths.append(path)
    return paths


def version(path: Path) -> str:
    """The label of a file."""
    return str(json.loads(path.read_bytes()).get("schema_version"))
