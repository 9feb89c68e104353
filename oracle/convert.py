"""Take a document to what a release reads: the tool, as its users call it."""

from __future__ import annotations

from typing import Any

from migrator.chain.migrate import migrate
from migrator.errors import MigratorError
from migrator.releases import release as known


def convert(document: dict[str, Any], release: str) -> tuple[dict[str, Any] | None, str]:
    """(the document as that release would have written it, "") or (None, why the tool refused)."""
    try:
        return _convert(document, release), ""
    except MigratorError as error:
        return None, str(error)


def _convert(document: dict[str, Any], release: str) -> dict[str, Any]:
    target = known(release)
    assert target, f"{release} is older than every known release"
    return migrate(document, target.version).document
