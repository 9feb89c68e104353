"""A few lines of this tool in a file that belongs to someone else: put in once, and taken out without a trace.

The lines are headed by a comment, which also says what else had to be done for them: end the line before, or make
the file. So taking them out gives back the bytes that were there, whatever was written around them since.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from migrator.errors import UnwritableError
from migrator.files.disk import read_bytes, unwritable, write_atomic

_MARK: Final = "# by aiperf-migrate git install"
_NEW: Final = ", which made this file"
_OPEN: Final = ", which ended the line above"


def read(path: str) -> str:
    """The text of a file; nothing if it does not exist.

    Raises:
        UnreadableError: it is there and cannot be read.
    """
    return os.fsdecode(read_bytes(path)) if os.path.exists(path) else ""


def insert(text: str, lines: list[str], *, header: str = "", is_new: bool = False) -> str:
    """A text with our lines at its end. Ours that were there already must be taken out first.

    Args:
        text: the whole file.
        lines: what to put in.
        header: the line that starts a section, in a file with sections.
        is_new: whether there was no such file.
    """
    unended = bool(text) and not text.endswith("\n")
    mark = _MARK + (_NEW if is_new else "") + (_OPEN if unended else "")
    # Inside of the section: what git adds to the one above must not come to stand below our mark.
    block = [*([header] if header else []), mark, *lines]
    return text + ("\n" if unended else "") + "".join(f"{line}\n" for line in block)


def own(text: str, is_ours: Callable[[str], bool]) -> list[str]:
    """Our lines in a text, in their order."""
    lines = text.split("\n")
    mark = _mark(lines)
    return [] if mark is None else [line for line in lines[mark + 1 : _end(lines, mark)] if is_ours(line)]


def remove(text: str, is_ours: Callable[[str], bool], header: str = "") -> tuple[str | None, bool]:
    """A text without our lines, and whether there were any; None for the text if the file was made for them alone.

    A section's header stays if somebody else's lines stand below it.
    """
    lines = text.split("\n")
    mark = _mark(lines)
    if mark is None:
        return text, False
    end = _end(lines, mark)
    start, told, behind = mark, lines[mark], lines[end:]
    others = [line for line in lines[mark + 1 : end] if not is_ours(line)]
    if header and start and lines[start - 1] == header and not others and not _goes_on(behind):
        start -= 1
    if _OPEN in told and not others and behind == [""]:
        # Nothing was written behind ours, so the line above goes back to having no end.
        behind = []
    result, _ = remove("\n".join([*lines[:start], *others, *behind]), is_ours, header)
    return (None if _NEW in told and not (result or "").strip() else result), True


def _mark(lines: list[str]) -> int | None:
    return next((index for index, line in enumerate(lines) if line.startswith(_MARK)), None)


def _end(lines: list[str], mark: int) -> int:
    """Where the lines below our mark end: at the next section, comment or gap."""
    end = mark + 1
    while end < len(lines) and lines[end].strip() and not lines[end].lstrip().startswith(("#", ";", "[")):
        end += 1
    return end


def _goes_on(lines: list[str]) -> bool:
    """Whether the next thing in some lines, comments aside, belongs to the section above them."""
    told = (line.lstrip() for line in lines)
    return next((not line.startswith("[") for line in told if line and line[0] not in "#;"), False)


def write(path: str, text: str | None) -> None:
    """Replace or remove a file, under the lock that git itself takes; a symbolic link stays one.

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
