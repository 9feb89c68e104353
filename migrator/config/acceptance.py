"""Which releases read a document as it is, and what one would reject it for."""

from __future__ import annotations

from migrator.aiperf.metrics import is_block
from migrator.aiperf.releases import FIRST_READER, RELEASES, age
from migrator.config.conflicts import first_conflict
from migrator.config.json_schema import Misfit
from migrator.config.release_models import reader
from migrator.jsonfile import Json, Object


def rejections(document: Object, name: str, *, translated: bool = False) -> list[Misfit]:
    """What a release would reject a document for; empty if it reads it.

    With `translated`, the configuration was translated for that release, so its fields are not checked for conflicts.
    """
    target = reader(name)
    found = [misfit for misfit in target.models.matcher("").trim(document).misfits if misfit.rejected]
    config = None if translated or found else document.get("input_config")
    if type(config) is dict and (change := first_conflict(config, target)) is not None:
        found.append(Misfit(("input_config", *change.place), change.why, True))
    return found


def read_by(document: Object) -> list[tuple[str, str]]:
    """The published releases that read a document as it is, as ranges of neighbours: (first, last), oldest first.

    That the dataset file of an export exists, which some releases check, is not checked here; see
    [`checked_file`][migrator.config.for_release.checked_file]. A document with its metrics under `records`, as 0.1.1
    writes them, loads in many releases, but no release sees a metric in it: it counts as read by none.
    """
    if "records" in document and not any(map(is_block, document.values())):
        return []
    # Every release reads every plain stats block, and to match each with each release takes most of the time.
    document = {key: value for key, value in document.items() if not _plain_block(value)}
    ranges: list[tuple[str, str]] = []
    gap = True
    for entry in RELEASES:
        if age(entry.name) < age(FIRST_READER):
            continue
        if rejections(document, entry.name):
            gap = True
        elif gap:
            ranges.append((entry.name, entry.name))
            gap = False
        else:
            ranges[-1] = (ranges[-1][0], entry.name)
    return ranges


def _plain_block(value: Json) -> bool:
    return is_block(value) and all(
        type(item) in (int, float) if key != "unit" else type(item) is str for key, item in value.items()
    )
