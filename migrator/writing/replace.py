"""Put documents in place of their originals, so that at no moment, whatever happens, a file is lost or half there.

The original is locked and read, and stays locked. What replaces it is written beside it; the original is kept under
the name of its backup; the disk has both; nobody has changed the original meanwhile: only then the new file takes the
name, in one step. Several files may go through each of these together, which shares the waiting for the disk.

Should somebody have replaced the original at the very last moment, that is noticed, too: see `swap.py`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from migrator.errors import LinkError, MigratorError, UnwritableError
from migrator.files.disk import read_bytes, sync_folder, unwritable, write_all
from migrator.files.rename import appear
from migrator.writing import RESIDUE_SUFFIX, journal
from migrator.writing.exchange import (
    busy,
    changed,
    clear,
    commit,
    free_name,
    recover,
    stage_file,
    staging_name,
)
from migrator.writing.lock import LockedFile, lock_for_replacement
from migrator.writing.options import Fsync, WriteOptions
from migrator.writing.write import make_folder, missing_folders, sync_file_systems

_TOGETHER: Final = 2**24
"""Bytes that may wait in memory for the disk."""


@dataclass(slots=True)
class _Piece:
    """One file of a change. `there` is what stands in its place, content and status; None for nothing."""

    path: str
    raw: bytes
    there: tuple[bytes, os.stat_result] | None
    backup: str | None = None
    handle: int = -1
    locked: bool = False
    made: os.stat_result | None = None
    kept: bool = False
    replaced: bool = False

    def release(self) -> None:
        """Give up the lock of the new file."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1

    def is_replaced(self) -> bool:
        """Whether the new file stands in its place, even if an interrupt kept that from being noted."""
        with contextlib.suppress(OSError):
            return self.replaced or (self.made is not None and os.path.samestat(os.lstat(self.path), self.made))
        return self.replaced

    def replaces(self, name: str) -> bool:
        """Whether what is to be replaced stands under a name."""
        assert self.there
        raw, status = self.there
        now = os.lstat(name)
        same = os.path.samestat(now, status) and now.st_mtime_ns == status.st_mtime_ns
        return same and read_bytes(name) == raw

    def entry(self) -> journal.Entry:
        before = journal.digest(self.there[0]) if self.there else None
        backup = os.path.abspath(self.backup) if self.backup else None
        folders = missing_folders(os.path.dirname(backup)) if backup else ()
        return journal.Entry(os.path.abspath(self.path), before, journal.digest(self.raw), backup, folders)


@dataclass(slots=True)
class Change:
    """A document in place of its original, after its residue, if it has one. `error` tells why it was not done."""

    held: LockedFile
    pieces: list[_Piece]
    error: MigratorError | None = None


