"""Match a value with a release's model: find what the release would reject, and leave out only that.

The models are JSON Schemas as pydantic writes them, and only the keywords that occur in them are supported. A value is
accepted as leniently as pydantic accepts it (a whole float for an integer, an integer for a float), and no more.

Nearly every value matches. So a schema is read once, when it is first needed, into a [`Matcher`][] that answers that
quickly; only what does not match is looked at again to say why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from migrator.config.json_value import BOUNDS, TYPES, problem, shown
from migrator.jsonfile import Json, Object, Path
from migrator.values import NamedTuple

UNFIT: Final = object()
"""In place of a value that the other side cannot have."""


class Misfit(NamedTuple):
    """A part that a model has no place for: where, why, and whether the model rejects the document for it.

    A model that ignores unknown keys loads the document; as it would not write them, they are left out all the same.
    """

    path: Path
    reason: str
    rejected: bool


class Trimmed(NamedTuple):
    """What a model accepts of a value, and what it does not; `ok` says whether the value can stay at all.

    Paths of misfits start at the value. A part that is accepted as it is may be the very object that was given.
    """

    ok: bool
    value: Json
    misfits: Sequence[Misfit] = ()


_CONTAINERS: Final[dict[str, type]] = {"object": dict, "array": list}
_ANY_TYPE: Final = frozenset().union(*TYPES.values())

_NESTED: Final = frozenset({"anyOf", "oneOf", "properties", "additionalProperties", "items"})
"""Keywords that contain schemas, and so perhaps `$ref`s."""

_SHARED: Final[dict[str | int, Matcher]] = {}
"""Matchers of schemas without a `$ref`, which mean the same in all releases. The key is a type or the `id` of a schema.

