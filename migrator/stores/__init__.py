"""Files wherever they are: on this machine by their path, on an object store by their URL.

What only looks at files asks here and need not know which they are. Nothing of `fsspec` is imported for a path.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from migrator.errors import UsageError
from migrator.files import disk
from migrator.files.disk import MAX_BYTES

if TYPE_CHECKING:
    from migrator.stores.store import Store


def is_url(name: str) -> bool:
    """Whether a name is a URL (`s3://bucket/key`) and no path: a scheme as RFC 3986 spells it, then `://`."""
    if "://" not in name:
        return False  # Asked of every path, several times.
    scheme = name.partition("://")[0]
    return scheme[:1].isalpha() and scheme.isascii() and scheme.translate(_IN_SCHEMES).isalnum()


_IN_SCHEMES = {ord(character): None for character in "+-."}


def require_no_secret(url: str) -> None:
    """Refuse a URL with something in it that must not be in a report or journal, where its name would be.

    Raises:
        UsageError: a password, or the query of a web page, which may be signed.
    """
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    if "@" in host and ":" in host.rpartition("@")[0]:
        raise UsageError(
            f"a password stands in the URL of {scheme}://{host.rpartition('@')[2]}",
            hint="give it to the store's own configuration instead",
        )
    if "?" in rest and scheme.lower() in ("http", "https"):
        told = f"a URL with a query is not read: {url.partition('?')[0]}"
        raise UsageError(told, hint="curl -s URL | aiperf-migrate inspect -")


def store_of(url: str) -> Store:
    """The store that a URL leads to; errors as of [`migrator.stores.store.connect`][]."""
    from migrator.stores.store import connect

    return connect(url)


def read_bytes(name: str, limit: int = MAX_BYTES) -> bytes:
    """The whole content of a file.

    Raises:
        UnreadableError: it is not there, or may not be read, or is none, or is larger than `limit` bytes.
    """
    return store_of(name).read(name, limit).raw if is_url(name) else disk.read_bytes(name, limit)


def find(name: str) -> bytes | None:
    """The whole content of a file, None where nothing is; otherwise as [`read_bytes`][]."""
    if is_url(name):
        found = store_of(name).find(name)
        return found and found.raw
    return disk.read_bytes(name) if os.path.lexists(name) else None


def exists(name: str) -> bool:
    """Whether there is a file.

    Raises:
        UnreadableError: a store does not say.
    """
    return store_of(name).exists(name) if is_url(name) else os.path.exists(name)


def is_folder(name: str) -> bool:
    """Whether a name is that of a folder; in a store that is a prefix with names below it.

    Raises:
        UnreadableError: a store does not say.
    """
    return store_of(name).is_folder(name) if is_url(name) else os.path.isdir(name)


def changed(name: str) -> float | None:
    """When a file was modified: seconds since 1970, None where a store does not tell.

    Raises:
        OSError, UnreadableError: it is not there, or the like.
    """
    return store_of(name).changed(name) if is_url(name) else os.stat(name).st_mtime


def absolute(name: str) -> str:
    """The name under which a file is known from any working folder."""
    return name if is_url(name) else os.path.abspath(name)


def join(folder: str, *names: str) -> str:
    """The name of something below a folder."""
    return "/".join((folder.rstrip("/"), *names)) if is_url(folder) else os.path.join(folder, *names)


def base_name(name: str) -> str:
    """The last part of a name, also where it ends in a slash."""
    return name.rstrip("/").rpartition("/")[2] if is_url(name) else os.path.basename(os.path.abspath(name))
