"""Where something stands in a configuration, and what stands there."""

from __future__ import annotations

from typing import Final

from migrator.jsonfile import Json

Place = tuple[str | int, ...]
"""A place in a configuration: keys, and positions in lists."""

ABSENT: Final = object()


def at(node: Json, place: Place) -> Json:
    """The value at a place, or [`ABSENT`][]."""
    for part in place:
        if type(node) is dict:
            node = node.get(part, ABSENT)
        elif type(node) is list and type(part) is int and part < len(node):
            node = node[part]
        else:
            return ABSENT
    return node
