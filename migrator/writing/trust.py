"""Whether a journal may be believed: undo writes, replaces and removes what a journal says, so anybody's would do.

A batch writes exports, residues and records below the places that its command line named, and keeps the originals
beside them or in a folder that the command line named. A journal that says anything else was not written by a batch,
or was damaged.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import Final

from migrator.stores import is_url
from migrator.writing import RESIDUE_SUFFIX
from migrator.writing.entries import Entry

_ENDINGS: Final = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".json.zst", ".jsonl.zst", ".csv", ".log")
"""How the names end of what a batch writes, unless it was told another name, or copies all files."""


def doubt(entry: Entry, roots: Collection[str] | None, *, copies: bool = False) -> str | None:
    """Why a batch cannot have written an entry; None if it can.

    Args:
        entry: what the journal says.
        roots: the files, folders and URLs that the batch was to write below; None for a journal that names none. A set,
            where there may be many.
        copies: whether the batch was to copy all files, whatever their names.
    """
    target = entry.path.removesuffix(RESIDUE_SUFFIX)
    for name in (entry.path, *entry.folders, *([entry.backup] if entry.backup else [])):
        if not _is_normal(name):
            return f"a batch names no such path: {name}"
    if not entry.path.lower().endswith(_ENDINGS) and not _is_made(entry, target, roots or (), copies=copies):
        return "a batch writes no file of such a name"
    beside = entry.backup is not None and _is_beside(entry.backup, entry.path)
    if entry.backup is not None and not beside and not _is_named_alike(entry.backup, entry.path):
        return f"a batch keeps no original under such a name: {entry.backup}"
    if roots is None:
        return None
    if not _below(target, roots):
        return "is not below the folders that the journal names"
    if entry.backup is not None and not beside and not _below(entry.backup, roots):
        return f"its backup is not below the folders that the journal names: {entry.backup}"
    for folder in entry.folders:
        if not any(name and name.startswith(_inside(folder)) for name in (entry.path, entry.backup)):
            return f"a batch makes no such folder for it: {folder}"
    return None


def _is_made(entry: Entry, target: str, roots: Collection[str], *, copies: bool) -> bool:
    """Whether a batch may have written a file of any name: the one that it was told, or a copy among all files.

    A file that the journal names as a root is one that the user named. Hidden files are never taken for either.
    """
    if os.path.basename(entry.path).startswith("."):
        return False
    return target in roots or (copies and entry.backup is None)


def _is_normal(name: str) -> bool:
    """Whether a name is absolute, without `..` and the like."""
    if is_url(name):
        return not {"", ".", ".."}.intersection(name.partition("://")[2].split("/"))
    return os.path.isabs(name) and os.path.normpath(name) == name


def _is_beside(backup: str, path: str) -> bool:
    return backup.startswith(path) and len(backup) > len(path) and "/" not in backup.removeprefix(path)


def _is_named_alike(backup: str, path: str) -> bool:
    """Whether a backup in another folder begins with the name of its original."""
    return os.path.basename(backup).startswith(os.path.basename(path))


def _below(name: str, roots: Collection[str]) -> bool:
    return name in roots or any(
        _is_still_in(folder, name) for folder in _above(name) if folder in roots or _inside(folder) in roots
    )


def _above(name: str) -> Iterator[str]:
    """The folders that a name is in, the nearest first; of a URL those of its store."""
    store, mark, path = name.rpartition("://") if is_url(name) else ("", "", name)
    while "/" in path:
        path = path.rpartition("/")[0]
        yield f"{store}{mark}{path}" or "/"


def _is_still_in(folder: str, name: str) -> bool:
    """Whether a name below a folder leads into it: a folder may have become a link since the batch."""
    real = _inside(os.path.realpath(os.path.dirname(name)))
    return is_url(name) or real.startswith(_inside(os.path.realpath(folder)))


def _inside(folder: str) -> str:
    return folder.rstrip("/") + "/"


def roots_of(entries: Iterator[Entry]) -> list[tuple[str, int]]:
    """The folders that a journal writes to, each with how many of its files are directly in it, sorted."""
    counts: dict[str, int] = {}
    for entry in entries:
        folder = entry.path.rpartition("/")[0]
        counts[folder] = counts.get(folder, 0) + 1
    return sorted(counts.items())
