"""The journal of a batch: which files it is about to write, with hashes of their content before and after.

A file of JSON lines. The first line says what the batch is; each other line is an entry, and is complete before its
file is touched. So whatever stops a batch, at any byte, a file in the journal has the content that its entry calls
`before` or `after`, and a line that was cut off belongs to a file that nobody touched. `--resume` and `undo` need to
know no more than that. Each line ends with a checksum of itself, so that a damaged one is not believed.

Several processes append to one journal. The process that is in charge of it holds a lock, so that no second batch
uses the same journal; each append takes another lock.
"""

from __future__ import annotations

import contextlib
import os
import stat
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self

from migrator._version import __version__
from migrator.errors import JournalError, UnwritableError
from migrator.files.disk import sync_file, sync_folder, unreadable, unwritable, write_all
from migrator.stores import absolute
from migrator.writing.entries import SUM, Entry, Journal, are_names, is_name, is_whole, line_of, parsed

FORMAT: Final = 1
_MARK: Final = "aiperf_migrate_journal"
_IN_CHARGE: Final = 1 << 61
_APPENDING: Final = 1 << 60
"""Bytes of the file that are locked, far beyond its end."""
_CHUNK: Final = 1 << 20
COPIES: Final = "copies"
"""What the first line says of a batch that copies all files of the folders, too."""
_ROOTS: Final = "roots"
_MORE_ROOTS: Final = b'{"roots": '


