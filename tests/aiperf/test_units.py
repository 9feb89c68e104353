"""Conversions are exact, and only between units that measure the same."""

from __future__ import annotations

import json
from fractions import Fraction
from math import inf, isnan, nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.process import EXPORTS

from migrator.aiperf.metrics import catalogue
from migrator.aiperf.units import UnitError, common, convert, family, same_family
from migrator.errors import MigratorError
from migrator.jsonfile import Numeral

FAMILIES = {
    "time": ["ns", "us", "µs", "μs", "ms", "sec", "s", "min", "h"],
    "data": ["B", "KB", "MB", "GB", "TB"],
    "energy": ["mJ", "J", "kJ", "MJ"],
    "energy/time": ["mW", "W", "kW"],
    "frequency": ["Hz", "kHz", "MHz", "GHz"],
    "ratio": ["%", "ratio"],
    "temperature": ["°C", "°F", "K"],
    "tokens/time": ["tokens/sec", "tokens/s", "tokens/min"],
    "tokens/energy": ["tokens/J", "tokens/sec/W", "tokens/mJ"],
    "energy/tokens": ["mJ/token", "J/token", "joules/token"],
    "energy*time": ["J*s", "mJ*s", "J*ms"],
    "time/images": ["ms/image", "sec/image"],
}
NUMBERS = st.floats(-1e200, 1e200, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-200)
PAIRS = st.sampled_from(list(FAMILIES.values())).flatmap(
    lambda units: st.tuples(st.sampled_from(units), st.sampled_from(units), st.sampled_from(units))
)


def close(a: float, b: float, scale: float = 0.0) -> bool:
    """Equal up to the last places of a float, of the numbers or of a zero point that was in between."""
    return abs(a - b) <= 4 * 2**-52 * max(abs(a), abs(b), scale)


def zero_point(units: tuple[str, ...]) -> float:
    return 1000.0 if family(units[0]) == "temperature" else 0.0


@given(NUMBERS, PAIRS)
def test_there_and_back(value: float, units: tuple[str, str, str]) -> None:
    a, b, _ = units
    assert close(convert(convert(value, a, b), b, a), value, zero_point(units))


@given(NUMBERS, PAIRS)
def test_a_way_round_leads_to_the_same_place(value: float, units: tuple[str, str, str]) -> None:
    a, b, c = units
    assert close(convert(convert(value, a, b), b, c), convert(value, a, c), zero_point(units))


@given(NUMBERS, NUMBERS, PAIRS)
def test_order_is_kept(low: float, high: float, units: tuple[str, str, str]) -> None:
    low, high = sorted((low, high))
    assert convert(low, units[0], units[1]) <= convert(high, units[0], units[1])


@given(NUMBERS, st.sampled_from([("sec", "ms", 1000), ("ms", "ns", 10**6), ("MJ", "mJ", 10**9), ("GB", "KB", 2**20)]))
def test_a_conversion_rounds_once(value: float, case: tuple[str, str, int]) -> None:
    big, small, factor = case
    assert convert(value, big, small) == float(Fraction(value) * factor)
    assert convert(value, small, big) == float(Fraction(value) / factor)


@given(NUMBERS, NUMBERS, PAIRS)
def test_a_difference_knows_no_zero_point(a: float, b: float, units: tuple[str, str, str]) -> None:
    there = [convert(value, units[0], units[1]) for value in (a, b)]
    difference = convert(b - a, units[0], units[1], difference=True)
    assert close(there[1] - there[0], difference, max(*map(abs, there), zero_point(units)))


@pytest.mark.parametrize(
    ("value", "old", "new", "expected"),
    [
        (1, "s", "ms", 1000.0),
        (1000, "ms", "sec", 1.0),
        (0.1, "sec", "ms", 100.0),
        (1.1, "ms", "sec", 0.0011),
        (86.4, "us", "ms", 0.0864),
        (2, "min", "sec", 120.0),
        (219, "B", "KB", 0.2138671875),
        (1, "GB", "MB", 1024.0),
        (0.000328, "MJ", "J", 328.0),
        (745.29, "mJ/token", "J/token", 0.74529),
        (12.5, "%", "ratio", 0.125),
        (100, "°C", "°F", 212.0),
        (32, "°F", "°C", 0.0),
        (0, "K", "°C", -273.15),
        (1410, "MHz", "GHz", 1.41),
        (1.34, "tokens/sec/W", "tokens/J", 1.34),
        (60, "requests/min", "requests/sec", 1.0),
        (2, "J*s", "mJ*ms", 2e6),
        (-0.0, "ms", "ns", 0.0),
    ],
)
def test_known_values(value: float, old: str, new: str, expected: float) -> None:
    assert convert(value, old, new) == expected


def test_what_is_no_number_stays_none() -> None:
    assert isnan(convert(Numeral("NaN"), "ms", "ns"))
    assert convert(inf, "ms", "ns") == inf
    assert convert(-1e308, "sec", "ns") == -inf
    assert convert(5e-324, "ns", "sec") == 0.0


def test_the_same_unit_changes_nothing() -> None:
    value = nextafter(0.1, 1)
    assert convert(value, "ms", "ms") == value
    assert convert(value, "furlongs", "furlongs") == value


@pytest.mark.parametrize("name", FAMILIES)
def test_families(name: str) -> None:
    assert {family(unit) for unit in FAMILIES[name]} == {name}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("ms", "tokens"),
        ("tokens", "requests"),
        ("count", "requests"),
        ("mJ", "MB"),
        ("requests/sec/W", "good-req/s/W"),
        ("tokens/sec", "tokens/sec/user"),
        ("tokens", "tokens/sec"),
        ("J", "W"),
        ("ms", "ms/image"),
        ("ms", "furlongs"),
        ("furlongs", "furlongs/sec"),
        ("ms", "MS"),
        ("ms", ""),
        ("ms", " ms"),
        ("ms/", "ms"),
        ("°C/sec", "K/sec"),
    ],
)
def test_different_things_are_not_converted(a: str, b: str) -> None:
    assert not same_family(a, b)
    for use in (lambda: convert(1.0, a, b), lambda: common(a, b), lambda: convert(0.0, b, a)):
        with pytest.raises(UnitError, match="measure different things") as raised:
            use()
        assert isinstance(raised.value, ValueError)
        assert isinstance(raised.value, MigratorError)


def test_an_unknown_unit_is_only_itself() -> None:
    assert family("furlongs") is None
    assert same_family("furlongs", "furlongs")
    assert common("furlongs", "furlongs") == "furlongs"
    assert family(None) is None
    assert family(["ms"]) is None
    assert not same_family("ms", None)


def test_both_sides_are_shown_in_the_unit_of_the_base() -> None:
    assert common("ms", "sec") == "ms"
    assert common("sec", "ms") == "sec"


def units_in(node: object) -> set[str]:
    if isinstance(node, dict):
        below = set().union(*map(units_in, node.values())) if node else set()
        return below | ({node["unit"]} if isinstance(node.get("unit"), str) else set())
    return set().union(*map(units_in, node)) if isinstance(node, list) and node else set()


def test_every_unit_that_occurs_is_known() -> None:
    found = {metric.unit for metric in catalogue().values()}
    for path in EXPORTS.rglob("*.json"):
        found |= units_in(json.loads(path.read_bytes()))
    assert len(found) > 30
    assert {unit for unit in found if family(unit) is None} == set()
