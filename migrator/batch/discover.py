"""Find the files that a command line names, one at a time: a tree of any size takes no memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from migrator.errors import MigratorError, UnreadableError
from migrator.jsonfile import unreadable

STDIN: Final = "-"


class Source(NamedTuple):
    """One file to look at.

    `relative` is its place below the folder that was named, which an output tree mirrors. `named` tells a file that
    the user named from one found in a folder: only of the first is anything expected. `error` says that a folder
    could not be read.
    """

    path: str
    relative: str
    named: bool
    error: MigratorError | None = None


def discover(paths: Sequence[str], avoid: str | None = None) -> Iterator[Source]:
    """The files behind `paths`, in order; folders give every `*.json` below them, sorted within each folder.

    Hidden folders and symbolic links to folders are not entered, and neither is `avoid`, the output folder.
    """
    away = os.path.realpath(avoid) if avoid else None
    folders = sum(path != STDIN and os.path.isdir(path) for path in paths)
    for path in paths:
        if path == STDIN or not os.path.isdir(path):
            yield Source(path, os.path.basename(path), named=True)
            continue
        # As `cp -r` does it: one folder is mirrored itself, several keep their names apart.
        base = os.path.basename(os.path.abspath(path)) if folders > 1 else ""
        yield from _walk(path, base, away)


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


def _walk(folder: str, relative: str, away: str | None) -> Iterator[Source]:
    # Not recursive: a tree may be deeper than calls can be.
    pending = [(folder, relative, True)]
    while pending:
        path, below, is_folder = pending.pop()
        if not is_folder:
            yield Source(path, below, named=False)
            continue
        try:
            with os.scandir(path) as entries:
                listed = sorted(entries, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            yield Source(path, below, named=True, error=_folder_error(error, path))
            continue
        for entry in listed:
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith(".") and (away is None or os.path.realpath(entry.path) != away):
                    pending.append((entry.path, os.path.join(below, entry.name), True))
            elif entry.name.lower().endswith(".json"):
                pending.append((entry.path, os.path.join(below, entry.name), False))


def _folder_error(error: OSError, folder: str) -> UnreadableError:
    found = unreadable(error, folder)
    found.found = found.found.replace("cannot be read", "the folder cannot be read")
    return found
