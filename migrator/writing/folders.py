"""Folders for outputs and backups, made where they are missing."""

from __future__ import annotations

import os
from typing import Final

from migrator.errors import UnwritableError
from migrator.files.disk import sync_folder, unwritable
from migrator.files.temporary import clear_left

_MOST: Final = 10_000
"""Folders to remember: more than a tree usually has."""


class Folders:
    """The folders that a batch writes to. Each is made, or found to exist, once, and not for each file again.

    What killed processes left unfinished in one that exists is removed then.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._cleared: set[str] = set()

    def make(self, folder: str, within: str | None = None, *, sync: bool = False) -> None:
        """As [`make_folder`][], unless that was done before."""
        if folder in self._known:
            return
        make_folder(folder, within, sync=sync)
        self.clear(folder)
        if len(self._known) > _MOST:
            self._known.clear()
        self._known.add(folder)

    def clear(self, folder: str) -> None:
        """Remove what killed processes left unfinished in a folder, once."""
        if folder in self._cleared:
            return
        clear_left(folder)
        if len(self._cleared) > _MOST:
            self._cleared.clear()
        self._cleared.add(folder)

    def missing(self, folder: str) -> tuple[str, ...]:
        """The absolute names of the folders that [`make`][] would make, the innermost last."""
        return () if folder in self._known else _missing(folder)


def _missing(folder: str) -> tuple[str, ...]:
    """The absolute names of the folders that do not exist of those that lead to one, the innermost last."""
    missing: list[str] = []
    folder = os.path.abspath(folder)
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    return tuple(reversed(missing))


def make_folder(folder: str, within: str | None = None, *, sync: bool = False) -> None:
    """Make a folder, and those above it, unless it exists; the empty name is the working directory.

    Args:
        folder: the folder.
        within: a folder that no symbolic link may lead out of; None for anywhere.
        sync: whether to wait until the disk has the names of those that are made.

    Raises:
        UnwritableError: a part of its path is a file, or may not be written to; or a symbolic link leads out of
            `within`.
    """
    if not folder:
        return
    missing = _missing(folder) if sync else ()
    try:
        os.makedirs(folder, exist_ok=True)
        for made in missing:
            sync_folder(os.path.dirname(made))
    except FileExistsError as error:
        raise UnwritableError("is a file", expected="a folder for the output", file=error.filename) from error
    except OSError as error:
        raise unwritable(error, folder) from error
    if within:
        root, real = os.path.realpath(within), os.path.realpath(folder)
        if os.path.commonpath((root, real)) != root:
            raise UnwritableError(
                "leads out of the output folder", expected="a folder, not a link", hint=real, file=folder
            )
