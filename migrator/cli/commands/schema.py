"""`aiperf-migrate schema`: the JSON Schema of a version, of what the commands print, and of the files of the tool."""

from __future__ import annotations

import json
from typing import Any, Final

from migrator.chain.steps import VERSIONS
from migrator.cli.parser import Parser
from migrator.cli.streams import say
from migrator.documents.schema import about, documents, schema
from migrator.errors import ExitCode, UsageError
from migrator.render.text import table

RECEIPT: Final = "receipt"
NAMES: Final = (*VERSIONS, RECEIPT, *documents())


class Options:
    """What the command line says."""

    name: str | None
    list: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Print the JSON Schema (draft 2020-12) of a schema version of the main export, of a report that a command "
        "prints with --json (each names its schema), or of a file that the tool writes or reads.",
    )
    parser.add_argument(
        "name", nargs="?", choices=NAMES, metavar="NAME", help=f"a version, such as {VERSIONS[-1]}, or a name of --list"
    )
    parser.add_argument("--list", action="store_true", help="the names, and what each is")
    return parser


def run(options: Options) -> int:
    """Print a schema, or the names of all."""
    if options.list:
        rows = [
            (f"{VERSIONS[0]} to {VERSIONS[-1]}", "the main export at a version"),
            (RECEIPT, "what diff --json prints"),
        ]
        for line in table([*rows, *((name, about(name)) for name in documents())]):
            say(line)
        return ExitCode.OK
    if options.name is None:
        raise UsageError("name a schema", expected=f"a version, such as {VERSIONS[-1]}, or a name of schema --list")
    say(json.dumps(_schema(options.name), indent=2))
    return ExitCode.OK


def _schema(name: str) -> dict[str, Any]:
    # Not at the top: pydantic is slow to import, and only this command, `check` and `diff` need it.
    if name == RECEIPT:
        from migrator.diff.receipt import receipt_schema

        return receipt_schema()
    if name not in VERSIONS:
        return schema(name)
    from migrator.schemas import json_schema

    return json_schema(name)
