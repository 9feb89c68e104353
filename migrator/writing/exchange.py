"""Replace a file in one step, so that no other program's version of it is lost, whoever replaces it at the same time.

The new file is written under a hidden name that follows from the path: its staging name. It then gets a second hidden
name, the exchange name, which is exchanged with the path in one system call. What stood at the path now stands under
the exchange name and is compared with what was read. If it is the same, both hidden names are removed. If it is not,
another program was faster, and the two files are exchanged back.

A process may be killed at any point. The names it leaves tell how far it came:

- a staging name alone: nothing was exchanged; the file is removed;
- staging name and exchange name are one file: nothing was exchanged; both are removed;
- the exchange name is another file: that file stood at the path, and this may be its only name. It gets its place
  back, or a visible name beside it if the new file was changed meanwhile. It is never removed unless it is known.

Each of these steps is done under a lock on the staged file, so for each path by one process at a time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from migrator.errors import ChangedError, UnreadableError, UnwritableError
from migrator.files.digest import digest
from migrator.files.disk import unreadable
from migrator.files.large import Content
from migrator.files.rename import appear, exchange
from migrator.writing.entries import holds
from migrator.writing.options import BACKUP_SUFFIX

CLOCK_GRANULARITY_NS: Final = 100_000_000
"""Nanoseconds within which two changes of a file may get the same time stamp."""


@lru_cache(maxsize=256)
def staging_name(path: str) -> str:
    """The hidden name of the new file for `path`: the same in every run, of the same length for every path."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".aiperf-migrate.{digest(os.fsencode(name), 8).hex()}.tmp")


@lru_cache(maxsize=256)
def exchange_name(path: str) -> str:
    """The hidden name that is exchanged with `path`, and under which the former file is compared afterwards."""
    return staging_name(path).removesuffix("tmp") + "swap"


def changed(path: str, kept: str | None = None) -> ChangedError:
    """The error for a file that another program changed; `kept` is the name of a version that was there in between."""
    return ChangedError(path, f"; a version in between is kept as {kept}" if kept else "")


