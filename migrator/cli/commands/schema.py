"""`aiperf-migrate schema`: the JSON Schema of a version, or of the receipt that `diff --json` writes."""

from __future__ import annotations

import json
from typing import Any, Final

from migrator.chain.steps import VERSIONS
from migrator.cli.parser import Parser
from migrator.cli.streams import say
from migrator.errors import ExitCode

RECEIPT: Final = "receipt"


class Options:
    """What the command line says."""

    version: str


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Print the JSON Schema (draft 2020-12) of a schema version of the main export, or of the receipt that "
        "`diff --json` writes.",
    )
    known = (*VERSIONS, RECEIPT)
    parser.add_argument("version", choices=known, metavar="VERSION", help=f"one of {', '.join(known)}")
    return parser


def run(options: Options) -> int:
    """Print a schema."""
    say(json.dumps(_schema(options.version), indent=2))
    return ExitCode.OK


def _schema(name: str) -> dict[str, Any]:
    # Not at the top: pydantic is slow to import, and only this command, `check` and `diff` need it.
    if name == RECEIPT:
        from migrator.diff.receipt import receipt_schema

        return receipt_schema()
    from migrator.schemas import json_schema

    return json_schema(name)
