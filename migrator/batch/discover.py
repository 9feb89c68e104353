"""Find the files that a command line names, one at a time: a tree of any size takes no memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from migrator.errors import MigratorError, UnreadableError
from migrator.jsonfile import unreadable
from migrator.packed import EXPORT_SUFFIXES

STDIN: Final = "-"
RESIDUE_SUFFIX: Final = ".residue.json"
"""A residue stands beside its document, under the document's whole name and this."""


class Source(NamedTuple):
    """One file to look at.

    `relative` is its place below the folder that was named, which an output tree mirrors. `named` tells a file that
    the user named from one found in a folder: only of the first is anything expected. `error` says that a folder
    could not be read. `done` is the digest of what an interrupted batch has written for it, or nothing. `residues`
    tells whether there can be a residue beside it.
    """

    path: str
    relative: str
    named: bool
    error: MigratorError | None = None
    done: str = ""
    residues: bool = True


Skip = Callable[[str, str, bool], bool]
"""Whether something below a folder is left out: its path, its place below that folder, whether it is a folder."""


def discover(paths: Sequence[str], avoid: Iterable[str | None] = (), skip: Skip | None = None) -> Iterator[Source]:
    """The files behind `paths`, in order; folders give every `*.json` below them, sorted within each folder.

    Compressed ones (`*.json.gz`, `*.json.zst`) are among them. Hidden folders and symbolic links to folders are not
    entered, and neither are those to `avoid`, for outputs and backups, and what `skip` leaves out.
    """
    away = {os.path.realpath(folder) for folder in avoid if folder}
    folders = sum(path != STDIN and os.path.isdir(path) for path in paths)
    for path in paths:
        if path == STDIN or not os.path.isdir(path):
            yield Source(path, os.path.basename(path), named=True)
            continue
        # As `cp -r` does it: one folder is mirrored itself, several keep their names apart.
        base = os.path.basename(os.path.abspath(path)) if folders > 1 else ""
        yield from _walk(path, base, away, skip)


def clash(paths: Sequence[str]) -> tuple[str, str] | None:
    """Two of `paths` that an output folder would have to keep in the same place, if there are any."""
    folders = {path for path in paths if path != STDIN and os.path.isdir(path)}
    taken: dict[str, str] = {}
    for path in paths:
        if path in folders:
            if len(folders) == 1:
                continue
            name = os.path.basename(os.path.abspath(path))
        else:
            name = os.path.basename(path)
            if len(folders) == 1 and os.path.lexists(os.path.join(*folders, name)):
                return min(folders), path
        if name in taken:
            return taken[name], path
        taken[name] = path
    return None


def _walk(folder: str, relative: str, away: set[str], skip: Skip | None) -> Iterator[Source]:
    # Not recursive: a tree may be deeper than calls can be. In memory are the names in one folder and those above it.
    open_folders: list[tuple[str, str, list[str], bool]] = []
    path, below = folder, relative
    while True:
        try:
            names, residues = _names(path, away)
            if skip:
                names = [name for name in names if not _skipped(skip, folder, os.path.join(path, name))]
            open_folders.append((path, below, names, residues))
        except OSError as error:
            yield Source(path, below, named=True, error=_folder_error(error, path))
        while open_folders:
            inside, under, names, residues = open_folders[-1]
            if not names:
                open_folders.pop()
                continue
            name = names.pop()
            path, below = os.path.join(inside, name), os.path.join(under, name)
            if name.endswith("/"):
                path, below = path[:-1], below[:-1]
                break
            yield Source(path, below, named=False, residues=residues)
        else:
            return


def _skipped(skip: Skip, folder: str, path: str) -> bool:
    whole = path.removesuffix("/")
    return skip(whole, os.path.relpath(whole, folder), whole != path)


def _names(folder: str, away: set[str]) -> tuple[list[str], bool]:
    """What to look at in a folder, the last first, and whether there are residues among it.

    Folders end in a slash, which no name can.
    """
    names = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith(".") and not (away and os.path.realpath(entry.path) in away):
                    names.append(entry.name + "/")
            elif entry.name.lower().endswith(EXPORT_SUFFIXES):
                names.append(entry.name)
    names.sort(key=lambda name: name.removesuffix("/"), reverse=True)
    # Once for a folder, and not by asking the system for each file in it.
    return names, any(name.endswith(RESIDUE_SUFFIX) for name in names)


def _folder_error(error: OSError, folder: str) -> UnreadableError:
    found = unreadable(error, folder)
    found.found = found.found.replace("cannot be read", "the folder cannot be read")
    return found
