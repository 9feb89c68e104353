"""What documents of a version, of a release, or of a source tree can hold: every place, and what stands there.

A shape is read off JSON Schemas, and is made to be compared: places as text (`run_info.trial`, `phases[].name`,
`gpus.*.platform`), each with the kinds of JSON values that it can have, and the metrics with their units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from migrator.aiperf.metrics import catalogue
from migrator.aiperf.releases import Release, age
from migrator.config.release_models import reader
from migrator.jsonfile import Object
from migrator.values import NamedTuple

METRIC: Final = "<metric>"
"""Stands in a place for any metric of the run."""
ANY: Final = "any"
_BESIDE_THE_MODEL: Final = (("metadata", "0.12.0"),)
"""Keys that the exporter adds and no model has, each with the first release that does."""
_PYTHON_KINDS: Final[dict[type, str]] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    dict: "object",
    list: "array",
}

Lookup = Callable[[str], Object]
"""The text of a `$ref` → the schema that it stands for."""


class Shape(NamedTuple):
    """What one side of a comparison can hold.

    `places` maps each place to the kinds of its values (`any` for all), `metrics` each metric to its unit (empty: not
    known). `name` is for people.
    """

    name: str
    places: dict[str, frozenset[str]]
    metrics: dict[str, str]


def of_version(version: str, config_of: Release) -> Shape:
    """The shape of a schema version: its own schema, with the `input_config` and the metrics of a release.

    Args:
        version: the schema version.
        config_of: the release whose files the version is known from.

    Raises:
        UnknownVersionError: the version is not on the line.
    """
    # Imported here: it brings pydantic.
    from migrator.schemas import json_schema

    schema = json_schema(version)
    definitions = schema["$defs"]
    places = places_of(schema, lambda name: definitions[name.rpartition("/")[2]])
    config = {place: kinds for place, kinds in of_release(config_of).places.items() if _is_of_config(place)}
    places = {place: kinds for place, kinds in places.items() if not _is_of_config(place)} | config
    return Shape(f"schema {version}", places, metrics_of_release(config_of.name))


def _is_of_config(place: str) -> bool:
    return place.partition(".")[0] == "input_config"


def of_release(release: Release) -> Shape:
    """The shape of what a release writes, by its own models and its registry of metrics."""
    models = reader(release.name).schemas
    places = places_of(models[""], models.__getitem__)
    beside = [key for key, since in _BESIDE_THE_MODEL if age(release.name) >= age(since)]
    return Shape(
        f"AIPerf {release.name}",
        places | {key: frozenset({"object"}) for key in beside},
        metrics_of_release(release.name),
    )


def metrics_of_release(name: str) -> dict[str, str]:
    """The metrics that a release registers, each with its unit as the catalogue has it."""
    return {
        tag: metric.unit
        for tag, metric in catalogue().items()
        if age(metric.first_release) <= age(name) <= age(metric.last_release)
    }


def places_of(schema: Object, lookup: Lookup) -> dict[str, frozenset[str]]:
    """Every place of a JSON Schema with the kinds of its values.

    Metrics with a field of their own stand at the place of any metric.

    Args:
        schema: that of the whole document.
        lookup: gives the schema that a `$ref` stands for.
    """
    found: dict[str, set[str]] = {}
    _walk(schema, "", lookup, (), found)
    return {place: frozenset(kinds) for place, kinds in found.items() if place}


def _walk(schema: Any, place: str, lookup: Lookup, above: tuple[str, ...], found: dict[str, set[str]]) -> None:
    kinds = found.setdefault(place, set())
    if type(schema) is not dict or not schema:
        kinds.add(ANY)
        return
    if "$ref" in schema:
        name = schema["$ref"]
        if name in above:  # A model within itself: its places are known one level up.
            kinds.add("object")
        else:
            _walk(lookup(name), place, lookup, (*above, name), found)
        return
    alternatives = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if alternatives:
        for alternative in alternatives:
            _walk(alternative, place, lookup, above, found)
        return
    if "then" in schema:
        _walk(schema["then"], place, lookup, above, found)
        return
    kinds |= _kinds(schema)
    for name, field in schema.get("properties", {}).items():
        inner = METRIC if not place and _is_metric(name, field, lookup) else f"{place}.{name}".lstrip(".")
        _walk(field, inner, lookup, above, found)
    free = schema.get("additionalProperties")
    if type(free) is dict and free:
        _walk(free, f"{place}.*" if place else METRIC, lookup, above, found)
    if type(schema.get("items")) is dict:
        _walk(schema["items"], f"{place}[]", lookup, above, found)


def _kinds(schema: Object) -> set[str]:
    given = schema.get("type")
    if given is not None:
        return set(given if type(given) is list else [given])
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return {_PYTHON_KINDS[type(value)] for value in values} or {ANY}


def _is_metric(name: str, field: Mapping[str, Any], lookup: Lookup) -> bool:
    """Whether a top-level field is one of the metrics, by its name or by its model, which has a `unit`."""
    if name in catalogue():
        return True
    names = [one["$ref"] for one in (field, *field.get("anyOf", ())) if "$ref" in one]
    return any("unit" in lookup(one).get("properties", {}) for one in names)
