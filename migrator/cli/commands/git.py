"""`aiperf-migrate git`: make `git diff` and `git log -p` show exports as changes of metrics."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from migrator.cli.parser import Parser
from migrator.cli.report import say_json
from migrator.cli.streams import complain, say
from migrator.errors import ExitCode, MigratorError, UsageError
from migrator.git.command import GitError, try_git
from migrator.git.driver import driver
from migrator.git.setup import ATTRIBUTES, Place, Status, in_effect, install, place, status, uninstall
from migrator.render.safe import printable
from migrator.render.text import table
from migrator.writing.write import write_standard_output

_ABOUT: Final = (
    "Make git show AIPerf exports as changes of metrics and settings.\n\n"
    "install sets it up for this repository (in .git, not in the working tree), with --global for all of yours; "
    "uninstall removes exactly that; status shows what is set up.\n\n"
    "Then `git log -p`, `git show` and `git diff --no-ext-diff` compare the text that `aiperf-migrate textconv` "
    "prints, and `git diff` lists what changed, with percentages (install --no-driver leaves that out)."
)


class Options:
    """What the command line says; `given` are the arguments that git passes to `driver`."""

    action: Literal["install", "uninstall", "status", "driver"]
    everywhere: bool
    no_driver: bool
    json: bool
    given: list[str]


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        _ABOUT,
        "`aiperf-migrate git driver` is what git calls. After an upgrade or a move of this tool, install again.",
    )
    parser.set_defaults(given=[])
    parser.add_argument("action", choices=("install", "uninstall", "status", "driver"), help="what to do")
    parser.add_argument("--global", dest="everywhere", action="store_true", help="for all repositories of this user")
    parser.add_argument("--no-driver", action="store_true", help="with install: only the text, no list of changes")
    parser.add_json()
    return parser


def called_by_git(given: Sequence[str]) -> Options | None:
    """The options of a command line as git writes it: `driver`, and files whatever they are called. None else."""
    if given[:1] != ["driver"] or given[1:2] in (["-h"], ["--help"]):
        return None
    options = Options()
    options.action = "driver"
    options.given = list(given[1:])
    return options


def run(options: Options) -> int:
    """Set up, take back, or show a change to git."""
    if options.action == "driver":
        return _show_change(options.given)
    if options.no_driver and options.action != "install":
        raise UsageError("--no-driver goes with install", hint="aiperf-migrate git --help shows how to use it")
    here = os.getcwd()
    if options.action == "status":
        return _status(here, everywhere=options.everywhere, as_json=options.json)
    where = place(here, is_global=options.everywhere)
    changed = install(where, driver=not options.no_driver) if options.action == "install" else uninstall(where, here)
    if options.json:
        say_json("git", {"action": options.action, "global": options.everywhere, "changed": changed})
        return ExitCode.OK
    for path in changed:
        say(f"changed  {printable(path)}")
    if not changed:
        say("nothing to do")
    elif options.action == "install" and not options.everywhere:
        say("Everyone who clones this repository has to set it up, too; a line in .gitattributes is shared:")
        say(f"  {ATTRIBUTES}")
    return ExitCode.OK


def _show_change(given: Sequence[str]) -> int:
    """Show one change. git ends altogether where a driver fails, so an error is a line of what is shown."""
    shown: list[str] = []
    try:
        shown.extend(driver(given))
    except MigratorError as error:
        if error.exit_code == ExitCode.USAGE:
            raise
        shown.append(f"  cannot be compared: {printable(str(error))}")
    except Exception as error:
        complain(f"internal error: {type(error).__name__}: {error}")
        shown.append("  cannot be compared; `git diff --no-ext-diff` shows the text")
    write_standard_output("".join(f"{line}\n" for line in shown).encode("utf-8", "backslashreplace"))
    return ExitCode.OK


def _status(here: str, *, everywhere: bool, as_json: bool) -> int:
    """Print what is set up; exit 1 if git would not show an export by this tool."""
    inside = try_git("rev-parse", "--git-dir", cwd=here)[0] == 0
    if not inside and not everywhere:
        raise GitError("not inside a git repository", hint="--global shows what is set up for all", file=here)
    wanted = (
        [place(here, is_global=True)] if everywhere else [place(here, is_global=False), place(here, is_global=True)]
    )
    found = [status(where) for where in wanted]
    works = in_effect(here) if not everywhere else found[0].state != "none"
    if as_json:
        say_json("git-status", {"in_effect": works, "places": [_row(one) for one in found]})
    else:
        for line in table(_status_rows(found, works=works)):
            say(line)
    return ExitCode.OK if works else ExitCode.NO


_STATES: Final = {
    "none": "not set up",
    "installed": "set up",
    "other": "set up in part, or for another version of this tool: install again",
}


def _status_rows(found: list[Status], *, works: bool) -> Iterator[tuple[str, str]]:
    for one in found:
        yield _scope(one.place), _STATES[one.state]
        for name, value in (("textconv", one.textconv), ("driver", one.command)):
            if value:
                yield f"  {name}", printable(value)
    yield "in effect", "yes" if works else "no: `aiperf-migrate git install` sets it up"


def _row(one: Status) -> dict[str, object]:
    return {
        "scope": _scope(one.place),
        "state": one.state,
        "config": one.place.config,
        "attributes": one.place.attributes,
        "textconv": one.textconv or None,
        "driver": one.command or None,
    }


def _scope(where: Place) -> str:
    return "global" if where.is_global else "this repository"
