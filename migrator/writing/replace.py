"""Replace files on a disk, so that at no moment, whatever happens, a file is lost or incomplete.

The original is locked and read, and stays locked. The new file is written beside it; the original also gets the name of
its backup; the disk has both; nobody has changed the original meanwhile: only then the new file takes the name, in one
step. Several files take each of these steps together, which shares the waiting for the disk.

If another program replaces the original at the very last moment, that is noticed, too: see `exchange.py`.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

from migrator.errors import LinkError, MigratorError, UnwritableError
from migrator.files.attributes import copy_whole, take_over
from migrator.files.disk import read_bytes, sync_file, sync_folder, unwritable, write_all
from migrator.files.large import Content, write_to
from migrator.files.rename import appear
from migrator.values import dataclass
from migrator.writing import RESIDUE_SUFFIX
from migrator.writing.entries import Entry, Journal, digest, holds
from migrator.writing.exchange import busy, changed, clear, commit, free_name, keeps, recover, stage_file, staging_name
from migrator.writing.folders import Folders
from migrator.writing.lock import LockedFile, lock_for_replacement
from migrator.writing.options import MAX_WAITING_BYTES, Fsync, WriteOptions
from migrator.writing.outcome import Outcome
from migrator.writing.write import sync_file_systems


@dataclass(slots=True)
class _Piece:
    """One file of a replacement: the document, or its residue. `there` is what stands in its place, None for nothing.

    `staged` is the status of the new file while it has its staging name; `kept` tells whether the backup was made.
    """

    path: str
    raw: Content
    there: tuple[Content, os.stat_result] | None
    backup: str | None = None
    handle: int = -1
    locked: bool = False
    staged: os.stat_result | None = None
    kept: bool = False
    replaced: bool = False

    def release(self) -> None:
        """Give up the lock of the new file."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1

    def is_replaced(self) -> bool:
        """Whether the new file is in its place, even if an interrupt kept that from being noted."""
        with contextlib.suppress(OSError):
            return self.replaced or (self.staged is not None and os.path.samestat(os.lstat(self.path), self.staged))
        return self.replaced

    def replaces(self, name: str) -> bool:
        """Whether a name is that of the file to replace, unchanged."""
        assert self.there
        raw, status = self.there
        now = os.lstat(name)
        same = os.path.samestat(now, status) and now.st_mtime_ns == status.st_mtime_ns
        return same and holds(name, raw)


@dataclass(slots=True)
class Replacement:
    """A document that replaces its original, with its residue before it, if it has one."""

    original: LockedFile
    pieces: list[_Piece]
    outcome: Outcome

    def folders(self) -> set[str]:
        """The folders of its files and their backups."""
        names = [name for piece in self.pieces for name in (piece.path, piece.backup) if name]
        return set(map(os.path.dirname, names))

    def release(self) -> None:
        """Give up all locks."""
        for piece in self.pieces:
            piece.release()
        self.original.release()


