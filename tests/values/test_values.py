"""`values` does what the standard library does, and does it when a class is first used."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from migrator import values

T = TypeVar("T")

NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6)


class Point(values.NamedTuple):
    """A place."""

    x: int
    y: int = 2
    z: tuple[int, ...] = ()

    @property
    def sum(self) -> int:
        return self.x + self.y

    @classmethod
    def at(cls, x: int) -> Point:
        return cls(x)


class Pair(values.NamedTuple, Generic[T]):
    one: T
    two: T


class Farther(Point):
    __slots__ = ()

    def __repr__(self) -> str:
        return "farther"


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part."""

    KIND: ClassVar[str] = "part"
    name: str = values.field(metadata={"description": "what it is called"})
    items: list[int] = values.field(default_factory=list)
    note: str = values.field(default="", repr=False, compare=False)


@values.dataclass(slots=True)
class Run:
    first: int
    parts: list[Part] = values.field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.parts)


@values.dataclass(slots=True)
class Longer(Run):
    last: int = 9


def outcome(action: Callable[[], object]) -> object:
    """What a call gives, or the type of its exception."""
    try:
        return action()
    except Exception as error:
        return type(error)


def twins(names: list[str], defaults: int, decorate: Callable[[Any, type], type], *bases: Any) -> Iterator[type]:
    """A class declared with the standard library, and the same with `values`."""
    for home, base in zip((typing, values), bases or (None, None), strict=True):
        body: dict[str, Any] = {"__annotations__": dict.fromkeys(names, "int"), "__module__": __name__}
        body |= {name: f"default {name}" for name in names[len(names) - defaults :]}
        made = type(base)("Made", (base,), body) if base else type("Made", (), body)
        yield decorate(dataclasses if home is typing else values, made)


# --- named tuples --------------------------------------------------------------------------------------------------


@given(names=NAMES, data=st.data(), arguments=st.lists(st.integers(), max_size=7))
def test_a_named_tuple_is_as_the_standard_one(names: list[str], data: st.DataObject, arguments: Any) -> None:
    defaults = data.draw(st.integers(0, len(names)))
    keywords = data.draw(st.dictionaries(st.sampled_from("abcdefghi"), st.integers(), max_size=4))
    standard, mine = (
        typing.NamedTupleMeta("Made", (typing._NamedTuple,), body)  # type: ignore[attr-defined]
        if home is typing
        else type(values.NamedTuple)("Made", (values.NamedTuple,), body)
        for home in (typing, values)
        for body in [
            {"__annotations__": dict.fromkeys(names, int), "__module__": __name__}
            | {name: f"default {name}" for name in names[len(names) - defaults :]}
        ]
    )
    assert mine._fields == standard._fields
    assert mine._field_defaults == standard._field_defaults
    assert mine.__match_args__ == standard.__match_args__
    for _ in range(2):  # The first call makes the constructor, the second finds it made.
        one, other = (outcome(lambda made=made: made(*arguments, **keywords)) for made in (standard, mine))  # type: ignore[misc]
        assert other == one
        if isinstance(one, tuple):
            assert (repr(other), hash(other), other._asdict()) == (repr(one), hash(one), one._asdict())  # type: ignore[attr-defined]
            assert [getattr(other, name) for name in names] == list(one)
            changes = dict.fromkeys(keywords, 5)
            assert outcome(lambda: other._replace(**changes)) == outcome(lambda: one._replace(**changes))  # type: ignore[attr-defined] # noqa: B023
    assert outcome(lambda: mine._make(arguments)) == outcome(lambda: standard._make(arguments))


def test_a_named_tuple_has_methods_goes_through_pickle_and_can_be_inherited_from() -> None:
    point = Point.at(1)
    assert (point.sum, point.__doc__, point[0], [*point]) == (3, "A place.", 1, [1, 2, ()])
    assert pickle.loads(pickle.dumps(point)) == point
    assert type(pickle.loads(pickle.dumps(point))) is Point
    assert copy.deepcopy(point) == point
    assert (repr(Farther(4)), type(Farther(4)), type(Point(4))) == ("farther", Farther, Point)
    assert Farther(4, z=(1,))._replace(x=5) == (5, 2, (1,))
    assert Pair[int](1, two=2) == (1, 2)
    with pytest.raises(AttributeError):
        point.x = 3  # type: ignore[misc]
    with pytest.raises(AttributeError):
        point.other = 3  # type: ignore[attr-defined]
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_a_field_without_a_default_cannot_follow_one_with_a_default() -> None:
    with pytest.raises(TypeError, match="default"):
        type(values.NamedTuple)(
            "Made", (values.NamedTuple,), {"__annotations__": {"a": int, "b": int}, "__module__": __name__, "a": 1}
        )


# --- data classes --------------------------------------------------------------------------------------------------


