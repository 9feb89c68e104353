"""Places in documents: patterns that name objects, finding these objects, and copies with some of them replaced.

Arguments are never modified; a copy shares all unchanged parts with its original.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from migrator.jsonfile import Json, Object, Path
from migrator.values import NamedTuple

Pattern = tuple[str, ...]
"""Objects in an export by their keys; `*` is any key, [`BLOCK`][] any key that holds a stats block."""

Field = tuple[Pattern, str]
"""A key in every object that a pattern names."""

BLOCK: Final = "<metric>"
ROOT: Final[Pattern] = ()
BLOCKS: Final[Pattern] = (BLOCK,)
SUMMARY: Final[Pattern] = ("telemetry_data", "summary")
GPUS: Final[Pattern] = ("telemetry_data", "endpoints", "*", "gpus", "*")
GPU_METRICS: Final[Pattern] = (*GPUS, "metrics")
GPU_BLOCKS: Final[Pattern] = (*GPU_METRICS, BLOCK)
SLICES: Final[Pattern] = ("timeslices", "*")

FRONT: Final = ("",)
"""As `after` of a field: before all other keys."""

PLACES: Final[dict[Pattern, str]] = {
    BLOCKS: "each metric",
    SUMMARY: "telemetry_data.summary",
    GPUS: "each GPU",
    GPU_METRICS: "each GPU's metrics",
    GPU_BLOCKS: "each GPU metric",
    ("run_info",): "run_info",
    ("telemetry_data",): "the metrics of a record",
    SLICES: "each time slice",
}


def visit(document: Object, pattern: Pattern) -> list[tuple[Path, Object, Object]]:
    """(path, object, parent of the object) of every object in a document that a pattern names."""
    found: list[tuple[Path, Object, Object]] = [((), document, document)]
    for part in pattern:
        if part == "*":
            found = [
                ((*path, key), child, node)
                for path, node, _ in found
                for key, child in node.items()
                if type(child) is dict
            ]
        elif part == BLOCK:
            found = [
                ((*path, key), child, node)
                for path, node, _ in found
                for key, child in node.items()
                if type(child) is dict and "unit" in child
            ]
        else:
            found = [((*path, part), node[part], node) for path, node, _ in found if type(node.get(part)) is dict]
        if not found:
            break
    return found


def inserted(node: Object, additions: Sequence[tuple[str, Json, tuple[str, ...]]]) -> Object:
    """A copy of an object with (key, value, after) added.

    Each key follows the first key of `after` that the object has. With [`FRONT`][] it becomes the first key, and
    without any of `after` the last.
    """
    if not node:
        return {key: value for key, value, _ in additions}
    items, names = list(node.items()), list(node)
    for key, value, after in additions:
        anchor = next((name for name in after if name in names), None)
        index = 0 if after == FRONT else len(items) if anchor is None else names.index(anchor) + 1
        items.insert(index, (key, value))
        names.insert(index, key)
    return dict(items)


def applied(document: Object, changes: list[tuple[Path, Object]]) -> Object:
    """A copy of the document with (path, new object) in place, in linear time; no path leads through another's end.

    All objects on the ways are copied once.
    """
    tree: dict[str | int, Any] = {}
    for path, new in changes:
        if not path:
            return new
        node = tree
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = _New(new)
    return _rebuilt(document, tree)


class _New(NamedTuple):
    value: Object


def _rebuilt(node: Object, changes: dict[str | int, Any]) -> Object:
    copy = dict(node)
    for part, change in changes.items():
        copy[str(part)] = change.value if type(change) is _New else _rebuilt(node[str(part)], change)
    return copy
