"""Take the secrets out of files of any family, and tell where they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from migrator.batch.discover import Source
from migrator.batch.load import Loaded
from migrator.errors import UnreadableError
from migrator.files.disk import MAX_BYTES, STANDARD
from migrator.files.packed import Packing, packing_of_content, packing_of_name, unpack
from migrator.identify import Family
from migrator.jsonfile import Path, path_text, render
from migrator.ledger import Entry, Ledger, Loss, Op
from migrator.redact import redact, redact_lines, secret_lines
from migrator.stores import is_url

if TYPE_CHECKING:
    from migrator.batch.request import Request

OWN: Final = frozenset({Family.RESIDUE, Family.JOURNAL, Family.REPORT})
"""Families that this tool writes. A residue is bound to its document by a checksum, a journal to the files it names."""


def redacted(path: str, loaded: Loaded) -> tuple[bytes, Ledger]:
    """The content of a file without secrets in clear, not compressed, and an entry for each place that changed.

    Args:
        path: the file.
        loaded: what was read of it.

    Raises:
        UnreadableError: it is larger than what can be replaced, and has a secret.
    """
    if is_oversized(loaded):
        _require_no_secret(path)
        return b"", Ledger()
    raw = unpack(loaded.raw)
    if loaded.parsed is None:
        raw, places = redact_lines(raw)
    else:
        document, places = redact(loaded.parsed.data)
        raw = render(document, loaded.parsed.layout) if places else raw
    return raw, Ledger(Entry("secrets", Op.REDACT, place, Loss.REDACTED) for place in places)


def secret_places(path: str, loaded: Loaded) -> list[Path]:
    """The places of secrets in clear in a file of any family; of a file with one document a line, (line, key, …)."""
    if is_oversized(loaded):
        return list(secret_lines(_lines(path)))
    if loaded.parsed is None:
        return redact_lines(unpack(loaded.raw))[1]
    return redact(loaded.parsed.data)[1]


def told(ledger: Ledger) -> str:
    """How many secrets were redacted, in words."""
    places = len(ledger.of(Loss.REDACTED))
    return "1 secret redacted" if places == 1 else f"{places} secrets redacted"


def packing_for(raw: bytes, source: Source, request: Request) -> Packing | None:
    """How an output is compressed: as its name says, and a replaced file as its bytes `raw` are."""
    if request.in_place:
        return packing_of_content(raw)
    return None if request.standard_output else packing_of_name(request.target(source))


def redaction_warnings(secrets: int, request: Request) -> list[str]:
    """What to know about the secrets of a file, by the number of places where they stood."""
    if not secrets:
        return []
    places = "1 place" if secrets == 1 else f"{secrets} places"
    kept = ", but not in the backup" if request.in_place and request.options.backup else ""
    return [f"a secret stands in clear in {places} of the input; it is <redacted> in the output{kept}"]


def is_oversized(loaded: Loaded) -> bool:
    """Whether a file was too large to be read whole."""
    return not loaded.raw


def _require_no_secret(path: str) -> None:
    if place := next(secret_lines(_lines(path)), None):
        raise UnreadableError(
            "has a secret in clear, and is too large to be redacted",
            expected=f"at most {MAX_BYTES / 2**20:.0f} MB",
            place=path_text(place),
            hint="split the file, and redact its parts",
            file=path,
        )


def _lines(path: str) -> Iterator[bytes]:
    """The lines of a file; one that is longer than any document comes in parts."""
    if path == STANDARD or is_url(path):
        return
    with open(path, "rb") as file:
        while line := file.readline(MAX_BYTES):
            yield line
