"""Digests of bytes, without loading OpenSSL."""

from __future__ import annotations

try:
    # The function that `hashlib` has under this name; to import `hashlib` takes two milliseconds, for OpenSSL.
    from _blake2 import blake2b
except ImportError:  # pragma: no cover (a Python that keeps it elsewhere)
    from hashlib import blake2b


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes in hexadecimal digits; for few bytes, as it is slower than OpenSSL."""
    # Modules of the interpreter itself, of which no type is published.
    try:
        from _sha2 import sha256 as own  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        try:
            from _sha256 import sha256 as own  # type: ignore[import-not-found, unused-ignore] # Of Python 3.11.
        except ImportError:  # pragma: no cover (a Python that keeps it elsewhere)
            from hashlib import sha256 as own  # type: ignore[import-not-found, unused-ignore]
    found: str = own(content).hexdigest()
    return found


def digest(content: bytes, size: int) -> bytes:
    """`size` bytes, at most 64, that are the same for the same content, and for no other that anyone will find."""
    found: bytes = blake2b(content, digest_size=size).digest()
    return found
