"""Fit a value to a release's model: find what the release would reject, and leave just that out.

The models are JSON Schemas as pydantic writes them; the keywords that occur in them are understood here. A value is
accepted as leniently as pydantic accepts it (a whole float for an integer, a number for a float), and no more.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Final, NamedTuple

from migrator.jsonfile import Json, Numeral, Path

Object = dict[str, Json]


class Misfit(NamedTuple):
    """A part that a model has no place for: where, why, and whether the model rejects the document over it.

    A model that ignores unknown keys loads the document; as it would not write them, they are left out all the same.
    """

    path: Path
    reason: str
    rejected: bool


class Fitted(NamedTuple):
    """What fits of a value, and what does not; `ok` says whether the value can stay at all."""

    ok: bool
    value: Json
    misfits: list[Misfit]


_TYPES: Final = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, Numeral),
    "number": (int, float, Numeral),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def fit(value: Json, schema: Object, models: dict[str, Object], path: Path = ()) -> Fitted:
    """What of a value fits a schema.

    Args:
        value: a parsed JSON value; it is not touched.
        schema: a JSON Schema whose `$ref`s are names in `models`.
        models: the models of one release ([`migrator.config.readers.Reader`][]).
        path: where the value stands, for the misfits.
    """
    if "$ref" in schema:
        return fit(value, models[schema["$ref"]], models, path)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return _best(value, branches, models, path)
    problem = _problem(value, schema)
    if problem:
        return Fitted(False, value, [Misfit(path, problem, True)])
    if type(value) is dict:
        return _object(value, schema, models, path)
    if type(value) is list:
        return _array(value, schema, models, path)
    return Fitted(True, value, [])


def _best(value: Json, branches: list[Object], models: dict[str, Object], path: Path) -> Fitted:
    """The branch that keeps the value whole, else the one with the same discriminator, else the one that keeps most."""
    tried = []
    if type(value) is dict and "type" in value:
        branches = [branch for branch in branches if _may_be(value, branch, models)] or branches
    for branch in branches:
        fitted = fit(value, branch, models, path)
        if fitted.ok and not fitted.misfits:
            return fitted
        tried.append(fitted)
    usable = [fitted for fitted in tried if fitted.ok]
    if usable:
        return min(usable, key=lambda fitted: len(fitted.misfits))
    expected = [branch for branch in branches if branch.get("type") != "null"]
    if len(expected) == 1:
        return tried[branches.index(expected[0])]
    return Fitted(False, value, [Misfit(path, f"{_shown(value)} is none of the values it can have", True)])


def _may_be(value: Object, branch: Object, models: dict[str, Object]) -> bool:
    """Whether an object can be what a branch describes, by its `type`: saves trying all of them."""
    fields = (models[branch["$ref"]] if "$ref" in branch else branch).get("properties", {})
    wanted = fields.get("type", {}).get("const", value["type"])
    return bool(wanted == value["type"])


def _problem(value: Json, schema: Object) -> str:
    """Why a value itself (not what is in it) does not fit, or nothing."""
    wanted = schema.get("type")
    if wanted is not None:
        whole = wanted == "integer" and type(value) is float and value.is_integer()
        if type(value) not in _TYPES[wanted] and not whole:
            return f"{_shown(value)} is no {wanted}"
    if "const" in schema and value != schema["const"]:
        return f"{_shown(value)} is not {_shown(schema['const'])}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{_shown(value)} is none of {', '.join(map(str, schema['enum']))}"
    return _out_of_bounds(value, schema)


def _out_of_bounds(value: Json, schema: Object) -> str:
    if type(value) in (int, float):
        for key, beyond in _BOUNDS.items():
            if key in schema and beyond(value, schema[key]):
                return f"{value} is beyond its {key} {schema[key]}"
    if type(value) is list and len(value) < schema.get("minItems", 0):
        return "it has too few items"
    if type(value) is list and len(value) > schema.get("maxItems", len(value)):
        return "it has too many items"
    if type(value) is str and len(value) < schema.get("minLength", 0):
        return "the text is too short"
    return ""


_BOUNDS: Final[dict[str, Callable[[float, float], bool]]] = {
    "minimum": operator.lt,
    "exclusiveMinimum": operator.le,
    "maximum": operator.gt,
    "exclusiveMaximum": operator.ge,
}
"""Keyword → what must not be the case of (value, bound)."""


def _object(value: Object, schema: Object, models: dict[str, Object], path: Path) -> Fitted:
    fields = schema.get("properties", {})
    others = schema.get("additionalProperties", None)
    kept: Object = {}
    misfits: list[Misfit] = []
    for key in (*(name for name in fields if name in value), *(name for name in value if name not in fields)):
        place = (*path, key)
        if key not in fields and type(others) is not dict:
            if others is True or not fields:
                kept[key] = value[key]
            else:
                misfits.append(Misfit(place, "not known to this release", others is False))
            continue
        fitted = fit(value[key], fields.get(key, others), models, place)
        if fitted.ok:
            kept[key] = fitted.value
            misfits += fitted.misfits
        else:
            misfits.append(_whole(place, fitted))
    missing = [name for name in schema.get("required", ()) if name not in kept]
    if missing:
        gone = next((misfit.reason for misfit in misfits if misfit.path == (*path, missing[0])), "")
        reason = f"{missing[0]}: {gone}" if gone else f"{missing[0]} is missing"
        return Fitted(False, value, [Misfit(path, reason, True)])
    return Fitted(True, kept, misfits)


def _array(value: list[Json], schema: Object, models: dict[str, Object], path: Path) -> Fitted:
    items = schema.get("items")
    if type(items) is not dict:
        return Fitted(True, value, [])
    fitted = [fit(item, items, models, (*path, index)) for index, item in enumerate(value)]
    if not all(item.ok for item in fitted):
        # A list with a hole in it would say something else.
        reason = next(item.misfits[0].reason for item in fitted if not item.ok)
        return Fitted(False, value, [Misfit(path, reason, True)])
    return Fitted(True, [item.value for item in fitted], [misfit for item in fitted for misfit in item.misfits])


def _whole(place: Path, fitted: Fitted) -> Misfit:
    """A part that goes as a whole, for what is wrong somewhere in it."""
    inner = fitted.misfits[0]
    where = ".".join(map(str, inner.path[len(place) :]))
    return Misfit(place, f"{where}: {inner.reason}" if where else inner.reason, True)


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
