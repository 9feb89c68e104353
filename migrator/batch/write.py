"""Put one output where it belongs: nothing is overwritten unless asked, and a failure leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator

from migrator.errors import UnwritableError
from migrator.jsonfile import unwritable, write_atomic

RESIDUE_SUFFIX = ".residue.json"
"""A residue stands beside its document, under the document's whole name and this."""

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


def write_out(target: str, raw: bytes, residue: bytes | None, *, force: bool) -> None:
    """A document, and what it could not keep, in a place of their own; missing folders are made.

    Raises:
        UnwritableError: the target exists and is not to be overwritten, or is no file, or there is no space.
    """
    make_folder(os.path.dirname(target))
    _require_free(target, force=force)
    if residue is None:
        write_atomic(target, raw, overwrite=True)
        return
    saved = target + RESIDUE_SUFFIX
    _require_free(saved, force=force)
    # The residue goes first: a crash in between leaves a file too many, never one too few.
    new = not os.path.lexists(saved)
    with _removed_on_failure(saved) if new else contextlib.nullcontext():
        write_atomic(saved, residue, overwrite=True)
        write_atomic(target, raw, overwrite=True)


def write_in_place(path: str, raw: bytes, residue: bytes | None, *, backup_suffix: str | None) -> None:
    """A document in place of its original, whose permissions it takes over; what was there is kept as a backup.

    Raises:
        UnwritableError: a symbolic link, no permission, no space.
    """
    if os.path.islink(path):
        raise UnwritableError("is a symbolic link", hint=f"name the file itself: {os.path.realpath(path)}", file=path)
    with contextlib.ExitStack() as undo:
        if residue is not None:
            saved = path + RESIDUE_SUFFIX
            if not os.path.lexists(saved):
                undo.enter_context(_removed_on_failure(saved))
            elif backup_suffix:
                undo.enter_context(_removed_on_failure(_back_up(saved, backup_suffix)))
            write_atomic(saved, residue, overwrite=True)
        if backup_suffix:
            undo.enter_context(_removed_on_failure(_back_up(path, backup_suffix)))
        write_atomic(path, raw, overwrite=True, like=path, sync=True)


@contextlib.contextmanager
def _removed_on_failure(name: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def make_folder(folder: str) -> None:
    """A folder for outputs, and those above it, unless it is there.

    Raises:
        UnwritableError: a part of its path is a file, or nothing may be written there.
    """
    if not folder or folder in _made:
        return
    try:
        os.makedirs(folder, exist_ok=True)
    except FileExistsError as error:
        raise UnwritableError("is a file", expected="a folder for the output", file=error.filename) from error
    except OSError as error:
        raise unwritable(error, folder) from error
    if len(_made) > 10_000:
        _made.clear()
    _made.add(folder)


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
        raise UnwritableError("exists already", hint="--force overwrites it", file=target)


def _back_up(path: str, suffix: str) -> str:
    """Keep a file under a free name, which is returned. A hard link costs nothing and cannot differ."""
    name, number = path + suffix, 0
    while True:
        try:
            try:
                os.link(path, name)
            except FileExistsError:
                raise
            except OSError:
                _copy(path, name)
        except FileExistsError:
            number += 1
            name = f"{path}{suffix}.{number}"
        else:
            return name


def _copy(path: str, name: str) -> None:
    """The fallback where a file system has no hard links, or this user may make none."""
    import shutil

    try:
        with open(path, "rb") as source, open(name, "xb") as target, _removed_on_failure(name):
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
            shutil.copystat(path, name)
    except FileExistsError:
        raise
    except OSError as error:
        raise unwritable(error, name) from error
