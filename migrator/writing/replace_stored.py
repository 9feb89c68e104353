"""Write on object stores: new objects, and documents that replace their originals.

A store shows an object whole or not at all, keeps it before it answers, and writes under a condition. So there is no
lock, nothing is staged, and there is no wait for a disk: the original is read, the journal says what will be there, the
backup is written and read back, and the new object replaces only the very object that was read.
"""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Self

from migrator.errors import UnwritableError
from migrator.files.disk import exists_already, write_atomic
from migrator.files.large import Content, whole
from migrator.stores import exists, find, is_url, read_bytes, store_of
from migrator.stores.store import Store, Stored
from migrator.values import NamedTuple
from migrator.writing import RESIDUE_SUFFIX
from migrator.writing.entries import Entry, Journal, digest
from migrator.writing.folders import Folders
from migrator.writing.options import Fsync, WriteOptions
from migrator.writing.outcome import Outcome


def write_stored(target: str, raw: bytes, residue: bytes | None, *, force: bool) -> None:
    """Write a document, and its residue beside it, as new objects.

    Args:
        target: the URL of the document.
        raw: its content.
        residue: the content of its residue, None for none.
        force: whether existing objects may be overwritten.

    Raises:
        UnwritableError: the target exists and may not be overwritten, or the store refuses.
    """
    store = store_of(target)
    write = store.overwrite if force else store.create
    _require_free(target, force=force)
    if residue is None:
        write(target, raw)
        return
    # The residue goes first: a crash in between leaves an object too many, never one too few.
    saved = target + RESIDUE_SUFFIX
    there = find(saved)
    new = there is None
    if there != residue:
        _require_free(saved, force=force)
        write(saved, residue)
    try:
        write(target, raw)
    except BaseException:
        if new:
            with contextlib.suppress(UnwritableError):
                store.remove(saved)
        raise


def _require_free(url: str, *, force: bool) -> None:
    if not force and exists(url):
        raise exists_already(url)


class StoredOriginal:
    """An object as it was read. The store itself tells whether it was changed since: nothing has to be released."""

    __slots__ = ("path", "stored")

    def __init__(self, url: str, stored: Stored) -> None:
        self.path = url
        self.stored = stored

    @property
    def content(self) -> bytes:
        """Its content."""
        return self.stored.raw

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        pass


class _Piece(NamedTuple):
    """One object of a replacement: the document, or its residue. `there` is what it replaces, None for nothing.

    `kept` tells whether the backup exists already.
    """

    url: str
    raw: bytes
    there: Stored | None
    backup: str | None
    kept: bool = False

    def entry(self) -> Entry:
        return Entry(self.url, digest(self.there.raw) if self.there else None, digest(self.raw), self.backup)


class StoreReplacer:
    """Replaces objects, each at once; the counterpart of [`migrator.writing.replace.DiskReplacer`][].

    Args:
        options: how files are written.
        journal: where each object is announced before it is touched, None for nowhere.
        folders: the folders for backups on this machine that are known to exist.
    """

    def __init__(self, options: WriteOptions, journal: Journal | None = None, folders: Folders | None = None) -> None:
        self._options = options
        self._journal = journal
        self._folders = folders or Folders()
        self._sync = options.fsync is not Fsync.NEVER

    def open(self, url: str) -> StoredOriginal:
        """Read an object; errors as of [`migrator.stores.read_bytes`][]."""
        return StoredOriginal(url, store_of(url).read(url))

    def replace(self, original: StoredOriginal, relative: str, raw: Content, residue: bytes | None) -> Outcome:
        """Replace an object, at once.

        A backup that was written stays, whatever happens then: another process may have found it and rely on it. It
        equals the original, so the next run uses it.

        Args:
            original: what [`open`][] gave.
            relative: its place below a folder for backups.
            raw: the new content.
            residue: the content of its residue, None for none.

        Raises:
            ChangedError: another program has changed the object since.
            UnwritableError: the store, or the folder for backups, refuses.
        """
        url = original.path
        store = store_of(url)
        pieces = []
        if residue is not None:
            saved = url + RESIDUE_SUFFIX
            there = store.find(saved)
            # A killed run may have written it already.
            if there is None or there.raw != residue:
                pieces.append(self._piece(saved, relative + RESIDUE_SUFFIX, residue, there))
        pieces.append(self._piece(url, relative, whole(raw), original.stored))
        if self._journal is not None:
            self._journal.append([piece.entry() for piece in pieces], sync=self._sync)
        for piece in pieces:
            if piece.backup and piece.there and not piece.kept:
                self._keep(piece.backup, piece.there, store)
        for piece in pieces:
            if piece.there:
                store.replace(piece.url, piece.raw, piece.there)
            else:
                store.create(piece.url, piece.raw)
        return Outcome()

    def settle(self) -> None:
        """Nothing is waiting."""

    def _piece(self, url: str, relative: str, raw: bytes, there: Stored | None) -> _Piece:
        if not (self._options.backup and there):
            return _Piece(url, raw, there, None)
        backup, kept = _free_name(self._options.backup_name(url, relative), there.raw)
        return _Piece(url, raw, there, backup, kept)

    def _keep(self, backup: str, there: Stored, store: Store) -> None:
        """Write a backup, and read it back before the original is replaced."""
        if is_url(backup):
            other = store_of(backup)
            # With its metadata, so that it can be restored; a store of another kind would not understand them.
            other.keep(backup, there if other is store else there._replace(metadata=None))
        else:
            self._folders.make(backup.rpartition("/")[0], sync=self._options.fsync is Fsync.EACH)
            write_atomic(backup, there.raw, overwrite=False, sync=self._sync)
        if read_bytes(backup) != there.raw:
            raise UnwritableError("is not what was written to it", hint="check the store", file=backup)


def _free_name(name: str, raw: bytes) -> tuple[str, bool]:
    """The first of `name`, `name.1`, … that is free, or has this content already; and which of the two it is."""
    free, number = name, 0
    while (there := find(free)) is not None:
        if there == raw:
            return free, True
        number += 1
        free = f"{name}.{number}"
    return free, False
