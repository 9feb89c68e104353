"""`aiperf-migrate upgrade`."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.cli.commands.migrate import parser, run


def main(arguments: Sequence[str]) -> int:
    """Parse the arguments and migrate."""
    options = parser(
        "upgrade", "Bring exports to a newer schema version. Exports that are newer already are left alone.", "up"
    ).parse_args(arguments)
    return run(options, "up")
