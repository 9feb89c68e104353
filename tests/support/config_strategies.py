"""Configurations (`input_config`) as each AIPerf release accepts them, drawn from what its models say.

The models are `migrator/data/reader_fields.json`, by way of [`reader`][migrator.config.release_models.reader]; fields
that the tables of `migrator/config` speak of are drawn more often than the rest. A configuration that is drawn has its
fields in the order in which the release writes them, and each field by itself is one that the release accepts.
Fields need not go together: some releases reject certain combinations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from migrator.aiperf.releases import age
from migrator.config.field_pairs import FIELD_PAIRS, READ_AS, RENAMED
from migrator.config.release_models import Reader, reader

Draw = Callable[[st.SearchStrategy[Any]], Any]
Object = dict[str, Any]

_words = st.sampled_from(["mock-model", "acme/tiny-tok", "größe", "a b", "/v1/chat", "EMPTY", "x"])
_integers = st.sampled_from([0, 1, 2, 10, 64, 1000, 2**40])
_numbers = st.sampled_from([0.0, 1.0, 0.5, 2.5, 40.0, 99.9, 1000.0])
_values = st.sampled_from([None, True, 3, 2.5, "x", "größe", ["a", "b"], {"x": 1}, [["X-A", "b"]]])
"""For fields that take anything."""

_KNOWN: Final[dict[str, st.SearchStrategy[Any]]] = {
    "cli_command": st.sampled_from(
        [
            "aiperf profile --model 'm' --url 'http://127.0.0.1:18080' --random-seed 42",
            "aiperf profile --model 'm' --ui 'simple' --workers-max 3 --api-key '<redacted>'",
            'aiperf profile --model "m" --api-key "sk-secret-1234567890abcdef" --streaming',
        ]
    ),
    "api_key": st.sampled_from(["sk-secret-1234567890abcdef", "EMPTY", "<redacted>"]),
    "headers": st.sampled_from([{}, {"X-Team": "perf"}, {"Authorization": "Bearer sk-secret-1234567890abcdef"}]),
    "urls": st.sampled_from([["http://127.0.0.1:18080"], ["http://127.0.0.1:18080", "http://größe/v1"]]),
    "url": st.sampled_from(["http://127.0.0.1:18080", "http://größe/v1"]),
    "model_names": st.sampled_from([["mock-model"], ["mock-model", "größe"]]),
}
"""Values of fields that mean more than their type says: secrets, addresses, commands."""


@cache
def _usual() -> frozenset[str]:
    """The names of fields that the tables of the translation have."""
    places = [place for pair in FIELD_PAIRS for place in (pair.user, pair.benchmark)]
    places += [place for name in (*RENAMED, *READ_AS) for place in (name.old, name.new)]
    return frozenset(part for place in places for part in place if type(part) is str)


@st.composite
def configurations(draw: Draw, release: str) -> Object:
    """A configuration that a release accepts field by field: UserConfig up to 0.8.0, BenchmarkConfig after it."""
    of = reader(release)
    found: Object = _model(draw, of.schemas[of.config_model], of)
    for field in READ_AS if of.family == "user" else ():
        # The form that older releases read is foreign to those after them: it would come back in their own.
        section, name = found.get(field.old[0]), field.old[-1]
        if age(release) > age(field.last) and type(section) is dict and name in section:
            section[name] = field.conversion.convert(section[name])
    return found


def _value(draw: Draw, name: str, schema: Object, of: Reader) -> Any:
    """A value that a schema accepts; `name` is that of the field."""
    while "$ref" in schema:
        schema = of.schemas[schema["$ref"]]
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        return _value(draw, name, draw(st.sampled_from([b for b in branches if b.get("type") != "null"])), of)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if name in _KNOWN and (schema.get("type") != "array" or name in ("urls", "model_names")):
        return draw(_KNOWN[name].map(_copied))
    return _by_type(draw, name, schema, of)


def _by_type(draw: Draw, name: str, schema: Object, of: Reader) -> Any:
    kind = schema.get("type")
    if kind == "object":
        if schema.get("properties"):
            return _model(draw, schema, of)
        others = schema.get("additionalProperties")
        values = others if type(others) is dict else {}
        keys = draw(st.lists(st.sampled_from(["mock-model", "größe", "request_latency"]), max_size=2, unique=True))
        return {key: _value(draw, key, values, of) for key in keys}
    if kind == "array":
        lowest = schema.get("minItems", 0)
        size = draw(st.integers(lowest, min(schema.get("maxItems", 2), max(2, lowest))))
        return [_value(draw, name, schema.get("items", {}), of) for _ in range(size)]
    if kind == "boolean":
        return draw(st.booleans())
    if kind in ("integer", "number"):
        numbers = _integers if kind == "integer" else _numbers
        return draw(numbers.filter(lambda number: _within(number, schema)))
    if kind == "string":
        return draw(_words)
    return draw(_values.map(_copied))


def _within(number: float, schema: Object) -> bool:
    return (
        number >= schema.get("minimum", number)
        and number <= schema.get("maximum", number)
        and ("exclusiveMinimum" not in schema or number > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or number < schema["exclusiveMaximum"])
    )


def _model(draw: Draw, schema: Object, of: Reader) -> Object:
    """An object with named fields: the required ones, and some of the others, in the order of the model."""
    fields: Object = schema["properties"]
    required = set(schema.get("required", ()))
    optional = [name for name in fields if name not in required]
    usual = [name for name in optional if name in _usual()]
    pool = st.sampled_from([names for names in (optional, usual, usual) if names]).flatmap(st.sampled_from)
    chosen = set(draw(st.lists(pool, max_size=4, unique=True))) if optional else set()
    return {name: _value(draw, name, field, of) for name, field in fields.items() if name in required or name in chosen}


def _copied(value: Any) -> Any:
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if type(value) is list else value
