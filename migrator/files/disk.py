"""Whole files: read with errors that say what is wrong, and written so that a reader never sees a part of one."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from migrator.errors import UnreadableError, UnwritableError
from migrator.files.large import Content, write_to
from migrator.files.rename import appear
from migrator.files.temporary import new_beside

CANNOT: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})
"""Errors of a system or a file system that has no such call."""
STANDARD: Final = "-"
"""The path that stands for standard input, and as an output for standard output."""
MAX_BYTES: Final = 64 * 2**20
"""Size of the largest file that is read. The largest export seen has 60 kB."""


def read_bytes(path: str, limit: int = MAX_BYTES) -> bytes:
    """The whole content of a regular file.

    Raises:
        UnreadableError: missing, not permitted, a folder, a pipe or device, or larger than `limit` bytes.
    """
    try:
        # O_NONBLOCK: a FIFO must fail the test for a regular file, and not wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(error, path) from error
    try:
        return read_open(handle, path, limit)
    finally:
        os.close(handle)


def read_open(handle: int, path: str, limit: int = MAX_BYTES, *, status: os.stat_result | None = None) -> bytes:
    """The content of an open file, from its present position; errors as of [`read_bytes`][].

    Args:
        handle: the file.
        path: its name, for the errors.
        limit: bytes of the largest file that is read.
        status: its status, if the caller has asked for it already.
    """
    try:
        status = status or os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError(f"is {_kind(status.st_mode)}", expected="a regular file", file=path)
        if status.st_size > limit:
            raise oversized(status.st_size, limit, path)
        content = os.read(handle, status.st_size + 1)
        # One byte more than the size was asked for: a shorter answer is the end of the file.
        while len(content) != status.st_size and (chunk := os.read(handle, 65536)):
            content += chunk
            if len(content) > limit:
                raise UnreadableError("grows while it is read", expected="a finished file", file=path)
        return content
    except OSError as error:
        raise unreadable(error, path) from error


def oversized(size: int, limit: int, file: str) -> UnreadableError:
    """The error for a file of more bytes than the limit; its `too_large` is set."""
    error = UnreadableError(f"has {size / 2**20:.0f} MB", expected=f"at most {limit / 2**20:.0f} MB", file=file)
    error.too_large = True
    return error


def unreadable(error: OSError, path: str) -> UnreadableError:
    """The error of this package for an error of the operating system in reading a file."""
    if error.errno == errno.ENOENT:
        found = "is a dangling symbolic link" if os.path.islink(path) else "does not exist"
        return UnreadableError(found, file=path)
    if error.errno == errno.ELOOP:
        return UnreadableError("is a symbolic link that leads back to itself", file=path)
    return UnreadableError(f"cannot be read: {error.strerror or error}", file=path)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def write_atomic(path: str, data: Content, *, overwrite: bool, like: str | None = None, sync: bool = False) -> None:
    """Write a file so that a reader sees all of it or none of it.

    Args:
        path: the target; its folder must exist.
        data: the content.
        overwrite: whether an existing file may be replaced.
        like: a file whose permissions the new one gets.
        sync: whether to wait until the disk has it, so that a power cut cannot leave an empty file.

    Raises:
        UnwritableError: no permission, no space, no such folder, or the target exists.
    """
    _put_atomic(
        path, lambda handle: write_to(partial(write_all, handle), data), overwrite=overwrite, like=like, sync=sync
    )


def copy_atomic(original: str, path: str, *, overwrite: bool, sync: bool = False) -> None:
    """Copy a file of any size, with its permissions, so that a reader sees all of it or none of it.

    Args:
        original: the file to copy.
        path: the target; its folder must exist.
        overwrite: whether an existing file may be replaced.
        sync: whether to wait until the disk has it.

    Raises:
        UnreadableError: the original is missing, not permitted, or not a regular file.
        UnwritableError: as of [`write_atomic`][].
    """
    source = open_regular(original)
    try:

        def copy(handle: int) -> None:
            while chunk := os.read(source, _CHUNK):
                write_all(handle, chunk)

        _put_atomic(path, copy, overwrite=overwrite, like=original, sync=sync)
    finally:
        os.close(source)


def open_regular(path: str) -> int:
    """A handle of a regular file, open for reading.

    Raises:
        UnreadableError: missing, not permitted, a folder, a pipe or device.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(error, path) from error
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise UnreadableError(f"is {_kind(mode)}", expected="a regular file", file=path)
    return handle


