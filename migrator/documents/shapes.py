"""Short spellings of JSON Schema (draft 2020-12). Objects are closed: a schema is that of one version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Shape = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ANY: Final[Shape] = {}
TEXT: Final[Shape] = {"type": "string"}
FLAG: Final[Shape] = {"type": "boolean"}
NUMBER: Final[Shape] = {"type": "number"}
WHOLE: Final[Shape] = {"type": "integer"}
COUNT: Final[Shape] = {"type": "integer", "minimum": 0}
TEXTS: Final[Shape] = {"type": "array", "items": TEXT}


def one_of(values: Iterable[str]) -> Shape:
    """One of some texts."""
    return {"enum": list(values)}


def array(items: Shape) -> Shape:
    """Any number of values of one shape."""
    return {"type": "array", "items": items}


def by_name(values: Shape, names: Iterable[str] | None = None) -> Shape:
    """An object whose keys are data: any, or some of `names`."""
    body: Shape = {"type": "object", "additionalProperties": values}
    return body if names is None else body | {"propertyNames": one_of(names)}


def nullable(shape: Shape) -> Shape:
    """A value or null."""
    if "enum" in shape:
        return {**shape, "enum": [*shape["enum"], None]}
    if type(shape.get("type")) is str:
        return {**shape, "type": [shape["type"], "null"]}
    return {"anyOf": [shape, {"type": "null"}]}


def told(shape: Shape, about: str) -> Shape:
    """The shape with a description."""
    return {**shape, "description": about}


def thing(always: Mapping[str, Shape], sometimes: Mapping[str, Shape] | None = None) -> Shape:
    """An object.

    Args:
        always: the keys that it has.
        sometimes: those that it may lack.
    """
    return {
        "type": "object",
        "required": list(always),
        "properties": {**always, **(sometimes or {})},
        "additionalProperties": False,
    }


def either(*shapes: Shape) -> Shape:
    """One of several shapes."""
    return {"anyOf": list(shapes)}
