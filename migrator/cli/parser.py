"""The argument parser of all commands: shared options, types of values, and the exit code for wrong usage."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from migrator.cli.streams import complain, say
from migrator.errors import ExitCode, UsageError
from migrator.files.disk import STANDARD
from migrator.stores import is_url, require_no_secret

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from migrator.batch.select import Selection

N = TypeVar("N")

# Each text of `argparse` is looked up in a catalogue of translations, which nobody has installed: to find that out
# takes longer than to read the arguments.
vars(argparse)["_"] = str
_LISTED: Final = 10
"""Values that the error about another one lists."""


class _Formatter(argparse.HelpFormatter):
    """Help as wide as the terminal, at most 100 columns. With the width given, `argparse` need not import `shutil`."""

    def __init__(self, prog: str) -> None:
        try:
            columns = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size().columns
        except (ValueError, OSError):
            columns = 80
        super().__init__(prog, width=min(max(columns, 40), 100) - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(super(_Formatter, self)._fill_text(part, width, indent) for part in text.split("\n\n"))


def file_name(text: str) -> str:
    """The `type` of an option that names a file or folder."""
    if not text:
        raise argparse.ArgumentTypeError("a file name must not be empty")
    return text


def new_file_name(text: str) -> str:
    """The `type` of an option that names a file or folder to write, which standard output cannot be."""
    if text == STANDARD:
        raise argparse.ArgumentTypeError(f"{text} is not a file; ./{text} names one that is called so")
    return file_name(text)


def require_local(name: str | None, option: str, hint: str = "") -> None:
    """Refuse a URL at once where only a file of this machine works.

    Args:
        name: what the command line names; None for nothing.
        option: the option, or what stands for the name in the usage.
        hint: what to do instead; by default, to name a file.

    Raises:
        UsageError: it is a URL.
    """
    if name and is_url(name):
        raise UsageError(f"{option} needs a file on this machine", hint=hint or f"{option} FILE")


def jobs(text: str) -> int:
    """The `type` of `--jobs`: a number of processes, 0 for `auto`."""
    if text == "auto":
        return 0
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"not a number of processes: {text!r}; expected 1 to 256, or auto")
    return int(text)


def age(text: str) -> float:
    """The `type` of an option that takes a duration before now or a date: seconds since 1970."""
    from migrator.batch.select import moment

    try:
        return moment(text, time.time())
    except (ValueError, OverflowError):
        expected = "36h, 7d, 2w, or a date such as 2026-11-24"
        raise argparse.ArgumentTypeError(f"not a time: {text!r}; expected {expected}") from None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`, did you mean NAME?` for the known name that comes nearest; empty if none comes near."""
    # Slow to import, and only for an error.
    from difflib import get_close_matches

    return "".join(f", did you mean {meant}?" for meant in get_close_matches(name, list(known), 1))


class SelectionOptions:
    """The options of [`Parser.add_paths`][] and [`Parser.add_selection`][]: which files are meant."""

    paths: list[str]
    include: list[str]
    exclude: list[str]
    gitignore: bool
    newer_than: float | None
    older_than: float | None
    where: str


