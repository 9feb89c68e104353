"""What a new release or a renamed metric needs besides its step: each missing entry says where it belongs."""

from __future__ import annotations

import pytest

from migrator.aiperf.directions import groups
from migrator.aiperf.metrics import catalogue
from migrator.aiperf.releases import NIGHTLIES, RELEASES, release
from migrator.chain.ops import Rename
from migrator.chain.steps import STEPS, VERSIONS
from migrator.config.release_models import known_releases

RENAMED = sorted(
    row
    for step in STEPS
    for op in (getattr(op, "of", op) for op in step.ops)
    if isinstance(op, Rename) and not op.at
    for row in op.table.items()
)
"""(older name, newer name) of each metric that a step renames."""
CLASSES = {tag: group.direction for group in groups() for tag in group.tags}


@pytest.mark.parametrize(("older", "newer"), RENAMED)
def test_a_renamed_metric_is_in_the_catalogue_and_has_the_direction_of_its_old_name(older: str, newer: str) -> None:
    assert newer in catalogue(), f"add {newer} to migrator/data/metrics.json, as the release registers it"
    assert newer in CLASSES, f"add {newer} to a class of migrator/data/directions.json: that of {older}"
    assert CLASSES[newer] == CLASSES[older], f"{older} and {newer} are one metric: one class in directions.json"


@pytest.mark.parametrize("name", [entry.name for entry in RELEASES[1:]])
def test_what_a_release_reads_is_known(name: str) -> None:
    assert name in known_releases(), (
        f"python golden/record/fields.py {name} adds it to migrator/data/reader_fields.json"
    )


@pytest.mark.parametrize("version", [version for version in VERSIONS[1:] if version != "1.2"])
def test_what_a_version_is_read_by_is_known(version: str) -> None:
    """Nobody ever published 1.2, and 0.1 had no reader."""
    writers = [entry.name for entry in (*RELEASES, *NIGHTLIES) if entry.version == version]
    assert writers, f"add the first release that writes {version} to migrator/aiperf/releases.py"
    known = {found.version for name in known_releases() if (found := release(name))}
    assert version in known, f"python golden/record/fields.py {writers[0]} adds it to migrator/data/reader_fields.json"
