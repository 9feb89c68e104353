"""What a journal says of each file, and the spelling of its lines: JSON, with a checksum of the line as last member."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeGuard

from migrator.files.disk import open_regular, read_bytes, unreadable
from migrator.files.large import Content, OpenFile
from migrator.stores import find, is_url
from migrator.values import NamedTuple

SUM: Final = "sum"
"""The key of the checksum of a line."""


class Entry(NamedTuple):
    """One file: `path` is absolute, or a URL; the hashes are SHA-256 in hexadecimal.

    `before` is None if there was no file. `backup` is where the original is kept, None for nowhere. `folders` are the
    folders above `path` or `backup` that do not exist yet and are made for it, the innermost last.
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
        return line_of(row)


def line_of(row: dict[str, Any]) -> bytes:
    """A line of a journal: an object whose last member is a checksum of all before it."""
    text = json.dumps(row).encode()
    return text[:-1] + b', "%s": "%08x"}\n' % (SUM.encode(), zlib.crc32(text))


def digest(content: Content) -> str:
    """SHA-256 in hexadecimal."""
    if isinstance(content, OpenFile):
        return content.digest()
    # Slow to import, and only needed for a journal.
    from hashlib import sha256

    return sha256(content).hexdigest()


def holds(path: str, content: Content) -> bool:
    """Whether a file has this very content; errors as of [`digest_of`][]."""
    return read_bytes(path) == content if isinstance(content, bytes) else digest_of(path) == content.digest()


def digest_of(path: str) -> str | None:
    """The digest of a file's content, None if there is no such file.

    Raises:
        UnreadableError: it cannot be read, or is not a regular file.
    """
    if is_url(path):
        raw = find(path)
        return None if raw is None else digest(raw)
    if not os.path.lexists(path):
        return None
    handle = open_regular(path)
    with open(handle, "rb", buffering=0) as file:
        # Slow to import, and only needed for journals.
        from hashlib import file_digest

        try:
            # A copy that is part of a batch may be larger than any export.
            return file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise unreadable(error, path) from error


class Journal(Protocol):
    """Where a file is announced before it is written."""

    def append(self, entries: Sequence[Entry], *, sync: bool) -> None:
        """Add entries, all or none; with `sync`, wait until the disk has them.

        Raises:
            UnwritableError: no space, or the like; then none of these files may be touched.
        """


def is_name(value: Any) -> TypeGuard[str]:
    """Whether a value is a string that can be the name of a file."""
    try:
        return type(value) is str and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def are_names(value: Any) -> bool:
    """Whether a value is a list of such names."""
    return type(value) is list and all(map(is_name, value))


def is_whole(line: bytes) -> bool:
    """Whether a line ends with the checksum of what is before it."""
    text, _, end = line.rpartition(b', "%s": "' % SUM.encode())
    return end == b'%08x"}' % zlib.crc32(text + b"}")


def parsed(line: bytes) -> dict[str, Any] | None:
    """A line as the object that it is; None if it is none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if type(row) is dict else None
