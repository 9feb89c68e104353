"""Files of git revisions, read without a checkout: for `diff REV REV -- PATH`."""

from __future__ import annotations

import os
import re
from typing import Final

from migrator.errors import UnreadableError
from migrator.files.disk import MAX_BYTES, read_bytes
from migrator.git.command import GitError, run_git

_POINTER: Final = rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*oid sha256:(?P<oid>[0-9a-f]{64})\n"
_KINDS: Final = {"tree": "a folder", "commit": "a submodule", "tag": "a tag"}


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
    name = f"{rev}:{path}"
    if not rev or "\n" in name or "\0" in name:
        raise GitError("is not a revision and a path", file=name)
    top = os.fsdecode(run_git("rev-parse", "--show-toplevel", "--show-prefix", cwd=cwd, accepted=(0, 128)))
    if not top:
        # A bare repository; for none at all this raises.
        run_git("rev-parse", "--git-dir", cwd=cwd)
    if not is_revision(rev, cwd):
        raise GitError(f"unknown revision {rev!r}", hint="`git log --oneline` lists them", file=cwd)
    inside = _inside(path, cwd, *top.split("\n")[:2]) if top else path
    found = _type_and_size(f"{rev}:{inside}", cwd)
    if found is None:
        raise GitError(f"is not in revision {rev!r}", hint=f"`git ls-tree -r --name-only {rev}` lists it", file=path)
    kind, size = found
    if kind != "blob":
        raise GitError(f"is {_KINDS.get(kind, kind)} in revision {rev!r}", expected="a file", file=path)
    if size > MAX_BYTES:
        raise UnreadableError(f"has {size / 2**20:.0f} MB", expected=f"at most {MAX_BYTES / 2**20:.0f} MB", file=name)
    raw = _cat_file("--batch", f"{rev}:{inside}", cwd).partition(b"\n")[2][:size]
    return _without_lfs(raw, name, cwd)


def is_revision(rev: str, cwd: str) -> bool:
    """Whether a text names a revision in the repository that a folder is in.

    Raises:
        GitError: not a repository.
    """
    return bool(rev) and "\n" not in rev and _type_and_size(f"{rev}^{{tree}}", cwd) is not None


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


def _type_and_size(name: str, cwd: str) -> tuple[str, int] | None:
    """Type and size in bytes of an object; None if it does not exist."""
    words = _cat_file("--batch-check", name, cwd).rstrip(b"\n").rsplit(b" ", 2)
    return (words[1].decode(), int(words[2])) if len(words) == 3 and words[2].isdigit() else None


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