class Parser(argparse.ArgumentParser):
    """`argparse` with what all commands have in common: the exit code, paths after `--`, no secrets in URLs."""

    def __init__(self, command: str, description: str, epilog: str = "", *, after_dashes: str = "") -> None:
        """
        Args:
            command: its name.
            description: what it does; an empty line starts a paragraph.
            epilog: what stands below the options in `--help`.
            after_dashes: the attribute that gets what follows `--`; by default these are positional arguments.
        """
        super().__init__(
            prog=f"aiperf-migrate {command}",
            description=description,
            epilog=epilog,
            formatter_class=_Formatter,
            allow_abbrev=False,
        )
        self._after_dashes = after_dashes
        self._settings: tuple[str, ...] = ()
        if after_dashes:
            self.set_defaults(**{after_dashes: None})

    def takes(self, *settings: str) -> None:
        """Name settings that stand in for options of this command which are not given."""
        self._settings += settings

    def parse(self, arguments: Sequence[str], options: N) -> N:
        """Set the attributes of `options`, which are returned.

        Options and positional arguments may stand in any order; all that follows `--` is positional. What the command
        line leaves open is as the settings say, or else the default.

        Raises:
            SystemExit: after `--help`, and after a wrong option.
            UsageError: a URL holds a secret, or the settings are wrong.
        """
        before, behind = _split(arguments)
        settings = None
        if self._settings and not {"-h", "--help"} & set(before):
            # Not needed to describe a command.
            from migrator.cli.settings import Open

            settings = Open(self, self._settings, options)
        if not self._after_dashes:
            # Intermixed parsing cannot read `--`: a name that starts with a dash gets `./` in front.
            before += [f"./{name}" if name.startswith("-") and name != "-" else name for name in behind or ()]
        elif behind is not None:
            setattr(options, self._after_dashes, behind)
        _, unknown = self.parse_known_intermixed_args(before, options)
        if unknown:
            self.error(self._unknown(unknown))
        if settings:
            settings.fill(options)
        if getattr(options, "output", None) == STANDARD:
            vars(options)["output"] = None
        for value in vars(options).values():
            for text in value if isinstance(value, list) else [value]:
                # At once, for messages contain the names that were given.
                if isinstance(text, str) and is_url(text):
                    require_no_secret(text)
        return options

    def _unknown(self, arguments: Sequence[str]) -> str:
        """What to say of arguments that the command does not have."""
        options = [argument.partition("=")[0] for argument in arguments if argument.startswith("-")]
        if not options:
            return f"too many arguments: {' '.join(arguments)}"
        told = (name + did_you_mean(name, self._option_string_actions) for name in options)
        return f"no such option: {', '.join(told)}"

    def _check_value(self, action: argparse.Action, value: object) -> None:
        choices = [] if action.choices is None else list(map(str, action.choices))
        if choices and value not in choices:
            meant = did_you_mean(str(value), choices)
            listed = ", ".join(choices[:_LISTED]) + (
                f" or one of {len(choices) - _LISTED} more" * (len(choices) > _LISTED)
            )
            raise argparse.ArgumentError(action, f"not {str(value)!r}{meant}; expected {listed}")

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help; unlike in `argparse`, failing to write it is an error."""
        say(self.format_help().rstrip("\n"))

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where to read more, and exit."""
        if "--dry-run" in message and "not allowed with" in message:
            message += " (--dry-run alone tells what would be done, wherever the outputs are to go)"
        complain(message, f"{self.prog} --help shows how to use it")
        raise SystemExit(int(ExitCode.USAGE))

    def add_paths(self) -> None:
        """The files and folders to work on, at least one."""
        self.add_argument(
            "paths",
            nargs="+",
            metavar="PATH",
            type=file_name,
            help="file, folder (all exports below it), URL of either, or - for stdin",
        )

    def add_output(self, told: str, *, group: argparse._ActionsContainer | None = None) -> None:
        """`-o FILE`; `-o -` is as without it, which leaves `output` at None."""
        (group or self).add_argument(
            "-o", "--output", type=file_name, metavar="FILE", help=f"{told} (-: standard output)"
        )

    def add_json(self) -> None:
        """`--json`."""
        self.add_argument("--json", action="store_true", help="report as JSON, one document a line")

    def add_selection(self) -> None:
        """`--include` to `--where`; [`selection`][] reads them."""
        group = self.add_argument_group(
            "which files", "Globs (as in .gitignore) and --gitignore apply to files in folders."
        )
        group.add_argument("--include", action="append", default=[], metavar="GLOB", help="only these; repeatable")
        group.add_argument("--exclude", action="append", default=[], metavar="GLOB", help="not these; repeatable")
        group.add_argument("--gitignore", action="store_true", help="without what .gitignore excludes")
        group.add_argument("--newer-than", type=age, metavar="AGE", help="changed within 7d, or since 2026-11-24")
        group.add_argument("--older-than", type=age, metavar="AGE", help="changed before that")
        group.add_argument("--where", default="", metavar="TEST", help="by content: 'version<1.3 and not cancelled'")
        self.takes("exclude", "gitignore")


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """The arguments before the first `--`, and those after it (None: there is no `--`)."""
    given = list(arguments)
    if "--" not in given:
        return given, None
    index = given.index("--")
    return given[:index], given[index + 1 :]


def selection(options: SelectionOptions) -> Selection:
    """The options that choose files, as one object."""
    from migrator.batch.select import Selection

    include, exclude = tuple(options.include), tuple(options.exclude)
    return Selection(include, exclude, options.gitignore, options.newer_than, options.older_than, options.where)