class DiskReplacer:
    """Replaces files on a disk, several together. What is not settled at the end of the context is taken back.

    Args:
        options: how files are written.
        journal: where each file is announced before it is touched, None for nowhere.
        folders: the folders for backups that are known to exist.
    """

    def __init__(self, options: WriteOptions, journal: Journal | None = None, folders: Folders | None = None) -> None:
        self._options = options
        self._journal = journal
        self._folders = folders or Folders()
        self._waiting: list[Replacement] = []
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for replacement in self._waiting:
            self._take_back(replacement)
            replacement.release()

    def open(self, path: str) -> LockedFile:
        """Lock and read a file; errors as of [`migrator.writing.lock.lock_for_replacement`][]."""
        # While waiting for another process, hold no lock that it may be waiting for.
        return lock_for_replacement(path, self.settle)

    def replace(self, original: LockedFile, relative: str, raw: Content, residue: bytes | None) -> Outcome:
        """Replace a file; the outcome is final after [`settle`][].

        Args:
            original: what [`open`][] gave. It stays locked until its outcome is final.
            relative: its place below a folder for backups.
            raw: the new content.
            residue: the content of its residue file, None for none.

        Raises:
            MigratorError: an existing residue is not a regular file, or cannot be read, or is being written.
        """
        pieces = []
        # The residue goes first: a crash in between leaves a file too many, never one too few.
        if residue is not None:
            saved = original.path + RESIDUE_SUFFIX
            there = _there(saved)
            # A killed run may have written it already.
            if there is None or there[0] != residue:
                pieces.append(_Piece(saved, residue, there))
        pieces.append(_Piece(original.path, raw, (original.content, original.status)))
        for piece in pieces:
            if self._options.backup and piece.there:
                name = self._options.backup_name(piece.path, relative + piece.path.removeprefix(original.path))
                piece.backup = free_name(name, piece.there[1], piece.there[0])
        original.kept = True
        replacement = Replacement(original, pieces, Outcome(other_names=_other_names(original, pieces[-1].backup)))
        self._waiting.append(replacement)
        self._bytes += len(original.content) + len(raw)
        if self._bytes > MAX_WAITING_BYTES:
            self.settle()
        return replacement.outcome

    def settle(self) -> None:
        """Make all replacements that are waiting. Each that fails is taken back, and its outcome has an error."""
        if not self._waiting:
            return
        fsync = self._options.fsync
        if self._journal is not None:
            self._announce(self._journal)
        self._for_each(self._prepare)
        if fsync is Fsync.BATCH:
            folders = {folder for replacement in self._going() for folder in replacement.folders()}
            self._for_each(_require_synced, sync_file_systems(folders))
        self._for_each(_commit)
        if fsync is not Fsync.NEVER:
            self._sync_names()
        for replacement in self._waiting:
            replacement.release()
        self._waiting, self._bytes = [], 0

    def _going(self) -> list[Replacement]:
        return [replacement for replacement in self._waiting if not replacement.outcome.error]

    def _for_each(self, step: Callable[..., None], *arguments: object) -> None:
        for replacement in self._going():
            outcome = replacement.outcome
            try:
                step(replacement, *arguments)
            except OSError as error:
                outcome.error = unwritable(error, replacement.original.path)
            except MigratorError as error:
                outcome.error = error
            if outcome.error:
                self._take_back(replacement)

    def _announce(self, journal: Journal) -> None:
        """Nothing is touched that is not in the journal."""
        entries = [self._entry(piece) for replacement in self._waiting for piece in replacement.pieces]
        try:
            journal.append(entries, sync=self._options.fsync is not Fsync.NEVER)
        except MigratorError as error:
            for replacement in self._waiting:
                replacement.outcome.error = error

    def _entry(self, piece: _Piece) -> Entry:
        before = digest(piece.there[0]) if piece.there else None
        backup = os.path.abspath(piece.backup) if piece.backup else None
        folders = self._folders.missing(os.path.dirname(backup)) if backup else ()
        return Entry(os.path.abspath(piece.path), before, digest(piece.raw), backup, folders)

    def _prepare(self, replacement: Replacement) -> None:
        warnings, each = replacement.outcome.warnings, self._options.fsync is Fsync.EACH
        for piece in replacement.pieces:
            warnings += not_kept(piece.path, _stage(piece, replacement.original.status, self._options))
            if piece.backup and piece.there:
                folder = os.path.dirname(piece.backup)
                if self._options.folder:
                    self._folders.make(folder, sync=each)
                refused = _keep(piece, piece.backup, piece.there, sync=self._options.fsync is not Fsync.NEVER)
                warnings += not_kept(piece.backup, refused)
                if each:
                    _sync(replacement, folder)

    def _sync_names(self) -> None:
        """Wait for the names of the new files, once for each folder."""
        folders: dict[str, OSError | None] = {}

        def sync(replacement: Replacement) -> None:
            folder = os.path.dirname(replacement.original.path)
            if folder not in folders:
                folders[folder] = None
                try:
                    _sync(replacement, folder)
                except OSError as error:
                    folders[folder] = error
            if failed := folders[folder]:
                raise failed

        self._for_each(sync)

    def _take_back(self, replacement: Replacement) -> None:
        """Restore what was there, as far as the disk allows, and leave no hidden file."""
        if all(piece.replaced for piece in replacement.pieces):
            return
        for piece in reversed(replacement.pieces):
            with contextlib.suppress(OSError, MigratorError):
                if piece.staged and not piece.replaced:
                    clear(piece.path)
                if piece.is_replaced() and piece.kept and piece.backup:
                    os.replace(piece.backup, piece.path)
                elif piece.is_replaced() and piece.there:
                    piece.raw = piece.there[0]
                    piece.release()
                    _stage(piece, piece.there[1], self._options)
                    os.replace(staging_name(piece.path), piece.path)
                elif piece.is_replaced():
                    os.unlink(piece.path)
                elif piece.kept and piece.backup:
                    os.unlink(piece.backup)


