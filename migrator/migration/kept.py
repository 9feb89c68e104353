"""The entries for fields that no version knows: they ride along, and the ledger says so."""

from __future__ import annotations

from migrator.jsonfile import ABSENT, Object, at, fingerprint
from migrator.ledger import Entry, Loss, Op


def kept_field(key: str) -> Entry:
    """The entry for a top-level field that no version knows."""
    return Entry("unknown", Op.KEEP, (key,), Loss.KEPT, note="not known to any version")


def kept_additions(document: Object, result: Object, entries: list[Entry]) -> list[Entry]:
    """What a newer version adds to the known one and the result still has, but for what the ledger has already."""
    # Imported here: only documents of newer versions are compared with the models of releases.
    from migrator.identify.newer import additions

    told = {entry.path for entry in entries if entry.op is Op.KEEP}
    return [
        Entry("unknown", Op.KEEP, found.path, Loss.KEPT, note="new in the newer version")
        for found in additions(document)
        if found.path not in told and (value := at(result, found.path)) is not ABSENT
        if fingerprint(value) == fingerprint(at(document, found.path))
    ]
