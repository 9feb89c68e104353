"""Exports of an old release in folders of their own, each of a run of its own: what a user would upgrade."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from support.process import export

OLD: Final = "0.4.0/chat-streaming"


def old_export(number: int) -> bytes:
    """The export of a run of that number: no two are copies of one."""
    return export(OLD).read_bytes().replace(_IDENTIFIER, b"f0f07d20-27ba-45e7-a532-%012d" % number)


_IDENTIFIER: Final = b"f0f07d20-27ba-45e7-a532-9df202e60e20"


def runs(folder: Path, count: int) -> list[Path]:
    """Some exports that need a migration, as `0000/profile_export_aiperf.json` and so on."""
    paths = []
    for number in range(count):
        path = folder / f"{number:04}" / "profile_export_aiperf.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(old_export(number))
        paths.append(path)
    return paths


def version(path: Path) -> str:
    """The label of a file."""
    return str(json.loads(path.read_bytes()).get("schema_version"))
