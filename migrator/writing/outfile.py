"""One large output, written bit by bit, that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from types import TracebackType
from typing import IO

from migrator.errors import UnwritableError
from migrator.files import exists_already, take_place, unwritable
from migrator.writing.write import make_folder


class OutFile:
    """A context that gives a binary file; it takes its place when the context ends well, and vanishes when not.

    Missing folders are made. A device or pipe is written to directly.

    Raises:
        UnwritableError: the file exists and is not to be overwritten, or cannot be written.
    """

    def __init__(self, path: str, *, force: bool = False) -> None:
        self._path = path
        self._force = force
        self._target = self._beside = path
        if _is_regular(path):
            if not force and os.path.lexists(path):
                raise exists_already(path)
            self._target = os.path.realpath(path)
            make_folder(os.path.dirname(self._target))
            self._beside = os.path.join(os.path.dirname(self._target), f".aiperf-migrate.{os.getpid()}.out.tmp")
        try:
            self._file: IO[bytes] = open(self._beside, "wb")  # noqa: SIM115
        except OSError as error:
            raise unwritable(error, path) from error

    def __enter__(self) -> IO[bytes]:
        return self._file

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        failure: OSError | UnwritableError | None = None
        try:
            self._file.close()
            if error is None and self._beside != self._target:
                take_place(self._beside, self._target, overwrite=self._force)
        except (OSError, UnwritableError) as found:
            failure = found
        if (error or failure) and self._beside != self._target:
            with contextlib.suppress(OSError):
                os.unlink(self._beside)
        if isinstance(failure, UnwritableError):
            raise failure
        told = error or failure
        if isinstance(told, OSError) and not isinstance(told, BrokenPipeError):
            raise unwritable(told, self._path) from told


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True
