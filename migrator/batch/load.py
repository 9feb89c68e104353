"""Read, parse and identify one file."""

from __future__ import annotations

import contextlib
import sys
from functools import lru_cache
from typing import NamedTuple, TextIO

from migrator.batch.discover import STDIN
from migrator.errors import MigratorError, NotJsonError, UnreadableError
from migrator.files.disk import MAX_BYTES, unreadable
from migrator.files.packed import TEXT_SUFFIXES, unpack
from migrator.identify import BESIDE, Family, Identity, family, identify
from migrator.jsonfile import Json, Parsed, parse, parse_to_look
from migrator.stores import read_bytes

_HEAD = 2**16
_OF_LINES = (Family.RECORDS, Family.TELEMETRY_RECORDS, Family.JOURNAL, Family.REPORT, Family.OTHER)
"""Families of files with one JSON document a line; an export is none of these, even if its first line is one."""
_LARGE = 2**18
"""Bytes from which on `orjson` is worth its import."""
_WRITABLE_DEPTH = 250
"""Levels of nesting that `orjson` can write; its own limit is a little higher."""


class Loaded(NamedTuple):
    """A file in memory. `raw` has its bytes, which may be compressed.

    `parsed` is None for a text and for a file with one JSON document a line, which are identified and not parsed.
    """

    raw: bytes
    parsed: Parsed | None
    identity: Identity


def load(path: str, *, details: bool = True, to_look: bool = False) -> Loaded:
    """Read and identify a file, or standard input for `-`.

    Args:
        path: the file.
        details: whether dialect, configuration and writers are wanted.
        to_look: whether the file is only shown, not written: then its spelling and layout are not recorded.

    Raises:
        MigratorError: any of its kinds, with the name of the file.
    """
    try:
        raw = read(path)
    except UnreadableError as error:
        return load_oversized(path, error)
    return load_content(raw, path, details=details, to_look=to_look)


def read(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`.

    Raises:
        UnreadableError: it cannot be read, or is too large.
    """
    return read_stdin() if path == STDIN else read_bytes(path)


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


def load_oversized(path: str, error: UnreadableError) -> Loaded:
    """Identify a file that is larger than any export by its first line: the records of a long run are.

    Args:
        path: the file.
        error: why it could not be read.

    Raises:
        UnreadableError: `error`, with the name of the file, if that was another reason or the line does not tell.
    """
    if error.too_large and path != STDIN:
        with contextlib.suppress(OSError), open(path, "rb") as file:
            if found := _lines(file.read(_HEAD)) or _text(path):
                return Loaded(b"", None, found)
    error.file = _named(path)
    raise error


def _text(path: str) -> Identity | None:
    """What a file is that is not JSON: the results or the log of a run as text, by its name."""
    if not path.lower().endswith(TEXT_SUFFIXES):
        return None
    return Identity(Family.TEXT, evidence=("a text, by its name",))


def _named(path: str) -> str:
    return "standard input" if path == STDIN else path


def _parse_to_look(raw: bytes) -> Parsed:
    """Parse for showing, and refuse what a migration would refuse: nothing is shown that could not be written."""
    if len(raw) > _LARGE:
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
        raise unreadable(error, STDIN) from error
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
