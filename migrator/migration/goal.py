"""What an export is migrated to: a schema version, or what one AIPerf release reads.

[`goal_of`][] makes a [`Goal`][] of what a user wrote; nothing else decides what `--to` and `--for-aiperf` mean.
"""

from __future__ import annotations

from typing import NamedTuple

from migrator.chain.steps import NEWEST, require_version
from migrator.errors import UsageError


class Goal(NamedTuple):
    """The schema version to reach, and the AIPerf release that is to read the result (empty: any).

    With a release, `version` is the one it writes. `note` says what had to be assumed about the release, for the user.
    """

    version: str
    release: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """`1.5`, or `AIPerf 0.9.0`."""
        return f"AIPerf {self.release}" if self.release else self.version

    @property
    def phrase(self) -> str:
        """`to 1.5`, or `for AIPerf 0.9.0`."""
        return f"for {self.name}" if self.release else f"to {self.name}"


def goal_of(to: str | None = None, for_aiperf: str | None = None) -> Goal:
    """The goal that a user asks for.

    Args:
        to: a schema version (`--to`); without a release, none means the newest.
        for_aiperf: a release (`--for-aiperf`): `0.9.0`, a nightly, or `0.9` for its newest.

    Raises:
        UnknownVersionError: there is no such version.
        UsageError: there is no such release, it reads no exports, or both are given.
    """
    if for_aiperf is None:
        return Goal(require_version(to or NEWEST))
    if to is not None:
        raise UsageError("a release has a version already", hint="one of to and for_aiperf")
    # Imported here: a goal is part of every request, and the table of releases' fields only of some.
    from migrator.config.for_release import parse_release

    found = parse_release(for_aiperf)
    return Goal(found.release.version, found.release.name, found.note)
