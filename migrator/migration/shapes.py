"""What is known of the shapes that were met, within bounds."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 1_000
"""Shapes that are remembered."""
MOST_BYTES: Final = 2**24
"""What they may take; the oldest is forgotten first."""
_OVERHEAD: Final = 1_000
"""Bytes of what is known of a shape, beside its key."""


class Shapes(Generic[T]):
    """What is known of the shapes that were met, by their keys. For several threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[Hashable, ...], tuple[T, int]] = {}
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: tuple[Hashable, ...]) -> T | None:
        """What is known of the shape with a key; None for nothing."""
        found = self._known.get(key)
        return found[0] if found else None

    def note(self, key: tuple[Hashable, ...], known: T, size: int = 0) -> None:
        """Remember something of a shape. `size` is some measure of its memory, in bytes, without the key."""
        size += _OVERHEAD + sum(len(part) for part in key if isinstance(part, bytes | str))
        with self._lock:
            self._bytes += size - (self._known[key][1] if key in self._known else 0)
            self._known[key] = known, size
            while len(self._known) > MOST or self._bytes > MOST_BYTES:
                self._bytes -= self._known.pop(next(iter(self._known)))[1]