A matcher keeps its schema alive, so the `id` stays its own; to hash a schema would take longer than to read it.
"""


class Models:
    """The models of one release, by name: JSON Schemas whose `$ref`s are such names."""

    __slots__ = ("_matchers", "_schemas")

    def __init__(self, schemas: dict[str, Object]) -> None:
        self._schemas = schemas
        self._matchers: dict[str | int, Matcher] = {}

    def matcher(self, name: str) -> Matcher:
        """The matcher of a model."""
        return self.of(self._schemas[name])

    def of(self, schema: Object) -> Matcher:
        """The matcher of a schema that stands in one of the models."""
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"]]
        # Most fields are simply a string or a number.
        key = schema["type"] if len(schema) == 1 and "type" in schema else id(schema)
        matchers = _SHARED if schema.keys().isdisjoint(_NESTED) else self._matchers
        found = matchers.get(key)
        if found is None:
            found = matchers[key] = Matcher(schema, self)
        return found


class _Keys(NamedTuple):
    """What a schema says of the keys of an object.

    `fields` are the known ones, each with the matcher of its value, in the order in which the release writes them.
    `unknown` are the others. `complete` tells whether every required one is there.
    """

    fields: list[tuple[str, Matcher]]
    unknown: list[str]
    complete: bool


_ANYTHING: Final[Object] = {}
"""The schema that accepts any value."""

_MOST_KEYS: Final = 256
"""So many sets of keys are remembered for each schema: more than AIPerf writes."""


class Matcher:
    """What one schema accepts. `plain` are the types of which it accepts every value as it is."""

    __slots__ = (
        "_branches",
        "_by_type",
        "_container",
        "_items",
        "_keys",
        "_models",
        "_others",
        "_required",
        "_schema",
        "_words",
        "plain",
    )

    def __init__(self, schema: Object, models: Models) -> None:
        self._schema = schema
        self._models = models
        self._branches = [models.of(branch) for branch in schema.get("anyOf") or schema.get("oneOf") or ()]
        self._by_type: dict[str, list[Matcher]] = {}
        self._keys: dict[tuple[str, ...], _Keys] = {}
        self._items: Matcher | None = None
        self._others = schema.get("additionalProperties")
        self._required = schema.get("required", ())
        # dict or list, if the schema asks nothing of it but of its items.
        self._container = _CONTAINERS.get(schema.get("type", ""))
        if "const" in schema or "enum" in schema or "minItems" in schema or "maxItems" in schema:
            self._container = None
        self.plain = self._plain_types()
        self._words = self._listed_words()

    def accept(self, value: Json) -> Json:
        """The value, its fields in the release's order, if all of it matches; else [`UNFIT`][].

        The value is not touched. To know just this takes a fraction of what it takes to [`trim`][] it.
        """
        kind = type(value)
        if kind in self.plain or (kind is str and value in self._words):
            return value
        if self._branches:
            for branch in self._candidates(value):
                found = branch.accept(value)
                if found is not UNFIT:
                    return found
            return UNFIT
        if kind is not self._container and problem(value, self._schema):
            return UNFIT
        return self._accept_object(value) if kind is dict else self._accept_list(value) if kind is list else value

    def trim(self, value: Json) -> Trimmed:
        """The parts of a value that match, and those that do not. The value is not touched."""
        found = self.accept(value)
        if found is not UNFIT:
            return Trimmed(True, found)
        if self._branches:
            return self._trim_branches(value)
        if reason := problem(value, self._schema):
            return Trimmed(False, value, [Misfit((), reason, True)])
        return self._trim_object(value) if type(value) is dict else self._trim_list(value)

    def rejects(self, value: Json) -> bool:
        """Whether the model rejects a value: whether [`trim`][] finds a misfit that is `rejected`, or nothing to keep.

        It ends with the first one, and reads no schema that is not needed for that.
        """
        kind = type(value)
        if kind in self.plain:
            return False
        if self._branches:
            branches = [branch for branch in self._candidates(value) if branch._schema.get("type") != "null"]
            if len(branches) == 1:
                return branches[0].rejects(value)
            found = self.trim(value)
            return not found.ok or any(misfit.rejected for misfit in found.misfits)
        if problem(value, self._schema):
            return True
        if kind is list:
            items = self._schema.get("items")
            return type(items) is dict and any(map(self._models.of(items).rejects, value))
        return kind is dict and self._rejects_object(value)

    def _rejects_object(self, value: Object) -> bool:
        fields = self._schema.get("properties", {})
        if any(name not in value for name in self._required):
            return True
        if fields and self._others is False and not value.keys() <= fields.keys():
            return True
        others = self._others if type(self._others) is dict else _ANYTHING
        return any(self._models.of(fields.get(name, others)).rejects(item) for name, item in value.items())

    def _accept_object(self, value: Object) -> Json:
        keys = self._keys.get(tuple(value)) or self._keys_of(value)
        if keys.unknown or not keys.complete:
            return UNFIT
        kept: Object = {}
        for key, field in keys.fields:
            item = value[key]
            if type(item) not in field.plain:
                item = field.accept(item)
                if item is UNFIT:
                    return UNFIT
            kept[key] = item
        return kept

    def _accept_list(self, value: list[Json]) -> Json:
        items = self._items
        if items is None:
            if type(self._schema.get("items")) is not dict:
                return value
            items = self._items = self._models.of(self._schema["items"])
        found = [item if type(item) in items.plain else items.accept(item) for item in value]
        return found if all(item is not UNFIT for item in found) else UNFIT

    def _plain_types(self) -> frozenset[type]:
        if self._branches:
            # The type of an object or a list does not tell which branch it takes.
            return frozenset().union(*[branch.plain for branch in self._branches]) - {dict, list}
        schema = self._schema
        types = TYPES[schema["type"]] if "type" in schema else _ANY_TYPE
        if len(schema) == 1 and "type" in schema:
            return types
        if "const" in schema or "enum" in schema:
            return frozenset()
        if not schema.keys().isdisjoint(BOUNDS):
            types -= {int, float}
        if "minLength" in schema:
            types -= {str}
        if "items" in schema or "minItems" in schema or "maxItems" in schema:
            types -= {list}
        if schema.get("properties") or type(self._others) is dict or self._required:
            types -= {dict}
        return types

    def _listed_types(self) -> dict[str, list[Matcher]]:
        """`type` of an object → the branches that it may take; `""` has those for objects of any type."""
        fields = [branch._schema.get("properties", {}).get("type", {}) for branch in self._branches]
        kinds = [field.get("const", "") for field in fields]
        return {
            kind: [branch for branch, own in zip(self._branches, kinds, strict=True) if own in (kind, "")]
            for kind in (*kinds, "")
        }

    def _listed_words(self) -> frozenset[str]:
        """The strings that a `const` or an `enum` accepts."""
        if self._branches:
            return frozenset().union(*[branch._words for branch in self._branches])
        words = self._schema.get("enum", [self._schema.get("const")])
        return frozenset([word for word in words if type(word) is str and not problem(word, self._schema)])

    def _candidates(self, value: Json) -> list[Matcher]:
        """The branches that a value may take: only those for its `type`, which saves trying all of them."""
        kind = value.get("type") if type(value) is dict else None
        if type(kind) is not str:
            return self._branches
        if not self._by_type:
            self._by_type = self._listed_types()
        return self._by_type.get(kind) or self._by_type[""] or self._branches

    def _trim_branches(self, value: Json) -> Trimmed:
        """What the branch that accepts most of a value accepts of it."""
        branches = self._candidates(value)
        tried = [branch.trim(value) for branch in branches]
        usable = [trimmed for trimmed in tried if trimmed.ok]
        if usable:
            return min(usable, key=lambda trimmed: len(trimmed.misfits))
        expected = [index for index, branch in enumerate(branches) if branch._schema.get("type") != "null"]
        if len(expected) == 1:
            return tried[expected[0]]
        return Trimmed(False, value, [Misfit((), f"{shown(value)} is not a value that it can have", True)])

    def _trim_object(self, value: Object) -> Trimmed:
        keys = self._keys.get(tuple(value)) or self._keys_of(value)
        kept: Object = {}
        misfits: list[Misfit] = []
        for key, field in keys.fields:
            item = value[key]
            trimmed = field.trim(item)
            if not trimmed.ok:
                misfits.append(_as_whole(key, trimmed))
                continue
            kept[key] = trimmed.value
            if trimmed.misfits:
                misfits += _below(key, trimmed)
        misfits += [Misfit((key,), "not known to this release", self._others is False) for key in keys.unknown]
        if misfits or not keys.complete:
            for name in self._required:
                if name not in kept:
                    gone = next((misfit.reason for misfit in misfits if misfit.path == (name,)), "")
                    return Trimmed(
                        False, value, [Misfit((), f"{name}: {gone}" if gone else f"{name} is missing", True)]
                    )
        return Trimmed(True, kept, misfits)

    def _keys_of(self, value: Object) -> _Keys:
        """What the schema says of the keys of an object. Files have the same keys again and again: it is remembered."""
        fields = self._schema.get("properties", {})
        others = self._others if type(self._others) is dict else _ANYTHING
        names = [*(name for name in fields if name in value), *(name for name in value if name not in fields)]
        unknown: list[str] = []
        if fields and others is _ANYTHING and self._others is not True:
            unknown = [name for name in names if name not in fields]
            names = [name for name in names if name in fields]
        known = [(name, self._models.of(fields.get(name, others))) for name in names]
        keys = _Keys(known, unknown, all(name in value for name in self._required))
        # Unknown names may be anything, and of any length: they are not remembered.
        if value.keys() <= fields.keys():
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            self._keys[tuple(value)] = keys
        return keys

    def _trim_list(self, value: list[Json]) -> Trimmed:
        items = self._models.of(self._schema["items"])
        trimmed = [items.trim(item) for item in value]
        if not all(item.ok for item in trimmed):
            # A list without one of its items would say something else.
            reason = next(item.misfits[0].reason for item in trimmed if not item.ok)
            return Trimmed(False, value, [Misfit((), reason, True)])
        misfits = [misfit for index, item in enumerate(trimmed) for misfit in _below(index, item)]
        return Trimmed(True, [item.value for item in trimmed], misfits)


def _below(key: str | int, trimmed: Trimmed) -> Iterator[Misfit]:
    """The misfits of a part, with their paths from the whole."""
    return (misfit._replace(path=(key, *misfit.path)) for misfit in trimmed.misfits)


def _as_whole(key: str | int, trimmed: Trimmed) -> Misfit:
    """The misfit of a part that cannot stay, for what is wrong somewhere in it."""
    inner = trimmed.misfits[0]
    where = ".".join(map(str, inner.path))
    return Misfit((key,), f"{where}: {inner.reason}" if where else inner.reason, True)
