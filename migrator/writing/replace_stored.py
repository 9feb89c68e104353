"""Write on object stores: outputs of their own, and documents in place of their originals.

A store shows an object whole or not at all, keeps it before it answers, and writes under a condition. So there is no
lock, nothing is written beside first, and nobody waits for a disk: the original is read, the journal says what will
be there, the backup is kept and read back, and the new object is only taken in place of the very one that was read.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

from migrator.errors import UnwritableError
from migrator.files.disk import exists_already, write_atomic
from migrator.stores import exists, find, is_url, read_bytes, store_of
from migrator.stores.store import Store, Stored
from migrator.writing import RESIDUE_SUFFIX, journal
from migrator.writing.options import Fsync, WriteOptions
from migrator.writing.write import make_folder


def write_stored(target: str, raw: bytes, residue: bytes | None, *, force: bool) -> None:
    """A document, and what it could not keep, as objects of their own.

    Args:
        target: the URL of the document.
        raw: its content.
        residue: the content of its residue, None for none.
        force: whether what is there may be overwritten.

    Raises:
        UnwritableError: the target exists and is not to be overwritten, or the store does not take it.
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


class _Piece(NamedTuple):
    """One object of a change: `there` is what stands in its place, None for nothing."""

    url: str
    raw: bytes
    there: Stored | None
    backup: str | None
    kept: bool = False
    """Whether the backup is there already."""

    def entry(self) -> journal.Entry:
        before = journal.digest(self.there.raw) if self.there else None
        return journal.Entry(self.url, before, journal.digest(self.raw), self.backup)


class StoredReplacements:
    """Objects in place of their originals, one at a time; the counterpart of [`migrator.writing.replace`][]."""

    def __init__(self, manner: WriteOptions) -> None:
        self._manner = manner
        self._reading: tuple[str, Stored] | None = None

    def read(self, url: str) -> bytes:
        """Read an object that may be replaced; errors as of [`migrator.stores.read_bytes`][]."""
        found = store_of(url).read(url)
        self._reading = url, found
        return found.raw

    def replace(self, relative: str, raw: bytes, residue: bytes | None) -> None:
        """Put `raw` in place of the object that was read last, `residue` beside it.

        A backup that was made stays, whatever happens then: another process may have taken it for its own. It is what
        the original is, so the next run uses it.

        Args:
            relative: its place below a backup folder.
            raw: what replaces it.
            residue: the content of its residue, None for none.

        Raises:
            ChangedError: it was changed by someone else since.
            UnwritableError: the store, or the folder for backups, does not take something.
        """
        assert self._reading
        (url, there), self._reading = self._reading, None
        pieces = []
        if residue is not None:
            saved = url + RESIDUE_SUFFIX
            old = store_of(saved).find(saved)
            # A killed run may have come as far as this.
            if old is None or old.raw != residue:
                pieces.append(self._piece(saved, relative + RESIDUE_SUFFIX, residue, old))
        pieces.append(self._piece(url, relative, raw, there))
        if self._manner.journal:
            entries = [piece.entry() for piece in pieces]
            journal.append(self._manner.journal, entries, sync=self._manner.fsync is not Fsync.NEVER)
        for piece in pieces:
            if piece.backup and piece.there and not piece.kept:
                _keep(piece.backup, piece.there, store_of(url), sync=self._manner.fsync is not Fsync.NEVER)
        for piece in pieces:
            if piece.there:
                store_of(piece.url).replace(piece.url, piece.raw, piece.there)
            else:
                store_of(piece.url).create(piece.url, piece.raw)

    def _piece(self, url: str, relative: str, raw: bytes, there: Stored | None) -> _Piece:
        if not (self._manner.backup and there):
            return _Piece(url, raw, there, None)
        backup, kept = _free_name(self._manner.backup_name(url, relative), there.raw)
        return _Piece(url, raw, there, backup, kept)


def _free_name(name: str, raw: bytes) -> tuple[str, bool]:
    """A name that nothing has, or that keeps this very content already; whether that is so."""
    free, number = name, 0
    while (there := find(free)) is not None:
        if there == raw:
            return free, True
        number += 1
        free = f"{name}.{number}"
    return free, False


def _keep(backup: str, there: Stored, home: Store, *, sync: bool) -> None:
    """A backup, read back before the original goes."""
    if is_url(backup):
        store = store_of(backup)
        # With its metadata, so that it can come back as it was; another kind of store would not understand them.
        store.keep(backup, there if store is home else there._replace(about=None))
    else:
        make_folder(backup.rpartition("/")[0])
        write_atomic(backup, there.raw, overwrite=False, sync=sync)
    if read_bytes(backup) != there.raw:
        raise UnwritableError("is not what was written to it", hint="check the store", file=backup)
