"""Who may write where: standard output is data and reports, standard error is for people."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator

from migrator.errors import UnwritableError
from migrator.render.safe import printable


def make_tolerant() -> None:
    """Make both streams take any text: what the terminal's encoding lacks is escaped, never a crash.

    A stream that was closed before the start swallows what it is given, and its number is not given to a file.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (open to the end of the process)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (open to the end of the process)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


_clearing: list[Callable[[], None]] = []
"""What takes a progress line off the terminal before something else is written there."""


@contextlib.contextmanager
def cleared_by(clear: Callable[[], None]) -> Iterator[None]:
    """While this is entered, `clear` is called before anything is written to the terminal."""
    _clearing.append(clear)
    try:
        yield
    finally:
        _clearing.remove(clear)


def say(text: str) -> None:
    """A line of the report, on standard output.

    Raises:
        UnwritableError: nothing can be written there; a reader who went away is a `BrokenPipeError`.
    """
    if _clearing and sys.stdout.isatty():
        _clear()
    try:
        sys.stdout.write(text + "\n")
    except OSError as error:
        raise write_error(error) from error


def _clear() -> None:
    for clear in _clearing:
        clear()


def flush() -> None:
    """Everything that was said is out; raises as [`say`][] does."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise write_error(error) from error


def write_error(error: OSError) -> Exception:
    """The error of writing to standard output in this package's words, unless it is that nobody reads any more."""
    if isinstance(error, BrokenPipeError):
        return error
    return UnwritableError(f"cannot be written: {error.strerror or error}", file="standard output")


def complain(*lines: str) -> None:
    r"""An error or warning, on standard error, after everything that was said before.

    What is in a line stays in it: a line break that came out of a file is shown as `\n`.
    """
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    _clear()
    # Nobody is left to be told that nobody can be told.
    with contextlib.suppress(OSError):
        sys.stderr.write("".join(f"aiperf-migrate: {printable(line)}\n" for line in lines))


def detach_unwritable() -> None:
    """Let go of streams that cannot be written, so that the interpreter does not fail on them as it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
