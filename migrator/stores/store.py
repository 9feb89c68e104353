"""One object store, through `fsspec`, with its errors as those of this package."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

from migrator.errors import MigratorError, UnreadableError, UnwritableError
from migrator.files.disk import MAX_BYTES, oversized
from migrator.values import NamedTuple


class Stored(NamedTuple):
    """An object as it was read.

    `etag` is the store's own name for this very content (an ETag, or a generation), by which it can tell whether the
    object was changed since. `metadata` is what the object has besides its content (type, headers, tags), in the form
    in which the store takes it back when the object is replaced.
    """

    raw: bytes
    etag: str = ""
    metadata: Any = None


class Item(NamedTuple):
    """A name in a folder. `changed` is its time of modification in seconds since 1970, where the store tells."""

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
        self._unanswered: dict[str, UnreadableError] = {}
        self._silent_until = 0.0

    def read(self, url: str, limit: int = MAX_BYTES) -> Stored:
        """A whole object; errors as of [`migrator.stores.read_bytes`][]."""
        with self.reading(url):
            key = self.key(url)
            known = self.system.info(key)
            if known.get("type") == "directory":
                raise UnreadableError("is a folder", expected="a file", file=url)
            require_size(known.get("size") or 0, limit, url)
            # The store may not know the size: one byte more than allowed tells a file that is too large.
            raw = self.system.cat_file(key) if known.get("size") else self.system.cat_file(key, start=0, end=limit + 1)
            require_size(len(raw), limit, url)
            return Stored(raw)

    def copied(self, url: str) -> IO[bytes]:
        """A temporary file with the content of an object of any size; errors as of [`read`][], but for the size."""
        from tempfile import TemporaryFile

        file = TemporaryFile(prefix="aiperf-migrate-")  # noqa: SIM115 (the caller closes it)
        try:
            with self.reading(url):
                key = self.key(url)
                known = self.system.info(key)
                size = known.get("size")
                if known.get("type") == "directory":
                    raise UnreadableError("is a folder", expected="a file", file=url)
                if size is None:
                    file.write(self.system.cat_file(key))
                for start in range(0, size or 0, _PIECE):
                    file.write(self.system.cat_file(key, start=start, end=min(start + _PIECE, size)))
                if _mark(self.system.info(key)) != _mark(known) or file.tell() != (size or file.tell()):
                    raise UnreadableError("was changed while it was read", hint="run it again", file=url)
                file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    def find(self, url: str) -> Stored | None:
        """A whole object, None if there is no such object; otherwise as [`read`][]."""
        try:
            return self.read(url)
        except UnreadableError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise

    def create(self, url: str, raw: bytes) -> None:
        """Write a new object, whole or not at all.

        Raises:
            UnwritableError: it exists already, or the store refuses.
        """
        del raw
        self._refuse(url)

    def overwrite(self, url: str, raw: bytes) -> None:
        """Write an object, whole or not at all, whether it exists or not; errors as of [`create`][]."""
        del raw
        self._refuse(url)

    def replace(self, url: str, raw: bytes, there: Stored) -> None:
        """Replace the object that was read, and keep its metadata.

        Raises:
            ChangedError: another program has changed the object since.
            UnwritableError: the store refuses.
        """
        del raw, there
        self._refuse(url)

    def keep(self, url: str, there: Stored) -> None:
        """Write a copy of the object that was read, with its metadata; errors as of [`create`][]."""
        del there
        self._refuse(url)

    def remove(self, url: str) -> None:
        """Remove an object if it exists."""
        self._refuse(url)

    def _refuse(self, url: str) -> None:
        scheme = url.partition("://")[0]
        raise UnwritableError(
            f"{scheme}:// is read only: it does not promise to write a file whole or not at all",
            hint="-d DIR writes to a folder of this machine, or to s3:// or gs://",
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
        """Whether there are objects below a name, and none of that very name, unless it ends in a slash.

        Raises:
            UnreadableError: the store does not answer. It is not asked again, as that may take a minute each time.
        """
        if url in self._unanswered:
            raise self._unanswered[url]
        try:
            with self.reading(url):
                try:
                    return bool(self.system.info(self.key(url)).get("type") == "directory")
                except FileNotFoundError:
                    return False
        except UnreadableError as error:
            self._unanswered[url] = error
            raise

    def changed(self, url: str) -> float | None:
        """When an object was modified, in seconds since 1970, if the store tells."""
        with self.reading(url):
            return _seconds(self.system.info(self.key(url)))

    def items(self, url: str) -> Iterator[Item]:
        """The names in a folder, in no order. They may contain a slash or be `..`, unlike those of a disk's folder.

        Raises:
            UnreadableError: it does not exist, or may not be listed.
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
        """The name of a file in `fsspec`."""
        return str(self.system._strip_protocol(url))

    @contextmanager
    def reading(self, url: str) -> Iterator[None]:
        """Turn whatever the store raises into an [`UnreadableError`][migrator.errors.UnreadableError]."""
        with self._asked(url, UnreadableError, "read"):
            yield

    @contextmanager
    def writing(self, url: str) -> Iterator[None]:
        """Turn whatever the store raises into an [`UnwritableError`][migrator.errors.UnwritableError]."""
        with self._asked(url, UnwritableError, "written"):
            yield

    @contextmanager
    def _asked(self, url: str, kind: type[MigratorError], done: str) -> Iterator[None]:
        """Ask the store, unless it has just been given up: a batch does not wait again for each of its files."""
        if time.monotonic() < self._silent_until:
            raise kind(f"cannot be {done}: the store did not answer before", hint=_AGAIN, file=url)
        try:
            with _translated(url, kind, done):
                yield
        except MigratorError as error:
            if _is_silence(error.__cause__):
                self._silent_until = time.monotonic() + _SILENCE
            raise
        self._silent_until = 0.0


_PIECE: Final = 2**22
"""Bytes that are copied at a time."""
_AGAIN: Final = "is the store within reach? run it again"
_SILENCE: Final = 60.0
"""Seconds for which a store that was given up is not asked again."""


def _is_silence(error: BaseException | None) -> bool:
    """Whether a library gave up waiting for a store."""
    return isinstance(error, TimeoutError) or type(error).__name__ in ("ReadTimeoutError", "ConnectTimeoutError")


def _mark(known: Any) -> tuple[object, ...]:
    """What tells one version of an object from another, by what a store says of it."""
    return tuple(known.get(name) for name in ("size", "ETag", "etag", "generation")), _seconds(known)


def require_size(size: int, limit: int, url: str) -> None:
    """Refuse what is larger than any export.

    Raises:
        UnreadableError: more than `limit` bytes.
    """
    if size > limit:
        raise oversized(size, limit, url)


@contextmanager
def _translated(url: str, kind: type[MigratorError], done: str) -> Iterator[None]:
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
    if _is_silence(error):
        return "the store does not answer, and was given up"
    text = " ".join(str(error).split())
    return text[:200] if text else type(error).__name__


def _hint(error: BaseException) -> str:
    name = type(error).__name__
    if "Credential" in name or "Auth" in name:
        return "give the store's own tools credentials: environment, profile or role"
    if isinstance(error, PermissionError):
        return "these credentials may not do that"
    if isinstance(error, (ConnectionError, TimeoutError)) or "Connect" in name or "Timeout" in name:
        return _AGAIN
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


class Refused(Exception):  # noqa: N818 (an answer, which a `Store` turns into an error)
    """The store did not write, because the condition of the request did not hold."""
