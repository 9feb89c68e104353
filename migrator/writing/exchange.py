"""One file in place of another, in one step that takes nobody's file away, whoever replaces it just then.

The new file has a hidden name derived from the path's: the mark. It gets a second one, the swap name, and that is
exchanged with the path. What stood at the path then stands under the swap name, and is looked at: if it is what was
to be replaced, it goes, and so does the mark. If it is not, somebody else was faster, and the two are exchanged back.

Whatever stops this, at any point, what is there tells how far it came. A mark alone is nobody's. Two names of one
file: nothing was exchanged. A swap name of another file: that file is what was taken away, perhaps the only one of
its kind; it gets its place back, or, if somebody has used the new file meanwhile, a name beside it. It is never
removed unless it is known. Who does any of this holds a lock on the mark, so it is done for each path by one process.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from migrator.errors import ChangedError, UnwritableError
from migrator.files.disk import unreadable
from migrator.files.rename import appear, exchange

BACKUP_SUFFIX: Final = ".bak"
"""What is kept beside a file, where nothing else is said."""
GRAIN: Final = 100_000_000
"""Nanoseconds within which two changes of a file may have the same time."""


@lru_cache(maxsize=256)
def mark_of(path: str) -> str:
    """The hidden name of what is to replace `path`: the same in every run, and in no folder longer than another."""
    # Only who writes needs it.
    from hashlib import blake2b

    folder, name = os.path.split(path)
    return os.path.join(folder, f".aiperf-migrate.{blake2b(os.fsencode(name), digest_size=8).hexdigest()}.tmp")


@lru_cache(maxsize=256)
def swap_of(path: str) -> str:
    """The hidden name under which a file stands for the moment in which it is looked at."""
    return mark_of(path).removesuffix("tmp") + "swap"


def changed(path: str, kept: str | None = None) -> ChangedError:
    """Someone else was faster; `kept` is where a version stands that was there for a moment."""
    return ChangedError(path, f"; a version in between is kept as {kept}" if kept else "")


def create(path: str) -> tuple[int, bool]:
    """The mark of a path as a new file, open for writing; until it is closed, it is under lock, if there are locks.

    Raises:
        UnwritableError: another process has one.
    """
    try:
        # Not readable for a moment by anybody who may not read the original.
        handle = os.open(mark_of(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise busy(path) from error
    return handle, _lock(handle, path)


def adopt(path: str, source: str) -> tuple[int, bool]:
    """The same, as another name of a file that is there already.

    Raises:
        OSError: there are no hard links.
        UnwritableError: another process has one.
    """
    try:
        os.link(source, mark_of(path), follow_symlinks=False)
    except FileExistsError as error:
        raise busy(path) from error
    handle = os.open(mark_of(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    return handle, _lock(handle, path)


def busy(path: str) -> UnwritableError:
    """Another process has what one may have at a time."""
    return UnwritableError("another process is at work on it", hint="run it again", file=path)


def _lock(handle: int, path: str) -> bool:
    try:
        return lock(handle)
    except BlockingIOError as error:
        os.close(handle)
        raise busy(path) from error


def lock(handle: int) -> bool:
    """Lock a file; False on a file system without locks.

    Raises:
        BlockingIOError: another process has it.
    """
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def put(path: str, known: Callable[[str], bool], *, locked: bool) -> None:
    """Let the mark of a path take its place.

    Args:
        path: what is replaced.
        known: whether what stands under a name is what is to be replaced.
        locked: whether the mark is under lock: without one, and where names cannot be exchanged, looking first and
            replacing then has to do.

    Raises:
        ChangedError: it is something else; it stands where it stood.
        OSError: no permission, or the like.
    """
    mark, swap = mark_of(path), swap_of(path)
    if not known(path):
        raise changed(path)
    if not (locked and _exchanged(mark, swap, path)):
        os.replace(mark, path)
        return
    if not known(swap):
        raise changed(path, _put_back(path))
    # Should this fail, it is a failure: what is left would be taken for that of a run which was killed.
    os.unlink(swap)
    os.unlink(mark)


def _exchanged(mark: str, swap: str, path: str) -> bool:
    try:
        os.link(mark, swap, follow_symlinks=False)
    except FileExistsError as error:
        raise busy(path) from error
    except OSError:
        return False
    try:
        if exchange(swap, path):
            return True
    except FileNotFoundError as error:
        raise changed(path) from error
    os.unlink(swap)
    return False


def _put_back(path: str) -> str | None:
    """Let what was taken away and the mark's file change places again, whatever else comes meanwhile.

    Returns:
        the name under which a file is kept that was in place and is no more; None for the usual case.
    """
    mark, swap = mark_of(path), swap_of(path)
    made = expected = os.lstat(mark)
    while True:
        mine = os.lstat(swap)
        try:
            if not exchange(swap, path):
                return _keep(swap, path)
        except FileNotFoundError:
            try:
                appear(swap, path)
            except FileExistsError:
                continue
            return None
        out = os.lstat(swap)
        if os.path.samestat(out, expected):
            break
        # What came out is newer than what was just put there: it belongs there.
        expected = mine
    if os.path.samestat(out, made) and (out.st_mtime_ns, out.st_size) == (made.st_mtime_ns, made.st_size):
        os.unlink(swap)
        return None
    return _keep(swap, path)


def _keep(name: str, path: str) -> str | None:
    """Somebody's file, which cannot have its place back, under a name that can be seen; None if it has one."""
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


