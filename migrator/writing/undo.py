"""Undo a batch by its journal: every file that is still as the batch left it becomes what it was before."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

from migrator.errors import ChangedError, JournalError, MigratorError, UnreadableError, reported
from migrator.files.attributes import copy_whole
from migrator.files.disk import MAX_BYTES, sync_file, sync_folder, unwritable
from migrator.files.rename import appear
from migrator.files.temporary import clear_left
from migrator.stores import is_url
from migrator.writing.entries import Entry, digest, digest_of
from migrator.writing.exchange import (
    busy,
    changed,
    clear,
    commit,
    exchange_name,
    recover,
    stage_file,
    stage_link,
    staging_name,
)
from migrator.writing.journal import FileJournal
from migrator.writing.lock import LockedFile, lock_for_replacement
from migrator.writing.outcome import Undone, UndoOutcome
from migrator.writing.replace import half_copy, not_kept
from migrator.writing.trust import doubt


def undo(
    journal: FileJournal, stop: Callable[[], bool], *, dry_run: bool = False, trust: bool = False
) -> Iterator[UndoOutcome]:
    """Undo the entries of a journal, the newest first. It may be repeated at any time.

    Args:
        journal: the journal of the batch.
        stop: asked before each file whether to stop.
        dry_run: whether to tell only what would be done.
        trust: whether to believe entries that no batch can have written ([`migrator.writing.trust`][]).
    """
    named, copies = journal.roots(), journal.copies()
    roots = None if named is None else frozenset(named)
    cleared: set[str] = set()
    for entry in journal.backwards():
        if stop():
            return
        try:
            with reported(entry.path):
                if not trust and (reason := doubt(entry, roots, copies=copies)):
                    raise JournalError(reason, hint="--trust undoes it nevertheless")
                warnings: list[str] = []
                status = _undo(entry, warnings, dry_run=dry_run)
                if not dry_run:
                    _clear_folders(entry, cleared)
                    _remove_folders(entry)
                yield UndoOutcome(entry.path, status, warnings=tuple(warnings))
        except MigratorError as error:
            error.file = error.file or entry.path
            yield UndoOutcome(entry.path, Undone.FAILED, error)


def _clear_folders(entry: Entry, cleared: set[str]) -> None:
    """Remove the unfinished files that a killed batch left in the folders of an entry, once for each folder."""
    for name in (entry.path, entry.backup):
        folder = os.path.dirname(name) if name and not is_url(name) else ""
        if folder and folder not in cleared:
            clear_left(folder)
            cleared.add(folder)


def _remove_folders(entry: Entry) -> None:
    """Remove the folders that were made for an entry, if they are empty: the last entry undone finds them so."""
    for folder in reversed(entry.folders):
        if any(name and name.startswith(folder + os.sep) for name in (entry.path, entry.backup)):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _undo(entry: Entry, warnings: list[str], *, dry_run: bool) -> Undone:
    """Undo one entry; what the system refuses to do is added to `warnings`."""
    if is_url(entry.path):
        # Slow to import, and only needed for stores.
        from migrator.writing.undo_stored import undo_stored

        return undo_stored(entry, dry_run=dry_run)
    if entry.before is None and _is_large(entry.path):
        return _undo_copy(entry, dry_run=dry_run)
    try:
        if not dry_run:
            recover(entry.path)
        locked = lock_for_replacement(entry.path, recovering=not dry_run)
    except BlockingIOError as error:
        raise busy(entry.path) from error
    except UnreadableError:
        if os.path.lexists(entry.path):
            raise
        if entry.before is None:
            return Undone.UNTOUCHED
        return _restore(entry, None, warnings, dry_run=dry_run)
    with locked:
        there = digest(locked.content)
        if there == entry.before:
            if not dry_run:
                _clear_up(entry)
            return Undone.UNTOUCHED
        if there != entry.after:
            raise JournalError("was changed after the batch", hint="it is left as it is")
        if entry.before is None:
            if not dry_run:
                _remove(entry, locked)
            return Undone.REMOVED
        return _restore(entry, locked, warnings, dry_run=dry_run)


def _is_large(path: str) -> bool:
    """Whether a file is too large to be held in memory: then it is the copy of a file that is no export."""
    try:
        return os.lstat(path).st_size > MAX_BYTES
    except OSError:
        return False


def _undo_copy(entry: Entry, *, dry_run: bool) -> Undone:
    """Remove a large copy. It is not locked: only exports are replaced by others of this tool's processes."""
    if digest_of(entry.path) != entry.after:
        raise JournalError("was changed after the batch", hint="it is left as it is")
    if not dry_run:
        try:
            os.unlink(entry.path)
        except OSError as error:
            raise unwritable(error, entry.path) from error
    return Undone.REMOVED


