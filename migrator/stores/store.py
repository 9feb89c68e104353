"""One object store, through `fsspec`: what is asked of it, and its errors in this package's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, NamedTuple

from migrator.errors import MigratorError, UnreadableError, UnwritableError, UsageError
from migrator.files.disk import MAX_BYTES
from migrator.stores import require_no_secret

_INSTALL: Final = "pip install 'aiperf-migrate[remote]'"


class Stored(NamedTuple):
    """An object as it was read.

    `mark` is the store's own name for this very content (ETag, generation), by which it knows whether the object was
    changed since. `about` is what belongs to the object beside its content (type, metadata, tags), as the store takes
    it back when the object is replaced.
    """

    raw: bytes
    mark: str = ""
    about: Any = None


class Item(NamedTuple):
    """Something in a folder. `changed` is its time of modification in seconds since 1970, where the store tells."""

    name: str
    folder: bool
    changed: float | None = None


class Store:
    """A store that is only read. Those that can be written safely are in [`migrator.stores.kinds`][].

    Args:
        system: the `fsspec` file system.
    """

    writable = False

    def __init__(self, system: Any) -> None:
        self.system = system

    def read(self, url: str, limit: int = MAX_BYTES) -> Stored:
        """An object, whole; errors as of [`migrator.stores.read_bytes`][]."""
        with self.reading(url):
            key = self.key(url)
            known = self.system.info(key)
            if known.get("type") == "directory":
                raise UnreadableError("is a folder", expected="a file", file=url)
            require_size(known.get("size") or 0, limit, url)
            # One byte more than allowed tells a file whose size the store does not know.
            raw = self.system.cat_file(key) if known.get("size") else self.system.cat_file(key, start=0, end=limit + 1)
            require_size(len(raw), limit, url)
            return Stored(raw)

    def find(self, url: str) -> Stored | None:
        """An object, None where there is none; otherwise as [`read`][]."""
        try:
            return self.read(url)
        except UnreadableError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise

    def create(self, url: str, raw: bytes) -> None:
        """A new object, whole or not at all.

        Raises:
            UnwritableError: there is one already, or the store does not take it.
        """
        del raw
        self._refuse(url)

    def overwrite(self, url: str, raw: bytes) -> None:
        """An object in place of whatever is there, whole or not at all; errors as of [`create`][]."""
        del raw
        self._refuse(url)

    def replace(self, url: str, raw: bytes, there: Stored) -> None:
        """An object in place of the one that was read, with its metadata.

        Raises:
            ChangedError: it is not the one that was read any more.
            UnwritableError: the store does not take it.
        """
        del raw, there
        self._refuse(url)

    def keep(self, url: str, there: Stored) -> None:
        """A second object that is as the one that was read; errors as of [`create`][]."""
        del there
        self._refuse(url)

    def remove(self, url: str) -> None:
        """No object any more; it is no error if there was none."""
        self._refuse(url)

    def _refuse(self, url: str) -> None:
        scheme = url.partition("://")[0]
        raise UnwritableError(
            f"{scheme}:// is only read: it is not known whether it writes a file whole or not at all",
            hint="-d DIR takes outputs to a folder, or to s3:// or gs://",
            file=url,
        )

    def exists(self, url: str) -> bool:
        """Whether there is an object of that name."""
        with self.reading(url):
            try:
                return bool(self.system.info(self.key(url)).get("type") != "directory")
            except FileNotFoundError:
                return False

    def is_folder(self, url: str) -> bool:
        """Whether there are objects below a name, and none of that very name, unless it ends in a slash."""
        with self.reading(url):
            try:
                return bool(self.system.info(self.key(url)).get("type") == "directory")
            except FileNotFoundError:
                return False

    def changed(self, url: str) -> float | None:
        """When an object was modified, in seconds since 1970, if the store tells."""
        with self.reading(url):
            return _seconds(self.system.info(self.key(url)))

    def items(self, url: str) -> Iterator[Item]:
        """What is in a folder, in no order. Names may hold a slash or be `..`, which no folder on a disk allows.

        Raises:
            UnreadableError: it is not there, or may not be listed.
        """
        with self.reading(url):
            folder = self.key(url).rstrip("/")
            for row in self.system.ls(self.key(url), detail=True):
                path = str(row["name"])
                below = path.strip("/").removeprefix(folder.strip("/") + "/")
                if path.strip("/") != folder.strip("/"):
                    yield Item(below, row["type"] == "directory", _seconds(row))
                elif row["type"] == "directory" and path.endswith("/"):
                    yield Item("/…", folder=False)  # `a//b`: names that begin with a slash

    def key(self, url: str) -> str:
        """What `fsspec` calls a file."""
        return str(self.system._strip_protocol(url))

    @contextmanager
    def reading(self, url: str) -> Iterator[None]:
        """Whatever the store says while it is asked becomes an [`UnreadableError`][]."""
        with _told(url, UnreadableError, "read"):
            yield

    @contextmanager
    def writing(self, url: str) -> Iterator[None]:
        """Whatever the store says while it is written becomes an [`UnwritableError`][]."""
        with _told(url, UnwritableError, "written"):
            yield


def require_size(size: int, limit: int, url: str) -> None:
    """Refuse what is larger than any export.

    Raises:
        UnreadableError: more than `limit` bytes.
    """
    if size > limit:
        raise UnreadableError(f"has {size / 2**20:.0f} MB", expected=f"at most {limit / 2**20:.0f} MB", file=url)


@contextmanager
def _told(url: str, kind: type[MigratorError], done: str) -> Iterator[None]:
    try:
        yield
    except MigratorError as error:
        error.file = error.file or url
        raise
    except FileNotFoundError as error:
        if kind is UnreadableError:
            raise UnreadableError("does not exist", file=url) from error
        raise kind("cannot be written: there is no such bucket or folder", hint="make it first", file=url) from error
    except Exception as error:  # Every library beneath has errors of its own.
        raise kind(f"cannot be {done}: {_reason(error)}", hint=_hint(error), file=url) from error


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:200] if text else type(error).__name__


def _hint(error: BaseException) -> str:
    name = type(error).__name__
    if "Credential" in name or "Auth" in name:
        return "give the store's own tools credentials: environment, profile or role"
    if isinstance(error, PermissionError):
        return "these credentials may not do that"
    if isinstance(error, (ConnectionError, TimeoutError)) or "Connect" in name or "Timeout" in name:
        return "is the store within reach? run it again"
    return ""


def _seconds(row: Any) -> float | None:
    """The time of modification in a listing, under whatever name and type a file system gives it."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = row.get(name)
        if hasattr(value, "timestamp"):
            return float(value.timestamp())
        if isinstance(value, (int, float)):
            return float(value)
    return None


