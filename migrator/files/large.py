"""Content that is too large to be held in memory: it stays in an open file, and is passed on in parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Final

from migrator.errors import UnreadableError

_PART: Final = 2**20
_LONGEST: Final = 16 * 2**20
"""Of a line, in bytes; a record of telemetry has some 600."""


class OpenFile:
    """What an open file holds. Its position is not used, so that several readers do not disturb each other.

    Args:
        handle: the file, which must stay open as long as this object is in use.
        owned: whether it is closed with this object.
    """

    __slots__ = ("_digest", "_handle", "_owned")

    def __init__(self, handle: int, *, owned: bool = False) -> None:
        self._handle = handle
        self._owned = owned
        self._digest = ""

    def __del__(self) -> None:
        if self._owned:
            os.close(self._handle)

    def __len__(self) -> int:
        return os.fstat(self._handle).st_size

    def parts(self) -> Iterator[bytes]:
        """The content, a part at a time."""
        position = 0
        while part := os.pread(self._handle, _PART, position):
            yield part
            position += len(part)

    def lines(self) -> Iterator[bytes]:
        """The content, a line at a time, each with its end; the last one may have none.

        Raises:
            UnreadableError: a line is too long to be held in memory.
        """
        rest: list[bytes] = []
        for part in self.parts():
            *lines, last = part.split(b"\n")
            for line in lines:
                yield b"".join([*rest, line, b"\n"])
                rest = []
            rest.append(last)
            if len(rest) * _PART > _LONGEST:
                raise UnreadableError("has a line that is too long", expected=f"at most {_LONGEST / 2**20:.0f} MB")
        if last := b"".join(rest):
            yield last

    def digest(self) -> str:
        """SHA-256 in hexadecimal, of the content when this was first asked."""
        self._digest = self._digest or self.digest_now()
        return self._digest

    def digest_now(self) -> str:
        """SHA-256 in hexadecimal, of the content as it is now."""
        # Slow to import, and only needed for large files and journals.
        from hashlib import sha256

        found = sha256()
        for part in self.parts():
            found.update(part)
        return found.hexdigest()

    def head(self, size: int) -> bytes:
        """The first bytes."""
        return os.pread(self._handle, size, 0)


Content = bytes | OpenFile
"""What a file holds, or is to hold."""


def parts_of(content: Content) -> Iterator[bytes]:
    """Some content in parts that fit into memory."""
    if isinstance(content, bytes):
        yield content
    else:
        yield from content.parts()


def whole(content: Content) -> bytes:
    """Some content in memory, for those that take it in no other way."""
    return content if isinstance(content, bytes) else b"".join(content.parts())


def write_to(write: Callable[[bytes], object], content: Content) -> None:
    """Write some content, a part at a time."""
    for part in parts_of(content):
        write(part)
