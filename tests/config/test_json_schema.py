"""A value is matched with a JSON Schema as pydantic would, and what does not match is told and left out."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.config.json_schema import UNFIT, Misfit, Models
from migrator.jsonfile import Numeral

Object = dict[str, Any]

SCHEMAS: Object = {
    "Phase": {
        "type": "object",
        "properties": {"name": {"type": "string", "minLength": 1}, "requests": {"type": "integer", "minimum": 1}},
        "required": ["name"],
        "additionalProperties": False,
    }
}


def matcher(schema: Object) -> Any:
    return Models({**SCHEMAS, "": schema}).matcher("")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 3),
        ({"type": "integer"}, 3.0),
        ({"type": "integer"}, Numeral("12345678901234567890123")),
        ({"type": "number"}, 3),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"enum": ["a", "b"]}, "b"),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 2}, [1, 2]),
        ({"$ref": "Phase"}, {"name": "warmup", "requests": 1}),
        ({}, {"any": "thing"}),
    ],
)
def test_a_value_that_matches(schema: Object, value: Any) -> None:
    assert matcher(schema).accept(value) == value
    assert matcher(schema).trim(value) == (True, value, ())


@pytest.mark.parametrize(
    ("schema", "value", "reason"),
    [
        ({"type": "integer"}, 2.5, "expected an integer, found 2.5"),
        ({"type": "integer"}, True, "expected an integer, found True"),
        ({"type": "number"}, "3", "expected a number, found '3'"),
        ({"type": "array"}, {}, "expected a list, found {}"),
        ({"type": "object"}, ["x" * 99], "expected an object, found ['" + "x" * 35 + "..."),
        ({"const": "a"}, "b", "expected 'a', found 'b'"),
        ({"enum": ["a", "b"]}, 3, "expected one of a, b, found 3"),
        ({"type": "integer", "minimum": 1}, 0, "expected a number of at least 1, found 0"),
        ({"type": "integer", "exclusiveMaximum": 9}, 9, "expected a number below 9, found 9"),
        ({"type": "array", "items": {}, "minItems": 1}, [], "expected 1 or more items, found 0"),
        ({"type": "array", "items": {}, "maxItems": 1}, [1, 2], "expected at most 1 items, found 2"),
        ({"type": "string", "minLength": 2}, "a", "expected 2 or more characters, found 1"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 3, "expected a string, found 3"),
        ({"anyOf": [{"type": "string"}, {"type": "boolean"}]}, 3, "3 is not a value that it can have"),
        ({"type": "array", "items": {"type": "integer"}}, [1, "x"], "expected an integer, found 'x'"),
        ({"$ref": "Phase"}, {}, "name is missing"),
        ({"$ref": "Phase"}, {"name": ""}, "name: expected 1 or more characters, found 0"),
    ],
)
def test_a_value_that_does_not_match_and_why(schema: Object, value: Any, reason: str) -> None:
    trimmed = matcher(schema).trim(value)
    assert not trimmed.ok
    assert matcher(schema).accept(value) is UNFIT
    assert [misfit.reason for misfit in trimmed.misfits] == [reason]


def test_only_what_does_not_match_is_left_out_of_an_object_and_the_rest_is_in_order() -> None:
    value = {"requests": 0, "x_note": "mine", "name": "warmup"}
    trimmed = matcher({"$ref": "Phase"}).trim(value)
    assert (trimmed.ok, trimmed.value) == (True, {"name": "warmup"})
    assert trimmed.misfits == [
        Misfit(("requests",), "expected a number of at least 1, found 0", True),
        Misfit(("x_note",), "not known to this release", True),
    ]
    assert list(matcher({"$ref": "Phase"}).accept({"requests": 1, "name": "a"})) == ["name", "requests"]
    assert value == {"requests": 0, "x_note": "mine", "name": "warmup"}


def test_of_several_branches_the_one_for_the_type_tells_what_is_wrong() -> None:
    branches = [{"type": "object", "properties": {"type": {"const": kind}, kind: {}}} for kind in ("file", "public")]
    trimmed = matcher({"oneOf": branches}).trim({"type": "public", "public": 1, "file": 2})
    assert trimmed.value == {"type": "public", "public": 1}
    assert [misfit.path for misfit in trimmed.misfits] == [("file",)]
