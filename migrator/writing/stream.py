"""One large output, written piece by piece, that appears whole or not at all; and the ledgers of a batch."""

from __future__ import annotations

import contextlib
import os
import stat
from types import TracebackType
from typing import IO, Self

from migrator.errors import UnwritableError
from migrator.files.disk import exists_already, take_place, unwritable
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
        if _is_regular(path):
            if not force and os.path.lexists(path):
                raise exists_already(path)
            self._target = os.path.realpath(path)
            make_folder(os.path.dirname(self._target))
            self.beside = os.path.join(os.path.dirname(self._target), f".aiperf-migrate.{os.getpid()}.out.tmp")
        try:
            self.file: IO[bytes] = open(self.beside, "wb")  # noqa: SIM115 (closed when the context ends)
        except OSError as error:
            raise unwritable(error, path) from error

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
            self.file.close()
            if self.beside != self._target:
                take_place(self.beside, self._target, overwrite=self._force)
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


class LedgerFile:
    """A file with a line for each file of a batch. An interrupted batch keeps the lines of the files it finished.

    Raises:
        UnwritableError: as [`OutFile`][]. If the name was taken meanwhile, the lines are kept and the error says where:
            after a batch in place they cannot be made again.
    """

    def __init__(self, path: str, *, force: bool = False) -> None:
        self._path = path
        self._out = OutFile(path, force=force)
        self._failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._failed:
            self._out.drop()
            return
        try:
            self._out.place()
        except UnwritableError as taken:
            if os.path.lexists(self._out.beside):
                taken.hint = f"the ledgers are in {self._out.beside}"
            raise

    def write(self, line: str) -> None:
        """Add a line."""
        try:
            self._out.file.write(line.encode() + b"\n")
        except OSError as error:
            self._failed = True
            raise unwritable(error, self._path) from error


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True
