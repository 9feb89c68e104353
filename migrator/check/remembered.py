"""Exports whose shape was met before: of these, only what a shape does not tell is looked at.

A [`Shape`][migrator.migration.shape.Shape] tells all of an export but the numbers of its stats blocks and what is the
file's own. Where every block is sound, and the times are times, most rules find in an export what they find in any
other of its shape; the others are asked of each file (`each` of their declaration). A shape is remembered when it is
met for the second time, and only if those rules find nothing, in that file and with placeholders for its own values.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from migrator.aiperf.sound import Group, are_plainly_sound, groups_of
from migrator.check.rule import CheckRule, Finding, Spot, Subject
from migrator.errors import MigratorError
from migrator.identify import Family, Identity, identify
from migrator.jsonfile import Path, at
from migrator.migration.shape import Shape
from migrator.migration.shapes import Shapes
from migrator.schemas.accept import is_moment
from migrator.values import NamedTuple


class _Known(NamedTuple):
    """What all exports of a shape are, and (part, path, tag) of the blocks that rules look at in each of them.

    `groups` are all their blocks by keys.
    """

    identity: Identity
    groups: tuple[Group, ...]
    spots: tuple[tuple[str, Path, str], ...]


class _State(Enum):
    """What is known of a shape that is not remembered."""

    SEEN_ONCE = auto()
    NOTHING = auto()
    """Its exports are looked at as a whole."""


class Remembered:
    """What some rules find in exports, by the shapes that were met.

    Args:
        rules: the rules.
    """

    def __init__(self, rules: Sequence[CheckRule]) -> None:
        self._rules = rules
        self._each = [rule for rule in rules if rule.each]
        self._shapes: Shapes[_Known | _State] = Shapes()

    def findings(self, shape: Shape) -> tuple[Identity, list[Finding]] | None:
        """What an export is, and what the rules find in it; None if it has to be looked at as a whole."""
        known = self._shapes.get(shape.key)
        if not isinstance(known, _Known) or not _is_plain(shape, known.groups):
            return None
        spots = tuple([Spot(part, path, tag, at(shape.document, path)) for part, path, tag in known.spots])
        subject = Subject(shape.document, known.identity, spots)
        return known.identity, [finding for rule in self._each for finding in rule.findings(subject)]

    def learn(self, shape: Shape, subject: Subject, findings: Sequence[Finding]) -> None:
        """Take note of what was found in an export.

        Args:
            shape: its shape.
            subject: the export.
            findings: what the rules found.
        """
        known = self._shapes.get(shape.key)
        if known is None:
            self._shapes.note(shape.key, _State.SEEN_ONCE)
        elif known is not _State.SEEN_ONCE:
            return
        elif (groups := groups_of(shape.all_blocks())) is None:
            self._shapes.note(shape.key, _State.NOTHING)
        elif not _is_plain(shape, groups):
            return  # For the numbers of this file alone, perhaps.
        elif not self._is_told_by_shape(shape, subject, findings):
            self._shapes.note(shape.key, _State.NOTHING)
        else:
            looked_at = [spot for spot in subject.spots if any(rule.each(spot) for rule in self._each if rule.each)]
            spots = tuple([(spot.part, spot.path, spot.tag) for spot in looked_at])
            self._shapes.note(shape.key, _Known(subject.identity, groups, spots), 200 * len(spots))

    def _is_told_by_shape(self, shape: Shape, subject: Subject, findings: Sequence[Finding]) -> bool:
        """Whether all but what is found by rules that are asked of each file is nothing, for its shape alone."""
        identity = subject.identity
        each = {rule.code for rule in self._each}
        # A document that had secrets is another one without them.
        if identity.family is not Family.EXPORT or subject.document is not shape.document or subject.secrets:
            return False
        if any(finding.code not in each for finding in findings) or not shape.is_clear():
            return False
        stand_in = shape.stand_in | {name: subject.document[name] for name in _OF_TIMES if name in subject.document}
        try:
            if identify(stand_in) != identity:
                return False
        except MigratorError:
            return False
        other = Subject.of(stand_in, identity)
        return not any(True for rule in self._rules if not rule.each for _ in rule.findings(other))


_OF_TIMES: Final = ("start_time", "end_time", "telemetry_data")
"""Members of a document in which a placeholder would stand for a time."""


def _is_plain(shape: Shape, groups: tuple[Group, ...]) -> bool:
    """Whether nothing but rules that are asked of each file can find something in what the shape does not tell."""
    return are_plainly_sound(shape.all_blocks(), groups) and all(map(is_moment, shape.times()))