@given(
    names=NAMES,
    data=st.data(),
    arguments=st.lists(st.integers(0, 2), max_size=7),
    frozen=st.booleans(),
    slots=st.booleans(),
    keyword=st.booleans(),
    eq=st.booleans(),
)
def test_a_data_class_is_as_the_standard_one(
    names: list[str], data: st.DataObject, arguments: list[int], frozen: bool, slots: bool, keyword: bool, eq: bool
) -> None:
    defaults = data.draw(st.integers(0, len(names)))
    keywords = data.draw(st.dictionaries(st.sampled_from("abcdefghi"), st.integers(0, 2), max_size=4))
    change = data.draw(st.dictionaries(st.sampled_from("abcdefghi"), st.integers(0, 2), max_size=2))

    def decorate(home: Any, made: type) -> Any:
        return home.dataclass(frozen=frozen, slots=slots, kw_only=keyword, eq=eq)(made)

    standard, mine = twins(names, defaults, decorate)
    assert mine.__match_args__ == standard.__match_args__  # type: ignore[attr-defined]
    for _ in range(2):
        one, other = (outcome(lambda made=made: made(*arguments, **keywords)) for made in (standard, mine))  # type: ignore[misc]
        if isinstance(one, type):
            assert other == one
            return
        found = []
        for kind, value in ((standard, one), (mine, other)):
            again = kind(*arguments, **keywords)
            changed = outcome(lambda kind=kind, value=value: change and dataclasses.replace(value, **change))  # type: ignore[misc]
            own = outcome(lambda value=value: change and values.replace(value, **change))  # type: ignore[misc, type-var]
            if kind is mine and change:
                assert repr(own) == repr(changed)
            found.append(
                (
                    [getattr(value, name) for name in names],
                    dataclasses.asdict(value),
                    (value == again, value == changed, value != again),
                    outcome(lambda value=value, again=again: hash(value) == hash(again)),  # type: ignore[misc]
                    outcome(lambda value=value: setattr(value, "a", 7)),  # type: ignore[misc]
                    outcome(lambda value=value: setattr(value, "z", 7)),  # type: ignore[misc]
                    outcome(lambda value=value: delattr(value, "a")),  # type: ignore[misc]
                    hasattr(value, "__dict__"),
                    repr(copy.copy(again)).rpartition(".")[2],
                    [(one.name, one.default, one.kw_only) for one in dataclasses.fields(value)],
                )
            )
        assert found[0] == found[1]


def test_a_data_class_has_metadata_factories_and_goes_through_pickle() -> None:
    part = Part(name="a")
    assert part.items == []
    assert part.items is not Part(name="a").items
    assert repr(part) == "Part(name='a', items=[])"
    assert part == Part(name="a", note="does not count")
    assert pickle.loads(pickle.dumps(part)) == part
    assert copy.deepcopy(part) == part
    assert part.KIND == "part"
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.name = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        hash(Run(1))
    assert {field.name: field.metadata for field in dataclasses.fields(Part)}["name"] == {
        "description": "what it is called"
    }
    assert [field.name for field in values.fields(Part)] == ["name", "items", "note"]


def test_a_data_class_inherits_fields() -> None:
    longer = Longer(1, [Part(name="a")])
    assert (longer.first, longer.count, longer.last) == (1, 1, 9)
    assert [field.name for field in dataclasses.fields(Longer)] == ["first", "parts", "last"]
    assert longer != Run(1, [Part(name="a")])
    assert not hasattr(longer, "__dict__")

    @dataclasses.dataclass
    class Standard(Run):
        more: int = 3

    assert dataclasses.asdict(Standard(1)) == {"first": 1, "parts": [], "more": 3}


def test_a_default_that_can_change_is_refused() -> None:
    with pytest.raises(TypeError, match="default_factory"):

        @values.dataclass()
        class _Shared:
            items: list[int] = []  # noqa: RUF012


def test_what_the_standard_library_knows_is_worked_out_once() -> None:
    """Pydantic asks with every object that it writes: a receipt of a thousand cells has some ten thousand."""
    assert Run(1).__dataclass_fields__ is Run(2).__dataclass_fields__  # type: ignore[attr-defined]


def test_pydantic_reads_these_classes() -> None:
    assert TypeAdapter(Run).dump_python(Run(1, [Part(name="a")])) == {
        "first": 1,
        "parts": [{"name": "a", "items": [], "note": ""}],
    }
    properties = TypeAdapter(Part).json_schema()["properties"]
    assert properties["name"]["description"] == "what it is called"
    assert TypeAdapter(Point).validate_python([1, 3]) == Point(1, 3)
    with pytest.raises(ValueError, match="valid integer"):
        TypeAdapter(Point).validate_python(["no", 3])


def test_a_declaration_compiles_nothing_and_imports_nothing() -> None:
    """A constructor is there with the first object; until then a class has what all share."""
    code = (
        "import sys\n"
        "from migrator.values import NamedTuple, dataclass\n"
        "class One(NamedTuple):\n  __annotations__ = {'a': 'int'}\n"
        "class Two:\n  __annotations__ = {'a': 'int'}\n"
        "Two = dataclass(frozen=True, slots=True)(Two)\n"
        "print(sorted({'dataclasses', 'inspect', 'typing', 'collections'} & sys.modules.keys()))\n"
        "print(One.__new__.__name__, Two.__init__.__name__, One(1).a, Two(a=2).a)\n"
        "print(One.__new__.__name__, Two.__init__.__name__)\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["[]", "first first 1 2", "__new__ __init__"]


def test_the_signature_is_that_of_the_fields_once_it_is_made() -> None:
    Run(1)
    assert str(inspect.signature(Run)).startswith("(first, parts=")


def test_the_signature_is_known_before_the_first_object() -> None:
    class Tuple(values.NamedTuple):
        one: int
        two: str = "x"

    class Lower(Tuple):
        __slots__ = ()

    @values.dataclass(frozen=True, slots=True, kw_only=True)
    class Data:
        one: int
        two: list[int] = values.field(default_factory=list)

    for kind in (Tuple, Lower, Data):
        required = [
            name for name, one in inspect.signature(kind).parameters.items() if one.default is inspect.Parameter.empty
        ]
        assert required == ["one"], kind
    assert (Tuple(1), Lower(1).two, Data(one=1).two) == ((1, "x"), "x", [])