_CHUNK: Final = 2**20


def _put_atomic(
    path: str, write: Callable[[int], None], *, overwrite: bool, like: str | None = None, sync: bool = False
) -> None:
    """Make a file that `write` fills through its handle; the other arguments and errors are those of `write_atomic`."""
    folder = os.path.dirname(path)
    try:
        # A file that gets stricter permissions must not be readable before it has them.
        handle, beside = new_beside(folder, 0o666 if like is None else 0o600)
        try:
            write(handle)
            if like is not None:
                _like(handle, like)
            if sync:
                sync_file(handle)
            place(handle, beside, path, overwrite=overwrite)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
        finally:
            os.close(handle)
        if sync:
            sync_folder(folder)
    except OSError as error:
        raise unwritable(error, path) from error


def place(handle: int, beside: str, path: str, *, overwrite: bool) -> None:
    """Give a finished file its name. Without `overwrite`, a file that appears at the same time keeps the name.

    Args:
        handle: the file, still open, because it is locked as long.
        beside: its hidden name.
        path: its name.
        overwrite: whether an existing file may be replaced.

    Raises:
        UnwritableError: the name is taken, and may not be overwritten.
        OSError: no permission, or the like.
    """
    # Network mounts tell only now that there was no space. The other handle keeps the lock.
    os.close(os.dup(handle))
    if overwrite:
        os.replace(beside, path)
        return
    try:
        appear(beside, path)
    except FileExistsError as error:
        raise exists_already(path) from error


def exists_already(path: str) -> UnwritableError:
    """The error for an existing file that may not be overwritten."""
    return UnwritableError("exists already", hint="--force overwrites it", file=path)


def write_all(handle: int, data: bytes) -> None:
    """Write all the bytes to an open file.

    Raises:
        OSError: the disk is full, or the like; a part may be written.
    """
    written = os.write(handle, data)
    while written < len(data):
        written += os.write(handle, memoryview(data)[written:])


def unwritable(error: OSError, path: str) -> UnwritableError:
    """The error of this package for an error of the operating system in writing a file."""
    hints = {
        errno.ENOSPC: "free some space and run it again",
        errno.EDQUOT: "the quota is used up",
        errno.ENOTDIR: "a part of the path is a file",
        errno.EISDIR: "the target is a folder",
    }
    return UnwritableError(
        f"cannot be written: {error.strerror or error}", hint=hints.get(error.errno or 0, ""), file=path
    )


@contextlib.contextmanager
def writing_a_temporary_file() -> Iterator[None]:
    """A context for writes to a temporary file without a name.

    Raises:
        UnwritableError: for an error of the operating system, with the folder of temporary files.
    """
    try:
        yield
    except OSError as error:
        from tempfile import gettempdir

        raise unwritable(error, f"a temporary file in {gettempdir()}") from error


def _like(handle: int, name: str) -> None:
    try:
        os.fchmod(handle, stat.S_IMODE(os.stat(name).st_mode))
    except OSError as error:
        if error.errno not in CANNOT:
            raise


def sync_file(handle: int) -> bool:
    """Wait until the disk has an open file, or the names in an open folder.

    Returns:
        False if the file system cannot do that, as some network mounts cannot for folders.

    Raises:
        OSError: the disk fails.
    """
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in CANNOT:
            raise
        return False
    return True


def sync_folder(folder: str) -> bool:
    """Wait until the disk has the names in a folder; the empty name is the working directory.

    Returns:
        False if the file system cannot do that.

    Raises:
        OSError: the disk fails.
    """
    handle = os.open(folder or ".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return sync_file(handle)
    finally:
        os.close(handle)
