"""Connect to the store of a URL: its file system in `fsspec`, and what this package knows of its kind."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from migrator.errors import UnreadableError, UsageError
from migrator.extras import install
from migrator.stores.kinds import KINDS
from migrator.stores.store import Store
from migrator.stores.urls import require_no_secret

_CONNECTIONS: Final = 256
"""As many as files that may be in work at once; the library's own limit is ten."""
CONNECT_SECONDS: Final = 10
"""Seconds to wait for a connection to S3."""
READ_SECONDS: Final = 20
"""Seconds to wait for the next bytes of an answer of S3."""
ATTEMPTS: Final = 3
"""How often a request is made to an S3 that does not answer, or is in trouble: so it is given up after a minute."""
_ONE_FOR_ALL: Final = frozenset({"s3", "s3a", "gs", "gcs", "memory", "http", "https"})
"""Schemes with one file system for all hosts or buckets."""


def connect(url: str) -> Store:
    """The store of a URL. Connections are kept, so that a batch connects once.

    Raises:
        UsageError: as [`migrator.stores.urls.require_no_secret`][] says.
        UnreadableError: an unknown scheme, or its library is missing.
    """
    require_no_secret(url)
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    return _connect(scheme.lower(), host if scheme.lower() not in _ONE_FOR_ALL else "")


@lru_cache(maxsize=64)
def _connect(scheme: str, host: str) -> Store:
    if scheme in ("file", "local"):
        raise UsageError(f"{scheme}:// names a file of this machine", hint="name the file by its path")
    try:
        import fsspec
    except ImportError as error:
        raise UnreadableError("files by URL need fsspec", hint=install("remote"), file=f"{scheme}://{host}") from error
    try:
        # A cached listing would hide what other programs write meanwhile.
        known: dict[str, Any] = {"use_listings_cache": False} if scheme in _ONE_FOR_ALL else {}
        if scheme in ("s3", "s3a"):
            known["config_kwargs"] = {
                "max_pool_connections": _CONNECTIONS,
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "retries": {"total_max_attempts": ATTEMPTS},
                **fsspec.config.conf.get(scheme, {}).get("config_kwargs", {}),
            }
        system, _ = fsspec.core.url_to_fs(f"{scheme}://{host}", **known)
        if scheme in ("s3", "s3a"):
            system.retries = 1  # The library beneath it has repeated each request already.
    except ImportError as error:
        told = " ".join(str(error).split())
        raise UnreadableError(f"files on {scheme}:// need a library: {told}", hint=install("remote")) from error
    except ValueError as error:
        raise UnreadableError(
            f"fsspec knows no store for {scheme}://", expected="s3://, gs://, …", file=f"{scheme}://{host}"
        ) from error
    return KINDS.get(scheme, Store)(system)
