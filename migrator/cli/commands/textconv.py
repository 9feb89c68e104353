"""`aiperf-migrate textconv`: the text that git compares in place of an export."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from migrator.batch.load import read_stdin
from migrator.cli.streams import complain
from migrator.errors import ExitCode, MigratorError
from migrator.files.disk import STANDARD, read_bytes
from migrator.files.packed import unpack
from migrator.git.textconv import own_text, textconv
from migrator.writing.write import write_standard_output

if TYPE_CHECKING:
    from migrator.cli.parser import Parser


class Options:
    """What the command line says."""

    file: str


def arguments(command: str) -> Parser:
    """The options of the command."""
    # It takes as long to import as the text takes to make, and git calls this command often.
    from migrator.cli.parser import Parser, file_name

    parser = Parser(
        command,
        "Print one export as stable text, for git to compare: newest version, without identifiers, times and "
        "secrets, two lines a metric. A file of another kind is printed as it is.\n\n"
        "`aiperf-migrate git install` makes git use it.",
    )
    parser.add_argument("file", metavar="FILE", type=file_name, help="the export, or - for stdin")
    return parser


def called_by_git(given: Sequence[str]) -> Options | None:
    """The options of a command line as git writes it: one file, whatever it is called. None for any other."""
    if len(given) != 1 or given[0] in ("-h", "--help", "--"):
        return None
    options = Options()
    (options.file,) = given
    return options


def run(options: Options) -> int:
    """Print the text of one file; whatever is in it, git gets a text."""
    path = options.file
    if path == os.devnull:
        return ExitCode.OK
    raw = read_stdin() if path == STANDARD else read_bytes(path)
    with contextlib.suppress(MigratorError):
        raw = unpack(raw)
    try:
        text = textconv(raw)
    except Exception as error:
        # git ends altogether where a textconv fails, which would cost more than a text that is not the best.
        complain(f"{path}: internal error: {type(error).__name__}: {error}; shown as it is")
        text = own_text(raw)
    write_standard_output(text.encode("utf-8", "surrogateescape"))
    return ExitCode.OK