class Replacements:
    """Changes that go to the disk together. What was not settled when it is left is taken back."""

    def __init__(self, manner: WriteOptions) -> None:
        self._manner = manner
        self._changes: list[Change] = []
        self._bytes = 0
        self._reading: LockedFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._release()
        for change in self._changes:
            self._take_back(change)
            _release(change)

    def _release(self) -> None:
        """What was read and not replaced is done with."""
        if self._reading:
            self._reading.release()
            self._reading = None

    def read(self, path: str) -> bytes:
        """Lock a file, and read it; errors as of [`migrator.writing.lock.lock_for_replacement`][]."""
        self._release()
        # Who waits for another process must not hold what that one may be waiting for.
        self._reading = lock_for_replacement(path, self.settle)
        return self._reading.raw

    def replace(self, relative: str, raw: bytes, residue: bytes | None) -> Change:
        """A change to make: `raw` in place of the file that was read last, `residue` beside it.

        Args:
            relative: its place below a backup folder.
            raw: what replaces it.
            residue: the content of its residue file, None for none.

        Raises:
            MigratorError: a residue that is there already is no file, or cannot be read, or is being written.
        """
        assert self._reading
        held, self._reading = self._reading, None
        pieces = []
        # The residue goes first: a crash in between leaves a file too many, never one too few.
        if residue is not None:
            saved = held.path + RESIDUE_SUFFIX
            there = _there(saved)
            # A killed run may have come as far as this.
            if there is None or there[0] != residue:
                pieces.append(_Piece(saved, residue, there))
        pieces.append(_Piece(held.path, raw, (held.raw, held.status)))
        for piece in pieces:
            if self._manner.backup and piece.there:
                name = self._manner.backup_name(piece.path, relative + piece.path.removeprefix(held.path))
                piece.backup = free_name(name, piece.there[1])
        change = Change(held, pieces)
        self._changes.append(change)
        self._bytes += len(held.raw) + len(raw)
        if self._bytes > _TOGETHER:
            self.settle()
        return change

    def settle(self) -> None:
        """Make all changes that are waiting. Each that could not be made is taken back, and has an `error`."""
        if not self._changes:
            return
        fsync = self._manner.fsync
        if self._manner.journal:
            self._announce(self._manner.journal)
        self._each(self._prepare)
        if fsync is Fsync.BATCH:
            folders = {os.path.dirname(piece.path) for change in self._going() for piece in change.pieces}
            self._each(self._reached, sync_file_systems(folders))
        self._each(self._replace)
        if fsync is not Fsync.NEVER:
            self._sync_names()
        for change in self._changes:
            _release(change)
        self._changes, self._bytes = [], 0

    def _going(self) -> list[Change]:
        return [change for change in self._changes if not change.error]

    def _each(self, step: Callable[..., None], *arguments: object) -> None:
        for change in self._going():
            try:
                step(change, *arguments)
            except OSError as error:
                change.error = unwritable(error, change.held.path)
            except MigratorError as error:
                change.error = error
            if change.error:
                self._take_back(change)

    def _announce(self, name: str) -> None:
        """Nothing is touched that does not stand in the journal."""
        entries = [piece.entry() for change in self._changes for piece in change.pieces]
        try:
            journal.append(name, entries, sync=self._manner.fsync is not Fsync.NEVER)
        except MigratorError as error:
            for change in self._changes:
                change.error = error

    def _prepare(self, change: Change) -> None:
        for piece in change.pieces:
            _write_beside(piece, change.held.status, self._manner)
            if piece.backup and piece.there:
                self._keep(piece, piece.there)

    def _keep(self, piece: _Piece, there: tuple[bytes, os.stat_result]) -> None:
        """Give the original a second name, or a copy where that cannot be, and see that it is what was read."""
        assert piece.backup
        (raw, status), copied = there, False
        if self._manner.folder:
            make_folder(os.path.dirname(piece.backup))
        try:
            os.link(piece.path, piece.backup, follow_symlinks=False)
        except FileExistsError:
            # What a killed run left: it is no other run's to take away.
            if os.path.samestat(os.lstat(piece.backup), status):
                return
            raise
        except OSError:
            copied = True
            _copy(piece, sync=self._manner.fsync is not Fsync.NEVER)
        piece.kept = True
        if copied and read_bytes(piece.backup) != raw:
            raise UnwritableError("is not what was written to it", hint="check the disk", file=piece.backup)
        if not copied and not os.path.samestat(os.lstat(piece.backup), status):
            raise changed(piece.path)

    def _reached(self, change: Change, failed: dict[str, OSError]) -> None:
        """The file systems have written what was beside."""
        if error := failed.get(os.path.dirname(change.held.path)):
            raise error

    def _replace(self, change: Change) -> None:
        if not change.held.unchanged():
            raise changed(change.held.path)
        for piece in change.pieces:
            if piece.path == change.held.path:
                commit(piece.path, change.held.stands_at, locked=piece.locked)
            elif piece.there:
                commit(piece.path, piece.replaces, locked=piece.locked)
            else:
                try:
                    appear(staging_name(piece.path), piece.path)
                except FileExistsError as error:
                    raise changed(piece.path) from error
            piece.replaced = True

    def _sync_names(self) -> None:
        """One wait for all files of a folder."""
        folders: dict[str, OSError | None] = {}

        def sync(change: Change) -> None:
            folder = os.path.dirname(change.held.path)
            if folder not in folders:
                folders[folder] = None
                try:
                    sync_folder(folder)
                except OSError as error:
                    folders[folder] = error
            if failed := folders[folder]:
                raise failed

        self._each(sync)

    def _take_back(self, change: Change) -> None:
        """Leave things as they were, as far as the disk allows: nothing half, nothing beside."""
        if all(piece.replaced for piece in change.pieces):
            return
        for piece in reversed(change.pieces):
            with contextlib.suppress(OSError, MigratorError):
                if piece.made and not piece.replaced:
                    clear(piece.path)
                if piece.is_replaced() and piece.kept and piece.backup:
                    os.replace(piece.backup, piece.path)
                elif piece.is_replaced() and piece.there:
                    piece.raw = piece.there[0]
                    piece.release()
                    _write_beside(piece, piece.there[1], self._manner)
                    os.replace(staging_name(piece.path), piece.path)
                elif piece.is_replaced():
                    os.unlink(piece.path)
                elif piece.kept and piece.backup:
                    os.unlink(piece.backup)


