"""Put one output where it belongs: nothing is overwritten unless asked, and a failure leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator

from migrator.errors import UnwritableError
from migrator.files.disk import exists_already, unwritable, write_atomic
from migrator.writing import RESIDUE_SUFFIX

_made: set[str] = set()
"""Output folders known to exist, so that a batch does not ask for each file."""


def write_standard_output(raw: bytes) -> None:
    """The document itself, byte for byte.

    Raises:
        UnwritableError: the disk behind it is full, or the like; a reader who went away is a `BrokenPipeError`.
    """
    try:
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(error, "standard output") from error


def write_out(
    target: str, raw: bytes, residue: bytes | None, *, force: bool, within: str | None = None, sync: bool = False
) -> None:
    """A document, and what it could not keep, in a place of their own; missing folders are made.

    Args:
        target: where it goes.
        raw: the document.
        residue: the content of its residue file, None for none.
        force: whether what is there may be overwritten.
        within: the output folder, out of which no symbolic link in it may lead.
        sync: whether to wait for the disk.

    Raises:
        UnwritableError: the target exists and is not to be overwritten, or is no file, or there is no space.
    """
    make_folder(os.path.dirname(target), within)
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


def _holds(name: str, raw: bytes) -> bool:
    """Whether a file has just this content: then a killed run came as far as writing it."""
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


def make_folder(folder: str, within: str | None = None) -> None:
    """A folder for outputs, and those above it, unless it is there.

    Raises:
        UnwritableError: a part of its path is a file, or nothing may be written there; or a symbolic link leads
            out of `within`.
    """
    if not folder or folder in _made:
        return
    try:
        os.makedirs(folder, exist_ok=True)
    except FileExistsError as error:
        raise UnwritableError("is a file", expected="a folder for the output", file=error.filename) from error
    except OSError as error:
        raise unwritable(error, folder) from error
    if within:
        root, real = os.path.realpath(within), os.path.realpath(folder)
        if os.path.commonpath((root, real)) != root:
            raise UnwritableError(
                "leads out of the output folder", expected="a folder, no link", hint=real, file=folder
            )
    if len(_made) > 10_000:
        _made.clear()
    _made.add(folder)


def missing_folders(folder: str) -> tuple[str, ...]:
    """The absolute names of those that [`make_folder`][] would make, the innermost last."""
    missing: list[str] = []
    if folder in _made:
        return ()
    folder = os.path.abspath(folder)
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    return tuple(reversed(missing))


def _require_free(target: str, *, force: bool) -> None:
    try:
        mode = os.lstat(target).st_mode
    except OSError:
        return  # It is not there; or writing will fail, and tell why.
    if stat.S_ISDIR(mode):
        raise UnwritableError("is a folder", expected="the name of a file", hint="-d DIR", file=target)
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        raise UnwritableError("is no regular file", hint="without -o it goes to standard output", file=target)
    if not force:
        raise exists_already(target)


def sync_file_systems(folders: Iterable[str]) -> dict[str, OSError]:
    """Wait until the disks have everything that was written below these folders; what failed, by folder.

    One wait for many files costs a fraction of one for each. Where the system cannot do that, all of it is flushed.
    """
    # Slow to import, and only a batch that writes needs it.
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
                    raise OSError(number, os.strerror(number), folder)
                flushed.add(device)
            finally:
                os.close(handle)
        except OSError as error:
            failed[folder] = error
    return failed
