"""`aiperf-migrate downgrade`."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.cli.commands.migrate import parser, run

_ABOUT = """\
Bring exports to an older schema version. What it has no place for is lost, or saved
with --residue. Exports that are older already are left alone."""


def main(arguments: Sequence[str]) -> int:
    """Parse the arguments and migrate."""
    options = parser(
        "downgrade",
        _ABOUT,
        "down",
    ).parse_args(arguments)
    return run(options, "down")
