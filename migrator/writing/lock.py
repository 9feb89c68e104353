"""Lock and read a file that is to be replaced, and tell later whether another program has changed it."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from migrator.errors import LinkError
from migrator.files.disk import MAX_BYTES, read_open, unreadable
from migrator.files.large import Content, OpenFile
from migrator.writing.exchange import CLOCK_GRANULARITY_NS, busy, left_behind, lock, recover

_PATIENCE: Final = 30.0
"""Seconds to wait for another process that works on the same file."""


class LockedFile:
    """A file as it was read, locked until it is released. As a context, it is released at the end.

    Unless it is to be `kept`: what replaces it later sets that, and releases it then. `raw` has its bytes; that of a
    file larger than any export is empty, and `content` has them all the same.
    """

    __slots__ = ("content", "handle", "kept", "path", "raw", "status", "times_tell")

    def __init__(self, path: str, handle: int, status: os.stat_result) -> None:
        self.path = path
        self.handle = handle
        self.kept = False
        self.status = status
        self.times_tell = time.time_ns() - self.status.st_mtime_ns > CLOCK_GRANULARITY_NS
        self.content: Content
        if stat.S_ISREG(self.status.st_mode) and self.status.st_size > MAX_BYTES:
            self.raw = b""
            self.content = OpenFile(handle)
            self.content.digest()  # Of what is locked now.
        else:
            self.raw = self.content = read_open(handle, path, status=status)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if not self.kept:
            self.release()

    def unchanged(self) -> bool:
        """Whether the path still leads to this very file, with this very content."""
        return self.stands_at(self.path)

    def stands_at(self, name: str) -> bool:
        """Whether a name leads to this very file, with the content that was read."""
        try:
            now = os.stat(name, follow_symlinks=False)
        except FileNotFoundError:
            return False
        if _identity(now) != _identity(self.status):
            return False
        if self.times_tell:
            return True
        if isinstance(self.content, OpenFile):
            return self.content.digest_now() == self.content.digest()
        return os.pread(self.handle, len(self.raw) + 1, 0) == self.raw

    def release(self) -> None:
        """Give up the lock; a second call does nothing."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


def lock_for_replacement(
    path: str, before_waiting: Callable[[], object] = lambda: None, *, recovering: bool = True
) -> LockedFile:
    """Lock and read a file. If another process has just replaced it, the new file is locked and read.

    Args:
        path: the file.
        before_waiting: called once before waiting for another process. It must release every lock that this process
            holds, because the other one may be waiting for it.
        recovering: whether to remove what a killed run left beside the file.

    Raises:
        LinkError: a symbolic link.
        UnreadableError: missing, not a regular file, or not permitted.
        UnwritableError: another process keeps it locked.
    """
    deadline = 0.0
    while True:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno == errno.ELOOP and os.path.islink(path):
                hint = f"name the file itself: {os.path.realpath(path)}"
                raise LinkError("is a symbolic link", hint=hint, file=path) from error
            raise unreadable(error, path) from error
        locked = None
        try:
            lock(handle)
            if recovering and left_behind(path):
                recover(path, handle)
            elif status := _status(path, handle):
                locked = LockedFile(path, handle, status)
                return locked
        except BlockingIOError as error:
            if not deadline:
                before_waiting()
                deadline = time.monotonic() + _PATIENCE
            elif time.monotonic() > deadline:
                raise busy(path) from error
            else:
                time.sleep(0.002)
        finally:
            if not locked:
                os.close(handle)


def _status(path: str, handle: int) -> os.stat_result | None:
    """The status of a locked file; None if its path does not lead to it any more."""
    try:
        there, status = os.stat(path, follow_symlinks=False), os.fstat(handle)
    except FileNotFoundError:
        return None
    return status if os.path.samestat(there, status) else None


def _identity(status: os.stat_result) -> tuple[int, ...]:
    # Not the time of the last change of any kind: giving the file a second name is one.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
