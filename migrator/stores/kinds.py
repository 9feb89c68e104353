"""The stores that can be written safely, and what each of them promises.

All of them show an object whole or not at all, so nothing is written beside it first. What matters is the condition: a
new object only where there is none, another one only in place of the very object that was read.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from threading import Lock
from typing import Any, Final, NamedTuple

from migrator.errors import ChangedError, UnreadableError
from migrator.files.disk import MAX_BYTES, exists_already
from migrator.stores.store import Refused, Store, Stored, require_size

_TYPES: Final = {".json": "application/json", ".gz": "application/gzip", ".zst": "application/zstd"}
"""End of a name → the type that a new object gets."""
_OTHER: Final = "application/octet-stream"


class SafeStore(Store):
    """A store with conditional writes. The three ways to write differ only in the condition."""

    writable = True

    def create(self, url: str, raw: bytes) -> None:
        """A new object; as [`Store.create`][]."""
        with self.writing(url):
            try:
                self._put(url, raw, None, absent=True)
            except Refused as error:
                if not self._is(url, raw):
                    raise exists_already(url) from error

    def overwrite(self, url: str, raw: bytes) -> None:
        """An object in place of whatever is there; as [`Store.overwrite`][]."""
        with self.writing(url):
            self._put(url, raw, None, absent=False)

    def replace(self, url: str, raw: bytes, there: Stored) -> None:
        """An object in place of the one that was read; as [`Store.replace`][]."""
        with self.writing(url):
            try:
                self._put(url, raw, there, absent=False)
            except Refused as error:
                if not self._is(url, raw):
                    raise ChangedError(url) from error

    def keep(self, url: str, there: Stored) -> None:
        """A second object like one that was read; as [`Store.keep`][]."""
        with self.writing(url):
            try:
                self._put(url, there.raw, there._replace(mark=""), absent=True)
            except Refused as error:
                if not self._is(url, there.raw):
                    raise exists_already(url) from error

    def remove(self, url: str) -> None:
        """No object any more; as [`Store.remove`][]."""
        with self.writing(url):
            try:
                self.system.rm_file(self.key(url))
            except FileNotFoundError:
                return

    def _is(self, url: str, raw: bytes) -> bool:
        """Whether the object that a condition refused to write is there: a library that lost an answer asks twice."""
        try:
            return self.read(url).raw == raw
        except UnreadableError:
            return False

    @abstractmethod
    def _put(self, url: str, raw: bytes, like: Stored | None, *, absent: bool) -> None:
        """Write an object in one request.

        Args:
            url: where.
            raw: the content.
            like: what it takes its metadata from; with a mark, it must still be there.
            absent: whether nothing must be there.

        Raises:
            Refused: the condition does not hold.
        """


class MemoryStore(SafeStore):
    """`memory://`: what lives and dies with this process, for libraries and their tests."""

    _lock = Lock()

    def read(self, url: str, limit: int = MAX_BYTES) -> Stored:
        """An object; as [`Store.read`][]."""
        found = super().read(url, limit)
        return found._replace(mark=_digest(found.raw))

    def _put(self, url: str, raw: bytes, like: Stored | None, *, absent: bool) -> None:
        key = self.key(url)
        with self._lock:
            there = self.system.cat_file(key) if self.system.exists(key) else None
            if (absent and there is not None) or (like and like.mark and (not there or _digest(there) != like.mark)):
                raise Refused
            self.system.pipe_file(key, raw)


class S3Store(SafeStore):
    """`s3://`: Amazon's, and others that know `If-Match` and `If-None-Match` (in AWS since November 2024)."""

    _KEPT: Final = (
        "CacheControl",
        "ContentDisposition",
        "ContentEncoding",
        "ContentLanguage",
        "ContentType",
        "Metadata",
        "ServerSideEncryption",
        "SSEKMSKeyId",
        "BucketKeyEnabled",
        "StorageClass",
        "WebsiteRedirectLocation",
    )
    """What `GetObject` tells and `PutObject` takes."""

    def read(self, url: str, limit: int = MAX_BYTES) -> Stored:
        """An object with its ETag, metadata and tags; as [`Store.read`][]."""
        from fsspec.asyn import sync

        bucket, name, _ = self.system.split_path(url)
        with self.reading(url):
            found: Stored = sync(self.system.loop, self._get, bucket, name, limit, url)
            return found

    def exists(self, url: str) -> bool:
        """Whether there is an object of that name, in one request."""
        bucket, name, _ = self.system.split_path(url)
        with self.reading(url):
            try:
                return bool(name and self.system.call_s3("head_object", Bucket=bucket, Key=name))
            except FileNotFoundError:
                return False

    async def _get(self, bucket: str, name: str, limit: int, url: str) -> Stored:
        if not name:
            raise UnreadableError("is a bucket", expected="a file", file=url)
        answer = await self.system._call_s3("get_object", Bucket=bucket, Key=name)
        async with answer["Body"] as body:
            require_size(answer["ContentLength"], limit, url)
            raw = await body.read()
        about = {name: answer[name] for name in self._KEPT if answer.get(name)}
        if answer.get("TagCount"):
            from urllib.parse import urlencode

            tags = await self.system._call_s3("get_object_tagging", Bucket=bucket, Key=name)
            about["Tagging"] = urlencode([(tag["Key"], tag["Value"]) for tag in tags["TagSet"]])
        return Stored(raw, answer["ETag"], about)

    def _put(self, url: str, raw: bytes, like: Stored | None, *, absent: bool) -> None:
        bucket, name, _ = self.system.split_path(url)
        about = dict(like.about) if like and like.about else {"ContentType": _type(url)}
        if absent:
            about["IfNoneMatch"] = "*"
        elif like and like.mark:
            about["IfMatch"] = like.mark
        conditional = "IfNoneMatch" in about or "IfMatch" in about
        _refusing(
            lambda: self.system.call_s3("put_object", Bucket=bucket, Key=name, Body=raw, **about),
            _s3_refused if conditional else _never,
            missing=bool(like and like.mark),
        )


