"""Find the files that a command line names, one at a time: a tree of any size takes no memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from migrator import stores
from migrator.errors import MigratorError, UnreadableError
from migrator.files.disk import unreadable
from migrator.files.packed import EXPORT_SUFFIXES
from migrator.stores import is_url
from migrator.writing import RESIDUE_SUFFIX

STDIN: Final = "-"


class Source(NamedTuple):
    """One file to look at.

    `relative` is its place below the folder that was named, which an output tree mirrors. `named` tells a file that
    the user named from one found in a folder: only of the first is anything expected. `error` says that a folder
    could not be read. `done` is the digest of what an interrupted batch has written for it, or nothing. `residues`
    tells whether there can be a residue beside it. `changed` is its time of modification, where a listing told it:
    seconds since 1970.
    """

    path: str
    relative: str
    named: bool
    error: MigratorError | None = None
    done: str = ""
    residues: bool = True
    changed: float | None = None


Skip = Callable[[str, str, bool], bool]
"""Whether something below a folder is left out: its path, its place below that folder, whether it is a folder."""


def discover(paths: Sequence[str], avoid: Iterable[str | None] = (), skip: Skip | None = None) -> Iterator[Source]:
    """The files behind `paths`, in order; folders give every `*.json` below them, sorted within each folder.

    Compressed ones (`*.json.gz`, `*.json.zst`) are among them. Hidden folders and symbolic links to folders are not
    entered, and neither are those to `avoid`, for outputs and backups. Files to `avoid`, which the batch itself writes,
    are left out, and so is what `skip` leaves out. Of a URL, a folder is what its store has below it.
    """
    away = {_real(name) for name in avoid if name}
    folders = {path for path in paths if is_folder(path)}
    for path in paths:
        if path not in folders:
            yield Source(path, os.path.basename(path), named=True)
            continue
        # As `cp -r` does it: one folder is mirrored itself, several keep their names apart.
        base = stores.base_name(path) if len(folders) > 1 else ""
        yield from _walk(path, base, away, skip)


def is_folder(path: str) -> bool:
    """Whether what a command line names is a folder.

    A store is only asked where the name of a URL does not tell: a thousand named objects would be a thousand waits.
    What it will not talk about is told when it is read.
    """
    if path == STDIN:
        return False
    if is_url(path) and (path.endswith("/") or path.lower().endswith(EXPORT_SUFFIXES)):
        return path.endswith("/")
    try:
        return stores.is_folder(path)
    except UnreadableError:
        return False


def same_folder(one: str, other: str) -> bool:
    """Whether two names are of the same folder; one that is not there is no other."""
    if is_url(one) or is_url(other):
        return one.rstrip("/") == other.rstrip("/")
    return os.path.isdir(one) and os.path.isdir(other) and os.path.samefile(one, other)


def _real(folder: str) -> str:
    return folder.rstrip("/") if is_url(folder) else os.path.realpath(folder)


def clash(paths: Sequence[str]) -> tuple[str, str] | None:
    """Two of `paths` that an output folder would have to keep in the same place, if there are any."""
    folders = {path for path in paths if is_folder(path)}
    taken: dict[str, str] = {}
    for path in paths:
        if path in folders:
            if len(folders) == 1:
                continue
            name = stores.base_name(path)
        else:
            name = os.path.basename(path)
            if len(folders) == 1 and stores.exists(stores.join(*folders, name)):
                return min(folders), path
        if name in taken:
            return taken[name], path
        taken[name] = path
    return None


_Name = tuple[str, float | None]
"""Something in a folder, and when it was changed, if that is known already. Folders end in a slash, as no name can."""


def _walk(folder: str, relative: str, away: set[str], skip: Skip | None) -> Iterator[Source]:
    # Not recursive: a tree may be deeper than calls can be. In memory are the names in one folder and those above it.
    open_folders: list[tuple[str, str, list[_Name], bool]] = []
    path, below = folder, relative
    far = is_url(folder)
    joined = stores.join if far else os.path.join
    while True:
        try:
            names, residues = _names(path, away)
            if skip:
                names = [each for each in names if not _skipped(skip, folder, stores.join(path, each[0]))]
            open_folders.append((path, below, names, residues))
        except OSError as error:
            yield Source(path, below, named=True, error=_folder_error(error, path))
        except MigratorError as error:
            yield Source(path, below, named=True, error=error)
        while open_folders:
            inside, under, names, residues = open_folders[-1]
            if not names:
                open_folders.pop()
                continue
            name, changed = names.pop()
            path, below = joined(inside, name), os.path.join(under, name)
            if name.endswith("/"):
                path, below = path[:-1], below[:-1]
                break
            wrong = _misnamed(path, name) if far else None
            yield Source(path, below, named=False, residues=residues, changed=changed, error=wrong)
        else:
            return


def _skipped(skip: Skip, folder: str, path: str) -> bool:
    whole = path.removesuffix("/")
    below = whole.removeprefix(folder.rstrip("/") + "/") if is_url(folder) else os.path.relpath(whole, folder)
    return skip(whole, below, whole != path)


def _names(folder: str, away: set[str]) -> tuple[list[_Name], bool]:
    """What to look at in a folder, the last first, and whether there are residues among it."""
    names = _stored(folder, away) if is_url(folder) else _on_disk(folder, away)
    names.sort(key=lambda each: each[0].removesuffix("/"), reverse=True)
    # Once for a folder, and not by asking the system for each file in it.
    return names, any(name.endswith(RESIDUE_SUFFIX) for name, _ in names)


def _on_disk(folder: str, away: set[str]) -> list[_Name]:
    names: list[_Name] = []
    # Asking the system for the real path of every file would take longer than finding it.
    suspect = {os.path.basename(path) for path in away}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in suspect and os.path.realpath(entry.path) in away:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith("."):
                    names.append((entry.name + "/", None))
            elif entry.name.lower().endswith(EXPORT_SUFFIXES):
                names.append((entry.name, None))
    return names


def _stored(folder: str, away: set[str]) -> list[_Name]:
    names: list[_Name] = []
    for item in stores.store_of(folder).items(folder):
        if stores.join(folder, item.name.rstrip("/")) in away:
            continue
        if item.folder:
            if not item.name.startswith("."):
                names.append((item.name.rstrip("/") + "/", None))
        elif item.name.lower().endswith(EXPORT_SUFFIXES) or "/" in item.name:
            names.append((item.name, item.changed))
    return names


def _misnamed(path: str, name: str) -> MigratorError | None:
    """Objects may have names that would lead a mirrored tree out of its folder."""
    if is_url(path) and ("/" in name or name in (".", "..")):
        return UnreadableError("has a name that no folder can hold", hint="name it on its own", file=path)
    return None


def _folder_error(error: OSError, folder: str) -> UnreadableError:
    found = unreadable(error, folder)
    found.found = found.found.replace("cannot be read", "the folder cannot be read")
    return found
