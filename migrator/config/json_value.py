"""What a JSON Schema asks of a value itself, and not of what is in it: its type, constants and bounds."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Final

from migrator.jsonfile import Json, Numeral, Object

TYPES: Final[dict[str, frozenset[type]]] = {
    "string": frozenset({str}),
    "boolean": frozenset({bool}),
    "integer": frozenset({int, Numeral}),
    "number": frozenset({int, float, Numeral}),
    "object": frozenset({dict}),
    "array": frozenset({list}),
    "null": frozenset({type(None)}),
}
_TYPE_NAMES: Final = {
    "string": "a string",
    "boolean": "a boolean",
    "integer": "an integer",
    "number": "a number",
    "object": "an object",
    "array": "a list",
    "null": "null",
}

BOUNDS: Final[dict[str, Callable[[float, float], bool]]] = {
    "minimum": operator.lt,
    "exclusiveMinimum": operator.le,
    "maximum": operator.gt,
    "exclusiveMaximum": operator.ge,
}
"""Keyword → test of (value, bound) that is true for a value out of bounds."""
_BOUND_NAMES: Final = {
    "minimum": "of at least",
    "exclusiveMinimum": "above",
    "maximum": "of at most",
    "exclusiveMaximum": "below",
}


def problem(value: Json, schema: Object) -> str:
    """Why a value itself (not what is in it) is not accepted; empty if it is."""
    wanted = schema.get("type")
    if wanted is not None:
        whole = wanted == "integer" and type(value) is float and value.is_integer()
        if type(value) not in TYPES[wanted] and not whole:
            return f"expected {_TYPE_NAMES[wanted]}, found {shown(value)}"
    if "const" in schema and value != schema["const"]:
        return f"expected {shown(schema['const'])}, found {shown(value)}"
    if "enum" in schema and value not in schema["enum"]:
        return f"expected one of {', '.join(map(str, schema['enum']))}, found {shown(value)}"
    return _out_of_bounds(value, schema)


def _out_of_bounds(value: Json, schema: Object) -> str:
    if type(value) in (int, float):
        for key, beyond in BOUNDS.items():
            if key in schema and beyond(value, schema[key]):
                return f"expected a number {_BOUND_NAMES[key]} {schema[key]}, found {value}"
    elif type(value) is list:
        if len(value) < schema.get("minItems", 0):
            return f"expected {schema['minItems']} or more items, found {len(value)}"
        if len(value) > schema.get("maxItems", len(value)):
            return f"expected at most {schema['maxItems']} items, found {len(value)}"
    elif type(value) is str and len(value) < schema.get("minLength", 0):
        return f"expected {schema['minLength']} or more characters, found {len(value)}"
    return ""


def shown(value: Json) -> str:
    """A value as a reason has it, short."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
