"""The ledgers of a batch in a file, a line for each file of the batch: what a killed batch has written goes on.

A line is written when its file is done. So a batch that is stopped, or killed, leaves the lines of what it finished,
and a last line that may be cut off. `--resume` goes on with the file: it keeps the lines of what stays done, and
replaces those of files that are looked at again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

from migrator.errors import JournalError
from migrator.files.attributes import take_over
from migrator.files.disk import exists_already, place, unwritable, write_all
from migrator.files.temporary import clear_left, new_beside
from migrator.writing.exchange import busy, lock
from migrator.writing.folders import make_folder
from migrator.writing.stream import is_regular

_KEYS: Final = ("file", "status")
"""What every line has."""
_CHANGED: Final = frozenset({"migrated", "redacted", "copied"})
"""The status of a line that stays when its file is passed over as done."""


class LedgerFile:
    """A file with a line for each file of a batch.

    Args:
        path: the file. A device or pipe is written to directly.
        force: whether an existing file may be overwritten; it is when the first line comes, or at the end.
        resume: whether to go on with an existing file.

    Raises:
        UnwritableError: it exists already, or is in use by another process, or cannot be written.
        JournalError: the file to go on with is not one of ledgers.
    """

    def __init__(self, path: str, *, force: bool = False, resume: bool = False) -> None:
        self._path = path
        self._lines: dict[str, tuple[int, bool]] = {}
        self._superseded: set[int] = set()
        self._regular = is_regular(path)
        self._overwrites = False
        self._created = not os.path.lexists(path)
        if not self._created and self._regular and not (force or resume):
            raise exists_already(path)
        if self._created:
            make_folder(os.path.dirname(path))
        if self._regular:
            clear_left(os.path.dirname(os.path.realpath(path)))
        flags = os.O_RDWR | os.O_CREAT if self._regular else os.O_WRONLY
        try:
            self._handle = os.open(path, flags | os.O_CLOEXEC | (os.O_EXCL if self._created else 0), 0o666)
        except FileExistsError as error:
            raise exists_already(path) from error
        except OSError as error:
            raise unwritable(error, path) from error
        try:
            self._begin(resume=resume)
        except BaseException:
            os.close(self._handle)
            raise

    def _begin(self, *, resume: bool) -> None:
        if not self._regular:
            return
        try:
            lock(self._handle)
        except BlockingIOError as error:
            raise busy(self._path) from error
        if resume:
            self._go_on()
        else:
            self._overwrites = not self._created

    def _go_on(self) -> None:
        """Note the lines that are there, and cut off the end of one that was not finished."""
        end = 0
        with open(os.dup(self._handle), "rb") as file:
            for line in file:
                row = _row(line)
                if not line.endswith(b"\n"):
                    break
                if row is None:
                    raise JournalError(
                        "is not a file of ledgers", hint="--resume goes on with that of the batch", file=self._path
                    )
                if (before := self._lines.get(row["file"])) is not None:
                    self._superseded.add(before[0])
                self._lines[row["file"]] = (end, row["status"] in _CHANGED)
                end += len(line)
        try:
            os.ftruncate(self._handle, end)
            os.lseek(self._handle, end, os.SEEK_SET)
        except OSError as error:
            raise unwritable(error, self._path) from error

    def has_change(self, file: str) -> bool:
        """Whether an earlier attempt has written what it changed in a file."""
        return self._lines.get(file, (0, False))[1]

    def write(self, line: str, file: str = "") -> None:
        """Add a line, in place of an earlier one of the same file.

        Raises:
            UnwritableError: no space, or the like; the lines before it are there.
        """
        known = self._lines.pop(file, None)
        raw = line.encode() + b"\n"
        try:
            self._clear()
            if not self._regular:
                write_all(self._handle, raw)
                return
            size = os.lseek(self._handle, 0, os.SEEK_CUR)
            try:
                write_all(self._handle, raw)
            except OSError:
                os.ftruncate(self._handle, size)
                os.lseek(self._handle, size, os.SEEK_SET)
                raise
        except OSError as error:
            raise unwritable(error, self._path) from error
        if known:
            self._superseded.add(known[0])

    def _clear(self) -> None:
        """Empty the file that is to be overwritten."""
        if self._overwrites:
            os.ftruncate(self._handle, 0)
            self._overwrites = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            if error is None:
                self._clear()
            if self._superseded:
                self._without_superseded()
            if error and self._created and self._regular and os.fstat(self._handle).st_size == 0:
                os.unlink(self._path)
        except OSError as failed:
            if error is None:
                raise unwritable(failed, self._path) from failed
        finally:
            os.close(self._handle)

    def _without_superseded(self) -> None:
        """Write the file anew, without the lines that others have taken the place of."""
        target = os.path.realpath(self._path)
        handle, beside = new_beside(os.path.dirname(target), 0o600)
        try:
            for line in self._kept():
                write_all(handle, line)
            take_over(handle, os.fstat(self._handle), times=False)
            place(handle, beside, target, overwrite=True)
        except BaseException:
            os.unlink(beside)
            raise
        finally:
            os.close(handle)

    def _kept(self) -> Iterator[bytes]:
        os.lseek(self._handle, 0, os.SEEK_SET)
        start = 0
        with open(os.dup(self._handle), "rb") as file:
            for line in file:
                if start not in self._superseded:
                    yield line
                start += len(line)


def _row(line: bytes) -> dict[str, Any] | None:
    """A line of ledgers; None if it is another one."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if type(row) is dict and all(type(row.get(key)) is str for key in _KEYS) else None
