"""What each AIPerf release reads: the fields of its export model, in the order in which that release writes them.

The table is `data/reader_fields.json`; `golden/record/fields.py` learns it from the releases themselves. A release
accepts a document if its [`Models`][migrator.config.json_schema.Models] find nothing in it that they reject.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Final, Literal

from migrator.aiperf.metrics import is_block
from migrator.aiperf.releases import FIRST_READER, RELEASES, age
from migrator.config.conflicts import unfit_together
from migrator.config.json_schema import Misfit, Models
from migrator.jsonfile import Json, Object

Family = Literal["user", "benchmark"]
"""`user` is UserConfig (to 0.8.0), `benchmark` is BenchmarkConfig (from 0.9.0 and its nightlies on)."""


FAMILY_MODELS: Final[dict[str, Family]] = {"UserConfig": "user", "BenchmarkConfig": "benchmark"}


class Reader:
    """The export model of one release: `schemas` maps names to JSON Schemas, `""` is the export itself.

    `models` is what they accept, `config_model` the name of the model of `input_config`, `family` which family it is.
    """

    __slots__ = ("config_model", "family", "models", "release", "schemas")

    def __init__(self, release: str, schemas: dict[str, Object]) -> None:
        self.release = release
        self.schemas = schemas
        self.models = Models(schemas)
        self.config_model = next(name for name in FAMILY_MODELS if name in schemas)
        self.family = FAMILY_MODELS[self.config_model]

    def fields(self, model: str) -> Object:
        """The fields of one of the models, each with its schema."""
        found: Object = self.schemas[model]["properties"]
        return found


@cache
def _table() -> Object:
    with open(os.path.join(os.path.dirname(__file__), os.pardir, "data", "reader_fields.json"), "rb") as file:
        table: Object = json.load(file)
    return table


@cache
def learnt() -> tuple[str, ...]:
    """The releases whose fields are known, old to new."""
    return tuple(sorted(_table()["releases"], key=age))


@cache
def reader(release: str) -> Reader:
    """What a release reads.

    A release whose fields were not learnt is taken for the one before it; for a nightly that is the nightly or the
    release before it in time, and one older than all (0.1.1 had no reader) is taken for the oldest.
    """
    older = [name for name in learnt() if age(name) <= age(_stand_in(release))] or [learnt()[0]]
    name = older[-1]
    schemas = {
        model: variant["schema"]
        for model, variants in _table()["models"].items()
        for variant in variants
        if name in variant["releases"]
    }
    return Reader(release, schemas)


def _stand_in(release: str) -> str:
    """The release that a nightly's fields are taken from, where the nightly itself was not learnt.

    The recorded 0.8.0.dev20260521 has schema 1.3 and the BenchmarkConfig of 0.9.0.
    """
    return "0.9.0" if age("0.8.0") < age(release) < age("0.9.0") else release


@cache
def readers() -> tuple[Reader, ...]:
    """The readers of the published releases from the first that has one, and of the nightlies that were learnt."""
    names = {entry.name for entry in RELEASES if age(entry.name) >= age(learnt()[0])} | set(learnt())
    return tuple(reader(name) for name in sorted(names, key=age))


def rejections(document: Object, name: str, *, translated: bool = False) -> list[Misfit]:
    """What a release would reject a document over; nothing, if it reads it.

    Where the configuration was `translated` for that release, its fields go together.
    """
    target = reader(name)
    found = [misfit for misfit in target.models.shape("").fit(document).misfits if misfit.rejected]
    config = None if translated or found else document.get("input_config")
    if type(config) is dict and (change := unfit_together(config, target)) is not None:
        found.append(Misfit(("input_config", *change.place), change.why, True))
    return found


def read_by(document: Object) -> list[tuple[str, str]]:
    """The published releases that read a document as it is, as runs of neighbours: (first, last).

    As far as their models tell: whether the dataset file of an export exists is not asked
    ([`checked_file`][migrator.config.for_release.checked_file]).
    One whose metrics stand under `records`, as in 0.1.1, loads in many and is read by none: they see no metric.
    """
    if "records" in document and not any(map(is_block, document.values())):
        return []
    # Every release reads every plain stats block, and looking at each for each release takes most of the time.
    document = {key: value for key, value in document.items() if not _plain_block(value)}
    runs: list[tuple[str, str]] = []
    gap = True
    for entry in RELEASES:
        if age(entry.name) < age(FIRST_READER):
            continue
        if rejections(document, entry.name):
            gap = True
        elif gap:
            runs.append((entry.name, entry.name))
            gap = False
        else:
            runs[-1] = (runs[-1][0], entry.name)
    return runs


def _plain_block(value: Json) -> bool:
    return is_block(value) and all(
        type(item) in (int, float) if key != "unit" else type(item) is str for key, item in value.items()
    )
