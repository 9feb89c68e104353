"""Write one output: nothing is overwritten unless asked, and a failure leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator

from migrator.errors import UnwritableError
from migrator.files.disk import CANNOT, copy_atomic, exists_already, unwritable, write_atomic
from migrator.files.large import Content, write_to
from migrator.writing import RESIDUE_SUFFIX


def write_standard_output(raw: Content) -> None:
    """Write a document to standard output, byte for byte.

    Raises:
        UnwritableError: the disk behind it is full, or the like.
        BrokenPipeError: the reader has closed it.
    """
    try:
        write_to(sys.stdout.buffer.write, raw)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(error, "standard output") from error


def write_out(target: str, raw: Content, residue: bytes | None, *, force: bool, sync: bool = False) -> None:
    """Write a document, and its residue file beside it, to a folder that exists.

    Args:
        target: the path of the document.
        raw: its content.
        residue: the content of its residue file, None for none.
        force: whether existing files may be overwritten.
        sync: whether to wait for the disk.

    Raises:
        UnwritableError: the target exists and may not be overwritten, or is not a regular file, or there is no space.
    """
    _require_free(target, force=force)
    if residue is None:
        write_atomic(target, raw, overwrite=force, sync=sync)
        return
    saved = target + RESIDUE_SUFFIX
    # The residue goes first: a crash in between leaves a file too many, never one too few.
    new = not os.path.lexists(saved)
    if not _holds(saved, residue):
        _require_free(saved, force=force)
        write_atomic(saved, residue, overwrite=force, sync=sync)
    with _removed_on_failure(saved) if new else contextlib.nullcontext():
        write_atomic(target, raw, overwrite=force, sync=sync)


def copy_out(original: str, target: str, *, force: bool, sync: bool = False) -> None:
    """Copy a file of any size, with its permissions, to a folder that exists.

    Args:
        original: the path of the file.
        target: the path of the copy.
        force: whether an existing file may be overwritten.
        sync: whether to wait for the disk.

    Raises:
        UnreadableError: the file is missing, or not a regular one.
        UnwritableError: as of [`write_out`][].
    """
    _require_free(target, force=force)
    copy_atomic(original, target, overwrite=force, sync=sync)


def _holds(name: str, raw: bytes) -> bool:
    """Whether a file has this very content: a killed run may have written it."""
    try:
        with open(name, "rb") as file:
            return os.fstat(file.fileno()).st_size == len(raw) and file.read(len(raw) + 1) == raw
    except OSError:
        return False


@contextlib.contextmanager
def _removed_on_failure(name: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _require_free(target: str, *, force: bool) -> None:
    try:
        mode = os.lstat(target).st_mode
    except OSError:
        return  # It does not exist; or writing will fail, and tell why.
    if stat.S_ISDIR(mode):
        raise UnwritableError("is a folder", expected="the name of a file", hint="-d DIR", file=target)
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        raise UnwritableError("is not a regular file", hint="without -o it goes to standard output", file=target)
    if not force:
        raise exists_already(target)


def sync_file_systems(folders: Iterable[str]) -> dict[str, OSError]:
    """Wait until the disks have everything that was written below some folders (`syncfs`, Linux 2.6.39).

    One wait for many files costs a fraction of one for each. A system without `syncfs` flushes all its disks.

    Returns:
        folder → the error of those that could not be flushed.
    """
    # Slow to import, and only needed for writing.
    import ctypes

    flush = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if flush is None:
        os.sync()
        return {}
    failed: dict[str, OSError] = {}
    flushed: set[int] = set()
    for folder in folders:
        try:
            handle = os.open(folder or ".", os.O_RDONLY | os.O_CLOEXEC)
            try:
                device = os.fstat(handle).st_dev
                if device not in flushed and flush(handle):
                    number = ctypes.get_errno()
                    if number not in CANNOT:
                        raise OSError(number, os.strerror(number), folder)
                    os.sync()
                flushed.add(device)
            finally:
                os.close(handle)
        except OSError as error:
            failed[folder] = error
    return failed
