"""Files of lines: records and telemetry samples, one JSON document a line, and results and logs as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrator.errors import MigratorError
from migrator.jsonfile import Path, parse, render
from migrator.redact.command import clean_command
from migrator.redact.document import find, redact
from migrator.redact.names import is_random
from migrator.redact.search import Search, searched
from migrator.redact.text import Cleaned, clean_line


def redact_lines(raw: bytes, also: Iterable[str] = ()) -> tuple[bytes, list[Path]]:
    """A file of lines without secrets in clear, and the places that changed: (line from 0, key, …).

    Lines without a secret keep their bytes. A line that is not a JSON document, as all of a text and the last one that
    a killed run wrote, is taken for a message and for a command line.

    Args:
        raw: the content of the file.
        also: secrets that are known from elsewhere, to be replaced in every line.

    Returns:
        the very bytes if there is nothing to replace.
    """
    lines = raw.split(b"\n")
    secrets = set(also)
    suspects: set[int] = set()
    for number, line in enumerate(lines):
        is_suspect, found = _looked_at(line)
        if is_suspect:
            suspects.add(number)
            secrets |= found
    # A secret that one line declares may stand in any other.
    secrets = searched(secrets)
    if secrets:
        search = Search(secrets)
        texts = (line.decode("utf-8", "surrogateescape") for line in lines)
        suspects |= {number for number, text in enumerate(texts) if search.replaced(text) != text}
    places: list[Path] = []
    for number in sorted(suspects):
        lines[number], changed = _redacted(lines[number], secrets)
        places += [(number, *place) for place in changed]
    return (b"\n".join(lines), places) if places else (raw, [])


def secret_lines(lines: Iterable[bytes]) -> Iterator[Path]:
    """The places of secrets in clear in a file of lines of any size, each as (line from 0, key, …).

    One line at a time is in memory, so a secret that stands in one line and is declared in another is not found.
    """
    for number, line in enumerate(lines):
        if _looked_at(line)[0]:
            yield from ((number, *place) for place in _redacted(line.rstrip(b"\n"), set())[1])


def _looked_at(line: bytes) -> tuple[bool, set[str]]:
    """Whether a line has secrets in clear, and those that may stand in other lines, too."""
    if not line.startswith((b"{", b"[")):
        text = line.decode("utf-8", "surrogateescape")
        clean, secrets = _clean(text)
        return clean != text, set(secrets)
    import orjson

    try:
        found = find(orjson.loads(line))
    except (orjson.JSONDecodeError, RecursionError):
        return True, set()
    return bool(found.texts or found.keys or found.numbers), found.secrets


def _redacted(line: bytes, secrets: set[str]) -> tuple[bytes, list[Path]]:
    """A line without secrets, and their places in it: () where it is not a document."""
    if line.startswith((b"{", b"[")):
        try:
            parsed = parse(line)
        except MigratorError:
            pass  # Cut off.
        else:
            document, places = redact(parsed.data, secrets)
            return (render(document, parsed.layout), places) if places else (line, [])
    text = line.decode("utf-8", "surrogateescape")
    clean = Search(secrets).replaced(_clean(text)[0])
    return clean.encode("utf-8", "surrogateescape"), [()] if clean != text else []


def _clean(text: str) -> Cleaned:
    clean, secrets = clean_line(text)
    # Most lines of a log have no option, and would be split into arguments for nothing.
    command, more = clean_command(clean) if " -" in clean else (clean, [])
    return command, [secret for secret in (*secrets, *more) if is_random(secret)]
