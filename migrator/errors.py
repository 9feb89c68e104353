"""Every error of this package, as data: the file, the place in it, what was found, expected, and what to do next.

The command line prints these fields; library users read them. Exit codes are decided nowhere else.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """The one table of exit codes, shared by all commands."""

    OK = 0
    """The command did what was asked."""
    NO = 1
    """The question was answered "no": a check failed, files would change under `--check`."""
    USAGE = 2
    """The command line itself is wrong."""
    UNDECIDABLE = 3
    """The evidence does not suffice for an answer."""
    BAD_INPUT = 4
    """A file is unreadable, unknown, or newer than this tool knows."""
    CRASH = 70
    """A bug in this tool (BSD's EX_SOFTWARE), so that it is never mistaken for an answer."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C."""
    CLOSED_PIPE = 141
    """The reader of the output closed it; the rest was not done."""


class MigratorError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        found: what is wrong, in one clause.
        expected: what would have been right; may be empty.
        hint: what to do next; may be empty.
        place: JSON path (`$.run_info.trial`) or `line 3 column 7`; may be empty.
        file: the file's name as the user gave it; filled in by whoever knows it.
    """

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, found: str, *, expected: str = "", hint: str = "", place: str = "", file: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.expected = expected
        self.hint = hint
        self.place = place
        self.file = file

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.place) if part)
        text = f"{where}: {self.found}" if where else self.found
        if self.expected:
            text += f"; expected {self.expected}"
        if self.hint:
            text += f" ({self.hint})"
        return text

    def __reduce__(self) -> tuple[Callable[..., MigratorError], tuple[object, ...]]:
        # By its fields, and not by calling its class: subclasses have other arguments.
        return _restored, (type(self), self.args, vars(self))

    def translate(self, text: Callable[[str], str]) -> None:
        """Change every text of the error, for instance the names in it to those that the user knows."""
        self.file, self.place = text(self.file), text(self.place)
        self.found, self.expected, self.hint = text(self.found), text(self.expected), text(self.hint)

    def as_dict(self) -> dict[str, str]:
        """The same facts for `--json`; empty fields are left out."""
        fields = {
            "file": self.file,
            "place": self.place,
            "found": self.found,
            "expected": self.expected,
            "hint": self.hint,
        }
        return {"kind": type(self).__name__, **{k: v for k, v in fields.items() if v}}


def _restored(kind: type[MigratorError], arguments: tuple[object, ...], facts: dict[str, object]) -> MigratorError:
    """An error of another process, unpickled."""
    error = kind.__new__(kind, *arguments)
    vars(error).update(facts)
    return error


class UnreadableError(MigratorError):
    """The file cannot be read, or is larger than any export: then `too_large` is set."""

    too_large = False


class NotJsonError(MigratorError):
    """The bytes are not one JSON document in UTF-8."""


class DuplicateKeyError(NotJsonError):
    """An object has the same key twice: which value is the evidence cannot be known."""


class NotAnExportError(MigratorError):
    """Valid JSON, but not a main export, or one whose shape is broken."""


class RejectedError(MigratorError):
    """The AIPerf release that is to read the result would reject it, for something that no migration may change.

    Args:
        release: the release.
        path: where in the result.
        reason: what its model says of that place.
    """

    def __init__(self, release: str, path: tuple[str | int, ...], reason: str) -> None:
        place = "$" + "".join(f"[{part}]" if type(part) is int else f".{part}" for part in path)
        hint = "--to reaches the schema version all the same"
        super().__init__(f"AIPerf {release} would reject it: {reason}", place=place, hint=hint)


class UnknownVersionError(MigratorError):
    """The label is not one that any AIPerf release writes."""


class NewerVersionError(UnknownVersionError):
    """The label is newer than this tool knows."""


class ResidueError(MigratorError):
    """A residue file is damaged, or belongs to another document."""


class RecordsError(MigratorError):
    """The files beside an export belong to another run, or are incomplete."""


class JournalError(MigratorError):
    """A file is not a journal, or a journal of another batch, or the disk has changed since it was written."""


class UnwritableError(MigratorError):
    """The output could not be written, or may not be overwritten."""


class LinkError(UnwritableError):
    """A symbolic link is not replaced, because its target may be anywhere."""


class ChangedError(UnwritableError):
    """Another program changed a file between reading and replacing it.

    Args:
        file: the file.
        also: more to say in the hint.
    """

    def __init__(self, file: str, also: str = "") -> None:
        hint = f"it is left as it is; run it again{also}"
        super().__init__("was changed by someone else while it was migrated", hint=hint, file=file)


class LostError(MigratorError):
    """The worker that had a file was lost, and it is not known how far it came."""


class UsageError(MigratorError):
    """The arguments contradict each other."""

    exit_code = ExitCode.USAGE


class InternalError(MigratorError):
    """A bug in this tool, found with one file: it neither ends a batch nor looks like an answer."""

    exit_code = ExitCode.CRASH


TOO_MANY: Final = "too many files are open"
MORE_FILES: Final = "raise the limit (`ulimit -n`) and run it again"


def has_too_many(error: BaseException) -> bool:
    """Whether no more file may be open: for a module, say, that is imported where it is used."""
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)


class reported:  # noqa: N801 (it is used as a function)
    """A context for work on one file: an unforeseen exception becomes an [`InternalError`][] with the file's name.

    A class, because a batch enters it twice for each file, and a generator takes several times as long.

    Raises:
        UnreadableError: there is not enough memory, or no more file may be open.
        InternalError: for any other exception but a `MigratorError` and a `BrokenPipeError`.
    """

    __slots__ = ("_file",)

    def __init__(self, file: str) -> None:
        self._file = file

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, tb: object) -> None:
        if error is None or not isinstance(error, Exception) or isinstance(error, (MigratorError, BrokenPipeError)):
            return
        if isinstance(error, MemoryError):
            found = "there is not enough memory for it"
            raise UnreadableError(found, hint="free some and run it again", file=self._file) from error
        if has_too_many(error):
            raise UnreadableError(TOO_MANY, hint=MORE_FILES, file=self._file) from error
        import traceback

        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise InternalError(
            f"internal error: {type(error).__name__}: {error}",
            place=f"{frame.name}, line {frame.lineno}",
            hint="a bug in aiperf-migrate; please report it",
            file=self._file,
        ) from error