def free_name(name: str, original: os.stat_result) -> str:
    """A name that nothing has, or that a run which was killed gave to the same original."""
    free, number = name, 0
    while True:
        try:
            if os.path.samestat(os.lstat(free), original):
                return free
        except OSError:
            return free
        number += 1
        free = f"{name}.{number}"


def left_behind(path: str) -> bool:
    """Whether a run that was killed left something beside a path, or one is at work on it."""
    return os.path.lexists(mark_of(path)) or os.path.lexists(swap_of(path))


def recover(path: str, locked: int = -1) -> bool:
    """Clear up behind a run that was killed: what it took away has its place again, or a name that can be seen.

    Args:
        path: where it was at work.
        locked: what stands there, if this process has it under lock: then nobody else is about to begin.

    Returns:
        whether there was anything; then the path may lead to another file than before.

    Raises:
        BlockingIOError: the process is alive, and at work on it.
        UnreadableError: what it left belongs to somebody else.
    """
    if not left_behind(path):
        return False
    mark = mark_of(path)
    try:
        handle = os.open(mark, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        clear(path)
        return True
    except OSError as error:
        raise unreadable(error, mark) from error
    try:
        # The new file may be what stands there.
        if locked < 0 or not os.path.samestat(os.fstat(locked), os.fstat(handle)):
            lock(handle)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.lstat(mark), os.fstat(handle)):
                clear(path)
    finally:
        os.close(handle)
    return True


def clear(path: str) -> None:
    """The same, of a mark that this process has under lock."""
    mark, swap = mark_of(path), swap_of(path)
    made, there, taken = _status(mark), _status(path), _status(swap)
    if taken:
        if any(status and os.path.samestat(taken, status) for status in (made, there)):
            os.unlink(swap)
        elif made and there and os.path.samestat(made, there) and _unused(made, taken):
            _put_back(path)
        elif not there:
            with contextlib.suppress(FileExistsError):
                appear(swap, path)
        if os.path.lexists(swap):
            _keep(swap, path)
    if made:
        os.unlink(mark)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _unused(made: os.stat_result, taken: os.stat_result) -> bool:
    """Whether nobody has written into the new file since it took the place of the other, as far as times tell."""
    return made.st_mtime_ns + GRAIN < taken.st_ctime_ns and made.st_ctime_ns < taken.st_ctime_ns + GRAIN
