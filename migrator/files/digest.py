"""Digests of bytes that a process keeps to itself: of what it has seen already."""

from __future__ import annotations

try:
    # The function that `hashlib` has under this name, without OpenSSL, which takes two milliseconds to load.
    from _blake2 import blake2b
except ImportError:  # pragma: no cover (a Python that keeps it elsewhere)
    from hashlib import blake2b


def digest(content: bytes, size: int) -> bytes:
    """`size` bytes, at most 64, that are the same for the same content, and for no other that anyone will find."""
    found: bytes = blake2b(content, digest_size=size).digest()
    return found
