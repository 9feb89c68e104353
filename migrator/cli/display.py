"""What is only for people who watch: colour, a pager, and the width of the terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Literal

from migrator.cli.streams import flush

if TYPE_CHECKING:
    from subprocess import Popen

    from migrator.cli.parser import Parser

_NARROWEST: Final = 60
_WIDEST: Final = 140
"""Columns that text is wrapped at, whatever the terminal has: longer lines are hard to read."""

_RED, _GREEN, _YELLOW, _BOLD = "31", "32", "33", "1"
_PAINTED: Final = {
    "comparison": (
        (r"✗ regression", _RED),
        (r"✓ (?:improvement|no worse)|= equivalent", _GREEN),
        (r"\? inconclusive|! incomparable|^! (?:blocks|warns)", _YELLOW),
    ),
    "findings": ((r"^  [A-Z]\d{3}(?=  .*\((?:warning|note)\)$)", _YELLOW), (r"^  [A-Z]\d{3}(?=  )", _RED)),
    "changes": ((r"^(?:---|\+\+\+) .*", _BOLD), (r"^\+ .*", _GREEN), (r"^- .*", _RED), (r"^[~>] .*", _YELLOW)),
}
"""Kind of text → (what is painted, the code of its colour), the first that fits."""

Kind = Literal["comparison", "findings", "changes"]
_colour = False


class PagedOptions:
    """The option of [`add_pager`][]."""

    pager: bool

    def is_long(self) -> bool:
        """Whether the output may be long, and goes through a pager at a terminal."""
        return True


class ColouredOptions(PagedOptions):
    """That of [`add_color`][], too."""

    color: Literal["auto", "always", "never"]


def add_color(parser: Parser) -> None:
    """`--color`, for text that [`paint`][] colours."""
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colour (default auto: at a terminal)"
    )
    parser.takes("color")


def add_pager(parser: Parser) -> None:
    """`--no-pager`."""
    parser.add_argument("--no-pager", dest="pager", action="store_false", help="print long output at once")
    parser.takes("pager")


@contextmanager
def display(options: PagedOptions) -> Iterator[None]:
    """In this context output is coloured, wrapped and paged as the options and the terminal say."""
    global _colour
    at_terminal = sys.stdout.isatty()
    wanted = getattr(options, "color", "never")
    _colour = wanted == "always" or (wanted == "auto" and at_terminal and _may_colour())
    if not at_terminal:
        yield
        return
    from migrator.render.text import set_width

    set_width(min(max(_columns(), _NARROWEST), _WIDEST))
    command = _pager() if options.pager and options.is_long() else ""
    if not command:
        yield
        return
    with _paged(command):
        yield


def paint(text: str, kind: Kind) -> str:
    """The text, coloured where that is wanted."""
    if not _colour:
        return text
    rules = _PAINTED[kind]
    pattern = "|".join(f"({rule})" for rule, _ in rules)
    return re.sub(
        pattern, lambda found: f"\x1b[{rules[(found.lastindex or 1) - 1][1]}m{found[0]}\x1b[m", text, flags=re.MULTILINE
    )


def _may_colour() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(sys.stdout.fileno()).columns
    except (ValueError, OSError):
        return 80


def _pager() -> str:
    """The command of the pager, as git finds it; empty for none."""
    for name in ("GIT_PAGER", "PAGER"):
        if name in os.environ:
            command = os.environ[name].strip()
            return "" if command == "cat" else command
    from shutil import which

    return "less" if which("less") and os.environ.get("TERM", "dumb") != "dumb" else ""


@contextmanager
def _paged(command: str) -> Iterator[None]:
    """Standard output, and standard error where it is the same terminal, go to a pager until the end of the context."""
    from subprocess import PIPE, Popen

    # As git has it: quit if it fits the screen, show colours, leave the text there.
    environment = {"LESS": "FRX", "LV": "-c", **os.environ}
    flush()
    pager = Popen(command, shell=True, stdin=PIPE, env=environment)
    assert pager.stdin is not None
    streams = [stream for stream in (sys.stdout, sys.stderr) if stream.isatty()]
    kept = [(stream.fileno(), os.dup(stream.fileno())) for stream in streams]
    for number, _ in kept:
        os.dup2(pager.stdin.fileno(), number)
    pager.stdin.close()
    try:
        yield
        flush()
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        _restore(kept, pager)


def _restore(kept: list[tuple[int, int]], pager: Popen[bytes]) -> None:
    for number, saved in kept:
        os.dup2(saved, number)
        os.close(saved)
    while True:
        # Ctrl-C is the pager's own, which goes on.
        with suppress(KeyboardInterrupt):
            pager.wait()
            return
