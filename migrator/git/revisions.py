"""Files and folders of git revisions, read without a checkout: for `diff REV REV -- PATH…`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Final

from migrator.errors import UnreadableError
from migrator.files.disk import MAX_BYTES, read_bytes
from migrator.files.packed import EXPORT_SUFFIXES
from migrator.git.command import GitError, run_git
from migrator.values import NamedTuple

_POINTER: Final = rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*oid sha256:(?P<oid>[0-9a-f]{64})\n"
_KINDS: Final = {"tree": "a folder", "commit": "a submodule", "tag": "a tag"}
_LINK: Final = "120000"
"""Mode of a symbolic link."""
_TOGETHER: Final = 256
"""Files that one call of git reads."""


class Blob(NamedTuple):
    """A file of a revision: its place below the top of the repository, its object, and its size in bytes."""

    path: str
    oid: str
    size: int


def read(rev: str, path: str, cwd: str) -> bytes:
    """The content of a file in a revision. For a Git LFS pointer, that of the object in the local store.

    Args:
        rev: anything that names a commit or tree for git: `HEAD~3`, a branch, a tag, `main@{yesterday}`.
        path: the file, relative to `cwd` or absolute.
        cwd: a folder of the repository.

    Raises:
        GitError: not a repository, no such revision, no such path in it, or the path is a folder.
        UnreadableError: larger than an export may be, or an LFS object that was not fetched.
    """
    found = _look_up(rev, path, cwd)
    if found.kind != "blob":
        raise GitError(f"is {_KINDS.get(found.kind, found.kind)} in revision {rev!r}", expected="a file", file=path)
    ((_, raw),) = contents(rev, [Blob(found.inside, found.oid, found.size)], cwd)
    return raw


def exports(rev: str, path: str, cwd: str) -> tuple[list[Blob], bool]:
    """The files of a revision that a path means, and whether it names one: a folder means every JSON file below it.

    As on a disk, compressed files are included, hidden folders and symbolic links are not.

    Args:
        rev: as of [`read`][].
        path: a file or a folder, relative to `cwd` or absolute.
        cwd: a folder of the repository.

    Raises:
        GitError: as [`read`][], or the path is a submodule.
    """
    found = _look_up(rev, path, cwd)
    if found.kind == "blob":
        return [Blob(found.inside, found.oid, found.size)], True
    if found.kind != "tree":
        kind = _KINDS.get(found.kind, found.kind)
        raise GitError(f"is {kind} in revision {rev!r}", expected="a file or a folder", file=path)
    listed = os.fsdecode(run_git("ls-tree", "-r", "-z", "-l", "--full-tree", found.oid, cwd=cwd))
    blobs = []
    for entry in filter(None, listed.split("\0")):
        about, _, name = entry.partition("\t")
        mode, kind, oid, size = about.split()
        hidden = any(part.startswith(".") for part in name.split("/")[:-1])
        if kind == "blob" and mode != _LINK and not hidden and name.lower().endswith(EXPORT_SUFFIXES):
            blobs.append(Blob(f"{found.inside}/{name}".lstrip("/"), oid, int(size)))
    return blobs, False


def contents(rev: str, blobs: Sequence[Blob], cwd: str) -> Iterator[tuple[Blob, bytes]]:
    """The content of some files, as [`read`][] gives it; a part of them at a time, with one call of git.

    Args:
        rev: the revision, for messages.
        blobs: the files.
        cwd: a folder of the repository.

    Raises:
        UnreadableError: as [`read`][].
    """
    for start in range(0, len(blobs), _TOGETHER):
        part = blobs[start : start + _TOGETHER]
        for blob in part:
            if blob.size > MAX_BYTES:
                found = f"has {blob.size / 2**20:.0f} MB"
                raise UnreadableError(found, expected=f"at most {MAX_BYTES / 2**20:.0f} MB", file=f"{rev}:{blob.path}")
        raw = run_git("cat-file", "--batch", cwd=cwd, given="".join(f"{blob.oid}\n" for blob in part).encode())
        place = 0
        for blob in part:
            place = raw.index(b"\n", place) + 1
            yield blob, _without_lfs(raw[place : place + blob.size], f"{rev}:{blob.path}", cwd)
            place += blob.size + 1


class _Found(NamedTuple):
    """What a path is in a revision."""

    inside: str
    oid: str
    kind: str
    size: int


def _look_up(rev: str, path: str, cwd: str) -> _Found:
    name = f"{rev}:{path}"
    if not rev or "\n" in name or "\0" in name:
        raise GitError("is not a revision and a path", file=name)
    top = os.fsdecode(run_git("rev-parse", "--show-toplevel", "--show-prefix", cwd=cwd, accepted=(0, 128)))
    if not top:
        # A bare repository; for none at all this raises.
        run_git("rev-parse", "--git-dir", cwd=cwd)
    if not is_revision(rev, cwd):
        raise GitError(f"unknown revision {rev!r}", hint="`git log --oneline` lists them", file=cwd)
    inside = _inside(path, cwd, *top.split("\n")[:2]) if top else os.path.normpath(path)
    inside = "" if inside == os.curdir else inside
    found = _object(f"{rev}:{inside}", cwd)
    if found is None:
        raise GitError(f"is not in revision {rev!r}", hint=f"`git ls-tree -r --name-only {rev}` lists it", file=path)
    return _Found(inside, *found)


def is_revision(rev: str, cwd: str) -> bool:
    """Whether a text names a revision in the repository that a folder is in.

    Raises:
        GitError: not a repository.
    """
    return bool(rev) and "\n" not in rev and _object(f"{rev}^{{tree}}", cwd) is not None


def pointer(raw: bytes) -> str | None:
    """The SHA-256 of the object that a Git LFS pointer names; None for any other file."""
    match = re.match(_POINTER, raw) if len(raw) < 1024 else None
    return match["oid"].decode() if match else None


def _inside(path: str, cwd: str, top: str, prefix: str) -> str:
    """A path relative to the top of the repository, with slashes."""
    if os.path.isabs(path):
        inside = os.path.relpath(os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)), top)
    else:
        inside = os.path.normpath(os.path.join(prefix, path))
    if inside.split(os.sep)[0] == os.pardir:
        raise GitError("is outside of the repository", expected=f"a file below {top}", file=path)
    return inside.replace(os.sep, "/")


def _object(name: str, cwd: str) -> tuple[str, str, int] | None:
    """Identifier, type and size in bytes of an object; None if it does not exist."""
    words = _cat_file("--batch-check", name, cwd).rstrip(b"\n").rsplit(b" ", 2)
    return (words[0].decode(), words[1].decode(), int(words[2])) if len(words) == 3 and words[2].isdigit() else None


def _cat_file(mode: str, name: str, cwd: str) -> bytes:
    # On standard input a name cannot be taken for an option.
    return run_git("cat-file", mode, cwd=cwd, given=os.fsencode(f"{name}\n"))


def _without_lfs(raw: bytes, name: str, cwd: str) -> bytes:
    oid = pointer(raw)
    if oid is None:
        return raw
    common = os.fsdecode(run_git("rev-parse", "--git-common-dir", cwd=cwd)).rstrip("\n")
    stored = os.path.join(cwd, common, "lfs", "objects", oid[:2], oid[2:4], oid)
    if not os.path.exists(stored):
        raise UnreadableError("is a Git LFS pointer whose object is missing", hint="git lfs fetch --all", file=name)
    return read_bytes(stored)
