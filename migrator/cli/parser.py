"""One argument parser for all commands: the same words for the same things, and the project's exit code."""

from __future__ import annotations

import argparse
import os
from typing import NoReturn

from migrator.cli.streams import complain
from migrator.errors import ExitCode


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, at most 100 columns; asking for it here saves `argparse` an import."""

    def __init__(self, prog: str) -> None:
        try:
            columns = int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns
        except (ValueError, OSError):
            columns = 80
        super().__init__(prog, width=min(max(columns, 40), 100) - 2)


class Parser(argparse.ArgumentParser):
    """`argparse` with this tool's manners."""

    def __init__(self, command: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=f"aiperf-migrate {command}",
            description=description,
            epilog=epilog,
            formatter_class=_Formatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong and where to read more, and leave."""
        complain(f"{message}\n{self.prog} --help shows how to use it")
        raise SystemExit(int(ExitCode.USAGE))

    def add_paths(self) -> None:
        """The files and folders to work on."""
        self.add_argument(
            "paths", nargs="+", metavar="PATH", help="file, folder (all exports below it), or - for stdin"
        )

    def add_json(self) -> None:
        """The machine's form of the report."""
        self.add_argument("--json", action="store_true", help="report as JSON, one document a line")
