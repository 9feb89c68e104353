"""The ledgers of a batch in one file, which appears whole when the batch ends, whichever way it ends."""

from __future__ import annotations

import contextlib
import os
import stat
from types import TracebackType
from typing import IO, Self

from migrator.errors import UnwritableError
from migrator.files import exists_already, take_place, unwritable
from migrator.writing.write import make_folder


class LedgerFile:
    """A file of lines; missing folders are made. Until the end it has another name, so that nobody reads half of it.

    An interrupted batch keeps the lines of the files that were finished. A device or pipe is written to directly.

    Raises:
        UnwritableError: the file exists and is not to be overwritten, or cannot be written.
    """

    def __init__(self, path: str, *, force: bool = False) -> None:
        self._path = path
        self._force = force
        self._failed = False
        self._target = self._beside = os.path.realpath(path)
        if _is_regular(path):
            self._beside = os.path.join(os.path.dirname(self._target), f".aiperf-migrate.{os.getpid()}.ledger.tmp")
            if not force and os.path.lexists(path):
                raise exists_already(path)
            make_folder(os.path.dirname(path))
        else:
            self._target = self._beside = path
        try:
            self._file: IO[str] = open(self._beside, "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise unwritable(error, path) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self._file.close()
            if self._beside != self._target and not self._failed:
                take_place(self._beside, self._target, overwrite=self._force)
        except UnwritableError as taken:
            taken.hint = f"the ledgers are in {self._beside}"
            raise
        except OSError as failure:
            self._failed = True
            raise unwritable(failure, self._path) from failure
        finally:
            if self._failed and self._beside != self._target:
                with contextlib.suppress(OSError):
                    os.unlink(self._beside)

    def write(self, line: str) -> None:
        """One more line."""
        try:
            self._file.write(line + "\n")
        except OSError as error:
            self._failed = True
            raise unwritable(error, self._path) from error


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True
