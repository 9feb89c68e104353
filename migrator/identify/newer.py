"""What a file has that no known version has: what is new in a schema version that this tool does not know yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrator.aiperf.metrics import catalogue, is_block
from migrator.chain.keys import known_keys
from migrator.chain.names import is_known
from migrator.config.release_models import Reader, known_releases, reader
from migrator.jsonfile import Json, Object, Path
from migrator.values import NamedTuple

_BESIDE_THE_MODEL: Final = frozenset({"metadata"})
"""Keys that AIPerf's exporter adds, and its own model of an export does not have."""


class Addition(NamedTuple):
    """A place that is in no known version; `what` says of what kind it is: `metric`, `field`, or a reason."""

    path: Path
    what: str


def additions(document: Object) -> list[Addition]:
    """What a main export has and the newest known release does not write, in the order of the document.

    Args:
        document: an export whose metrics stand at the top level.
    """
    return list(_additions(document))


def _additions(document: Object) -> Iterator[Addition]:
    known = known_keys() | _BESIDE_THE_MODEL
    newest = reader(known_releases()[-1])
    for key, value in document.items():
        if is_block(value):
            if key not in catalogue() and not is_known(key):
                yield Addition((key,), "metric")
            continue
        if key not in known:
            yield Addition((key,), "field")
        elif (schema := newest.fields("").get(key)) is not None:
            fields = list(_new_fields(value, schema, newest, (key,)))
            yield from (Addition(path, "field") for path in fields)
            for misfit in newest.models.of(schema).trim(value).misfits:
                if (path := (key, *misfit.path)) not in fields:
                    yield Addition(path, misfit.reason)


def _new_fields(value: Json, schema: Object, of: Reader, path: Path) -> Iterator[Path]:
    """The keys of objects for which a model has no field. The keys of a map, which has no fields, are not new."""
    if "$ref" in schema:
        yield from _new_fields(value, of.schemas[schema["$ref"]], of, path)
    elif alternatives := schema.get("anyOf") or schema.get("oneOf"):
        # The alternative that fits best is meant.
        yield from min(
            (list(_new_fields(value, one, of, path)) for one in alternatives if _may_be(value, one, of)),
            key=len,
            default=[],
        )
    elif type(value) is list and type(items := schema.get("items")) is dict:
        for index, item in enumerate(value):
            yield from _new_fields(item, items, of, (*path, index))
    elif type(value) is dict:
        fields, free = schema.get("properties", {}), schema.get("additionalProperties")
        for key, item in value.items():
            if key in fields:
                yield from _new_fields(item, fields[key], of, (*path, key))
            elif type(free) is dict:
                yield from _new_fields(item, free, of, (*path, key))
            elif fields:
                yield (*path, key)


def _may_be(value: Json, schema: Object, of: Reader) -> bool:
    """Whether a schema is of the kind of a value: objects with objects, lists with lists."""
    if "$ref" in schema:
        return _may_be(value, of.schemas[schema["$ref"]], of)
    kind = "object" if type(value) is dict else "array" if type(value) is list else None
    return kind is None or schema.get("type", kind) == kind
