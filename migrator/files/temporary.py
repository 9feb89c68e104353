"""Files that have a hidden name until they are finished, and what a killed process leaves of them.

Each is locked while it is written, and until it has its name. So one that nobody has locked is of a process that was
killed, and is removed by the next one that writes to its folder.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
from typing import Final

_PATTERN: Final = re.compile(r"\.aiperf-migrate\.\d+\.\d+\.tmp")
_serial = itertools.count()


def new_beside(folder: str, mode: int = 0o666) -> tuple[int, str]:
    """Create a file under a free hidden name in a folder, open for writing, and locked until it is closed.

    Returns:
        the handle, and the name.

    Raises:
        OSError: no permission, or the like.
    """
    while True:
        # Not derived from the target's name, which may be as long as the file system allows. The name may be taken by
        # a file that a killed process of the same number left.
        beside = os.path.join(folder, f".aiperf-migrate.{os.getpid()}.{next(_serial)}.tmp")
        try:
            handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        except FileExistsError:
            continue
        # Another process may have taken it for one that was left, before it was locked.
        if try_lock(handle) is False or os.fstat(handle).st_nlink == 0:
            os.close(handle)
            continue
        return handle, beside


def try_lock(handle: int) -> bool | None:
    """Lock an open file.

    Returns:
        False if another process has locked it; None on a file system without locks.
    """
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def clear_left(folder: str) -> int:
    """Remove the unfinished files that killed processes of this user left in a folder.

    Args:
        folder: the folder; the empty name is the working directory.

    Returns:
        how many there were.
    """
    cleared = 0
    try:
        with os.scandir(folder or ".") as entries:
            names = [entry.name for entry in entries if _PATTERN.fullmatch(entry.name)]
    except OSError:
        return 0
    for name in names:
        cleared += _clear(os.path.join(folder, name))
    return cleared


def _clear(path: str) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        status = os.fstat(handle)
        mine = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
        if mine and try_lock(handle) and os.path.samestat(os.lstat(path), status):
            os.unlink(path)
            return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False
