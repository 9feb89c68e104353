"""Standard output, for data and reports, and standard error, for errors and warnings."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator

from migrator.errors import UnwritableError
from migrator.render.safe import printable


def make_tolerant() -> None:
    """Make both streams take any text: what the terminal's encoding lacks is escaped.

    A stream that was closed before the start becomes one that discards what is written, so that no file that is opened
    later gets its number.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (open until the process ends)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (open until the process ends)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


_clearing: list[Callable[[], None]] = []
"""Functions that remove a progress line from the terminal, called before something else is written there."""


@contextlib.contextmanager
def cleared_by(clear: Callable[[], None]) -> Iterator[None]:
    """In this context `clear` is called before anything is written to the terminal."""
    _clearing.append(clear)
    try:
        yield
    finally:
        _clearing.remove(clear)


def say(text: str) -> None:
    """Print a line of the report to standard output.

    Raises:
        UnwritableError: standard output cannot be written.
        BrokenPipeError: the process that read it has ended.
    """
    say_as_it_is(text + "\n")


def say_as_it_is(text: str) -> None:
    """Print text of several lines, which ends its last line itself; errors as of [`say`][]."""
    if _clearing and sys.stdout.isatty():
        _clear()
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise write_error(error) from error


def _clear() -> None:
    for clear in _clearing:
        clear()


def flush() -> None:
    """Write what is still buffered.

    Raises:
        UnwritableError, BrokenPipeError: as [`say`][] does.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        raise write_error(error) from error


def write_error(error: OSError) -> Exception:
    """The error to raise when writing to standard output failed: a `BrokenPipeError` as it is."""
    if isinstance(error, BrokenPipeError):
        return error
    return UnwritableError(f"cannot be written: {error.strerror or error}", file="standard output")


def complain(*lines: str) -> None:
    r"""Print errors or warnings to standard error, a line each, after what was printed before them.

    A line break within a line, which came out of a file, is shown as `\n`.
    """
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    _clear()
    # If standard error cannot be written either, there is nowhere to report it.
    with contextlib.suppress(OSError):
        sys.stderr.write("".join(f"aiperf-migrate: {printable(line)}\n" for line in lines))


def detach_unwritable() -> None:
    """Redirect streams that cannot be written to the null device, so that the interpreter can flush them at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
