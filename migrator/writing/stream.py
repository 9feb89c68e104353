"""One large output, written piece by piece, that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from types import TracebackType
from typing import IO

from migrator.errors import UnwritableError
from migrator.files.disk import exists_already, place, unwritable
from migrator.files.temporary import clear_left, new_beside
from migrator.writing.folders import make_folder


class OutFile:
    """A context that gives a binary file. It appears when the context ends; after an exception it is removed.

    Missing folders are made. A device or pipe is written to directly.

    Raises:
        UnwritableError: the file exists and may not be overwritten, or cannot be written.
    """

    def __init__(self, path: str, *, force: bool = False) -> None:
        self._path = path
        self._force = force
        self._target = self.beside = path
        if is_regular(path):
            if not force and os.path.lexists(path):
                raise exists_already(path)
            self._target = os.path.realpath(path)
            make_folder(os.path.dirname(self._target))
        try:
            self.file: IO[bytes] = self._opened()
        except OSError as error:
            raise unwritable(error, path) from error

    def _opened(self) -> IO[bytes]:
        if not is_regular(self._path):
            return open(self._path, "wb")
        folder = os.path.dirname(self._target)
        clear_left(folder)
        handle, self.beside = new_beside(folder)
        return open(handle, "wb")

    def __enter__(self) -> IO[bytes]:
        return self.file

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if error is None:
            try:
                self.place()
            except UnwritableError:
                self.drop()
                raise
            return
        self.drop()
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise unwritable(error, self._path) from error

    def place(self) -> None:
        """Close the file and give it its name.

        Raises:
            UnwritableError: another file has got the name meanwhile, and this one stays `beside`; or there is no space.
        """
        try:
            if self.beside != self._target:
                self.file.flush()
                place(self.file.fileno(), self.beside, self._target, overwrite=self._force)
            self.file.close()
        except OSError as error:
            self.drop()
            raise unwritable(error, self._path) from error

    def drop(self) -> None:
        """Close the file and remove it."""
        with contextlib.suppress(OSError):
            self.file.close()
        if self.beside != self._target:
            with contextlib.suppress(OSError):
                os.unlink(self.beside)


def is_regular(path: str) -> bool:
    """Whether a path leads to a regular file, or to nothing yet."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True
