"""`aiperf-migrate textconv`: the text that git compares in place of an export."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from migrator.batch.discover import STDIN
from migrator.batch.load import read_stdin
from migrator.cli.streams import complain
from migrator.errors import ExitCode, MigratorError
from migrator.files.disk import read_bytes
from migrator.files.packed import unpack
from migrator.git.textconv import own_text, textconv
from migrator.writing.write import write_standard_output


def main(arguments: Sequence[str]) -> int:
    """Print the text of one file; whatever is in it, git gets a text."""
    path = _path(arguments)
    if path == os.devnull:
        return ExitCode.OK
    raw = read_stdin() if path == STDIN else read_bytes(path)
    with contextlib.suppress(MigratorError):
        raw = unpack(raw)
    try:
        text = textconv(raw)
    except Exception as error:
        # A failure would cost more than this text: git stops altogether where a textconv fails.
        complain(f"{path}: internal error: {type(error).__name__}: {error}; shown as it is")
        text = own_text(raw)
    write_standard_output(text.encode("utf-8", "surrogateescape"))
    return ExitCode.OK


def _path(arguments: Sequence[str]) -> str:
    if len(arguments) == 1 and arguments[0] not in ("-h", "--help", "--"):
        # As git calls it: a file may be called what looks like an option.
        return arguments[0]
    # It takes as long to import as the text takes to make, and git makes many.
    from migrator.cli.parser import Parser, file_name

    parser = Parser(
        "textconv",
        "Print one export as stable text, for git to compare: newest version, without identifiers, times and "
        "secrets, two lines a metric. A file of another kind is printed as it is.\n\n"
        "`aiperf-migrate git install` makes git use it.",
    )
    parser.add_argument("file", metavar="FILE", type=file_name, help="the export, or - for stdin")
    return str(parser.parse_args(arguments).file)
