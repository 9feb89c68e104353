"""`aiperf-migrate completion`: what makes a shell complete commands, options and values."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from migrator.cli.parser import Parser, parser_of
from migrator.cli.streams import say
from migrator.errors import ExitCode, UsageError

SHELLS: Final = ("bash", "zsh", "fish")

_EPILOG: Final = """\
bash: aiperf-migrate completion bash > ~/.local/share/bash-completion/completions/aiperf-migrate

zsh: aiperf-migrate completion zsh > a folder of $fpath, as _aiperf-migrate

fish: aiperf-migrate completion fish > ~/.config/fish/completions/aiperf-migrate.fish"""


def main(arguments: Sequence[str]) -> int:
    """Print the completion of a shell."""
    parser = Parser("completion", "Print what makes a shell complete commands, options and their values.", _EPILOG)
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"one of {', '.join(SHELLS)}")
    options = parser.parse_args(arguments)
    try:
        import shtab
    except ImportError as error:
        raise UsageError("completion needs shtab", hint="pip install 'aiperf-migrate[completion]'") from error
    say(shtab.complete(_everything(), options.shell).rstrip("\n"))
    return ExitCode.OK


def _everything() -> argparse.ArgumentParser:
    """The parsers of all commands as one: each command's own, so that nothing is told twice."""
    from migrator.cli.main import COMMANDS

    whole = argparse.ArgumentParser("aiperf-migrate")
    whole.add_argument("-V", "--version", action="store_true", help="print the version")
    commands = whole.add_subparsers(dest="command")
    for name, (module, about) in COMMANDS.items():
        own = parser_of(import_module(f"migrator.cli.commands.{module}").main)
        for action in own._actions:
            _say_what_follows(action)
        commands.add_parser(name, parents=[own], add_help=False, help=about)
    return whole


_FILES: Final = ("PATH", "FILE", "RUN", "BASE CAND")
_FOLDERS: Final = ("DIR",)


def _say_what_follows(action: argparse.Action) -> None:
    """Tell the completion where names of files or folders are wanted, which `argparse` has no word for."""
    import shtab

    # An attribute of the library's own, which the class does not declare.
    if action.metavar in _FILES:
        vars(action)["complete"] = shtab.FILE
    elif action.metavar in _FOLDERS:
        vars(action)["complete"] = shtab.DIRECTORY
