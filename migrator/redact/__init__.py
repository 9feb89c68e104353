"""Secrets in clear: where they are, and the files of a run with `<redacted>` instead.

AIPerf 0.1.1 to 0.6.0 wrote API keys into the configuration and the recorded command line. Later releases write
`<redacted>` there, but leave passwords in URLs and nested parameters, and no release redacts a key that a server
repeats in an error message. So a secret is read from the place that declares it ([`migrator.redact.places`][]), and
replaced everywhere in the document.
"""

from __future__ import annotations

from migrator.jsonfile import Object, Path
from migrator.redact.command import clean_command
from migrator.redact.document import find, redact
from migrator.redact.lines import redact_lines, secret_lines
from migrator.redact.text import REDACTED

__all__ = ["REDACTED", "find_secrets", "places", "redact", "redact_lines", "redacted_command", "secret_lines"]


def redacted_command(command: str) -> str:
    """A command line without its secrets: key options, credential headers, passwords in URLs."""
    text, _ = clean_command(command)
    return text


def find_secrets(document: Object) -> set[str]:
    """Every secret in clear that a document declares: API keys, credential headers, passwords in its URLs."""
    return find(document).secrets


def places(document: Object) -> list[Path]:
    """The places of secrets in clear, in document order, with `<redacted>` for a secret in a key."""
    return redact(document)[1]
