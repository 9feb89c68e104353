"""Insert a block of lines into a configuration file that others write too, and remove exactly that block.

The block starts with a comment, which also records whether the file was created for it, and whether the line above
had no line end. So removing it restores the original bytes, whatever was written around it since.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from migrator.errors import UnwritableError
from migrator.files.disk import read_bytes, unwritable, write_atomic
from migrator.values import NamedTuple

_MARK: Final = "# by aiperf-migrate git install"
_NEW: Final = ", which made this file"
_OPEN: Final = ", which ended the line above"


def read(path: str) -> str:
    """The text of a file; empty if it does not exist.

    Raises:
        UnreadableError: it exists and cannot be read.
    """
    return os.fsdecode(read_bytes(path)) if os.path.exists(path) else ""


def insert(text: str, lines: list[str], *, header: str = "", is_new: bool = False) -> str:
    """A text with a block of lines at its end. An earlier block must have been removed.

    Args:
        text: the whole file.
        lines: the lines of the block.
        header: the line that starts a section, in a file with sections.
        is_new: whether there was no such file.
    """
    unended = bool(text) and not text.endswith("\n")
    mark = _MARK + (_NEW if is_new else "") + (_OPEN if unended else "")
    # The section starts the block: what git adds to the section above must not end up in it.
    block = [*([header] if header else []), mark, *lines]
    return text + ("\n" if unended else "") + "".join(f"{line}\n" for line in block)


def own(text: str, is_ours: Callable[[str], bool]) -> list[str]:
    """The lines of the block that `is_ours` accepts, in order; none if there is no block."""
    lines = text.split("\n")
    mark = _mark(lines)
    return [] if mark is None else [line for line in lines[mark + 1 : _end(lines, mark)] if is_ours(line)]


class Removal(NamedTuple):
    """A text without its block.

    Attributes:
        text: what remains; None if the file was created for the block and nothing else is in it.
        found: whether there was a block.
    """

    text: str | None
    found: bool


def remove(text: str, is_ours: Callable[[str], bool], header: str = "") -> Removal:
    """Remove the block, and the section's header unless other lines stand below it.

    Args:
        text: the whole file.
        is_ours: whether a line in the block belongs to it; others were added later, and stay.
        header: the line that starts the section, as for [`insert`][].
    """
    lines = text.split("\n")
    mark = _mark(lines)
    if mark is None:
        return Removal(text, False)
    end = _end(lines, mark)
    start, comment, below = mark, lines[mark], lines[end:]
    others = [line for line in lines[mark + 1 : end] if not is_ours(line)]
    if header and start and lines[start - 1] == header and not others and not _continues(below):
        start -= 1
    if _OPEN in comment and not others and below == [""]:
        # Nothing was added below, so the line above has no line end again.
        below = []
    remaining = remove("\n".join([*lines[:start], *others, *below]), is_ours, header).text
    return Removal(None if _NEW in comment and not (remaining or "").strip() else remaining, True)


def _mark(lines: list[str]) -> int | None:
    return next((index for index, line in enumerate(lines) if line.startswith(_MARK)), None)


def _end(lines: list[str], mark: int) -> int:
    """The index after the block, which the next section, comment or empty line ends."""
    end = mark + 1
    while end < len(lines) and lines[end].strip() and not lines[end].lstrip().startswith(("#", ";", "[")):
        end += 1
    return end


def _continues(lines: list[str]) -> bool:
    """Whether the first of some lines, comments aside, belongs to the section above them."""
    stripped = (line.lstrip() for line in lines)
    return next((not line.startswith("[") for line in stripped if line and line[0] not in "#;"), False)


def write(path: str, text: str | None) -> None:
    """Replace a file, or remove it (`text` None), under the lock that git itself takes.

    Of a symbolic link the target is replaced.

    Raises:
        UnwritableError: no permission, or git holds the lock.
    """
    path = os.path.realpath(path)
    lock = f"{path}.lock"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
    except FileExistsError as error:
        raise UnwritableError("is being changed by git", hint=f"if not, remove {lock}", file=path) from error
    except OSError as error:
        raise unwritable(error, path) from error
    try:
        if text is None:
            os.unlink(path)
        else:
            there = path if os.path.exists(path) else None
            write_atomic(path, os.fsencode(text), overwrite=True, like=there)
    except OSError as error:
        raise unwritable(error, path) from error
    finally:
        os.unlink(lock)