def connect(url: str) -> Store:
    """The store of a URL. Stores are kept: a batch connects once.

    Raises:
        UsageError: as [`migrator.stores.require_no_secret`][] says.
        UnreadableError: no such scheme, or its library is missing.
    """
    require_no_secret(url)
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    return _connect(scheme.lower(), host if scheme.lower() not in _ONE_FOR_ALL else "")


_CONNECTIONS: Final = 256
"""As many as files may be under way at once; ten are what the library allows by itself."""
_ONE_FOR_ALL: Final = frozenset({"s3", "s3a", "gs", "gcs", "memory", "http", "https"})
"""Schemes whose file system is the same, whatever stands behind `://`."""


@lru_cache(maxsize=64)
def _connect(scheme: str, host: str) -> Store:
    if scheme in ("file", "local"):
        raise UsageError(f"{scheme}:// is of this machine", hint="name the file by its path")
    try:
        import fsspec
    except ImportError as error:
        raise UnreadableError("files by URL need fsspec", hint=_INSTALL, file=f"{scheme}://{host}") from error
    from migrator.stores.kinds import KINDS

    try:
        # A listing that was kept would hide what others do meanwhile.
        known: dict[str, Any] = {"use_listings_cache": False} if scheme in _ONE_FOR_ALL else {}
        if scheme in ("s3", "s3a"):
            known["config_kwargs"] = {"max_pool_connections": _CONNECTIONS}
        system, _ = fsspec.core.url_to_fs(f"{scheme}://{host}", **known)
    except ImportError as error:
        told = " ".join(str(error).split())
        raise UnreadableError(f"files on {scheme}:// need a library: {told}", hint=_INSTALL) from error
    except ValueError as error:
        raise UnreadableError(
            f"{scheme}:// is no kind of store that fsspec knows", hint="s3://, gs://, …", file=f"{scheme}://{host}"
        ) from error
    kind = KINDS.get(scheme)
    return kind.store(system) if kind else Store(system)


class Refused(Exception):  # noqa: N818 (an answer, out of which `Store` makes an error)
    """A store did not write, because the condition of the writing did not hold."""
