"""The options that say what exports are migrated to, and what they mean."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from migrator.chain.steps import GENAI_PERF, NEWEST, VERSIONS
from migrator.cli.parser import Parser
from migrator.cli.streams import complain
from migrator.errors import UsageError
from migrator.migration.goal import Goal, goal_of
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from migrator.contracts.contract import Contract

Direction = Literal["up", "down", "either"]

_NEXT: Final = f"{NEWEST.partition('.')[0]}.{int(NEWEST.partition('.')[2]) + 1}"


class Asked(NamedTuple):
    """A goal, and the reader that it is for: then each export has a goal of its own, and this is that of the others."""

    goal: Goal
    reader: Contract | None = None


class GoalOptions:
    """What the command line says of the goal."""

    to: str | None
    for_aiperf: str | None
    for_reader: str | None
    reader: list[str]
    newer_minor: Literal["refuse", "as-known"]


def add_goal(parser: Parser, direction: Direction) -> None:
    """`--to`, `--for-aiperf` and `--for-reader`, one of which is needed except by `upgrade`; and `--newer-minor`."""
    default = NEWEST if direction == "up" else None
    parser.takes("to", "for-aiperf", "for-reader")
    goal = parser.add_mutually_exclusive_group(required=default is None)
    goal.add_argument(
        "--to",
        metavar="VERSION",
        type=_version,
        choices=VERSIONS if direction == "up" else (GENAI_PERF, *VERSIONS),
        default=default,
        help=f"schema version to reach: {', '.join(VERSIONS)}" + (f" (default {default})" if default else ""),
    )
    goal.add_argument(
        "--for-aiperf",
        metavar="RELEASE",
        help="what this AIPerf release reads, input_config included; 0.9 means its newest",
    )
    goal.add_argument(
        "--for-reader",
        metavar="READER",
        help="what a program reads, by its contract: each file at the nearest version that has all it needs",
    )
    parser.add_argument(
        "--reader",
        action="append",
        default=[],
        metavar="READER",
        help="warn of files that this program can read before and not after, by its contract; repeatable; those that "
        "the settings name under contracts are asked for, too",
    )
    parser.add_argument(
        "--newer-minor",
        choices=("refuse", "as-known"),
        default="refuse",
        help=f"what to do with labels such as {_NEXT}, which is newer than known: as-known takes the file for {NEWEST} "
        "and keeps what it adds (default refuse)",
    )


def _version(text: str) -> str:
    """The `type` of `--to`."""
    if re.fullmatch(r"v?\d+\.\d+\.\d.*", text):
        hint = f"--for-aiperf {text.removeprefix('v')} writes what it reads"
        raise ArgumentTypeError(f"{text} is an AIPerf release, not a schema version; {hint}")
    return text


def asked_goal(options: GoalOptions) -> Asked:
    """The goal that a command line asks for; what had to be assumed of a release is told.

    Raises:
        UsageError: there is no such release or reader, or none writes what the reader needs.
    """
    if options.for_reader:
        return _for_reader(options.for_reader)
    goal = goal_of(options.to if options.for_aiperf is None else None, options.for_aiperf)
    if goal.note:
        complain(goal.note)
    return Asked(goal)


def _for_reader(name: str) -> Asked:
    """The newest release that writes what a reader needs, and the contract of the reader.

    Raises:
        UsageError: there is no such contract, or no release meets it.
    """
    # Slow to import, and only for this option.
    from migrator.cli.readers import reader
    from migrator.contracts.releases import newest_met

    of = reader(name)
    found = newest_met(of)
    if found is None:
        raise UsageError(
            f"no AIPerf release writes all that {name} needs", hint=f"aiperf-migrate contract versions {name}"
        )
    return Asked(goal_of(for_aiperf=found.name), of)


def to_warn_of(named: Sequence[str]) -> tuple[Contract, ...]:
    """The contracts of the readers that a migration is to warn of: those that are named, and those of the settings.

    Raises:
        UsageError: there is no such contract.
    """
    # Imported here: most projects have no readers of their own.
    from migrator.settings.find import found

    if not named and "contracts" not in found():
        return ()
    from migrator.cli.readers import ours, reader

    return tuple(dict.fromkeys(map(reader, (*named, *ours()))))
