"""The version that a file is to have for a reader: the nearest to its own with which the reader gets what it needs."""

from __future__ import annotations

from functools import cache
from typing import Literal

from migrator.aiperf.releases import FIRST_READER, age, version_key
from migrator.chain.steps import GENAI_PERF, VERSIONS
from migrator.contracts.contract import Contract, Missing, is_met, missing
from migrator.contracts.releases import spans
from migrator.errors import MigratorError
from migrator.identify import Identity
from migrator.jsonfile import Object
from migrator.migration.goal import Goal
from migrator.migration.migrate import Options, migrate

Direction = Literal["up", "down", "either"]


@cache
def goals(of: Contract) -> tuple[Goal, ...]:
    """The releases that write what a reader needs: the newest of each schema version, the oldest version first."""
    met = [
        entry for span in spans(of) if span.is_met for entry in span.releases if age(entry.name) >= age(FIRST_READER)
    ]
    newest = {entry.version: entry for entry in met}
    return tuple(Goal(version, entry.name) for version, entry in newest.items())


def nearest(
    document: Object, identity: Identity, of: Contract, options: Options, direction: Direction = "either"
) -> Goal | None:
    """What an export is to be migrated to for a reader; its own version if the reader gets all from it as it is.

    Of two versions that are as near, the newer is taken. None if no migration gives the reader what it needs: the run
    has not measured it, or the file does not tell it.

    Args:
        document: the export.
        identity: what it is.
        of: the contract of the reader.
        options: of the migration.
        direction: which way it may be migrated.
    """
    if is_met(missing(document, of), of):
        return Goal(identity.version)
    for goal in _by_distance(goals(of), identity.version, direction):
        try:
            migrated = migrate(document, goal, options._replace(save_residue=False), identity=identity).document
        except MigratorError:
            continue  # The release would reject it: another one may not.
        if is_met(missing(migrated, of), of):
            return goal
    return None


def _by_distance(found: tuple[Goal, ...], version: str, direction: Direction) -> list[Goal]:
    place = -1 if version == GENAI_PERF else VERSIONS.index(version)
    away = {goal: VERSIONS.index(goal.version) - place for goal in found}
    allowed = [goal for goal in found if direction == "either" or away[goal] * (1 if direction == "up" else -1) >= 0]
    return sorted(allowed, key=lambda goal: (abs(away[goal]), [-part for part in version_key(goal.version)]))


def still_missing(document: Object, of: Contract) -> str:
    """What a reader needs and an export does not have, in words; empty if it gets all: `a.avg, b.p50 (missing)`."""
    return _told([lack for lack in missing(document, of) if not is_met([lack], of)])


def _told(lacks: list[Missing]) -> str:
    by_reason: dict[str, list[str]] = {}
    for lack in lacks:
        by_reason.setdefault(lack.found, []).append(lack.needed.path)
    return "; ".join(f"{', '.join(paths)} ({reason})" for reason, paths in by_reason.items())
