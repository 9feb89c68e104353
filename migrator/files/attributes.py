"""What a file has beside its content: owner, group, permissions, access lists, other attributes, and times.

One function gives all of that to a new file, whoever makes it: a replacement, a backup on another disk, an undo. Some
systems refuse a part of it: to a user who is not root, in a user name space without the owner, on a file system
without owners or attributes. That is told, and is no failure.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from typing import Final

from migrator.files.disk import CANNOT, open_regular, write_all

_REFUSALS: Final = {*CANNOT, errno.EPERM, errno.EACCES}
"""Errors that say that a system or a file system will not do it for this user, whatever is tried."""
_TOO_MUCH: Final = {errno.ENOSPC, errno.EDQUOT, errno.E2BIG, errno.ERANGE}
"""Errors of attributes that another file system had more room for."""
_ACCESS: Final = "system.posix_acl_access"
_CHUNK: Final = 2**20


def take_over(target: int, original: os.stat_result, source: str = "", *, times: bool = True) -> list[str]:
    """Give a new file what another one has beside its content.

    Args:
        target: the new file, open for writing, with its content.
        original: the status of the other file.
        source: the path of the other file, whose attributes are taken; empty for none.
        times: whether the times of access and modification are taken, too.

    Returns:
        what the system refuses, in words: `owner 1000`, `group 50`, `permissions`, …; empty for nothing.

    Raises:
        OSError: the disk fails, or the quota of the owner is used up.
    """
    lost = _take_owner(target, original)
    group_kept = not any(what.startswith("group") for what in lost)
    mode = stat.S_IMODE(original.st_mode)
    if lost:
        # Rights of another owner or group are not given to this one.
        mode &= ~stat.S_ISUID
    if not group_kept:
        mode = mode & ~stat.S_ISGID & 0o7707 | (mode & (mode & 0o007) << 3)
    attributes = _attributes(source) if source else {}
    access = attributes.pop(_ACCESS, None)
    # Before the permissions: nobody but root sets attributes of a file that may not be written.
    lost += [f"attribute {name}" for name, value in attributes.items() if not _set(target, name, value)]
    if not _tried(lambda: os.fchmod(target, mode)):
        lost.append("permissions")
    if source and access is None:
        _remove_inherited(target)
    elif access is not None and not (group_kept and _set(target, _ACCESS, access)):
        lost.append("access list")
    if times and not _tried(lambda: os.utime(target, ns=(original.st_atime_ns, original.st_mtime_ns))):
        lost.append("times")
    return lost


def copy_whole(source: str, target: int) -> list[str]:
    """Copy a file into a new one that is open for writing, and all that it has beside its content.

    Returns:
        what the system refuses, as of [`take_over`][].

    Raises:
        UnreadableError: the source is not a regular file, or may not be read.
        OSError: no space, or the like.
    """
    handle = open_regular(source)
    try:
        while chunk := os.read(handle, _CHUNK):
            write_all(target, chunk)
        return take_over(target, os.fstat(handle), source)
    finally:
        os.close(handle)


def _take_owner(target: int, original: os.stat_result) -> list[str]:
    mine = os.fstat(target)
    if (mine.st_uid, mine.st_gid) == (original.st_uid, original.st_gid):
        return []
    if _tried(lambda: os.fchown(target, original.st_uid, original.st_gid)):
        return []
    lost = [f"owner {original.st_uid}"] if mine.st_uid != original.st_uid else []
    if mine.st_gid != original.st_gid and not _tried(lambda: os.fchown(target, -1, original.st_gid)):
        lost.append(f"group {original.st_gid}")
    return lost


def _attributes(path: str) -> dict[str, bytes]:
    """Name → value of every attribute that may be read."""
    found: dict[str, bytes] = {}
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(path, follow_symlinks=False):
                with contextlib.suppress(OSError):
                    found[name] = os.getxattr(path, name, follow_symlinks=False)
    return found


def _set(target: int, name: str, value: bytes) -> bool:
    try:
        os.setxattr(target, name, value)
    except OSError as error:
        if error.errno not in _REFUSALS | _TOO_MUCH:
            raise
        # What the system gives to every file by itself, such as a security label, may be there already.
        with contextlib.suppress(OSError):
            return os.getxattr(target, name) == value
        return False
    return True


def _remove_inherited(target: int) -> None:
    """Remove the access list that the folder gives to new files, and that the other file does not have."""
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            if _ACCESS in os.listxattr(target):
                mode = stat.S_IMODE(os.fstat(target).st_mode)
                os.removexattr(target, _ACCESS)
                os.fchmod(target, mode)


def _tried(call: Callable[[], object]) -> bool:
    """Whether a call succeeds; False if the system refuses it."""
    try:
        call()
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        return False
    return True
