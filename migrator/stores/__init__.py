"""Files on this machine by their path, and on object stores by their URL, through the same functions.

Nothing of `fsspec` is imported for a path.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from migrator.files import disk
from migrator.files.disk import MAX_BYTES
from migrator.stores.urls import is_url, require_no_secret

if TYPE_CHECKING:
    from migrator.stores.store import Store

__all__ = [
    "absolute",
    "base_name",
    "changed",
    "exists",
    "find",
    "is_folder",
    "is_url",
    "join",
    "names_in",
    "opener",
    "read_bytes",
    "require_no_secret",
    "store_of",
]


def store_of(url: str) -> Store:
    """The store of a URL; errors as of [`migrator.stores.connect.connect`][]."""
    # Slow to import, and only needed for URLs.
    from migrator.stores.connect import connect

    return connect(url)


def read_bytes(name: str, limit: int = MAX_BYTES) -> bytes:
    """The whole content of a file.

    Raises:
        UnreadableError: missing, not permitted, not a regular file, or larger than `limit` bytes.
    """
    return store_of(name).read(name, limit).raw if is_url(name) else disk.read_bytes(name, limit)


def find(name: str) -> bytes | None:
    """The whole content of a file, None if there is no such file; otherwise as [`read_bytes`][]."""
    if is_url(name):
        found = store_of(name).find(name)
        return found and found.raw
    return disk.read_bytes(name) if os.path.lexists(name) else None


def exists(name: str) -> bool:
    """Whether there is a file.

    Raises:
        UnreadableError: the store does not answer.
    """
    return store_of(name).exists(name) if is_url(name) else os.path.exists(name)


def opener(name: str) -> Callable[[str], IO[bytes]] | None:
    """What opens an object of any size, for reading from front to back; None for a file of this machine."""
    return store_of(name).copied if is_url(name) else None


def names_in(folder: str) -> set[str]:
    """The names of what is in a folder.

    Raises:
        OSError, UnreadableError: it does not exist, or may not be listed.
    """
    return {item.name for item in store_of(folder).items(folder)} if is_url(folder) else set(os.listdir(folder))


def is_folder(name: str) -> bool:
    """Whether a name is that of a folder; on a store, a prefix of other names.

    Raises:
        UnreadableError: the store does not answer.
    """
    return store_of(name).is_folder(name) if is_url(name) else os.path.isdir(name)


def changed(name: str) -> float | None:
    """When a file was modified, in seconds since 1970; None where a store does not tell.

    Raises:
        OSError, UnreadableError: it does not exist, or the like.
    """
    return store_of(name).changed(name) if is_url(name) else os.stat(name).st_mtime


def absolute(name: str) -> str:
    """The name of a file from any working folder: its absolute path, or its URL."""
    return name if is_url(name) else os.path.abspath(name)


def join(folder: str, *names: str) -> str:
    """The name of something below a folder."""
    return "/".join((folder.rstrip("/"), *names)) if is_url(folder) else os.path.join(folder, *names)


def base_name(name: str) -> str:
    """The last part of a name, also where it ends in a slash."""
    return name.rstrip("/").rpartition("/")[2] if is_url(name) else os.path.basename(os.path.abspath(name))
