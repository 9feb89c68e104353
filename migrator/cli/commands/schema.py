"""`aiperf-migrate schema`: JSON Schemas, and what changes between versions, releases and a source of AIPerf."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from migrator.chain.steps import VERSIONS
from migrator.cli.parser import Parser, file_name
from migrator.cli.report import say_json
from migrator.cli.streams import say
from migrator.documents.schema import about, documents, schema
from migrator.errors import ExitCode, UsageError
from migrator.render.safe import printable
from migrator.render.text import table, wrapped

if TYPE_CHECKING:
    from migrator.contracts.changes import Change
    from migrator.contracts.compared import Compared

RECEIPT: Final = "receipt"
MAP: Final = "map"
NAMES: Final = (*VERSIONS, RECEIPT, MAP, *documents())
DIFF: Final = "diff"
LINT: Final = "lint"
_WIDTH: Final = 76
_READERS: Final = ("closed", "path", "statistics")

_EPILOG: Final = """\
  aiperf-migrate schema 1.5                        the JSON Schema of a version
  aiperf-migrate schema diff 1.3..1.5              what changed between two versions
  aiperf-migrate schema diff 0.11.0..0.13.0        or releases
  aiperf-migrate schema lint --from-aiperf WHEEL   what a wheel or source tree changes

kinds of readers: closed, whose model refuses keys that it does not know; path, which goes
by the places of values; statistics, which reads metrics by name, with their units.

