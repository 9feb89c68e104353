"""Folders for outputs and backups, made where they are missing."""

from __future__ import annotations

import os
from typing import Final

from migrator.errors import UnwritableError
from migrator.files.disk import unwritable

_MOST: Final = 10_000
"""Folders to remember: more than a tree usually has."""


class Folders:
    """The folders that a batch writes to. Each is made, or found to exist, once, and not for each file again."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def make(self, folder: str, within: str | None = None) -> None:
        """As [`make_folder`][], unless that was done before."""
        if folder in self._known:
            return
        make_folder(folder, within)
        if len(self._known) > _MOST:
            self._known.clear()
        self._known.add(folder)

    def missing(self, folder: str) -> tuple[str, ...]:
        """The absolute names of the folders that [`make`][] would make, the innermost last."""
        if folder in self._known:
            return ()
        missing: list[str] = []
        folder = os.path.abspath(folder)
        while not os.path.lexists(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        return tuple(reversed(missing))


def make_folder(folder: str, within: str | None = None) -> None:
    """Make a folder, and those above it, unless it exists; the empty name is the working directory.

    Raises:
        UnwritableError: a part of its path is a file, or may not be written to; or a symbolic link leads out of
            `within`.
    """
    if not folder:
        return
    try:
        os.makedirs(folder, exist_ok=True)
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
