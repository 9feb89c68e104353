"""Rename and exchange files in one step, without overwriting the file of another program."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from functools import cache
from typing import Final

_HERE: Final = -100
"""`AT_FDCWD`: names are relative to the working directory (linux/fcntl.h, as the flags)."""
_NOREPLACE: Final = 1
_EXCHANGE: Final = 2
_NOT_HERE: Final = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}
"""Errors of a system, or of a file system, without this call."""


def exchange(one: str, other: str) -> bool:
    """Exchange the names of two files in one step (`renameat2`, Linux 3.15).

    Returns:
        False if the system or the file system cannot do that; then nothing has happened.

    Raises:
        OSError: one of them does not exist, or the like.
    """
    return _renameat2(one, other, _EXCHANGE)


def appear(beside: str, path: str) -> None:
    """Give a finished file its name, in one step, unless the name is taken.

    Without hard links and `renameat2`, the name is tested first, and a file that appears after that is overwritten.

    Raises:
        FileExistsError: the name is taken; nothing has happened.
        OSError: no permission, or the like.
    """
    try:
        os.link(beside, path, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if not _renameat2(beside, path, _NOREPLACE):
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from error
            os.rename(beside, path)
    else:
        # It has its name: a hidden name that cannot be removed is not an error.
        with contextlib.suppress(OSError):
            os.unlink(beside)


def _renameat2(one: str, other: str, flags: int) -> bool:
    call = _system_call()
    number = call(os.fsencode(one), os.fsencode(other), flags) if call else errno.ENOSYS
    if number in _NOT_HERE:
        return False
    if number:
        raise OSError(number, os.strerror(number), one, None, other)
    return True


@cache
def _system_call() -> Callable[[bytes, bytes, int], int] | None:
    """The C library's `renameat2`, as a function that returns the number of its error, 0 for none; None without it."""
    # Slow to import, and only needed for writing.
    import ctypes

    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return None

    def call(one: bytes, other: bytes, flags: int) -> int:
        return ctypes.get_errno() if function(_HERE, one, _HERE, other, flags) else 0

    return call
