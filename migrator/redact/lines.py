"""Files with one JSON document a line: records, telemetry samples."""

from __future__ import annotations

from collections.abc import Iterable

from migrator.errors import MigratorError
from migrator.jsonfile import Path, parse, render
from migrator.redact.document import find, redact
from migrator.redact.search import Search, searched
from migrator.redact.text import clean_message


def redact_lines(raw: bytes, also: Iterable[str] = ()) -> tuple[bytes, list[Path]]:
    """A file of JSON lines without secrets in clear, and the places that changed: (line from 0, key, …).

    Lines without a secret keep their bytes. A line that is not JSON, as a killed run leaves it, is taken for a message.

    Args:
        raw: the content of the file.
        also: secrets that are known from elsewhere, to be replaced in every line.

    Returns:
        the very bytes if there is nothing to replace.
    """
    import orjson

    lines = raw.split(b"\n")
    secrets = set(also)
    suspects: set[int] = set()
    for number, line in enumerate(lines):
        try:
            found = find(orjson.loads(line))
        except orjson.JSONDecodeError:
            suspects.add(number)
            continue
        if found.texts or found.keys or found.numbers:
            suspects.add(number)
            secrets |= found.secrets
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


def _redacted(line: bytes, secrets: set[str]) -> tuple[bytes, list[Path]]:
    try:
        parsed = parse(line)
    except MigratorError:
        text = line.decode("utf-8", "surrogateescape")
        clean = Search(secrets).replaced(clean_message(text)[0])
        return clean.encode("utf-8", "surrogateescape"), [()] if clean != text else []
    document, places = redact(parsed.data, secrets)
    return (render(document, parsed.layout), places) if places else (line, [])
