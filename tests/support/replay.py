"""Carry a ledger out, entry by entry, without the code that wrote it.

If the ledger is right, doing what it says to the input gives the output: nothing missing, nothing made up, nothing
overwritten. The same walk tells which leaves of the input each entry dropped.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
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


def leaves(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    """Every scalar, empty object and empty array, with its place."""
    found: list[tuple[Path, Any]] = []
    _gather(value, path, found)
    return found


def _gather(value: Any, path: Path, found: list[tuple[Path, Any]]) -> None:
    """Not by generators in generators: each leaf would pass through all of them."""
    if type(value) is dict and value:
        for key, item in value.items():
            _gather(item, (*path, key), found)
    elif type(value) is list and value:
        for index, item in enumerate(value):
            _gather(item, (*path, index), found)
    else:
        found.append((path, value))


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
    if type(result.get(CONFIG)) in (dict, list):
        result[CONFIG] = _without_gaps(result[CONFIG])
    return result


CONFIG = "input_config"
_GAP: Any = object()
"""In a list, where something stood that went elsewhere: the places behind it keep their numbers until the end."""


def settled(document: Any) -> Any:
    """A document without the empty objects and lists of its configuration.

    A section whose fields have all gone elsewhere is not there any more, and the ledger does not say so: it speaks of
    fields.
    """
    config = document.get(CONFIG)
    return {**document, CONFIG: _without_empty(config)} if type(config) in (dict, list) else document


def _without_empty(value: Any) -> Any:
    if type(value) is dict:
        items = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item != {} and item != []}
    if type(value) is list:
        return [item for item in map(_without_empty, value) if item != {} and item != []]
    return value


def _without_gaps(value: Any) -> Any:
    if type(value) is dict:
        return {key: _without_gaps(item) for key, item in value.items()}
    return [_without_gaps(item) for item in value if item is not _GAP] if type(value) is list else value


def _there(node: Any, key: Any, config: bool = True) -> bool:
    """Whether something stands at a key; in a configuration, what has no field left in it is not there any more."""
    if type(node) is dict:
        return key in node and not (config and _left(node[key]))
    return type(node) is list and type(key) is int and key < len(node) and not _left(node[key])


def _left(value: Any) -> bool:
    """Whether nothing is in an object or a list but places that were left."""
    if type(value) in (dict, list) and value:
        return all(map(_left, value.values() if type(value) is dict else value))
    return value is _GAP or type(value) is dict or type(value) is list


def _taken(node: Any, key: Any) -> Any:
    """The value at a key, which is free then."""
    if type(node) is dict:
        return node.pop(key)
    value, node[key] = node[key], _GAP
    return value


def _put(node: Any, key: Any, value: Any) -> None:
    if type(node) is list:
        node.extend([_GAP] * (key + 1 - len(node)))
    node[key] = value


def _change(result: Any, entry: Entry, check: bool, dropped: Dropped | None) -> None:
    key = entry.path[-1]
    config = entry.path[0] == CONFIG
    if entry.op is Op.ADD:
        node = _opened_for(result, entry.path) if config else node_at(result, entry.path[:-1])
        assert not _there(node, key, config), f"{path_text(entry.path)} is added where something stands"
        _put(node, key, copied(entry.after))
        return
    node = node_at(result, entry.path[:-1])
    if config and len(entry.path) > 1 and entry.op is Op.DROP and entry.before in ({}, []) and not _there(node, key):
        return
    assert key in node if type(node) is dict else node[key] is not _GAP, (
        f"{entry.op} {path_text(entry.path)}: nothing stands there"
    )
    if check and entry.op in (Op.DROP, Op.SET):
        assert fingerprint(node[key]) == fingerprint(entry.before), f"{path_text(entry.path)} had another value"
    if entry.op is Op.DROP:
        value = _taken(node, key)
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


def _opened_for(result: Any, path: Path) -> Any:
    """What the last part of a path stands in, made if need be: a list, if that part is a number."""
    node = result
    for part, following in itertools.pairwise(path):
        kind = list if type(following) is int else dict
        if not (_there(node, part, path[0] == CONFIG) or (type(node) is dict and type(node.get(part)) is kind)):
            _put(node, part, kind())
        node = node[part]
    return node


def _move(result: Any, entry: Entry) -> None:
    """Into an object that comes into being with the first move into it, or out of one that goes with the last."""
    assert entry.to is not None
    parent = node_at(result, entry.path[:-1])
    value = _taken(parent, entry.path[-1])
    if not parent and len(entry.path) == 2 and entry.path[0] != CONFIG:
        del result[entry.path[0]]
    node = _opened_for(result, entry.to)
    assert not _there(node, entry.to[-1], entry.to[0] == CONFIG), f"{path_text(entry.to)} would be overwritten"
    _put(node, entry.to[-1], value)
