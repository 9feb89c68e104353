"""Fit a value to a release's model: find what the release would reject, and leave just that out.

The models are JSON Schemas as pydantic writes them; the keywords that occur in them are understood here. A value is
accepted as leniently as pydantic accepts it (a whole float for an integer, a number for a float), and no more.

Nearly every value fits. So a schema is looked through once, when something is first held against it, and a
[`Shape`][] has at hand what tells that quickly; only a value that does not fit is explained.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from migrator.jsonfile import Json, Numeral, Object, Path

UNFIT: Final = object()
"""In place of a value that has no place on the other side."""


class Misfit(NamedTuple):
    """A part that a model has no place for: where, why, and whether the model rejects the document over it.

    A model that ignores unknown keys loads the document; as it would not write them, they are left out all the same.
    """

    path: Path
    reason: str
    rejected: bool


class Fitted(NamedTuple):
    """What fits of a value, and what does not; `ok` says whether the value can stay at all.

    Paths of misfits start at the value. What fits as it is may be the very object that was given.
    """

    ok: bool
    value: Json
    misfits: Sequence[Misfit] = ()


_TYPES: Final[dict[str, frozenset[type]]] = {
    "string": frozenset({str}),
    "boolean": frozenset({bool}),
    "integer": frozenset({int, Numeral}),
    "number": frozenset({int, float, Numeral}),
    "object": frozenset({dict}),
    "array": frozenset({list}),
    "null": frozenset({type(None)}),
}
_CONTAINERS: Final[dict[str, type]] = {"object": dict, "array": list}
_ANY_TYPE: Final = frozenset().union(*_TYPES.values())

_BOUNDS: Final[dict[str, Callable[[float, float], bool]]] = {
    "minimum": operator.lt,
    "exclusiveMinimum": operator.le,
    "maximum": operator.gt,
    "exclusiveMaximum": operator.ge,
}
"""Keyword → what must not be the case of (value, bound)."""


_NESTED: Final = frozenset({"anyOf", "oneOf", "properties", "additionalProperties", "items"})
"""Keywords below which there are schemas, and so perhaps names of models."""

_LEAVES: Final[dict[str | int, Shape]] = {}
"""The shapes of schemas that name no model: the same for all releases, which share what did not change between them.

