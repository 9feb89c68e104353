"""Take a batch back, by its journal: every file that is what the batch made of it becomes what it was."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from migrator.errors import ChangedError, JournalError, MigratorError, UnreadableError, reported
from migrator.files.disk import sync_folder, unwritable
from migrator.files.rename import appear
from migrator.stores import is_url
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
from migrator.writing.journal import Entry, Journal, digest, digest_of
from migrator.writing.lock import LockedFile, lock_for_replacement
from migrator.writing.replace import half_copy


class Undone(StrEnum):
    """What became of one entry."""

    RESTORED = "restored"
    """The original is back."""
    REMOVED = "removed"
    """What the batch made is gone; nothing had been there."""
    UNTOUCHED = "untouched"
    """It is as it was before the batch."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry of the journal."""

    path: str
    status: Undone
    error: MigratorError | None = None

    def as_dict(self) -> dict[str, Any]:
        """One line of `--json`."""
        row: dict[str, Any] = {"file": self.path, "status": self.status.value}
        return row | ({"error": self.error.as_dict()} if self.error else {})


def undo(journal: Journal, stop: Callable[[], bool], *, dry_run: bool = False) -> Iterator[Outcome]:
    """Take back what a journal tells, the newest first; it may be done again, as often as one likes.

    Args:
        journal: the journal of the batch.
        stop: asked before each file whether to stop.
        dry_run: whether to only say what would be done.
    """
    for entry in journal.backwards():
        if stop():
            return
        try:
            with reported(entry.path):
                status = _undo(entry, dry_run=dry_run)
                if not dry_run:
                    _remove_folders(entry)
                yield Outcome(entry.path, status)
        except MigratorError as error:
            error.file = error.file or entry.path
            yield Outcome(entry.path, Undone.FAILED, error)


def _remove_folders(entry: Entry) -> None:
    """Away with those that were made for it, as far as they are empty again: the last entry undone finds them so."""
    for folder in reversed(entry.folders):
        if any(name and name.startswith(folder + os.sep) for name in (entry.path, entry.backup)):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _undo(entry: Entry, *, dry_run: bool) -> Undone:
    if is_url(entry.path):
        from migrator.writing.undo_stored import undo_stored

        return undo_stored(entry, dry_run=dry_run)
    try:
        if not dry_run:
            recover(entry.path)
        held = lock_for_replacement(entry.path, recovering=not dry_run)
    except BlockingIOError as error:
        raise busy(entry.path) from error
    except UnreadableError:
        if os.path.lexists(entry.path):
            raise
        if entry.before is None:
            return Undone.UNTOUCHED
        return _restore(entry, None, dry_run=dry_run)
    try:
        there = digest(held.raw)
        if there == entry.before:
            if not dry_run:
                _clear_up(entry)
            return Undone.UNTOUCHED
        if there != entry.after:
            raise JournalError("was changed after the batch", hint="it is left as it is")
        if entry.before is None:
            if not dry_run:
                _remove(entry, held)
            return Undone.REMOVED
        return _restore(entry, held, dry_run=dry_run)
    finally:
        held.release()


def _remove(entry: Entry, held: LockedFile) -> None:
    """Away with it, looked at once more under a name that nobody else uses."""
    swap = exchange_name(entry.path)
    try:
        os.rename(entry.path, swap)
        if not held.stands_at(swap):
            recover(entry.path)
            raise JournalError("is being changed by someone else", hint="it is left as it is")
        os.unlink(swap)
    except OSError as error:
        raise unwritable(error, entry.path) from error


def _restore(entry: Entry, held: LockedFile | None, *, dry_run: bool) -> Undone:
    """The backup takes the name of the original again, with its permissions and times: it is the original."""
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
        _put_back(entry, entry.backup, held)
        # Not before the disk has its other name.
        sync_folder(os.path.dirname(entry.path))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(entry.backup)
    except (ChangedError, FileExistsError) as error:
        raise JournalError("is being changed by someone else", hint="run it again") from error
    except OSError as error:
        raise unwritable(error, entry.path) from error
    return Undone.RESTORED


def _put_back(entry: Entry, backup: str, held: LockedFile | None) -> None:
    """The original in its place, as the very file it was; from another disk, as a copy."""
    try:
        handle, locked = stage_link(entry.path, backup)
    except OSError:
        if os.lstat(backup).st_dev == os.stat(os.path.dirname(entry.path)).st_dev:
            _rename_back(entry, backup, held)
            return
        handle, locked = _copied(entry, backup)
    try:
        if held:
            commit(entry.path, held.stands_at, locked=locked)
        else:
            appear(staging_name(entry.path), entry.path)
    finally:
        with contextlib.suppress(OSError):
            clear(entry.path)
        os.close(handle)


def _rename_back(entry: Entry, backup: str, held: LockedFile | None) -> None:
    """Without hard links: as well as it can be done."""
    if not held:
        appear(backup, entry.path)
    elif held.unchanged():
        os.replace(backup, entry.path)
    else:
        raise changed(entry.path)


def _copied(entry: Entry, backup: str) -> tuple[int, bool]:
    handle, locked = stage_file(entry.path)
    mark = staging_name(entry.path)
    try:
        shutil.copy2(backup, mark, follow_symlinks=False)
        if digest_of(mark) != entry.before:
            raise JournalError("could not be copied back whole", hint="check the disk")
        os.fsync(handle)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(mark)
        os.close(handle)
        raise
    return handle, locked


def _clear_up(entry: Entry) -> None:
    """What a batch that was killed left of a file that it had not replaced yet."""
    if not entry.backup:
        return
    with contextlib.suppress(OSError):
        os.unlink(half_copy(entry.path, entry.backup))
    if digest_of(entry.backup) == entry.before:
        with contextlib.suppress(OSError):
            os.unlink(entry.backup)
