"""Carry a ledger out, entry by entry, without the code that wrote it.

If the ledger is right, doing what it says to the input gives the output: nothing missing, nothing made up, nothing
overwritten. The same walk tells which leaves of the input each entry dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from migrator.jsonfile import fingerprint, path_text
from migrator.ledger import Entry, Op

Path = tuple[str | int, ...]
Dropped = Callable[[Entry, Any], None]


def copied(value: Any) -> Any:
    """A deep copy that keeps numbers as they are."""
    if type(value) is dict:
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if type(value) is list else value


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar, empty object and empty array, with its place."""
    items: Iterable[tuple[Any, Any]] = ()
    if type(value) is dict:
        items = value.items()
    elif type(value) is list:
        items = enumerate(value)
    empty = True
    for key, item in items:
        empty = False
        yield from leaves(item, (*path, key))
    if empty:
        yield path, value


def leaf_map(value: Any) -> dict[Path, bytes]:
    """Place → fingerprint of each leaf."""
    return {path: fingerprint(leaf) for path, leaf in leaves(value)}


def traced(value: Any, path: Path = ()) -> Any:
    """The same shape with each leaf's own place instead of its value."""
    if type(value) is dict and value:
        return {key: traced(item, (*path, key)) for key, item in value.items()}
    if type(value) is list and value:
        return [traced(item, (*path, index)) for index, item in enumerate(value)]
    return value if type(value) in (dict, list) else path


def node_at(document: Any, path: Path) -> Any:
    """The value at a place; a KeyError tells that the ledger speaks of something that is not there."""
    for part in path:
        document = document[part]
    return document


def replay(document: Any, ledger: Iterable[Entry], *, check: bool = True, dropped: Dropped | None = None) -> Any:
    """The document after every change of the ledger; redactions and restored residues are left out.

    With `check`, each entry's `before` must be what stands there. `dropped` hears of each value that goes.
    """
    result = copied(document)
    for entry in ledger:
        if entry.op is Op.MOVE:
            _move(result, entry)
        elif entry.op not in (Op.REDACT, Op.RESTORE, Op.CONFLICT):
            _change(result, entry, check, dropped)
    return result


def _change(result: Any, entry: Entry, check: bool, dropped: Dropped | None) -> None:
    node, key = node_at(result, entry.path[:-1]), entry.path[-1]
    if entry.op is Op.ADD:
        assert key not in node, f"{path_text(entry.path)} is added where something stands"
        node[key] = copied(entry.after)
        return
    assert key in node, f"{entry.op} {path_text(entry.path)}: nothing stands there"
    if check and entry.op in (Op.DROP, Op.SET):
        assert fingerprint(node[key]) == fingerprint(entry.before), f"{path_text(entry.path)} had another value"
    if entry.op is Op.DROP:
        value = node.pop(key)
        if dropped:
            dropped(entry, value)
    elif entry.op is Op.SET:
        node[key] = copied(entry.after)
    elif entry.op is Op.RENAME:
        assert entry.to is not None
        assert entry.to[:-1] == entry.path[:-1], "a rename stays in its object"
        assert entry.to[-1] not in node, f"{path_text(entry.to)} would be overwritten"
        node[entry.to[-1]] = node.pop(key)
    else:
        assert entry.op is Op.KEEP


def _move(result: Any, entry: Entry) -> None:
    """Into an object that comes into being with the first move into it, or out of one that goes with the last."""
    assert entry.to is not None
    parent = node_at(result, entry.path[:-1])
    value = parent.pop(entry.path[-1])
    if not parent and len(entry.path) == 2:
        del result[entry.path[0]]
    node = result
    for part in entry.to[:-1]:
        node = node.setdefault(part, {})
    assert entry.to[-1] not in node, f"{path_text(entry.to)} would be overwritten"
    node[entry.to[-1]] = value
