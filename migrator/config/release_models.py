"""The export model of each AIPerf release: which fields it has, in the order in which that release writes them.

The models are in `data/reader_fields.json`, which `golden/record/fields.py` makes by asking the releases themselves.
[`acceptance`][migrator.config.acceptance] tells whether a release reads a document.
"""

from __future__ import annotations

import json
import os
from functools import cache

from migrator.aiperf.releases import RELEASES, age
from migrator.config.family import FAMILY_MODELS
from migrator.config.json_schema import Models
from migrator.jsonfile import Object


class Reader:
    """What one release reads.

    `schemas` maps the names of its models to JSON Schemas; `""` is the export itself. `models` has their matchers.
    `config_model` is the name of the model of `input_config`, `family` tells which of the two families that is.
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
def variants() -> dict[str, tuple[Object, ...]]:
    """Name of a model → its JSON Schemas in all releases, each once."""
    return {model: tuple(variant["schema"] for variant in found) for model, found in _table()["models"].items()}


@cache
def known_releases() -> tuple[str, ...]:
    """The releases whose models are known, oldest first."""
    return tuple(sorted(_table()["releases"], key=age))


@cache
def reader(release: str) -> Reader:
    """What a release reads.

    A release whose models are not known gets those of the one before it. Of the nightlies on the package index, those
    are known that read otherwise than the build before them. A release older than all (0.1.1 had no reader) gets those
    of the oldest.
    """
    older = [name for name in known_releases() if age(name) <= age(release)]
    name = older[-1] if older else known_releases()[0]
    schemas = {
        model: variant["schema"]
        for model, variants in _table()["models"].items()
        for variant in variants
        if name in variant["releases"]
    }
    return Reader(release, schemas)


@cache
def readers() -> tuple[Reader, ...]:
    """The readers of all published releases that have one, and of nightlies whose models are known, oldest first."""
    names = {entry.name for entry in RELEASES if age(entry.name) >= age(known_releases()[0])} | set(known_releases())
    return tuple(reader(name) for name in sorted(names, key=age))
