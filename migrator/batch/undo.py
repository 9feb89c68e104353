"""Take a batch back, by its journal: every file that is what the batch made of it becomes what it was."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from migrator.batch.discover import RESIDUE_SUFFIX
from migrator.batch.hold import Held, hold
from migrator.batch.journal import Entry, Journal, digest, digest_of
from migrator.batch.replace import temporary
from migrator.errors import JournalError, MigratorError, UnreadableError, reported
from migrator.files import sync_folder, unwritable
from migrator.stores import is_url


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
                yield Outcome(entry.path, _undo(entry, dry_run=dry_run))
        except MigratorError as error:
            error.file = error.file or entry.path
            yield Outcome(entry.path, Undone.FAILED, error)


def _undo(entry: Entry, *, dry_run: bool) -> Undone:
    if is_url(entry.path):
        from migrator.batch.undo_stored import undo_stored

        return undo_stored(entry, dry_run=dry_run)
    try:
        held = hold(entry.path)
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
                _clear_up(entry, held)
            return Undone.UNTOUCHED
        if there != entry.after:
            raise JournalError("was changed after the batch", hint="it is left as it is")
        if entry.before is None:
            if not dry_run:
                _remove(entry)
            return Undone.REMOVED
        return _restore(entry, held, dry_run=dry_run)
    finally:
        held.let_go()


def _remove(entry: Entry) -> None:
    try:
        os.unlink(entry.path)
    except OSError as error:
        raise unwritable(error, entry.path) from error


def _restore(entry: Entry, held: Held | None, *, dry_run: bool) -> Undone:
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
    if held and not held.unchanged():
        raise JournalError("is being changed by someone else", hint="run it again")
    try:
        try:
            os.replace(entry.backup, entry.path)
        except OSError as error:
            if not _other_file_system(entry):
                raise error
            _copy_back(entry)
        sync_folder(os.path.dirname(entry.path))
    except OSError as error:
        raise unwritable(error, entry.path) from error
    return Undone.RESTORED


def _other_file_system(entry: Entry) -> bool:
    assert entry.backup
    return os.lstat(entry.backup).st_dev != os.stat(os.path.dirname(entry.path)).st_dev


def _copy_back(entry: Entry) -> None:
    assert entry.backup
    beside = temporary(entry.path, os.lstat(entry.backup))
    try:
        shutil.copy2(entry.backup, beside, follow_symlinks=False)
        if digest_of(beside) != entry.before:
            raise JournalError("could not be copied back whole", hint="check the disk")
        with open(beside, "rb") as file:
            os.fsync(file.fileno())
        os.replace(beside, entry.path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    os.unlink(entry.backup)


def _clear_up(entry: Entry, held: Held) -> None:
    """What a batch that was killed left beside a file that it had not replaced yet."""
    beside, backup = temporary(entry.path, held.status), entry.backup
    left = [beside, temporary(entry.path + RESIDUE_SUFFIX, held.status)]
    if backup:
        left.append(os.path.join(os.path.dirname(backup), os.path.basename(beside)) + ".copy")
    for name in left:
        with contextlib.suppress(OSError):
            os.unlink(name)
    if backup and digest_of(backup) == entry.before:
        with contextlib.suppress(OSError):
            os.unlink(backup)
