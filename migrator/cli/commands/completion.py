"""`aiperf-migrate completion`: what makes a shell complete commands, options and values."""

from __future__ import annotations

import argparse
from functools import cache
from importlib import import_module
from typing import Final

from migrator.cli.parser import Parser
from migrator.cli.streams import say
from migrator.errors import ExitCode, UsageError
from migrator.extras import install

SHELLS: Final = ("bash", "zsh", "fish")

_EPILOG: Final = """\
bash: aiperf-migrate completion bash > ~/.local/share/bash-completion/completions/aiperf-migrate

zsh: aiperf-migrate completion zsh > a folder of $fpath, as _aiperf-migrate

fish: aiperf-migrate completion fish > ~/.config/fish/completions/aiperf-migrate.fish"""


class Options:
    """What the command line says."""

    shell: str


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(command, "Print what makes a shell complete commands, options and their values.", _EPILOG)
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"one of {', '.join(SHELLS)}")
    return parser


def run(options: Options) -> int:
    """Print the completion of a shell."""
    try:
        import shtab
    except ImportError as error:
        raise UsageError("completion needs shtab", hint=install("completion")) from error
    say(shtab.complete(_all_commands(), options.shell).rstrip("\n"))
    return ExitCode.OK


def _all_commands() -> argparse.ArgumentParser:
    """The parsers of all commands as one."""
    from migrator.cli.main import COMMANDS

    whole = argparse.ArgumentParser("aiperf-migrate")
    whole.add_argument("-V", "--version", action="store_true", help="print the version")
    commands = whole.add_subparsers(dest="command")
    for name, (module, about) in COMMANDS.items():
        parser = import_module(f"migrator.cli.commands.{module}").arguments(name)
        for action in parser._actions:
            _complete_file_names(action)
            _complete_values(action)
        commands.add_parser(name, parents=[parser], add_help=False, help=about)
    return whole


def _complete_values(action: argparse.Action) -> None:
    """Tell the completion what values are likely. Others are as good, so the parsers themselves do not know them."""
    wanted = (*action.option_strings, str(action.metavar))
    action.choices = action.choices or next((found for name in wanted if (found := _values(name))), None)


@cache
def _values(name: str) -> list[str]:
    """Likely values of an option, or of an argument by what its help calls it."""
    if name == "--for-aiperf":
        from migrator.aiperf.releases import NIGHTLIES, RELEASES

        return [release.name for release in (*RELEASES, *NIGHTLIES)]
    if name in ("--for-reader", "READER"):
        from migrator.contracts.contract import shipped

        return list(shipped())
    if name in ("CODE", "CODES"):
        from migrator.check import RULES

        return list(RULES)
    if name == "--columns":
        from migrator.table.columns import EVERY_RUN

        return [*(column for column in EVERY_RUN if column.isidentifier()), *_metrics()]
    return _metrics() if name in ("--metric", "--fail-on", "--goal") else []


@cache
def _metrics() -> list[str]:
    from migrator.aiperf.metrics import catalogue

    return [f"{tag}.{statistic}" for tag in sorted(catalogue()) for statistic in ("avg", "p50", "p90", "p99")]


_FILES: Final = ("PATH", "FILE", "RUN", "BASE CAND")
_FOLDERS: Final = ("DIR",)


def _complete_file_names(action: argparse.Action) -> None:
    """Tell the completion where names of files or folders are wanted, which `argparse` cannot express."""
    import shtab

    # An attribute of the library's own, which the class does not declare.
    if action.metavar in _FILES:
        vars(action)["complete"] = shtab.FILE
    elif action.metavar in _FOLDERS:
        vars(action)["complete"] = shtab.DIRECTORY
