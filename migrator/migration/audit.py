"""The audit of a migration: every leaf of the input is in the output, in the residue or in the ledger."""

from __future__ import annotations

from collections import defaultdict

from migrator.jsonfile import Json, Object, Path, fingerprint, leaves
from migrator.ledger import Entry, Ledger, Op
from migrator.redact import redact

_ENDS = (Op.DROP, Op.SET, Op.REDACT)


def unaccounted(before: Object, after: Object, ledger: Ledger) -> list[Path]:
    """The places of the input whose value is lost without an entry; none for a correct migration.

    A value is accounted for if the output has it where the ledger says that it went, or if the ledger says that it was
    dropped, set or redacted. A migration that restores a residue cannot be audited: parts may replace any value.

    Args:
        before: the document that was migrated.
        after: the result.
        ledger: the ledger of the migration.
    """
    if any(entry.op is Op.REDACT for entry in ledger):
        # A key may have lost a secret, and everything below it has another place.
        before, _ = redact(before)
    by_path: dict[Path, list[tuple[int, Entry]]] = defaultdict(list)
    for index, entry in enumerate(ledger):
        if entry.op in _ENDS or entry.op in (Op.RENAME, Op.MOVE):
            by_path[entry.path].append((index, entry))
    return [path for path, value in leaves(before) if not _accounted(path, value, after, by_path)]


def _accounted(path: Path, value: Json, after: Object, by_path: dict[Path, list[tuple[int, Entry]]]) -> bool:
    position = -1
    while True:
        ahead = [
            (index, entry)
            for length in range(1, len(path) + 1)
            for index, entry in by_path.get(path[:length], ())
            if index > position
        ]
        if not ahead:
            break
        position, entry = min(ahead, key=lambda found: found[0])
        if entry.op in _ENDS:
            return True
        assert entry.to is not None
        path = entry.to + path[len(entry.path) :]
    node: Json = after
    for part in path:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return False
    if type(value) is dict and type(node) is dict:
        return True  # An empty object is a leaf, and is still there when something was put into it.
    return node is value or fingerprint(node) == fingerprint(value)
