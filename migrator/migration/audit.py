"""The proof that nothing was lost in silence: every leaf of the input is in the output, the residue or the ledger."""

from __future__ import annotations

from collections import defaultdict

from migrator.jsonfile import Json, Object, Path, fingerprint, leaves
from migrator.ledger import Entry, Ledger, Op

_ENDS = (Op.DROP, Op.SET, Op.REDACT)


def unaccounted(before: Object, after: Object, ledger: Ledger) -> list[Path]:
    """Places of the input whose value is neither in the output, where the ledger says it went, nor in the ledger.

    Restored residues are taken at their word: audit a migration without one.
    """
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
        return True  # An empty object is a leaf; if something was put into it, it is still there.
    return fingerprint(node) == fingerprint(value)
