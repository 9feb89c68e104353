"""How a value of one dialect becomes the same value of another, and back.

A conversion takes any JSON value, for a file may hold anything in any place. It gives [`UNFIT`][] for a value that the
other side cannot express, and never changes its argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Self

from migrator.config.json_schema import UNFIT
from migrator.jsonfile import Json
from migrator.values import NamedTuple

Convert = Callable[[Json], Json]
"""A value on one side → the same on the other; [`UNFIT`][] for one that the other side cannot express."""


class Conversion(NamedTuple):
    """`convert` is the way there, `invert` the way back."""

    convert: Convert
    invert: Convert

    def reversed(self) -> Self:
        """The same conversion, from the other side."""
        return self._replace(convert=self.invert, invert=self.convert)


def _unchanged(value: Json) -> Json:
    return value


def _float(value: Json) -> Json:
    return float(value) if type(value) is int else value


def _integer(value: Json) -> Json:
    if type(value) is float:
        return int(value) if value.is_integer() else UNFIT
    return value


def _object(value: Json) -> Json:
    """`[["X-A", "b"]]` → `{"X-A": "b"}`; unfit if a name is there twice."""
    if type(value) is dict:
        return value
    pairs = type(value) is list and all(type(row) is list and len(row) == 2 and type(row[0]) is str for row in value)
    if not pairs or len({row[0] for row in value}) < len(value):
        return UNFIT
    return dict(value)


def _pairs(value: Json) -> Json:
    """`{"X-A": "b"}` → `[["X-A", "b"]]`."""
    return [[key, item] for key, item in value.items()] if type(value) is dict else UNFIT


def _pairs_or_unchanged(value: Json) -> Json:
    return _pairs(value) if type(value) is dict else value


def _items(value: Json) -> Json:
    """`["m"]` or `"m"` → `[{"name": "m"}]`."""
    names = value if type(value) is list else [value]
    return [{"name": name} for name in names] if all(type(name) is str for name in names) else UNFIT


def _names(value: Json) -> Json:
    """`[{"name": "m"}]` → `["m"]`."""
    fits = type(value) is list and all(type(item) is dict and type(item.get("name")) is str for item in value)
    return [item["name"] for item in value] if fits else UNFIT


def _float_values(value: Json) -> Json:
    return {key: _float(item) for key, item in value.items()} if type(value) is dict else UNFIT


def _with_slash(value: Json) -> Json:
    return f"/{value}" if type(value) is str and value and value[0] != "/" else value


def _list_of_one(value: Json) -> Json:
    return [value] if type(value) is str else UNFIT


def _first_item(value: Json) -> Json:
    return value[0] if type(value) is list and value else UNFIT


def _parsed_goals(value: Json) -> Json:
    """`"request_latency:90 time_to_first_token:25"` → `{"request_latency": 90.0, "time_to_first_token": 25.0}`."""
    if type(value) is not str:
        return value
    try:
        return {name: float(bound) for name, bound in (goal.rsplit(":", 1) for goal in value.split())}
    except ValueError:
        return value


def _spelled_goals(value: Json) -> Json:
    """`{"request_latency": 90.0}` → `"request_latency:90.0"`."""
    fits = type(value) is dict and value and all(type(bound) in (int, float) for bound in value.values())
    return " ".join(f"{name}:{bound}" for name, bound in value.items()) if fits else UNFIT


SAME: Final = Conversion(_unchanged, _unchanged)

BY_NAME: Final[dict[str, Conversion]] = {
    "float": Conversion(_float, _float),
    "integer-float": Conversion(_float, _integer),
    "pairs-object": Conversion(_object, _pairs),
    "names-items": Conversion(_items, _names),
    "float-values": Conversion(_float_values, _unchanged),
    "slash": Conversion(_with_slash, _unchanged),
}
"""The conversions of the table of field pairs, from UserConfig to BenchmarkConfig.

- `float`: a float on both sides.
- `integer-float`: an integer in UserConfig, a float in BenchmarkConfig.
- `pairs-object`: a list of pairs in UserConfig, an object in BenchmarkConfig.
- `names-items`: a list of names in UserConfig, a list of objects with a `name` in BenchmarkConfig.
- `float-values`: an object whose values are floats in BenchmarkConfig.
- `slash`: a path that begins with a slash in BenchmarkConfig, and need not in UserConfig.
"""

URL_LIST: Final = Conversion(_list_of_one, _first_item)
"""One URL → a list of it. Back, the first of several is the one that older releases could use."""

GOALS: Final = Conversion(_parsed_goals, _spelled_goals)
"""Goodput goals in one string → an object of bounds."""

OBJECT_PAIRS: Final = Conversion(_pairs_or_unchanged, _object)
"""An object → a list of pairs."""
