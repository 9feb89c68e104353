"""Convert exports for a release with the tool, as its users call it. Only `_TARGET` knows how it is called."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from migrator.aiperf.releases import release as known
from migrator.errors import MigratorError
from migrator.migration.goal import Goal
from migrator.migration.migrate import Migration, migrate


class _Target(NamedTuple):
    """How a conversion for a release is called: on the command line, and in the library."""

    options: Callable[[str], list[str]]
    call: Callable[[dict[str, Any], str], Migration]


def _version(release: str) -> str:
    found = known(release)
    assert found, f"{release} is older than every known release"
    return found.version


_TARGET: Final = _Target(
    lambda name: ["--for-aiperf", name], lambda data, name: migrate(data, Goal(_version(name), name))
)


def convert(document: dict[str, Any], release: str) -> tuple[dict[str, Any] | None, str]:
    """(the document as that release would have written it, "") or (None, why the tool refused)."""
    try:
        return _TARGET.call(document, release).document, ""
    except MigratorError as error:
        return None, str(error)


def convert_tree(folder: Path, release: str, out: Path, *, all_files: bool = False) -> dict[str, str]:
    """Convert every main export below a folder in one process of the command.

    Args:
        folder: a tree with exports; the command skips other files.
        release: which release they are for.
        out: the folder in which the tree is mirrored.
        all_files: whether the other files of the tree are copied.

    Returns:
        The files that the tool refused: path below `folder` → why.

    Raises:
        CalledProcessError: the command did not report on every file.
    """
    command = [sys.executable, "-m", "migrator", "convert", str(folder), "-d", str(out), "--json"]
    options = [*_TARGET.options(release), *(["--all-files"] if all_files else [])]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    try:
        rows = [json.loads(line) for line in done.stdout.splitlines()]
    except json.JSONDecodeError:
        rows = []
    if not rows:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    failed = (row for row in rows if row["status"] == "failed")
    return {str(Path(row["file"]).relative_to(folder)): _reason(row["error"]) for row in failed}


def _reason(error: dict[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in error.items() if key not in ("file", "hint"))
