"""Read, parse and identify one file."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import lru_cache
from itertools import count
from typing import TextIO

from migrator.errors import MigratorError, NotJsonError, UnreadableError
from migrator.files.disk import MAX_BYTES, STANDARD, oversized, unreadable
from migrator.files.large import Content, OpenFile
from migrator.files.packed import SEARCHED_SUFFIXES, TEXT_SUFFIXES, unpack
from migrator.identify import BESIDE, Family, Identity, family, identify
from migrator.jsonfile import Json, Parsed, parse, parse_to_look
from migrator.stores import read_bytes
from migrator.values import NamedTuple

_HEAD = 2**16
_OF_LINES = (Family.RECORDS, Family.TELEMETRY_RECORDS, Family.JOURNAL, Family.REPORT, Family.OTHER)
"""Families of files with one JSON document a line; an export is none of these, even if its first line is one."""
_LARGE = 2**18
"""Bytes from which on `orjson` is worth its import."""
_FEW = 4
"""Files after which it is."""
_looked = count()
_WRITABLE_DEPTH = 250
"""Levels of nesting that `orjson` can write; its own limit is a little higher."""


class Loaded(NamedTuple):
    """A file in memory. `raw` has its bytes, which may be compressed.

    `parsed` is None for a text and for a file with one JSON document a line, which are identified and not parsed. Of a
    file larger than any export, `raw` is empty, and `large` has the open file, if it is one of this machine.
    """

    raw: bytes
    parsed: Parsed | None
    identity: Identity
    large: OpenFile | None = None


def load(path: str, *, details: bool = True, to_look: bool = False) -> Loaded:
    """Read and identify a file, or standard input for `-`.

    Args:
        path: the file.
        details: whether dialect, configuration and writers are wanted.
        to_look: whether the file is only shown, not written: then its layout is not recorded.

    Raises:
        MigratorError: any of its kinds, with the name of the file.
    """
    content = read(path)
    if isinstance(content, bytes):
        return load_content(content, path, details=details, to_look=to_look)
    return load_locked(content, path, details=details)


def read(path: str) -> Content:
    """The content of a file, or of standard input for `-`; of a file larger than any export, the open file.

    Raises:
        UnreadableError: it cannot be read, with its name.
    """
    try:
        return read_stdin() if path == STANDARD else read_bytes(path)
    except UnreadableError as error:
        if error.too_large and path != STANDARD:
            with contextlib.suppress(OSError):
                return OpenFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC), owned=True)
        error.file = _named(path)
        raise


def load_content(
    raw: bytes, path: str, *, details: bool = True, to_look: bool = False, parsed: Parsed | None = None
) -> Loaded:
    """Identify a file whose bytes have been read.

    Args:
        raw: the bytes, which may be compressed.
        path: the file, for the errors.
        details: as of [`load`][].
        to_look: as of [`load`][].
        parsed: what parsing the bytes gave, if that was done before.

    Raises:
        MigratorError: as [`load`][].
    """
    try:
        if parsed is not None:
            return Loaded(raw, parsed, identify(parsed.data, details=details))
        content = unpack(raw)
        try:
            parsed = _parse_to_look(content) if to_look else parse(content)
        except NotJsonError:
            found = _lines(content[:_HEAD]) or _text(path)
            if found is None:
                raise
            return Loaded(raw, None, found)
        return Loaded(raw, parsed, identify(parsed.data, details=details))
    except MigratorError as error:
        error.file = _named(path)
        raise


def load_locked(content: Content, path: str, *, details: bool) -> Loaded:
    """As [`load_content`][], of a file of any size that is open.

    Raises:
        MigratorError: as [`load_content`][]; or it is larger than any export, and its first line does not tell what it
            is.
    """
    if isinstance(content, bytes):
        return load_content(content, path, details=details)
    if found := _identified(content, path):
        return found
    raise oversized(len(content), MAX_BYTES, path)


def _identified(content: OpenFile, path: str) -> Loaded | None:
    found = _lines(content.head(_HEAD)) or _text(path)
    return Loaded(b"", None, found, content) if found else None


def _text(path: str) -> Identity | None:
    """What a file is that is not JSON: the results or the log of a run as text, by its name."""
    if not path.lower().endswith(SEARCHED_SUFFIXES):
        return None
    kind = Family.TEXT if path.lower().endswith(TEXT_SUFFIXES) else Family.OTHER
    return Identity(kind, evidence=("a text, by its name",))


def _named(path: str) -> str:
    return "standard input" if path == STANDARD else path


def _parse_to_look(raw: bytes) -> Parsed:
    """Parse for showing, and refuse what a migration would refuse: nothing is shown that could not be written."""
    if len(raw) > _LARGE or "orjson" in sys.modules or next(_looked) >= _FEW:
        return parse(raw)
    parsed = parse_to_look(raw)
    half_characters = b"\\ud" in raw or b"\\uD" in raw
    return parse(raw) if half_characters or _deeper(parsed.data, _WRITABLE_DEPTH) else parsed


def _deeper(data: Json, levels: int) -> bool:
    nodes = [data]
    for _ in range(levels):
        nodes = [node for node in nodes if type(node) is dict or type(node) is list]
        if not nodes:
            return False
        nodes = [child for node in nodes for child in (node.values() if type(node) is dict else node)]
    return True


def read_stdin(limit: int = MAX_BYTES) -> bytes:
    """All of standard input, which may be asked for several times.

    Raises:
        UnreadableError: it is closed, a folder, or has more than `limit` bytes.
    """
    if sys.stdin is None:
        raise UnreadableError("is closed", expected="an export")
    try:
        raw = _content(sys.stdin, limit + 1)
    except OSError as error:
        raise unreadable(error, STANDARD) from error
    if len(raw) > limit:
        raise UnreadableError("is larger than any export", expected=f"at most {limit / 2**20:.0f} MB")
    return raw


@lru_cache(maxsize=1)
def _content(stream: TextIO, limit: int) -> bytes:
    """What a stream holds, kept: it can be read once only, and names are looked for in it before it is worked on."""
    return stream.buffer.read(limit)


def _lines(head: bytes) -> Identity | None:
    """Identify a file with one JSON document a line by its first line; the second line tells whether it is one."""
    first, separator, rest = head.partition(b"\n")
    if not separator:
        return None
    try:
        record = parse(first).data
        kind = family(record)
        if kind is Family.OTHER:
            second, separator, _ = rest.partition(b"\n")
            if separator:
                parse(second)
            elif len(head) < _HEAD:
                return None
    except MigratorError:
        return None
    if kind not in _OF_LINES:
        return None
    # With its version, if the family has a chain.
    found = identify(record, details=False) if kind in BESIDE else Identity(kind)
    return found._replace(evidence=("judged by its first line", *found.evidence))
