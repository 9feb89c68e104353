"""A file that is read to be replaced: under lock, and known well enough to tell whether someone else changed it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from typing import Final

from migrator.errors import LinkError
from migrator.files.disk import read_open, unreadable
from migrator.writing.exchange import GRAIN, busy, left_behind, lock, recover

_PATIENCE: Final = 30.0
"""Seconds to wait for another process that works on the same file."""


class Held:
    """A file as it was read, under lock until it is let go."""

    __slots__ = ("handle", "path", "raw", "status", "times_tell")

    def __init__(self, path: str, handle: int) -> None:
        self.path = path
        self.handle = handle
        self.status = os.fstat(handle)
        self.times_tell = time.time_ns() - self.status.st_mtime_ns > GRAIN
        self.raw = read_open(handle, path)

    def unchanged(self) -> bool:
        """Whether the path still leads to this very file, with this very content."""
        return self.stands_at(self.path)

    def stands_at(self, name: str) -> bool:
        """Whether a name leads to this very file, with the content that was read."""
        try:
            now = os.stat(name, follow_symlinks=False)
        except FileNotFoundError:
            return False
        # Not the time of its last change of any kind: giving it a second name is one.
        if _marks(now) != _marks(self.status):
            return False
        return self.times_tell or os.pread(self.handle, len(self.raw) + 1, 0) == self.raw

    def let_go(self) -> None:
        """Give up the lock."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


def hold(path: str, before_waiting: Callable[[], object] = lambda: None, *, mend: bool = True) -> Held:
    """Lock and read a file; what another process has just put in its place is what is read.

    Args:
        path: the file.
        before_waiting: what to do before waiting for another process: letting go of everything held, as it may wait
            for just that.
        mend: whether to clear up what a killed run left beside it.

    Raises:
        LinkError: a symbolic link.
        UnreadableError: it is not there, or not a file, or may not be read.
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
        mine = False
        try:
            lock(handle)
            if mend and left_behind(path):
                recover(path, handle)
            elif _leads_to(path, handle):
                held = Held(path, handle)
                mine = True
                return held
        except BlockingIOError as error:
            if not deadline:
                before_waiting()
                deadline = time.monotonic() + _PATIENCE
            elif time.monotonic() > deadline:
                raise busy(path) from error
            else:
                time.sleep(0.002)
        finally:
            if not mine:
                os.close(handle)


def _leads_to(path: str, handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(handle))
    except FileNotFoundError:
        return False


def _marks(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
