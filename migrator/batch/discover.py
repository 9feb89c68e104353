"""Find the files that a command line names, one at a time: a tree of any size takes no memory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Final

from migrator import stores
from migrator.aiperf.records import RECORDS, only_records
from migrator.errors import MigratorError, UnreadableError
from migrator.files.disk import STANDARD, unreadable
from migrator.files.packed import EXPORT_SUFFIXES, LINES_SUFFIXES, TEXT_SUFFIXES
from migrator.stores import is_url
from migrator.values import NamedTuple
from migrator.writing import RESIDUE_SUFFIX


class Source(NamedTuple):
    """One file of the input.

    `relative` is its place below the folder that the user named, which an output tree mirrors. `named` is set for a
    file that the user named, in contrast to one found in a folder: it must be an export. `error` is set for a folder
    that could not be read. `done` is the digest of what an interrupted batch has written for the file, or empty.
    `residues` is False if there cannot be a residue beside it. `changed` is its time of modification in seconds since
    1970, if a listing told it. `kept` is where the original is, if it is not at `path` any more.
    """

    path: str
    relative: str
    named: bool
    error: MigratorError | None = None
    done: str = ""
    residues: bool = True
    changed: float | None = None
    kept: str = ""


class Names(Enum):
    """Which files of a folder are found, by their names."""

    JSON = "json"
    """`*.json`, also compressed: exports can have any such name."""
    MIGRATED = "migrated"
    """These, and the records of GPU telemetry, under the names that AIPerf gives them."""
    RUN = "run"
    """`*.json` and `*.jsonl`, also compressed, and the results and logs that AIPerf writes as text."""
    ALL = "all"
    """Every file that is not hidden."""

    def have(self, name: str) -> bool:
        """Whether a file of this name is found."""
        name = name.lower()
        if name.endswith(EXPORT_SUFFIXES):
            return True
        if self is Names.MIGRATED:
            return ".jsonl" in name and re.search(_TELEMETRY, name) is not None
        if self is Names.RUN:
            return name.endswith(LINES_SUFFIXES) or is_text_of_run(name)
        return self is Names.ALL and not name.startswith(".")


def is_text_of_run(name: str) -> bool:
    """Whether a file is a text that AIPerf writes beside an export, by its name without folders."""
    return name.endswith(TEXT_SUFFIXES) and re.search(_TEXT_OF_RUN, name) is not None


def is_alone(source: Source) -> bool:
    """Whether a file has the records of a run, and there is no export beside it: only `rebuild` makes one of it."""
    folder, _, name = source.path.rpartition("/")
    if name != RECORDS or is_url(source.path):
        return False
    try:
        return only_records(os.listdir(folder or "."))
    except OSError:
        return False


_TEXT_OF_RUN: Final = r"profile_export|server_metrics|gpu_telemetry|aiperf"
_TELEMETRY: Final = r"gpu_telemetry(_export)?\.jsonl(\.gz|\.zst)?$"
"""`gpu_telemetry_export.jsonl`, and `PREFIX_gpu_telemetry.jsonl` where the run had a prefix for its files."""

Skip = Callable[[str, str, bool], bool]
"""Tells whether something is left out, by its path, its place below the named folder, and whether it is a folder."""


def discover(
    paths: Sequence[str], avoid: Iterable[str | None] = (), skip: Skip | None = None, names: Names = Names.JSON
) -> Iterator[Source]:
    """The files that `paths` name, in order. A folder gives every `*.json` below it, sorted within each folder.

    Compressed files (`*.json.gz`, `*.json.zst`) are included, and the records of a run that has no export.
    Hidden folders and symbolic links to folders are not entered.

    Args:
        paths: files and folders, as paths or URLs. A URL that is a prefix of other names is a folder.
        avoid: folders that are not entered and files that are left out: those that the batch itself writes.
        skip: tells what else is left out.
        names: which files of a folder are meant.
    """
    avoided = {_real(name) for name in avoid if name}
    folders = {path for path in paths if is_folder(path)}
    for path in paths:
        if path not in folders:
            yield Source(path, os.path.basename(path), named=True)
            continue
        # As `cp -r` does it: one folder is mirrored itself, several keep their names apart.
        base = stores.base_name(path) if len(folders) > 1 else ""
        yield from _walk(path, base, avoided, skip, names)


def is_folder(path: str) -> bool:
    """Whether a path or URL of the command line is a folder.

    A store is asked only if the name does not tell, because each answer takes long. If it does not answer, the result
    is False, and the error comes when the file is read.
    """
    if path == STANDARD:
        return False
    if is_url(path) and (path.endswith("/") or path.lower().endswith(EXPORT_SUFFIXES)):
        return path.endswith("/")
    try:
        return stores.is_folder(path)
    except UnreadableError:
        return False


def same_folder(one: str, other: str) -> bool:
    """Whether two names lead to the same folder; False if one of them does not exist."""
    if is_url(one) or is_url(other):
        return one.rstrip("/") == other.rstrip("/")
    return os.path.isdir(one) and os.path.isdir(other) and os.path.samefile(one, other)


def _real(folder: str) -> str:
    return folder.rstrip("/") if is_url(folder) else os.path.realpath(folder)


def clash(paths: Sequence[str]) -> tuple[str, str] | None:
    """Two of `paths` that would have the same place in an output folder; None if there are none."""
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
"""A name in a folder, with a slash at the end for a folder, and its time of modification, if it is known already."""


def _walk(folder: str, relative: str, avoided: set[str], skip: Skip | None, wanted: Names) -> Iterator[Source]:
    # Not recursive: a tree may be deeper than the stack. Only the names of one folder and those above are in memory.
    open_folders: list[tuple[str, str, list[_Name], bool]] = []
    path, below = folder, relative
    far = is_url(folder)
    joined = stores.join if far else os.path.join
    while True:
        try:
            names, residues = _names(path, avoided, wanted)
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


def _names(folder: str, avoided: set[str], wanted: Names) -> tuple[list[_Name], bool]:
    """The names in a folder, the last first, and whether there are residues among them."""
    names = _stored(folder, avoided, wanted) if is_url(folder) else _on_disk(folder, avoided, wanted)
    if (RECORDS, None) in names and not wanted.have(RECORDS) and not only_records({name for name, _ in names}):
        # Records beside an export are part of its run; without one, they are all that is left of it.
        names.remove((RECORDS, None))
    names.sort(key=lambda each: each[0].removesuffix("/"), reverse=True)
    # Once for the folder: asking the system for each file would take longer.
    return names, any(name.endswith(RESIDUE_SUFFIX) for name, _ in names)


def _on_disk(folder: str, avoided: set[str], wanted: Names) -> list[_Name]:
    names: list[_Name] = []
    # Only these: the real path of every file would take longer than the listing.
    suspect = {os.path.basename(path) for path in avoided}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in suspect and os.path.realpath(entry.path) in avoided:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith("."):
                    names.append((entry.name + "/", None))
            elif wanted.have(entry.name) or entry.name == RECORDS:
                names.append((entry.name, None))
    return names


def _stored(folder: str, avoided: set[str], wanted: Names) -> list[_Name]:
    names: list[_Name] = []
    for item in stores.store_of(folder).items(folder):
        if stores.join(folder, item.name.rstrip("/")) in avoided:
            continue
        if item.folder:
            if not item.name.startswith("."):
                names.append((item.name.rstrip("/") + "/", None))
        elif wanted.have(item.name) or "/" in item.name:
            names.append((item.name, item.changed))
    return names


def _misnamed(path: str, name: str) -> MigratorError | None:
    """The error for an object whose name would lead a mirrored tree out of its folder, None for others."""
    if is_url(path) and ("/" in name or name in (".", "..")):
        return UnreadableError("has a name that no folder can hold", hint="name it on its own", file=path)
    return None


def _folder_error(error: OSError, folder: str) -> UnreadableError:
    found = unreadable(error, folder)
    found.found = found.found.replace("cannot be read", "the folder cannot be read")
    return found
