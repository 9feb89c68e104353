"""One file: read it, parse it, and say what it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

from migrator.batch.discover import STDIN
from migrator.errors import MigratorError, NotJsonError, UnreadableError
from migrator.files.disk import MAX_BYTES, unreadable
from migrator.files.packed import unpack
from migrator.identify import Family, Identity, family, identify
from migrator.jsonfile import Json, Parsed, parse, parse_to_look
from migrator.stores import read_bytes

_HEAD = 2**16
_OF_LINES = (Family.RECORDS, Family.TELEMETRY_RECORDS, Family.JOURNAL, Family.REPORT, Family.OTHER)
"""What may stand in lines: an export does not, even if its first line is one."""
_WRITABLE_DEPTH = 250
"""Levels of nesting that `orjson` surely writes; its own limit is some more."""


class Loaded(NamedTuple):
    """A file in memory. `parsed` is None for files of one JSON document a line, which are only recognised.

    `raw` are the bytes of the file, which may be compressed.
    """

    raw: bytes
    parsed: Parsed | None
    identity: Identity


def load(
    path: str, *, details: bool = True, to_look: bool = False, read: Callable[[str], bytes] = read_bytes
) -> Loaded:
    """Read and identify a file, or standard input for `-`.

    Args:
        path: the file.
        details: whether dialect, configuration and writers are wanted.
        to_look: whether the file is only looked at, once: then it is parsed without its spelling and layout.
        read: how its bytes are got.

    Raises:
        MigratorError: any of its kinds, with the file's name filled in.
    """
    try:
        raw = read_stdin() if path == STDIN else read(path)
        content = unpack(raw)
        try:
            parsed = _parse_to_look(content) if to_look else parse(content)
        except NotJsonError:
            found = _lines(content[:_HEAD])
            if found is None:
                raise
            return Loaded(raw, None, found)
        return Loaded(raw, parsed, identify(parsed.data, details=details))
    except UnreadableError as error:
        if path != STDIN and (found := _oversized(path, error)) is not None:
            return Loaded(b"", None, found)
        error.file = "standard input" if path == STDIN else path
        raise
    except MigratorError as error:
        error.file = "standard input" if path == STDIN else path
        raise


def _parse_to_look(raw: bytes) -> Parsed:
    """What a single look needs, with the refusals of a migration: nothing is shown that could not be written."""
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
    """All of standard input.

    Raises:
        UnreadableError: closed, a folder, or more than `limit` bytes.
    """
    if sys.stdin is None:
        raise UnreadableError("is closed", expected="an export")
    try:
        raw = sys.stdin.buffer.read(limit + 1)
    except OSError as error:
        raise unreadable(error, STDIN) from error
    if len(raw) > limit:
        raise UnreadableError("is larger than any export", expected=f"at most {limit / 2**20:.0f} MB")
    return raw


def _lines(head: bytes) -> Identity | None:
    """What a file with one JSON document a line is, judged by its first line, and by the second whether it is one."""
    first, separator, rest = head.partition(b"\n")
    if not separator:
        return None
    try:
        kind = family(parse(first).data)
        if kind is Family.OTHER:
            second, separator, _ = rest.partition(b"\n")
            if separator:
                parse(second)
            elif len(head) < _HEAD:
                return None
    except MigratorError:
        return None
    return Identity(kind, evidence=("judged by its first line",)) if kind in _OF_LINES else None


def _oversized(path: str, error: UnreadableError) -> Identity | None:
    """Records of a long run are larger than any export may be: their first line says what they are."""
    if not error.too_large:
        return None
    try:
        with open(path, "rb") as file:
            return _lines(file.read(_HEAD))
    except OSError:
        return None
