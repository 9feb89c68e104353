"""What an export is migrated to: a schema version, or what one AIPerf release reads.

[`goal_of`][] makes a [`Goal`][] of what a user wrote; nothing else decides what `--to` and `--for-aiperf` mean.
"""

from __future__ import annotations

from migrator.aiperf.releases import RELEASES, age
from migrator.chain.chain import Chain
from migrator.chain.steps import NEWEST, require_version
from migrator.errors import UsageError
from migrator.values import NamedTuple


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


def target_of(chain: Chain, goal: Goal) -> str:
    """The version that files of a family have at a goal; empty where no release wrote such files."""
    if not chain.first_writers:
        return goal.version if goal.version in chain.versions or chain.entry is not None else ""
    # Imported here: it reads what the releases accept, which a file of another family does not need.
    from migrator.config.for_release import last_writer

    return _written_by(goal.release or last_writer(goal.version), chain)


def is_at(chain: Chain, goal: Goal, version: str) -> bool:
    """Whether files of a family have a version at a goal: where several do, none of them is changed into another."""
    if version == target_of(chain, goal):
        return True
    if not chain.first_writers or goal.release:
        return False
    writers = [entry.name for entry in RELEASES if entry.version == goal.version]
    return version in {_written_by(name, chain) for name in writers}


def _written_by(release: str, chain: Chain) -> str:
    """The version of a family that a release writes; empty if it is older than all that do."""
    pairs = zip(chain.first_writers, chain.versions, strict=True)
    return next((version for first, version in reversed(list(pairs)) if age(first) <= age(release)), "")