def _other_names(original: LockedFile, backup: str | None) -> int:
    """How many more hard links the original has, not counting a backup that an earlier run left."""
    further = original.status.st_nlink - 1
    with contextlib.suppress(OSError):
        # One of equal content may be a file of its own.
        return further - bool(backup and os.path.samestat(os.lstat(backup), original.status))
    return further


def _there(path: str) -> tuple[bytes, os.stat_result] | None:
    try:
        recover(path)
        status = os.lstat(path)
    except BlockingIOError as error:
        raise busy(path) from error
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise LinkError("is not a regular file", hint="move it away", file=path)
    return read_bytes(path), status


def _sync(replacement: Replacement, folder: str) -> None:
    if not sync_folder(folder):
        replacement.outcome.warnings.append(f"its file system cannot wait for the names in {folder or os.curdir}")


def not_kept(name: str, refused: list[str]) -> list[str]:
    """The warning about a new file that the system did not give all of the original's attributes; or none."""
    return [f"{name} does not have the original's {', '.join(refused)}: the system refuses"] if refused else []


def _stage(piece: _Piece, original: os.stat_result, options: WriteOptions) -> list[str]:
    """Write the new file under its staging name, and give it all that it takes over from the original.

    A new residue gets what the document has, but for its times. Returns what the system refuses.
    """
    piece.handle, piece.locked = stage_file(piece.path)
    piece.staged = os.fstat(piece.handle)
    write_to(partial(write_all, piece.handle), piece.raw)
    if piece.there:
        refused = take_over(piece.handle, piece.there[1], piece.path, times=not options.touch)
    else:
        refused = take_over(piece.handle, original, times=False)
    if options.fsync is Fsync.EACH:
        sync_file(piece.handle)
    return refused


def _keep(piece: _Piece, backup: str, there: tuple[Content, os.stat_result], *, sync: bool) -> list[str]:
    """Give the original the name of its backup, or copy it where that fails; then check that it is what was read.

    Returns:
        what the system refuses to a copy.
    """
    (raw, status), copied, refused = there, False, list[str]()
    if os.path.lexists(backup) and keeps(backup, status, raw):
        # A killed run made it: only that run may remove it again.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(half_copy(piece.path, backup))
        return refused
    try:
        os.link(piece.path, backup, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        copied = True
        refused = _copy(piece.path, backup, sync=sync)
    piece.kept = True
    if copied and not holds(backup, raw):
        raise UnwritableError("is not what was written to it", hint="check the disk", file=backup)
    if not copied and not os.path.samestat(os.lstat(backup), status):
        raise changed(piece.path)
    return refused


def half_copy(path: str, backup: str) -> str:
    """The hidden name of the backup of `path` until the copy is complete."""
    return os.path.join(os.path.dirname(backup), os.path.basename(staging_name(path)) + ".copy")


def _copy(path: str, backup: str, *, sync: bool) -> list[str]:
    """Copy a file to its backup, where the file system has no hard links or is another one; it appears complete.

    Returns:
        what the system refuses to the copy.
    """
    half = half_copy(path, backup)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(half)  # Of a killed run.
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            refused = copy_whole(path, handle)
            if sync:
                sync_file(handle)
        finally:
            os.close(handle)
        appear(half, backup)
        if sync:
            sync_folder(os.path.dirname(backup))
        return refused
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(half)
        if isinstance(error, OSError):
            raise unwritable(error, backup) from error
        raise


def _require_synced(replacement: Replacement, failed: dict[str, OSError]) -> None:
    for folder in replacement.folders():
        if error := failed.get(folder):
            raise error


def _commit(replacement: Replacement) -> None:
    """Let the new files take their names, if the original is still what was read."""
    original = replacement.original
    if not original.unchanged():
        raise changed(original.path)
    for piece in replacement.pieces:
        if piece.path == original.path:
            commit(piece.path, original.stands_at, locked=piece.locked)
        elif piece.there:
            commit(piece.path, piece.replaces, locked=piece.locked)
        else:
            try:
                appear(staging_name(piece.path), piece.path)
            except FileExistsError as error:
                raise changed(piece.path) from error
        piece.replaced = True
