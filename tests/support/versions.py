"""Versions and recorded runs that tests speak of, so that a new version of the line changes no test."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from migrator.aiperf.releases import age, release
from migrator.chain.steps import NEWEST as NEWEST

_MAJOR, _MINOR = map(int, NEWEST.split("."))
NEXT: Final = f"{_MAJOR}.{_MINOR + 1}"
"""The label that a minor change of today's would get."""
NEXT_MAJOR: Final = f"{_MAJOR + 1}.0"
UNKNOWN: Final = "99.0"
"""A version that no release will write soon."""

_EXPORTS: Final = Path(__file__).parents[2] / "golden" / "exports"
RECORDED: Final = {
    name: written.version
    for name in sorted((path.parent.name for path in _EXPORTS.glob("[0-9]*/chat-streaming")), key=age)
    if (written := release(name))
}
"""Each release that was recorded, oldest first → the version that it writes."""
NEWEST_RUN: Final = [name for name, version in RECORDED.items() if version == NEWEST][-1] + "/chat-streaming"
"""What the last release that writes the newest version recorded: an export that has nothing to migrate."""