By identity, as in each release: a shape keeps its schema, and hashing one would take longer than reading it.
"""


class Models:
    """The models of one release, by name: JSON Schemas whose `$ref`s are such names."""

    __slots__ = ("_schemas", "_shapes")

    def __init__(self, schemas: dict[str, Object]) -> None:
        self._schemas = schemas
        self._shapes: dict[str | int, Shape] = {}

    def shape(self, name: str) -> Shape:
        """What one model accepts."""
        return self.of(self._schemas[name])

    def of(self, schema: Object) -> Shape:
        """What a schema in one of the models accepts."""
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"]]
        # Most fields are just a text or a number, in every release the same.
        key = schema["type"] if len(schema) == 1 and "type" in schema else id(schema)
        shapes = _LEAVES if schema.keys().isdisjoint(_NESTED) else self._shapes
        found = shapes.get(key)
        if found is None:
            found = shapes[key] = Shape(schema, self)
        return found


class _Plan(NamedTuple):
    """What becomes of the keys of an object.

    `fields` are those that have a place, in the order in which the release writes them, `unknown` those that have
    none; `complete` tells whether no required one is missing.
    """

    fields: list[tuple[str, Shape]]
    unknown: list[str]
    complete: bool


_ANYTHING: Final[Object] = {}
"""The schema of what has none."""

_PLANS: Final = 256
"""So many are kept for each kind of object: more than AIPerf writes."""


class Shape:
    """What one schema accepts."""

    __slots__ = (
        "_branches",
        "_by_type",
        "_container",
        "_items",
        "_models",
        "_others",
        "_plans",
        "_required",
        "_schema",
        "_words",
        "plain",
    )

    def __init__(self, schema: Object, models: Models) -> None:
        self._schema = schema
        self._models = models
        self._branches = [models.of(branch) for branch in schema.get("anyOf") or schema.get("oneOf") or ()]
        self._by_type: dict[str, list[Shape]] = {}
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._items: Shape | None = None
        self._others = schema.get("additionalProperties")
        self._required = schema.get("required", ())
        # The type, object or list, of which nothing is asked but what is in it.
        self._container = _CONTAINERS.get(schema.get("type", ""))
        if "const" in schema or "enum" in schema or "minItems" in schema or "maxItems" in schema:
            self._container = None
        # The types of which every value fits and stays as it is, and the words of which a text may be one.
        self.plain = self._plain_types()
        self._words = self._listed_words()

    def whole(self, value: Json) -> Json:
        """A value of which all fits, its fields in the release's order; else [`UNFIT`][]. The value is not touched.

        Nearly every value fits, and to know just that takes a fraction of finding what does not.
        """
        kind = type(value)
        if kind in self.plain or (kind is str and value in self._words):
            return value
        if self._branches:
            for branch in self._candidates(value):
                found = branch.whole(value)
                if found is not UNFIT:
                    return found
            return UNFIT
        if kind is not self._container and _problem(value, self._schema):
            return UNFIT
        return self._whole_object(value) if kind is dict else self._whole_list(value) if kind is list else value

    def fit(self, value: Json) -> Fitted:
        """What of a parsed JSON value fits; the value is not touched."""
        found = self.whole(value)
        if found is not UNFIT:
            return Fitted(True, found)
        if self._branches:
            return self._best(value)
        if problem := _problem(value, self._schema):
            return Fitted(False, value, [Misfit((), problem, True)])
        return self._object(value) if type(value) is dict else self._list(value)

    def _whole_object(self, value: Object) -> Json:
        plan = self._plans.get(tuple(value)) or self._plan(value)
        if plan.unknown or not plan.complete:
            return UNFIT
        kept: Object = {}
        for key, field in plan.fields:
            item = value[key]
            if type(item) not in field.plain:
                item = field.whole(item)
                if item is UNFIT:
                    return UNFIT
            kept[key] = item
        return kept

    def _whole_list(self, value: list[Json]) -> Json:
        shape = self._items
        if shape is None:
            if type(self._schema.get("items")) is not dict:
                return value
            shape = self._items = self._models.of(self._schema["items"])
        found = [item if type(item) in shape.plain else shape.whole(item) for item in value]
        return found if all(item is not UNFIT for item in found) else UNFIT

    def _plain_types(self) -> frozenset[type]:
        if self._branches:
            # Which branch an object or a list takes is not told by its type.
            return frozenset().union(*[branch.plain for branch in self._branches]) - {dict, list}
        schema = self._schema
        types = _TYPES[schema["type"]] if "type" in schema else _ANY_TYPE
        if len(schema) == 1 and "type" in schema:
            return types
        if "const" in schema or "enum" in schema:
            return frozenset()
        if not schema.keys().isdisjoint(_BOUNDS):
            types -= {int, float}
        if "minLength" in schema:
            types -= {str}
        if "items" in schema or "minItems" in schema or "maxItems" in schema:
            types -= {list}
        if schema.get("properties") or type(self._others) is dict or self._required:
            types -= {dict}
        return types

    def _listed_types(self) -> dict[str, list[Shape]]:
        """The branches that an object may be by its `type`, for each that is told by one; `""` has those for any."""
        fields = [branch._schema.get("properties", {}).get("type", {}) for branch in self._branches]
        kinds = [field.get("const", "") for field in fields]
        return {
            kind: [branch for branch, own in zip(self._branches, kinds, strict=True) if own in (kind, "")]
            for kind in (*kinds, "")
        }

    def _listed_words(self) -> frozenset[str]:
        """The words of which a text may be one, where there are such."""
        if self._branches:
            return frozenset().union(*[branch._words for branch in self._branches])
        words = self._schema.get("enum", [self._schema.get("const")])
        return frozenset([word for word in words if type(word) is str and not _problem(word, self._schema)])

    def _candidates(self, value: Json) -> list[Shape]:
        """The branches that a value may take: those for its `type`, which saves trying all of them."""
        kind = value.get("type") if type(value) is dict else None
        if type(kind) is not str:
            return self._branches
        if not self._by_type:
            self._by_type = self._listed_types()
        return self._by_type.get(kind) or self._by_type[""] or self._branches

    def _best(self, value: Json) -> Fitted:
        """The branch that keeps most of a value that none keeps whole."""
        branches = self._candidates(value)
        tried = [branch.fit(value) for branch in branches]
        usable = [fitted for fitted in tried if fitted.ok]
        if usable:
            return min(usable, key=lambda fitted: len(fitted.misfits))
        expected = [index for index, branch in enumerate(branches) if branch._schema.get("type") != "null"]
        if len(expected) == 1:
            return tried[expected[0]]
        return Fitted(False, value, [Misfit((), f"{_shown(value)} is none of the values it can have", True)])

    def _object(self, value: Object) -> Fitted:
        plan = self._plans.get(tuple(value)) or self._plan(value)
        kept: Object = {}
        misfits: list[Misfit] = []
        for key, field in plan.fields:
            item = value[key]
            fitted = field.fit(item)
            if not fitted.ok:
                misfits.append(_whole(key, fitted))
                continue
            kept[key] = fitted.value
            if fitted.misfits:
                misfits += _below(key, fitted)
        misfits += [Misfit((key,), "not known to this release", self._others is False) for key in plan.unknown]
        if misfits or not plan.complete:
            for name in self._required:
                if name not in kept:
                    gone = next((misfit.reason for misfit in misfits if misfit.path == (name,)), "")
                    return Fitted(False, value, [Misfit((), f"{name}: {gone}" if gone else f"{name} is missing", True)])
        return Fitted(True, kept, misfits)

    def _plan(self, value: Object) -> _Plan:
        """What becomes of the keys of an object. Files have the same fields again and again, so that it is kept."""
        fields = self._schema.get("properties", {})
        others = self._others if type(self._others) is dict else _ANYTHING
        names = [*(name for name in fields if name in value), *(name for name in value if name not in fields)]
        unknown: list[str] = []
        if fields and others is _ANYTHING and self._others is not True:
            unknown = [name for name in names if name not in fields]
            names = [name for name in names if name in fields]
        known = [(name, self._models.of(fields.get(name, others))) for name in names]
        plan = _Plan(known, unknown, all(name in value for name in self._required))
        # Names that no release has may be anything, and of any length: they are not kept.
        if value.keys() <= fields.keys():
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            self._plans[tuple(value)] = plan
        return plan

    def _list(self, value: list[Json]) -> Fitted:
        shape = self._models.of(self._schema["items"])
        fitted = [shape.fit(item) for item in value]
        if not all(item.ok for item in fitted):
            # A list with a hole in it would say something else.
            reason = next(item.misfits[0].reason for item in fitted if not item.ok)
            return Fitted(False, value, [Misfit((), reason, True)])
        misfits = [misfit for index, item in enumerate(fitted) for misfit in _below(index, item)]
        return Fitted(True, [item.value for item in fitted], misfits)


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
    elif type(value) is list:
        if len(value) < schema.get("minItems", 0):
            return "it has too few items"
        if len(value) > schema.get("maxItems", len(value)):
            return "it has too many items"
    elif type(value) is str and len(value) < schema.get("minLength", 0):
        return "the text is too short"
    return ""


def _below(key: str | int, fitted: Fitted) -> Iterator[Misfit]:
    """The misfits of a part, with their places in the whole."""
    return (misfit._replace(path=(key, *misfit.path)) for misfit in fitted.misfits)


def _whole(key: str | int, fitted: Fitted) -> Misfit:
    """A part that goes as a whole, for what is wrong somewhere in it."""
    inner = fitted.misfits[0]
    where = ".".join(map(str, inner.path))
    return Misfit((key,), f"{where}: {inner.reason}" if where else inner.reason, True)


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
