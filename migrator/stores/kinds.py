"""The stores that can be written safely.

All of them show an object whole or not at all, so nothing is staged beside it first. What matters is the condition of
each request: a new object is written only if there is none, and replaces only the very object that was read.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from threading import Lock
from typing import Any, Final

from migrator.errors import ChangedError, UnreadableError
from migrator.files.disk import MAX_BYTES, exists_already
from migrator.stores.store import Refused, Store, Stored, require_size

_TYPES: Final = {".json": "application/json", ".gz": "application/gzip", ".zst": "application/zstd"}
"""End of a name → content type of a new object."""
_OTHER_TYPE: Final = "application/octet-stream"


class SafeStore(Store):
    """A store with conditional writes. The ways to write differ only in the condition."""

    writable = True

    def create(self, url: str, raw: bytes) -> None:
        """Write a new object; as [`Store.create`][]."""
        with self.writing(url):
            try:
                self._put(url, raw, None, absent=True)
            except Refused as error:
                if not self._is(url, raw):
                    raise exists_already(url) from error

    def overwrite(self, url: str, raw: bytes) -> None:
        """Write an object, whether it exists or not; as [`Store.overwrite`][]."""
        with self.writing(url):
            self._put(url, raw, None, absent=False)

    def replace(self, url: str, raw: bytes, there: Stored) -> None:
        """Replace the object that was read; as [`Store.replace`][]."""
        with self.writing(url):
            try:
                self._put(url, raw, there, absent=False)
            except Refused as error:
                if not self._is(url, raw):
                    raise ChangedError(url) from error

    def keep(self, url: str, there: Stored) -> None:
        """Write a copy of the object that was read; as [`Store.keep`][]."""
        with self.writing(url):
            try:
                self._put(url, there.raw, there._replace(etag=""), absent=True)
            except Refused as error:
                if not self._is(url, there.raw):
                    raise exists_already(url) from error

    def remove(self, url: str) -> None:
        """Remove an object; as [`Store.remove`][]."""
        with self.writing(url):
            try:
                self.system.rm_file(self.key(url))
            except FileNotFoundError:
                return

    def _is(self, url: str, raw: bytes) -> bool:
        """Whether an object has this content: a library that lost an answer writes twice, and is refused."""
        try:
            return self.read(url).raw == raw
        except UnreadableError:
            return False

    @abstractmethod
    def _put(self, url: str, raw: bytes, like: Stored | None, *, absent: bool) -> None:
        """Write an object in one request.

        Args:
            url: the URL of the object.
            raw: its content.
            like: the object that its metadata is taken from; with an etag, that very object must still be there.
            absent: whether no object may be there.

        Raises:
            Refused: the condition does not hold.
        """


class MemoryStore(SafeStore):
    """`memory://`: a store within this process, for libraries and their tests."""

    _lock = Lock()

    def read(self, url: str, limit: int = MAX_BYTES) -> Stored:
        """Read an object; as [`Store.read`][]."""
        found = super().read(url, limit)
        return found._replace(etag=_digest(found.raw))

    def _put(self, url: str, raw: bytes, like: Stored | None, *, absent: bool) -> None:
        key = self.key(url)
        with self._lock:
            there = self.system.cat_file(key) if self.system.exists(key) else None
            if (absent and there is not None) or (like and like.etag and (not there or _digest(there) != like.etag)):
                raise Refused
            self.system.pipe_file(key, raw)


class S3Store(SafeStore):
    """`s3://`: Amazon S3, and others with `If-Match` and `If-None-Match` (in AWS since November 2024)."""

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
    """Metadata that `GetObject` tells and `PutObject` takes."""

    def read(self, url: str, limit: int = MAX_BYTES) -> Stored:
        """Read an object with its ETag, metadata and tags; as [`Store.read`][]."""
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
        metadata = {name: answer[name] for name in self._KEPT if answer.get(name)}
        if answer.get("TagCount"):
            from urllib.parse import urlencode

            tags = await self.system._call_s3("get_object_tagging", Bucket=bucket, Key=name)
            metadata["Tagging"] = urlencode([(tag["Key"], tag["Value"]) for tag in tags["TagSet"]])
        return Stored(raw, answer["ETag"], metadata)

    def _put(self, url: str, raw: bytes, like: Stored | None, *, absent: bool) -> None:
        bucket, name, _ = self.system.split_path(url)
        metadata = dict(like.metadata) if like and like.metadata else {"ContentType": _type(url)}
        if absent:
            metadata["IfNoneMatch"] = "*"
        elif like and like.etag:
            metadata["IfMatch"] = like.etag
        conditional = "IfNoneMatch" in metadata or "IfMatch" in metadata
        _refusing(
            lambda: self.system.call_s3("put_object", Bucket=bucket, Key=name, Body=raw, **metadata),
            _s3_refused if conditional else _never,
            missing=bool(like and like.etag),
        )


class GoogleStore(SafeStore):
    """`gs://`: Google Cloud Storage, where a new generation of an object tells that it was changed."""

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
    """Metadata that is told of an object and taken with a new one."""

    def read(self, url: str, limit: int = MAX_BYTES) -> Stored:
        """Read an object with its generation and metadata; as [`Store.read`][]."""
        bucket, name, _ = self.system.split_path(url)
        with self.reading(url):
            if not name:
                raise UnreadableError("is a bucket", expected="a file", file=url)
            known = self.system.call("GET", "b/{}/o/{}", bucket, name, json_out=True)
            require_size(int(known["size"]), limit, url)
            if known.get("contentEncoding"):
                # It may be decompressed on the way, and would be written back with a wrong contentEncoding.
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
        metadata = dict(like.metadata) if like and like.metadata else {"contentType": _type(url)}
        # With the hash, the store refuses content that arrives damaged.
        metadata |= {"name": name, "md5Hash": b64encode(md5(raw, usedforsecurity=False).digest()).decode()}
        line = f"--{uuid4().hex}"
        parts = [
            f"{line}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(metadata)}\r\n".encode(),
            f"{line}\r\nContent-Type: {metadata.get('contentType', _OTHER_TYPE)}\r\n\r\n".encode() + raw + b"\r\n",
            f"{line}--\r\n".encode(),
        ]
        generation = "0" if absent else like.etag if like else ""
        _refusing(
            lambda: self.system.call(
                "POST",
                f"{self.system._location}/upload/storage/v1/b/{quote(bucket, safe='')}/o",
                uploadType="multipart",
                headers={"Content-Type": f'multipart/related; boundary="{line[2:]}"'},
                data=b"".join(parts),
                json_out=True,
                **({"ifGenerationMatch": generation} if generation else {}),
            ),
            lambda error: isinstance(error, FileExistsError),
            missing=False,
        )


def _refusing(write: Callable[[], object], refused: Callable[[Exception], bool], *, missing: bool) -> None:
    """Call `write`, and raise [`Refused`][migrator.stores.store.Refused] for an error that `refused` knows.

    With `missing`, an error that says there is no such object is one of these, too.
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
    return next((kind for end, kind in _TYPES.items() if url.endswith(end)), _OTHER_TYPE)


KINDS: Final[dict[str, type[SafeStore]]] = {
    "s3": S3Store,
    "s3a": S3Store,
    "gs": GoogleStore,
    "gcs": GoogleStore,
    "memory": MemoryStore,
}
"""Scheme → store that is written. All others are read only. docs/stores.md tells users what each promises."""
