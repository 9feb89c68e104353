"""`aiperf-migrate schema`: the JSON Schema of a version."""

from __future__ import annotations

import json
from collections.abc import Sequence

from migrator.chain.steps import VERSIONS
from migrator.cli.parser import Parser
from migrator.cli.streams import say
from migrator.errors import ExitCode


def main(arguments: Sequence[str]) -> int:
    """Print a schema."""
    parser = Parser("schema", "Print the JSON Schema (draft 2020-12) of a schema version of the main export.")
    parser.add_argument("version", choices=VERSIONS, metavar="VERSION", help=f"one of {', '.join(VERSIONS)}")
    options = parser.parse_args(arguments)
    # Not at the top: pydantic is slow to import and only this command and `check` need it.
    from migrator.schemas import json_schema

    say(json.dumps(json_schema(options.version), indent=2))
    return ExitCode.OK
