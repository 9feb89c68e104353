"""The journal of a batch: what is about to be written, with hashes of what is there and of what comes in its place.

A file of JSON lines. The first says what the batch is; an entry for a file is complete before that file is touched.
So whatever stops a batch, at any byte, a file named in the journal is what its entry calls `before` or `after`, and a
line that was cut off is of a file that nobody touched. That is all that `--resume` and `undo` need to know.

Several processes append to one journal. Who is in charge of it holds a lock, so that no second batch mixes with the
first; who appends takes another one for that moment.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeGuard

from migrator._version import __version__
from migrator.errors import JournalError, UnwritableError
from migrator.files.disk import sync_folder, unreadable, unwritable, write_all
from migrator.stores import absolute, find

FORMAT: Final = 1
_MARK: Final = "aiperf_migrate_journal"
_IN_CHARGE: Final = 1 << 61
_APPENDING: Final = 1 << 60
"""Bytes of the file that are locked, far behind any that are there."""
_CHUNK: Final = 1 << 20


class Entry(NamedTuple):
    """One file: `path` is absolute, or a URL; the hashes are SHA-256 in hexadecimal.

    `before` is None where nothing was there. `backup` is where the original is kept, None for nowhere. `folders` are
    those above `path` or `backup` that are not there yet, and are made for it; the innermost comes last.
    """

    path: str
    before: str | None
    after: str
    backup: str | None = None
    folders: tuple[str, ...] = ()

    def line(self) -> bytes:
        """The entry as it stands in the journal; names that are not UTF-8 survive as escapes."""
        row = self._asdict()
        if not self.folders:
            del row["folders"]
        return json.dumps(row).encode() + b"\n"


def digest(raw: bytes) -> str:
    """SHA-256 in hexadecimal."""
    # Only a batch with a journal needs it.
    from hashlib import sha256

    return sha256(raw).hexdigest()


def digest_of(path: str) -> str | None:
    """The digest of a file's content, None where nothing is.

    Raises:
        UnreadableError: something is there that cannot be read, or is no file.
    """
    raw = find(path)
    return None if raw is None else digest(raw)


_handles: dict[str, int] = {}
"""Journals this process appends to. One handle each: closing a second one would give up the locks of the first."""


_one_thread = Lock()
Route = Callable[[Sequence[Entry], bool], None]
"""What is called with entries, and whether to wait for the disk, in place of appending them here."""
_routes: dict[str, Route] = {}


@contextlib.contextmanager
def routed(path: str, route: Route) -> Iterator[None]:
    """While this is entered, entries for a journal that this process cannot reach itself are given to `route`."""
    _routes[path] = route
    try:
        yield
    finally:
        del _routes[path]


def append(path: str, entries: Iterable[Entry], *, sync: bool) -> None:
    """Add entries to a journal, whole or not at all.

    Raises:
        UnwritableError: no space, or the like; then none of these files may be touched.
    """
    if route := _routes.get(path):
        route(list(entries), sync)
        return
    try:
        with _one_thread:  # Locks of files are between processes.
            handle = _handle(path)
            _append(handle, b"".join(entry.line() for entry in entries))
        if sync:
            os.fsync(handle)
    except OSError as error:
        raise unwritable(error, path) from error


def _handle(path: str) -> int:
    if path not in _handles:
        _handles[path] = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    return _handles[path]


def _append(handle: int, lines: bytes) -> None:
    with _locked(handle):
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            lines = b"\n" + lines  # Behind what a killed process could not finish.
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
        yield  # A file system without locks: appending is one write, which is as good as whole.
        return
    try:
        yield
    finally:
        fcntl.lockf(handle, fcntl.LOCK_UN, 1, _APPENDING)


class Journal:
    """A journal that this process is in charge of, until it is left. [`begin`][] and [`look`][] open one."""

    def __init__(self, path: str, handle: int) -> None:
        self.path = path
        self.damaged = 0
        self._handle = handle
        _handles[path] = handle

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        del _handles[self.path]
        os.close(self._handle)

    def header(self) -> dict[str, Any]:
        """What the first line says; nothing where a batch was stopped before it stood.

        Raises:
            JournalError: the file is something else.
        """
        line, whole, _ = os.pread(self._handle, _CHUNK, 0).partition(b"\n")
        start = b'{"' + _MARK.encode() + b'"'
        if not whole and (start.startswith(line) or line.startswith(start)):
            return {}
        row = _row(line)
        if row is None or _MARK not in row:
            raise JournalError("is no journal of aiperf-migrate", file=self.path)
        if row[_MARK] != FORMAT:
            raise JournalError(
                f"has journal format {row[_MARK]}", expected=f"format {FORMAT}", hint="upgrade the tool", file=self.path
            )
        return row

    def entries(self) -> Iterator[Entry]:
        """Every entry, the oldest first. `damaged` counts the lines that are none, as a crash may cut one off."""
        for offset, line in self._lines():
            if offset and (entry := self._entry(line)):
                yield entry

    def backwards(self) -> Iterator[Entry]:
        """Every entry, the newest first; in memory are eight bytes for each."""
        offsets = array("Q", (offset for offset, _ in self._lines()))
        for offset in reversed(offsets[1:]):
            if entry := self._entry(self._line_at(offset)):
                yield entry

    def __len__(self) -> int:
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
        row = _row(line) or {}
        # Journals of batches before there was such a note have no folders.
        path, after, folders = row.get("path"), row.get("after"), row.get("folders", [])
        before, backup = (row.get(name, 0) for name in ("before", "backup"))
        optional = all(name is None or _is_name(name) for name in (before, backup))
        if optional and _is_name(path) and _is_name(after) and type(folders) is list and all(map(_is_name, folders)):
            return Entry(path, before, after, backup, tuple(folders))
        self.damaged += 1
        return None


def _is_name(value: Any) -> TypeGuard[str]:
    """Whether a value is text that the name of a file can be."""
    try:
        return type(value) is str and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if type(row) is dict else None


def begin(path: str, about: dict[str, str], *, resume: bool, sync: bool) -> Journal:
    """A journal for a batch that writes: a new one, or, to resume, the one that is there.

    Args:
        path: the journal's file.
        about: what the batch is; a batch to resume must have been the same.
        resume: whether a journal that is there is gone on with. It is begun where there is none.
        sync: whether to wait until the disk has it.

    Raises:
        UnwritableError: it is there already, or in use, or cannot be written.
        JournalError: what is there is no journal, or of another batch.
    """
    path = os.path.abspath(path)
    if not resume and os.path.lexists(path):
        raise UnwritableError("exists already", hint="--resume goes on with it, undo takes it back", file=path)
    journal = _open(path, os.O_RDWR | os.O_CREAT)
    try:
        found = journal.header()
        if not found:
            os.ftruncate(journal._handle, 0)
            row = {_MARK: FORMAT, "tool": f"aiperf-migrate {__version__}", **about}
            _append(journal._handle, json.dumps(row).encode() + b"\n")
            if sync:
                os.fsync(journal._handle)
                sync_folder(os.path.dirname(path))
        elif any(found.get(name) != told for name, told in about.items()):
            other = " ".join(str(found.get(name, "")) for name in about)
            raise JournalError(f"is of another batch: {other}", expected=" ".join(about.values()), file=path)
    except OSError as error:
        journal.__exit__(None, None, None)
        raise unwritable(error, path) from error
    except JournalError:
        journal.__exit__(None, None, None)
        raise
    return journal


def look(path: str) -> Journal:
    """A journal that is there, to take back what it tells.

    Raises:
        UnreadableError: it is not there, or may not be read.
        JournalError: it is none.
    """
    journal = _open(os.path.abspath(path), os.O_RDWR)
    try:
        journal.header()
    except JournalError:
        journal.__exit__(None, None, None)
        raise
    return journal


def _open(path: str, flags: int) -> Journal:
    import fcntl

    try:
        handle = os.open(path, flags | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise (unwritable if flags & os.O_CREAT else unreadable)(error, path) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnwritableError("is no regular file", expected="a file for the journal", file=path)
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _IN_CHARGE)
    except (BlockingIOError, PermissionError) as error:
        os.close(handle)
        raise UnwritableError("is in use by another process", hint="wait until it has ended", file=path) from error
    except OSError:
        pass  # A file system without locks.
    return Journal(path, handle)


class Done:
    """What a journal says was written, by path; kept in a temporary data base, so that memory does not grow."""

    def __init__(self, journal: Journal) -> None:
        # Only a batch that is resumed needs it.
        import sqlite3

        self._base = sqlite3.connect("")
        self._base.execute("CREATE TABLE done (path BLOB PRIMARY KEY, after TEXT) WITHOUT ROWID")
        rows = ((os.fsencode(entry.path), entry.after) for entry in journal.entries())
        self._base.executemany("INSERT OR REPLACE INTO done VALUES (?, ?)", rows)

    def after(self, path: str) -> str:
        """The digest of what was written to a path, or nothing."""
        row = self._base.execute("SELECT after FROM done WHERE path = ?", (os.fsencode(absolute(path)),))
        found = row.fetchone()
        return str(found[0]) if found else ""