exit codes of diff and lint: 0 nothing breaks a reader of --breaking, 1 something does."""


class Options:
    """What the command line says."""

    what: str | None
    list: bool
    between: str | None
    from_aiperf: str | None
    against: str | None
    breaking: tuple[str, ...]
    json: bool
    verbose: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Print the JSON Schema (draft 2020-12) of a schema version of the main export, of a report that a command "
        "prints with --json (each names its schema), or of a file that the tool writes or reads; or say what changes "
        "between two versions or releases, or in a source of AIPerf, and which kinds of readers it breaks.",
        _EPILOG,
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=(*NAMES, DIFF, LINT),
        metavar="WHAT",
        help=f"a version, such as {VERSIONS[-1]}, a name of --list, diff or lint",
    )
    parser.add_argument("--list", action="store_true", help="the names, and what each is")
    parser.add_argument("between", nargs="?", metavar="A..B", help="with diff: two versions or two releases")
    parser.add_argument(
        "--from-aiperf", type=file_name, metavar="PATH", help="with lint: a wheel of AIPerf, or its source tree"
    )
    parser.add_argument(
        "--against",
        type=file_name,
        metavar="PATH",
        help="with lint: the wheel or source tree to compare with (default: what is known of the newest release)",
    )
    parser.add_argument(
        "--breaking",
        type=_readers,
        default=("path", "statistics"),
        metavar="KINDS",
        help=f"fail for these kinds of readers: {', '.join(_READERS)}, with commas between (default path,statistics)",
    )
    parser.add_json()
    parser.add_argument("-v", "--verbose", action="store_true", help="also what breaks no reader")
    return parser


def _readers(text: str) -> tuple[str, ...]:
    """The `type` of `--breaking`."""
    from argparse import ArgumentTypeError

    names = tuple(filter(None, text.split(",")))
    if odd := [name for name in names if name not in _READERS]:
        raise ArgumentTypeError(f"not a kind of reader: {odd[0]!r}; expected {', '.join(_READERS)}")
    return names


def run(options: Options) -> int:
    """Print a schema, the names of all, or what changes."""
    if options.list:
        rows = [
            (f"{VERSIONS[0]} to {VERSIONS[-1]}", "the main export at a version"),
            (RECEIPT, "what diff --json prints"),
            (MAP, "what versions --map prints"),
        ]
        for line in table([*rows, *((name, about(name)) for name in documents())]):
            say(line)
        return ExitCode.OK
    if options.what is None:
        raise UsageError("name a schema", expected=f"a version, such as {VERSIONS[-1]}, or a name of schema --list")
    if (options.what == DIFF) != (options.between is not None):
        raise UsageError(
            "diff needs two versions or two releases"
            if options.what == DIFF
            else f"{options.what} takes no second name",
            hint="aiperf-migrate schema diff 1.3..1.5",
        )
    if options.against and options.what != LINT:
        raise UsageError("--against goes with lint", hint="aiperf-migrate schema lint --from-aiperf NEW --against OLD")
    if (options.what == LINT) != (options.from_aiperf is not None):
        raise UsageError("lint and --from-aiperf go together", hint="aiperf-migrate schema lint --from-aiperf WHEEL")
    # Not at the top: they read the models of releases, and most of what this command prints needs none.
    from migrator.contracts.compared import between, of_source

    if options.what == DIFF and options.between is not None:
        return _tell(between(options.between), options)
    if options.what == LINT and options.from_aiperf is not None:
        return _tell(of_source(options.from_aiperf, options.against), options)
    say(json.dumps(_schema(options.what), indent=2))
    return ExitCode.OK


def _schema(name: str) -> dict[str, Any]:
    # Not at the top: pydantic is slow to import, and only this command, `check` and `diff` need it.
    if name == RECEIPT:
        from migrator.diff.receipt import receipt_schema

        return receipt_schema()
    if name == MAP:
        from migrator.migration.map import map_schema

        return map_schema()
    if name not in VERSIONS:
        return schema(name)
    from migrator.schemas import json_schema

    return json_schema(name)


# --- what changes ----------------------------------------------------------------------------------------------


def _tell(found: Compared, options: Options) -> int:
    broken = Counter(reader.value for change in found.changes for reader in change.breaks)
    fails = bool(found.problems) or any(broken[name] for name in options.breaking)
    if options.json:
        for problem in found.problems:
            say_json("schema-diff", {"problem": problem})
        for change in found.changes:
            say_json("schema-diff", change.as_dict())
    else:
        for line in _lines(found, options, broken):
            say(line)
    return ExitCode.NO if fails else ExitCode.OK


def _lines(found: Compared, options: Options, broken: Counter[str]) -> Iterator[str]:
    yield printable(f"{found.base}  →  {found.new}")
    shown = [change for change in found.changes if change.breaks or options.verbose]
    for kind in dict.fromkeys(change.kind for change in shown):
        yield ""
        yield f"{kind.value}:"
        yield from _rows([change for change in shown if change.kind is kind])
    yield ""
    for problem in found.problems:
        yield from wrapped(printable(f"! {problem}"), indent="", hanging="  ")
    counts = Counter(change.kind.value for change in found.changes)
    yield ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no difference"
    told = [f"{broken[name]} for {name} readers" for name in _READERS if broken[name]]
    yield f"breaking: {', '.join(told) or 'nothing'}"


def _rows(changes: Iterable[Change]) -> Iterator[str]:
    """Lines about changes of one kind, those that break the same readers together."""
    by_readers: dict[str, list[Change]] = {}
    for change in changes:
        by_readers.setdefault(", ".join(reader.value for reader in change.breaks) or "nobody", []).append(change)
    for readers, group in by_readers.items():
        yield f"  breaks {readers}"
        pairs = [change for change in group if change.kind.value in ("renamed", "moved")]
        yield from map(_pair, pairs)
        others = [(printable(one.place), _values(one)) for one in group if one not in pairs]
        width = max((len(place) for place, _ in others), default=0)
        if width + max((len(value) for _, value in others), default=0) <= _WIDTH - 2:
            yield from table(others, indent="    ")
            continue
        for place, value in others:
            yield f"    {place}"
            yield from wrapped(value, indent="      ") if value else ()


def _pair(change: Change) -> str:
    """An old place and the new one; of two in one object, only the new name."""
    holder, _, name = change.after.rpartition(".")
    after = name if holder and holder == change.before.rpartition(".")[0] else change.after
    before = f"    {printable(change.before)}"
    return (
        f"{before} → {printable(after)}"
        if len(before) + len(after) < _WIDTH
        else f"{before}\n      → {printable(after)}"
    )


def _values(change: Change) -> str:
    return printable(" → ".join(value for value in (change.before, change.after) if value))
