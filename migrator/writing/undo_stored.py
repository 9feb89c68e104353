"""Undo what a batch wrote on an object store."""

from __future__ import annotations

import os

from migrator.errors import JournalError
from migrator.files.disk import unwritable
from migrator.stores import find, is_url, store_of
from migrator.stores.store import Stored
from migrator.writing.entries import Entry, digest
from migrator.writing.outcome import Undone


def undo_stored(entry: Entry, *, dry_run: bool) -> Undone:
    """Undo one entry whose path is a URL; with `dry_run`, tell only what would be done.

    Raises:
        JournalError: the object is not what the batch left, or its backup is missing or was changed.
        MigratorError: the store refuses, or another program changes the object at the same time.
    """
    store = store_of(entry.path)
    there = store.find(entry.path)
    now = digest(there.raw) if there else None
    if now == entry.before:
        return Undone.UNTOUCHED
    if there and now != entry.after:
        raise JournalError("was changed after the batch", hint="it is left as it is")
    if entry.before is None:
        if not dry_run:
            store.remove(entry.path)
        return Undone.REMOVED
    backup, kept = _backup(entry)
    if dry_run:
        return Undone.RESTORED
    if there is None:
        store.keep(entry.path, kept)
    else:
        metadata = kept.metadata if kept.metadata is not None else there.metadata
        store.replace(entry.path, kept.raw, Stored(kept.raw, there.etag, metadata))
    _remove(backup)
    return Undone.RESTORED


def _backup(entry: Entry) -> tuple[str, Stored]:
    if entry.backup is None:
        raise JournalError("no backup of it was kept")
    kept = store_of(entry.backup).find(entry.backup) if is_url(entry.backup) else _on_disk(entry.backup)
    if kept is None:
        raise JournalError(f"its backup is gone: {entry.backup}")
    if is_url(entry.backup) and store_of(entry.backup) is not store_of(entry.path):
        kept = kept._replace(metadata=None)
    if digest(kept.raw) != entry.before:
        raise JournalError(f"its backup was changed: {entry.backup}", hint="it is left as it is")
    return entry.backup, kept


def _on_disk(path: str) -> Stored | None:
    raw = find(path)
    return None if raw is None else Stored(raw)


def _remove(backup: str) -> None:
    if is_url(backup):
        store_of(backup).remove(backup)
        return
    try:
        os.unlink(backup)
    except OSError as error:
        raise unwritable(error, backup) from error