def stage_file(path: str) -> tuple[int, bool]:
    """Create the staged file of a path, open for writing and locked until it is closed.

    Returns:
        the handle, and whether the file is locked: some file systems have no locks.

    Raises:
        UnwritableError: another process has staged a file for this path.
    """
    try:
        # Never readable by anybody who may not read the original.
        handle = os.open(staging_name(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise busy(path) from error
    return handle, _lock(handle, path)


def stage_link(path: str, source: str) -> tuple[int, bool]:
    """As [`stage_file`][], with a file that exists already: the staging name becomes its second name.

    Raises:
        OSError: the file system has no hard links.
        UnwritableError: another process has staged a file for this path.
    """
    try:
        os.link(source, staging_name(path), follow_symlinks=False)
    except FileExistsError as error:
        raise busy(path) from error
    handle = os.open(staging_name(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    return handle, _lock(handle, path)


def busy(path: str) -> UnwritableError:
    """The error for a file that another process has locked."""
    return UnwritableError("another process is at work on it", hint="run it again", file=path)


def _lock(handle: int, path: str) -> bool:
    try:
        return lock(handle)
    except BlockingIOError as error:
        os.close(handle)
        raise busy(path) from error


def lock(handle: int) -> bool:
    """Lock an open file.

    Returns:
        False on a file system without locks.

    Raises:
        BlockingIOError: another process has locked it.
    """
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def commit(path: str, known: Callable[[str], bool], *, locked: bool) -> None:
    """Replace a file by its staged file.

    Args:
        path: the file to replace.
        known: tells whether the file under a name is the one to replace.
        locked: whether the staged file is locked. Without a lock, and where names cannot be exchanged, the file is
            compared and then replaced, with a moment in between.

    Raises:
        ChangedError: another file stands there, and is left there.
        OSError: no permission, or the like.
    """
    staged, exchanged = staging_name(path), exchange_name(path)
    if not known(path):
        raise changed(path)
    if not (locked and _exchange(staged, exchanged, path)):
        os.replace(staged, path)
        return
    if not known(exchanged):
        raise changed(path, _put_back(path))
    # A name that cannot be removed is an error: the next run would take it for one that a killed run left.
    os.unlink(exchanged)
    os.unlink(staged)


def _exchange(staged: str, exchanged: str, path: str) -> bool:
    try:
        os.link(staged, exchanged, follow_symlinks=False)
    except FileExistsError as error:
        raise busy(path) from error
    except OSError:
        return False
    try:
        if exchange(exchanged, path):
            return True
    except FileNotFoundError as error:
        raise changed(path) from error
    os.unlink(exchanged)
    return False


def _put_back(path: str) -> str | None:
    """Exchange the former file and the staged one again, even if yet another file was put there meanwhile.

    Returns:
        the visible name that a file got which stood at `path` for a moment; None if there is no such file.
    """
    staged, exchanged = staging_name(path), exchange_name(path)
    made = expected = os.lstat(staged)
    while True:
        former = os.lstat(exchanged)
        try:
            if not exchange(exchanged, path):
                return _keep(exchanged, path)
        except FileNotFoundError:
            try:
                appear(exchanged, path)
            except FileExistsError:
                continue
            return None
        out = os.lstat(exchanged)
        if os.path.samestat(out, expected):
            break
        # The file that came out is newer than the one just put there: it belongs there.
        expected = former
    if os.path.samestat(out, made) and (out.st_mtime_ns, out.st_size) == (made.st_mtime_ns, made.st_size):
        os.unlink(exchanged)
        return None
    return _keep(exchanged, path)


def _keep(name: str, path: str) -> str | None:
    """Give a file that cannot return to `path` a visible name beside it; None if it has such a name already."""
    status = os.lstat(name)
    while True:
        kept = free_name(path + BACKUP_SUFFIX, status)
        if os.path.lexists(kept):
            os.unlink(name)
            return None
        try:
            appear(name, kept)
        except FileExistsError:
            continue
        return kept


def free_name(name: str, original: os.stat_result, raw: Content | None = None) -> str:
    """The first of `name`, `name.1`, `name.2`, … that is free, or that a killed run gave to the same original.

    With `raw`, the content of the original, a copy that a killed run made of it counts, too.
    """
    free, number = name, 0
    while os.path.lexists(free) and not keeps(free, original, raw):
        number += 1
        free = f"{name}.{number}"
    return free


_COARSEST: Final = 2 * 10**9
"""Nanoseconds that a time may be wrong by on a file system, such as FAT."""


def keeps(name: str, original: os.stat_result, raw: Content | None = None) -> bool:
    """Whether a file is another name of the original; or, with its content `raw`, an exact copy of it."""
    try:
        found = os.lstat(name)
        if os.path.samestat(found, original):
            return True
        owners = (found.st_uid, found.st_gid) == (original.st_uid, original.st_gid)
        same = found.st_size == original.st_size and found.st_mode == original.st_mode and owners
        when = abs(found.st_mtime_ns - original.st_mtime_ns)
        return raw is not None and same and when <= _COARSEST and holds(name, raw)
    except (OSError, UnreadableError):
        return False


def left_behind(path: str) -> bool:
    """Whether there are hidden files beside a path: of a killed run, or of one that works on it now."""
    return os.path.lexists(staging_name(path)) or os.path.lexists(exchange_name(path))


def recover(path: str, locked: int = -1) -> bool:
    """Remove what a killed run left beside a path; a file that it took away returns, or gets a visible name.

    Args:
        path: the file that the run was to replace.
        locked: the handle of that file if this process has locked it: then no other process is about to begin.

    Returns:
        whether there was anything; then the path may lead to another file than before.

    Raises:
        BlockingIOError: the run is alive, and works on the file.
        UnreadableError: what it left belongs to another user.
    """
    if not left_behind(path):
        return False
    staged = staging_name(path)
    try:
        handle = os.open(staged, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        clear(path)
        return True
    except OSError as error:
        raise unreadable(error, staged) from error
    try:
        # The staged file may be the one that stands at the path.
        if locked < 0 or not os.path.samestat(os.fstat(locked), os.fstat(handle)):
            lock(handle)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.lstat(staged), os.fstat(handle)):
                clear(path)
    finally:
        os.close(handle)
    return True


def clear(path: str) -> None:
    """As [`recover`][], for a path whose staged file this process has locked."""
    staged, exchanged = staging_name(path), exchange_name(path)
    made, there, taken = _status(staged), _status(path), _status(exchanged)
    if taken:
        if any(status and os.path.samestat(taken, status) for status in (made, there)):
            os.unlink(exchanged)
        elif made and there and os.path.samestat(made, there) and _unused(made, taken):
            _put_back(path)
        elif not there:
            with contextlib.suppress(FileExistsError):
                appear(exchanged, path)
        if os.path.lexists(exchanged):
            _keep(exchanged, path)
    if made:
        os.unlink(staged)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _unused(made: os.stat_result, taken: os.stat_result) -> bool:
    """Whether nobody has written to the new file since it replaced the other one, as far as time stamps tell."""
    at_once = made.st_ctime_ns < taken.st_ctime_ns + CLOCK_GRANULARITY_NS
    return at_once and made.st_mtime_ns + CLOCK_GRANULARITY_NS < taken.st_ctime_ns
