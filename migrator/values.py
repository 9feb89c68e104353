"""`NamedTuple` and `dataclass` as the standard library has them, each made when it is first used.

A command declares some hundred of these classes and makes objects of a few. The standard library compiles the methods
of each class when it is declared, and imports `inspect` to do so, which took a third of the time of short commands.
Here a class gets its constructor with its first object, and shares its other methods.

Only what this project uses is there. What looks for the data of `dataclasses`, as pydantic does, finds it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # As typing has it, without the time that importing typing takes.

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import fields as fields
    from dataclasses import replace as replace
    from typing import Any
    from typing import NamedTuple as NamedTuple


def _compiled(arguments: str, body: Iterable[str], names: Mapping[str, Any]) -> Callable[..., Any]:
    """A function of some source, which may use `names` and the builtins."""
    found: dict[str, Any] = {}
    source = f"def made({arguments}):\n " + "\n ".join(body)
    exec(source, {"__builtins__": {}, **names}, found)
    made: Callable[..., Any] = found["made"]
    return made


class _Signature:
    """The signature of a class, for those who ask before its first object: `help`, and tests that make objects."""

    __slots__ = ("constructor",)

    def __init__(self, constructor: str) -> None:
        self.constructor = constructor

    def __get__(self, instance: object, owner: type) -> Any:
        import inspect

        made = getattr(owner, self.constructor)
        found = inspect.signature(getattr(made, "makes", lambda: made)())
        return found.replace(parameters=list(found.parameters.values())[1:])


# --- named tuples --------------------------------------------------------------------------------------------------


class _Tuple(tuple):  # type: ignore[type-arg]
    """What all named tuples have."""

    __slots__ = ()
    if TYPE_CHECKING:  # What is annotated would be a field for pydantic.
        _fields: tuple[str, ...]

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Any:
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, /, **changes: Any) -> Any:
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise ValueError(f"Got unexpected field names: {list(changes)!r}")
        return made

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({shown})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)


class _Declaration(type):
    """Makes a tuple out of the declaration of a class with fields."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        if not bases:
            return type.__new__(cls, name, bases, namespace)
        from _collections import _tuplegetter  # type: ignore[import-not-found]

        fields = tuple(namespace.get("__annotations__", ()))
        defaults = {field: namespace[field] for field in fields if field in namespace}
        if tuple(defaults) != fields[len(fields) - len(defaults) :]:
            raise TypeError(f"{name}: a field without a default follows one with a default")
        namespace.setdefault("__slots__", ())
        namespace |= {field: _tuplegetter(index, None) for index, field in enumerate(fields)}
        namespace.setdefault("__signature__", _Signature("__new__"))
        namespace |= {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
        others = tuple(base for base in bases if type(base) is not cls)
        if others:
            # That of tuple would hide it.
            namespace["__class_getitem__"] = classmethod(others[0].__class_getitem__.__func__)  # type: ignore[attr-defined]
        made = type(name, (_Tuple, *others), namespace)
        made.__new__ = _first_new(made, fields, defaults)  # type: ignore[method-assign]
        return made


def _first_new(owner: type, fields: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """The `__new__` of a class until it is called: it puts the real one in its place."""

    def makes() -> Any:
        taken = ", ".join(f"{name}=_of_{name}" if name in defaults else name for name in fields)
        items = "".join(f"{name}, " for name in fields)
        known = {"_make": tuple.__new__, **{f"_of_{name}": value for name, value in defaults.items()}}
        made = _compiled(f"_cls, {taken}", [f"return _make(_cls, ({items}))"], known)
        made.__name__, made.__qualname__ = "__new__", f"{owner.__qualname__}.__new__"
        owner.__new__ = staticmethod(made)  # type: ignore[method-assign]
        return made

    def first(cls: type, /, *args: Any, **kwargs: Any) -> Any:
        return makes()(cls, *args, **kwargs)

    first.makes = makes  # type: ignore[attr-defined]
    return staticmethod(first)


# --- data classes --------------------------------------------------------------------------------------------------

_MISSING = object()
_FIELDS, _PARAMETERS = "__dataclass_fields__", "__dataclass_params__"
_OWN = "_declared_fields"


class _Field:
    """What is declared of a field."""

    __slots__ = ("compare", "default", "default_factory", "keyword", "metadata", "name", "repr")

    def __init__(self, default: Any, default_factory: Any, compare: bool, repr: bool, metadata: Any) -> None:  # noqa: A002 (as dataclasses has it)
        self.name = ""
        self.default = default
        self.default_factory = default_factory
        self.compare = compare
        self.repr = repr
        self.metadata = metadata
        self.keyword = False

    @property
    def is_optional(self) -> bool:
        """Whether the constructor can do without it."""
        return self.default is not _MISSING or self.default_factory is not _MISSING


class _OfStandardLibrary:
    """An attribute by which `dataclasses` knows its classes: worked out by it when something asks."""

    __slots__ = ("bases", "found", "name", "namespace", "parameters")

    def __init__(self, name: str, bases: tuple[type, ...], namespace: dict[str, Any], parameters: Any) -> None:
        self.name = name
        self.bases = bases
        self.namespace = namespace
        self.parameters = parameters
        self.found: Any = None

    def __get__(self, instance: object, owner: type) -> Any:
        # Pydantic asks for it with every object that it writes.
        if self.found is None:
            self.found = self._worked_out()
        return self.found

    def _worked_out(self) -> Any:
        import dataclasses

        namespace = dict(self.namespace)
        for name, value in self.namespace.items():
            if type(value) is _Field:
                told = {} if value.default is _MISSING else {"default": value.default}
                if value.default_factory is not _MISSING:
                    told["default_factory"] = value.default_factory
                namespace[name] = dataclasses.field(
                    compare=value.compare, repr=value.repr, metadata=value.metadata, **told
                )
        twin: Any = dataclasses.dataclass(**self.parameters)(type("Twin", self.bases, namespace))
        return getattr(twin, self.name)


def _declare(cls: type, parameters: dict[str, bool]) -> type:
    frozen, slots = parameters["frozen"], parameters["slots"]
    namespace = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    annotations = namespace.get("__annotations__", {})
    # What is not a field does not concern the twin: methods and the text of the class.
    declared = {name: namespace[name] for name in annotations if name in namespace}
    twin: dict[str, Any] = {
        "__annotations__": annotations,
        "__module__": cls.__module__,
        "__doc__": "A twin.",
        **declared,
    }
    fields: dict[str, _Field] = {}
    for base in cls.__mro__[-1:0:-1]:
        fields |= vars(base).get(_OWN, {})
    for name, kind in annotations.items():
        if not kind.startswith(("ClassVar", "typing.ClassVar")):
            fields[name] = _field_of(name, declared.get(name, _MISSING), parameters["kw_only"])
            namespace.pop(name, None)
            if not slots and fields[name].default is not _MISSING:
                namespace[name] = fields[name].default
    namespace[_OWN] = fields
    for attribute in (_FIELDS, _PARAMETERS):
        namespace[attribute] = _OfStandardLibrary(attribute, cls.__bases__, twin, parameters)
    namespace.setdefault("__signature__", _Signature("__init__"))
    namespace.setdefault("__match_args__", tuple(name for name, one in fields.items() if not one.keyword))
    if slots:
        inherited = {name for base in cls.__mro__[1:-1] for name in _slots_of(base)}
        namespace["__slots__"] = tuple(name for name in fields if name not in inherited)
        if frozen:
            # The usual way sets attributes.
            namespace |= {"__getstate__": _state, "__setstate__": _set_state}
    if parameters["repr"]:
        namespace.setdefault("__repr__", _repr)
    if parameters["eq"]:
        namespace.setdefault("__hash__", None)
    if frozen:
        namespace |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
    made = type(cls)(cls.__name__, cls.__bases__, namespace)
    made.__qualname__ = cls.__qualname__
    compared = [name for name, one in fields.items() if one.compare]
    if parameters["eq"] and "__eq__" not in namespace:
        made.__eq__ = _first_equal(made, compared)  # type: ignore[method-assign]
    if parameters["eq"] and frozen and namespace["__hash__"] is None:
        made.__hash__ = _first_hash(made, compared)  # type: ignore[method-assign]
    made.__init__ = _first_init(made, fields, frozen)  # type: ignore[misc]
    return made


def _slots_of(base: type) -> tuple[str, ...]:
    found: str | tuple[str, ...] = vars(base).get("__slots__", ())
    return (found,) if isinstance(found, str) else tuple(found)


def _field_of(name: str, value: Any, keyword: bool) -> _Field:
    found = value if type(value) is _Field else _Field(value, _MISSING, True, True, None)
    if type(found.default) in (list, dict, set):
        raise TypeError(f"{name}: a default that can change is shared by all objects: use default_factory")
    found.name, found.keyword = name, keyword
    return found


def _first_init(owner: type, fields: dict[str, _Field], frozen: bool) -> Any:
    """The `__init__` of a class until it is called: it puts the real one in its place."""

    def makes() -> Any:
        taken, body = ["_self"], []
        known: dict[str, Any] = {"_missing": _MISSING, "_set": object.__setattr__}
        ordered = sorted(fields.values(), key=lambda one: one.keyword)
        for one in ordered:
            if one.keyword and "*" not in taken:
                taken.append("*")
            value = one.name
            if one.default_factory is not _MISSING:
                known[f"_make_{one.name}"] = one.default_factory
                value = f"_make_{one.name}() if {one.name} is _missing else {one.name}"
            known[f"_of_{one.name}"] = one.default
            taken.append(f"{one.name}=_of_{one.name}" if one.is_optional else one.name)
            body.append(f"_set(_self, {one.name!r}, {value})" if frozen else f"_self.{one.name} = {value}")
        made = _compiled(", ".join(taken), body or ["pass"], known)
        made.__name__, made.__qualname__ = "__init__", f"{owner.__qualname__}.__init__"
        owner.__init__ = made  # type: ignore[misc]
        return made

    def first(self: object, /, *args: Any, **kwargs: Any) -> None:
        makes()(self, *args, **kwargs)

    first.makes = makes  # type: ignore[attr-defined]
    return first


def _values(value: Any) -> Iterator[Any]:
    return (getattr(value, name) for name in getattr(value, _OWN))


def _state(self: Any) -> list[Any]:
    return list(_values(self))


def _set_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(getattr(self, _OWN), state, strict=True):
        object.__setattr__(self, name, value)


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name, one in getattr(self, _OWN).items() if one.repr)
    return f"{type(self).__qualname__}({shown})"


def _first_equal(owner: type, fields: Iterable[str]) -> Any:
    """The `__eq__` of a class until it is called."""

    def first(self: object, other: object) -> Any:
        mine, others = (", ".join(f"{side}.{name}" for name in fields) for side in ("_self", "_other"))
        body = [
            "if _other.__class__ is not _self.__class__: return _unlike",
            f"return ({mine}{',' * bool(mine)}) == ({others}{',' * bool(others)})",
        ]
        owner.__eq__ = _compiled("_self, _other", body, {"_unlike": NotImplemented})  # type: ignore[method-assign]
        return owner.__eq__(self, other)

    return first


def _first_hash(owner: type, fields: Iterable[str]) -> Any:
    """The `__hash__` of a class until it is called."""

    def first(self: object) -> Any:
        items = "".join(f"_self.{name}, " for name in fields)
        owner.__hash__ = _compiled("_self", [f"return _hash(({items}))"], {"_hash": hash})  # type: ignore[method-assign]
        return owner.__hash__(self)

    return first


def _refuse_to_set(self: Any, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


if not TYPE_CHECKING:

    class NamedTuple(metaclass=_Declaration):
        """As `typing.NamedTuple`."""

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, repr=True, eq=True):  # noqa: A002 (as dataclasses has it)
        """As `dataclasses.dataclass`, with those of its parameters that this project uses."""
        parameters = {"frozen": frozen, "slots": slots, "kw_only": kw_only, "repr": repr, "eq": eq}
        return (lambda cls: _declare(cls, parameters)) if cls is None else _declare(cls, parameters)

    def field(*, default=_MISSING, default_factory=_MISSING, compare=True, repr=True, metadata=None):  # noqa: A002
        """As `dataclasses.field`, with those of its parameters that this project uses."""
        return _Field(default, default_factory, compare, repr, metadata)

    def replace(obj, /, **changes):
        """As `dataclasses.replace`."""
        return type(obj)(**{name: getattr(obj, name) for name in getattr(obj, _OWN)} | changes)

    def fields(cls, /):
        """As `dataclasses.fields`: of each its `name`, `default` and the rest of what was declared."""
        return tuple(getattr(cls, _OWN).values())
