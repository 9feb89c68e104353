"""Who may write where: standard output is data and reports, standard error is for people."""

from __future__ import annotations

import io
import sys

from migrator.render.safe import printable


def settle() -> None:
    """Make both streams take any text: what the terminal's encoding lacks is escaped, never a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """A line of the report, on standard output."""
    sys.stdout.write(text + "\n")


def complain(text: str) -> None:
    """An error or warning, on standard error, after everything that was said before."""
    sys.stdout.flush()
    sys.stderr.write("\n".join(f"aiperf-migrate: {printable(line)}" for line in text.split("\n")) + "\n")