def _remove(entry: Entry, written: LockedFile) -> None:
    """Remove a file that the batch wrote, after comparing it once more under a name that nobody else uses."""
    hidden = exchange_name(entry.path)
    try:
        os.rename(entry.path, hidden)
        if not written.stands_at(hidden):
            recover(entry.path)
            raise JournalError("is being changed by someone else", hint="it is left as it is")
        os.unlink(hidden)
    except OSError as error:
        raise unwritable(error, entry.path) from error


def _restore(entry: Entry, written: LockedFile | None, warnings: list[str], *, dry_run: bool) -> Undone:
    """Give the backup the name of the original again. It is the original, with its permissions and times."""
    if entry.backup is None:
        raise JournalError("no backup of it was kept")
    kept = digest_of(entry.backup)
    if kept is None:
        raise JournalError(f"its backup is gone: {entry.backup}")
    if kept != entry.before:
        raise JournalError(f"its backup was changed: {entry.backup}", hint="it is left as it is")
    if dry_run:
        return Undone.RESTORED
    try:
        warnings += not_kept(entry.path, _put_back(entry, entry.backup, written))
        # The backup is removed only when the disk has its other name.
        sync_folder(os.path.dirname(entry.path))
        for name in (entry.backup, half_copy(entry.path, entry.backup)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
    except (ChangedError, FileExistsError) as error:
        raise JournalError("is being changed by someone else", hint="run it again") from error
    except OSError as error:
        raise unwritable(error, entry.path) from error
    return Undone.RESTORED


def _put_back(entry: Entry, backup: str, written: LockedFile | None) -> list[str]:
    """Put the original in its place: the very file, or a copy if the backup is on another disk.

    Returns:
        what the system refuses to a copy.
    """
    refused: list[str] = []
    try:
        handle, locked = stage_link(entry.path, backup)
    except OSError:
        if os.lstat(backup).st_dev == os.stat(os.path.dirname(entry.path)).st_dev:
            _rename_back(entry, backup, written)
            return refused
        handle, locked = _copied(entry, backup, refused)
    try:
        if written:
            commit(entry.path, written.stands_at, locked=locked)
        else:
            appear(staging_name(entry.path), entry.path)
    finally:
        with contextlib.suppress(OSError):
            clear(entry.path)
        os.close(handle)
    return refused


def _rename_back(entry: Entry, backup: str, written: LockedFile | None) -> None:
    """Rename the backup, on a file system without hard links."""
    if not written:
        appear(backup, entry.path)
    elif written.unchanged():
        os.replace(backup, entry.path)
    else:
        raise changed(entry.path)


def _copied(entry: Entry, backup: str, refused: list[str]) -> tuple[int, bool]:
    """Stage a copy of the backup; what the system refuses to it is added to `refused`."""
    handle, locked = stage_file(entry.path)
    staged = staging_name(entry.path)
    try:
        refused += copy_whole(backup, handle)
        if digest_of(staged) != entry.before:
            raise JournalError("the copy of its backup is not the same", hint="check the disk")
        sync_file(handle)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(staged)
        os.close(handle)
        raise
    return handle, locked


def _clear_up(entry: Entry) -> None:
    """Remove the backup that a killed batch made of a file that it did not replace."""
    if not entry.backup:
        return
    with contextlib.suppress(OSError):
        os.unlink(half_copy(entry.path, entry.backup))
    if digest_of(entry.backup) == entry.before:
        with contextlib.suppress(OSError):
            os.unlink(entry.backup)
