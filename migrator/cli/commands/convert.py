"""`aiperf-migrate convert`."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.cli.commands.migrate import parser, run


def main(arguments: Sequence[str]) -> int:
    """Parse the arguments and migrate."""
    options = parser(
        "convert", "Bring exports to a schema version, up or down, whichever each file needs.", "either"
    ).parse_args(arguments)
    return run(options, "either")