class GoogleStore(SafeStore):
    """`gs://`: Google Cloud Storage, whose generations tell whether an object was changed."""

    _KEPT: Final = (
        "cacheControl",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "customTime",
        "metadata",
        "storageClass",
    )
    """What is told of an object and taken back with another one."""

    def read(self, url: str, limit: int = MAX_BYTES) -> Stored:
        """An object with its generation and metadata; as [`Store.read`][]."""
        bucket, name, _ = self.system.split_path(url)
        with self.reading(url):
            if not name:
                raise UnreadableError("is a bucket", expected="a file", file=url)
            known = self.system.call("GET", "b/{}/o/{}", bucket, name, json_out=True)
            require_size(int(known["size"]), limit, url)
            if known.get("contentEncoding"):
                # What arrives may be unpacked on the way, and would be written back as if it were not.
                raise UnreadableError(
                    f"is stored with contentEncoding {known['contentEncoding']}", expected="none", file=url
                )
            generation = str(known["generation"])
            _, raw = self.system.call("GET", "b/{}/o/{}", bucket, name, alt="media", generation=generation)
            return Stored(bytes(raw), generation, {name: known[name] for name in self._KEPT if name in known})

    def _put(self, url: str, raw: bytes, like: Stored | None, *, absent: bool) -> None:
        import json
        from base64 import b64encode
        from hashlib import md5
        from urllib.parse import quote
        from uuid import uuid4

        bucket, name, _ = self.system.split_path(url)
        about = dict(like.about) if like and like.about else {"contentType": _type(url)}
        # The store refuses what does not arrive whole.
        about |= {"name": name, "md5Hash": b64encode(md5(raw, usedforsecurity=False).digest()).decode()}
        line = f"--{uuid4().hex}"
        parts = [
            f"{line}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(about)}\r\n".encode(),
            f"{line}\r\nContent-Type: {about.get('contentType', _OTHER)}\r\n\r\n".encode() + raw + b"\r\n",
            f"{line}--\r\n".encode(),
        ]
        mark = "0" if absent else like.mark if like else ""
        _refusing(
            lambda: self.system.call(
                "POST",
                f"{self.system._location}/upload/storage/v1/b/{quote(bucket, safe='')}/o",
                uploadType="multipart",
                headers={"Content-Type": f'multipart/related; boundary="{line[2:]}"'},
                data=b"".join(parts),
                json_out=True,
                **({"ifGenerationMatch": mark} if mark else {}),
            ),
            lambda error: isinstance(error, FileExistsError),
            missing=False,
        )


def _refusing(write: Callable[[], object], refused: Callable[[Exception], bool], *, missing: bool) -> None:
    """Write; an error that says the condition does not hold is [`Refused`][].

    With `missing`, so is one that says there is no such object.
    """
    try:
        write()
    except Exception as error:
        if refused(error) or (missing and isinstance(error, FileNotFoundError)):
            raise Refused from error
        raise


def _s3_refused(error: Exception) -> bool:
    answer: Any = getattr(error.__cause__ or error, "response", None) or {}
    code = answer.get("Error", {}).get("Code")
    return isinstance(error, FileExistsError) or code in ("PreconditionFailed", "ConditionalRequestConflict", "412")


def _never(error: Exception) -> bool:
    del error
    return False


def _digest(raw: bytes) -> str:
    from hashlib import sha256

    return sha256(raw).hexdigest()


def _type(url: str) -> str:
    return next((kind for end, kind in _TYPES.items() if url.endswith(end)), _OTHER)


class Kind(NamedTuple):
    """A store that is written: its class, and what is promised of it; docs/stores.md tells it to users."""

    store: type[SafeStore]
    promise: str


_CONDITIONAL: Final = "whole or not at all; replaced only if it is still the object that was read"
KINDS: Final[dict[str, Kind]] = {
    "s3": Kind(S3Store, f"{_CONDITIONAL} (If-Match on the ETag)"),
    "s3a": Kind(S3Store, f"{_CONDITIONAL} (If-Match on the ETag)"),
    "gs": Kind(GoogleStore, f"{_CONDITIONAL} (ifGenerationMatch)"),
    "gcs": Kind(GoogleStore, f"{_CONDITIONAL} (ifGenerationMatch)"),
    "memory": Kind(MemoryStore, f"{_CONDITIONAL} (under a lock of the process)"),
}
"""Scheme → store. All others are read only."""