class FileJournal:
    """A journal file that this process is in charge of, until it is closed. [`begin`][] and [`reopen`][] give one.

    The file is opened once: the locks of a process on a file end as soon as it closes any handle of that file.
    """

    def __init__(self, path: str, handle: int) -> None:
        self.path = path
        self.cut_off = 0
        self.damaged = 0
        self._handle = handle
        self._one_thread = Lock()  # The locks of files are between processes.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[[str], Journal], tuple[str]]:
        return SharedJournal, (self.path,)

    def close(self) -> None:
        """Give up the journal."""
        os.close(self._handle)

    def append(self, entries: Sequence[Entry], *, sync: bool) -> None:
        """As [`Journal.append`][]."""
        try:
            with self._one_thread:
                _append(self._handle, _encoded(entries))
            if sync:
                sync_file(self._handle)
        except OSError as error:
            raise unwritable(error, self.path) from error

    def start(self, about: dict[str, str], roots: Sequence[str], *, sync: bool) -> None:
        """Write the first line: what the batch is, and below which places it writes.

        Raises:
            OSError: no space, or the like.
        """
        os.ftruncate(self._handle, 0)
        row = {_MARK: FORMAT, "tool": f"aiperf-migrate {__version__}", **about, _ROOTS: list(roots)}
        _append(self._handle, line_of(row))
        if sync:
            sync_file(self._handle)
            sync_folder(os.path.dirname(self.path))

    def header(self) -> dict[str, Any]:
        """What the first line says; empty if the batch was stopped before the line was complete.

        Raises:
            JournalError: the file is not a journal, or of another format.
        """
        # It names every root, so that of a batch of many files is as long as their names.
        line, whole = b"", b""
        while not whole and (chunk := os.pread(self._handle, _CHUNK, len(line))):
            more, whole, _ = chunk.partition(b"\n")
            line += more
            if not line.startswith(b"{"):
                break
        start = b'{"' + _MARK.encode() + b'"'
        if not whole and (start.startswith(line) or line.startswith(start)):
            return {}
        row = parsed(line)
        if row is None or _MARK not in row:
            raise JournalError("is not a journal of aiperf-migrate", file=self.path)
        if row[_MARK] != FORMAT:
            raise JournalError(
                f"has journal format {row[_MARK]}", expected=f"format {FORMAT}", hint="upgrade the tool", file=self.path
            )
        if SUM in row and not is_whole(line):
            raise JournalError("has a damaged first line", hint="restore the journal from a copy", file=self.path)
        return row

    def roots(self) -> tuple[str, ...] | None:
        """The absolute paths and URLs below which the batch writes; None for a journal of 0.1, which names none."""
        found = self.header()
        if SUM not in found or not are_names(found.get(_ROOTS)):
            return None
        more = (parsed(line) or {} for offset, line in self._lines() if offset and line.startswith(_MORE_ROOTS))
        return tuple(dict.fromkeys([*found[_ROOTS], *(root for row in more for root in row[_ROOTS])]))

    def copies(self) -> bool:
        """Whether the batch was to copy all files of the folders, whatever their names."""
        return self.header().get(COPIES) == "all files"

    def add_roots(self, roots: Sequence[str]) -> None:
        """Add places that a batch that is resumed writes below, too.

        Raises:
            OSError: no space, or the like.
        """
        known = self.roots()
        there = frozenset(known or ())
        if known is not None and (new := [root for root in roots if root not in there]):
            _append(self._handle, line_of({_ROOTS: new}))

    def doubts(self) -> str | None:
        """Why another user may have written the journal, by its owner and permissions; None for no reason."""
        status = os.fstat(self._handle)
        if status.st_uid != os.geteuid():
            return "belongs to another user"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return "may be written by other users"
        return None

    def entries(self) -> Iterator[Entry]:
        """Every entry, the oldest first.

        `cut_off` counts the lines that a crash cut off, of files that were not touched; `damaged` those that are no
        entries for another reason.
        """
        for offset, line in self._lines():
            if offset and (entry := self._entry(line)):
                yield entry

    def backwards(self) -> Iterator[Entry]:
        """Every entry, the newest first. This takes eight bytes of memory for each."""
        offsets = array("Q", (offset for offset, _ in self._lines()))
        for offset in reversed(offsets[1:]):
            if entry := self._entry(self._line_at(offset)):
                yield entry

    def count(self) -> int:
        """How many entries there are."""
        return max(sum(1 for _ in self._lines()) - 1, 0)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        # Not by opening the file again: closing it would give up the locks.
        start, rest = 0, b""
        while chunk := os.pread(self._handle, _CHUNK, start + len(rest)):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield start, line
                start += len(line) + 1
        if rest:
            yield start, rest

    def _line_at(self, offset: int) -> bytes:
        found, size = b"", 1024
        while b"\n" not in found and len(found) == (0 if not found else size // 2):
            found = os.pread(self._handle, size, offset)
            size *= 2
        return found.partition(b"\n")[0]

    def _entry(self, line: bytes) -> Entry | None:
        row = parsed(line) or {}
        if line.startswith(_MORE_ROOTS) and is_whole(line):
            return None
        if self._summed and not is_whole(line):
            row = {}
        # Older journals have no folders.
        path, after, folders = row.get("path"), row.get("after"), row.get("folders", [])
        before, backup = (row.get(name, 0) for name in ("before", "backup"))
        optional = all(name is None or is_name(name) for name in (before, backup))
        if optional and is_name(path) and is_name(after) and type(folders) is list and all(map(is_name, folders)):
            return Entry(path, before, after, backup, tuple(folders))
        # What a crash cuts off lacks at least the last byte.
        if line.endswith(b"}") or is_whole(line[:-1] + b"}"):
            self.damaged += 1
        else:
            self.cut_off += 1
        return None

    @cached_property
    def _summed(self) -> bool:
        """Whether the batch gave each line a checksum."""
        return SUM in self.header()


class SharedJournal:
    """A journal file that another process is in charge of: it is opened for each append."""

    def __init__(self, path: str) -> None:
        self.path = path

    def append(self, entries: Sequence[Entry], *, sync: bool) -> None:
        """As [`Journal.append`][]."""
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            try:
                _append(handle, _encoded(entries))
                if sync:
                    sync_file(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise unwritable(error, self.path) from error


def _encoded(entries: Sequence[Entry]) -> bytes:
    return b"".join(entry.line() for entry in entries)


def _append(handle: int, lines: bytes) -> None:
    with _locked(handle):
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            lines = b"\n" + lines  # After a line that a killed process did not finish.
        try:
            write_all(handle, lines)
        except OSError:
            os.ftruncate(handle, size)
            raise


@contextlib.contextmanager
def _locked(handle: int) -> Iterator[None]:
    import fcntl

    try:
        fcntl.lockf(handle, fcntl.LOCK_EX, 1, _APPENDING)
    except OSError:
        yield  # A file system without locks: an append is one write, which is nearly as safe.
        return
    try:
        yield
    finally:
        fcntl.lockf(handle, fcntl.LOCK_UN, 1, _APPENDING)


def begin(path: str, about: dict[str, str], roots: Sequence[str], *, resume: bool, sync: bool) -> FileJournal:
    """Open the journal of a batch that writes.

    Args:
        path: the journal's file.
        about: what the batch is. A batch that is resumed must have been the same.
        roots: the files, folders and URLs that the batch writes, or below which it writes.
        resume: whether to go on with an existing journal. A missing one is created either way.
        sync: whether to wait until the disk has the first line.

    Raises:
        UnwritableError: it exists already, or is in use, or cannot be written.
        JournalError: the file is not a journal, or of another batch.
    """
    path, roots = os.path.abspath(path), [absolute(root) for root in roots]
    if not resume and os.path.lexists(path):
        raise UnwritableError("exists already", hint="--resume goes on with it, undo takes it back", file=path)
    journal = _open(path, os.O_RDWR | os.O_CREAT)
    try:
        found = journal.header()
        if not found:
            journal.start(about, roots, sync=sync)
        elif any(found.get(name) != value for name, value in about.items()):
            other = " ".join(str(found.get(name, "")) for name in about)
            raise JournalError(f"is of another batch: {other}", expected=" ".join(about.values()), file=path)
        else:
            journal.add_roots(roots)
    except OSError as error:
        journal.close()
        raise unwritable(error, path) from error
    except JournalError:
        journal.close()
        raise
    return journal


def reopen(path: str) -> FileJournal:
    """Open an existing journal, to undo its batch.

    Raises:
        UnreadableError: it does not exist, or may not be read.
        JournalError: the file is not a journal.
    """
    journal = _open(os.path.abspath(path), os.O_RDWR)
    try:
        journal.header()
    except JournalError:
        journal.close()
        raise
    return journal


def _open(path: str, flags: int) -> FileJournal:
    import fcntl

    try:
        handle = os.open(path, flags | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise (unwritable if flags & os.O_CREAT else unreadable)(error, path) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnwritableError("is not a regular file", expected="a file for the journal", file=path)
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _IN_CHARGE)
    except (BlockingIOError, PermissionError) as error:
        os.close(handle)
        raise UnwritableError("is in use by another process", hint="wait until it has ended", file=path) from error
    except OSError:
        pass  # A file system without locks.
    return FileJournal(path, handle)


class Done:
    """What a journal says was written last, by path; in a temporary database, so that memory does not grow."""

    def __init__(self, journal: FileJournal) -> None:
        # Slow to import, and only needed to resume a batch.
        import sqlite3

        self._base = sqlite3.connect("")
        self._base.execute("CREATE TABLE done (path BLOB PRIMARY KEY, after TEXT, backup BLOB) WITHOUT ROWID")
        rows = (
            (os.fsencode(entry.path), entry.after, entry.backup and os.fsencode(entry.backup))
            for entry in journal.entries()
        )
        self._base.executemany("INSERT OR REPLACE INTO done VALUES (?, ?, ?)", rows)

    def after(self, path: str) -> str:
        """The digest of what was written to a path; empty if the journal does not name it."""
        found = self.entry(path)
        return found.after if found else ""

    def entry(self, path: str) -> Entry | None:
        """The last entry of a path, without what was there before; None if the journal does not name it."""
        name = absolute(path)
        row = self._base.execute("SELECT after, backup FROM done WHERE path = ?", (os.fsencode(name),)).fetchone()
        return Entry(name, None, row[0], row[1] and os.fsdecode(row[1])) if row else None
