"""`aiperf-migrate`: find the command, run it, return its exit code."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from migrator._version import __version__
from migrator.cli.streams import complain, detach_unwritable, flush, make_tolerant, say
from migrator.errors import MORE_FILES, TOO_MANY, ExitCode, MigratorError, has_too_many

COMMANDS: Final = {
    "inspect": ("inspect", "say what files are: family, version, dialect, writer"),
    "upgrade": ("migrate", "bring exports to a newer schema version"),
    "downgrade": ("migrate", "bring exports to an older schema version"),
    "convert": ("migrate", "bring exports to a version, whichever way"),
    "rebuild": ("rebuild", "make an export from the records of a run that has none"),
    "redact": ("redact", "take the secrets out of all files of a run"),
    "undo": ("undo", "take a batch back, by its journal"),
    "check": ("check", "verify schema and consistency"),
    "table": ("table", "exports as rows and columns: CSV, Parquet, JSON, Markdown"),
    "diff": ("diff", "compare two runs, or two groups of runs"),
    "front": ("front", "show the front of one sweep, and its capacity under goals"),
    "noise": ("noise", "learn how much runs differ by themselves"),
    "history": ("history", "runs in the order of time, and where their level changed"),
    "contract": ("contract", "say whether a program that reads exports gets what it needs"),
    "fixtures": ("fixtures", "write exports of every version, for the tests of a parser"),
    "tui": ("tui", "browse and compare exports in a terminal UI"),
    "versions": ("versions", "list the schema versions and what changed"),
    "schema": ("schema", "print JSON Schemas, and what changes between versions or releases"),
    "textconv": ("textconv", "print an export as stable text, for git to compare"),
    "config": ("config", "show the settings that hold here, and where each is from"),
    "completion": ("completion", "make the shell complete commands and options"),
    "git": ("git", "make git show exports as changes of metrics"),
}
"""Command → (module of `cli.commands`, what it does)."""
PURPOSES: Final = {
    "look": ("inspect", "check", "table", "tui"),
    "migrate": ("upgrade", "downgrade", "convert", "undo", "rebuild", "redact"),
    "compare": ("diff", "front", "history", "noise"),
    "integrate": ("contract", "fixtures", "git", "textconv", "completion", "config", "versions", "schema"),
}
"""What one wants → the commands for it, each in one group."""
_CALLED_BY_GIT: Final = ("textconv", "git")
"""Commands whose arguments may be files that are called what looks like an option, as git gives them."""


def usage() -> str:
    """What `--help` prints."""
    lines = [
        line
        for purpose, names in PURPOSES.items()
        for line in ("", f"{purpose}:", *(f"  {name:<11}{COMMANDS[name][1]}" for name in names))
    ]
    return "\n".join(
        [
            "usage: aiperf-migrate COMMAND [ARGUMENTS]",
            "",
            "Keep AIPerf benchmark exports readable and comparable across releases.",
            *lines,
            "",
            "  aiperf-migrate tui [PATH]                   browse exports in the terminal",
            "  aiperf-migrate inspect FILE                 what is it?",
            "  aiperf-migrate upgrade FILE --diff          what would change?",
            "  aiperf-migrate upgrade FILE -o NEW          upgrade a copy",
            "  aiperf-migrate upgrade TREE -d OUT          upgrade a tree into another",
            "",
            "aiperf-migrate COMMAND --help describes a command.",
            "exit codes: 0 done, 1 the answer is no, 2 usage, 3 undecidable, 4 bad input,",
            "70 internal error, 130 interrupted.",
        ]
    )


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    name, *rest = arguments or ("help",)
    if name == "help" and rest:
        name, rest = rest[0], ["--help"]
    if name in ("-h", "--help", "help"):
        say(usage())
        return ExitCode.OK
    if name in ("-V", "--version"):
        say(f"aiperf-migrate {__version__}")
        return ExitCode.OK
    if name not in COMMANDS:
        complain(_unknown(name), "aiperf-migrate --help lists the commands")
        return ExitCode.USAGE
    module = import_module(f"migrator.cli.commands.{COMMANDS[name][0]}")
    options = module.called_by_git(rest) if name in _CALLED_BY_GIT else None
    if options is None:
        options = module.arguments(name).parse(rest, module.Options())
    if not gc.isenabled():
        # From here on there is garbage, but none in what was imported until now.
        gc.freeze()
        gc.enable()
    code: int
    if not hasattr(options, "pager"):
        code = module.run(options)
        return code
    from migrator.cli.display import display

    with display(options):
        code = module.run(options)
    return code


def _unknown(name: str) -> str:
    """What to say of a command that does not exist."""
    import os
    import shlex

    from migrator.cli.parser import did_you_mean
    from migrator.stores import is_url

    if is_url(name) or os.path.lexists(name):
        return (
            f"{name} is a file or folder, not a command: `aiperf-migrate inspect {shlex.quote(name)}` says what it is"
        )
    return f"no such command: {name}{did_you_mean(name, COMMANDS)}"


def run() -> None:
    """The console script: [`main`][] with the arguments of the process; exits with 0 to 4, 70, 130 or 141."""
    make_tolerant()
    try:
        code = _outcome(sys.argv[1:])
    finally:
        detach_unwritable()
    # The interpreter looks through all objects for garbage at its end, a seventh of the time of a short command. All
    # files are closed by now, so what it would find is memory, which goes with the process.
    gc.freeze()
    sys.exit(code)


def _outcome(arguments: Sequence[str]) -> int:
    try:
        try:
            code = main(arguments)
        except SystemExit as end:
            # What `argparse` raises after --help and after a wrong option.
            code = int(end.code or 0)
        flush()
    except MigratorError as error:
        complain(str(error))
        code = error.exit_code
    except KeyboardInterrupt:
        complain("interrupted; finished files are complete, the others are untouched")
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        code = ExitCode.CLOSED_PIPE
    except MemoryError:
        complain("there is not enough memory; finished files are complete, the others are untouched")
        code = ExitCode.BAD_INPUT
    except Exception as error:
        code = ExitCode.CRASH
        if has_too_many(error):
            complain(f"{TOO_MANY}; {MORE_FILES}")
            code = ExitCode.BAD_INPUT
        else:
            _report_crash(error)
    return code


def _report_crash(error: Exception) -> None:
    import traceback

    lines = "".join(traceback.format_exception(error)).splitlines()
    complain(f"internal error, which is a bug in aiperf-migrate {__version__}: please report it with these lines")
    complain(*lines)