def _release(change: Change) -> None:
    for piece in change.pieces:
        piece.release()
    change.held.release()


def other_names(change: Change) -> int:
    """How many more hard links the original has, not counting a backup that an earlier run left behind."""
    left = change.pieces[-1].backup
    return change.held.status.st_nlink - 1 - bool(left and os.path.lexists(left))


def _there(path: str) -> tuple[bytes, os.stat_result] | None:
    try:
        recover(path)
        status = os.lstat(path)
    except BlockingIOError as error:
        raise busy(path) from error
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise LinkError("is no regular file", hint="move it away", file=path)
    return read_bytes(path), status


def _write_beside(piece: _Piece, original: os.stat_result, manner: WriteOptions) -> None:
    """The new file, complete and with everything it takes over from the original, under another name."""
    piece.handle, piece.locked = stage_file(piece.path)
    piece.made = os.fstat(piece.handle)
    write_all(piece.handle, piece.raw)
    _take_over(piece.handle, piece.path if piece.there else "", original)
    if piece.there and not manner.touch:
        os.utime(piece.handle, ns=(piece.there[1].st_atime_ns, piece.there[1].st_mtime_ns))
    if manner.fsync is Fsync.EACH:
        os.fsync(piece.handle)


def _take_over(handle: int, path: str, original: os.stat_result) -> None:
    """Owner where the system allows it, permissions, and attributes such as access lists."""
    mine = os.fstat(handle)
    if (mine.st_uid, mine.st_gid) != (original.st_uid, original.st_gid):
        for owner, group in ((original.st_uid, original.st_gid), (-1, original.st_gid)):
            with contextlib.suppress(PermissionError):
                os.fchown(handle, owner, group)
                break
    # After the owner, whose change takes away some of them.
    os.fchmod(handle, stat.S_IMODE(original.st_mode))
    if path and hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(path, follow_symlinks=False):
                os.setxattr(handle, name, os.getxattr(path, name, follow_symlinks=False))


def half_copy(path: str, backup: str) -> str:
    """What the backup of `path` is called until it is whole."""
    return os.path.join(os.path.dirname(backup), os.path.basename(staging_name(path)) + ".copy")


def _copy(piece: _Piece, *, sync: bool) -> None:
    """The backup where a file system has no hard links, or lies elsewhere; it, too, appears whole."""
    assert piece.backup
    half = half_copy(piece.path, piece.backup)
    try:
        shutil.copy2(piece.path, half, follow_symlinks=False)
        with open(half, "rb") as file:
            if sync:
                os.fsync(file.fileno())
        os.rename(half, piece.backup)
        if sync:
            sync_folder(os.path.dirname(piece.backup))
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(half)
        raise unwritable(error, piece.backup) from error
