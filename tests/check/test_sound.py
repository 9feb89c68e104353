"""Blocks that are sound are passed over: the findings are those of every rule on every block."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from benchmarks.measure import GOLDEN
from migrator.aiperf import sound
from migrator.aiperf.metrics import STATISTICS, is_block
from migrator.aiperf.sound import sound_numbers
from migrator.check import Finding, check, rule
from migrator.jsonfile import Numeral
from migrator.schemas import violations

NAMES = [
    *(f"{release}/chat-streaming" for release in ("0.1.1", "0.3.0", "0.6.0", "0.8.0", "0.11.0", "0.13.0")),
    "0.13.0/embeddings",
]


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((GOLDEN / name / "profile_export_aiperf.json").read_bytes())
    return found


def by_every_rule(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    with monkeypatch.context() as patch:
        patch.setattr(rule, "is_sound", lambda block: False)
        return check(document)


numbers = st.one_of(
    st.none(),
    st.integers(-3, 50),
    st.floats(-1, 100),
    st.sampled_from(
        [math.nan, math.inf, -0.0, 0, 1e61, 2**300, -(2**300), True, "12", Numeral("NaN"), Numeral("1.50"), [], {}]
    ),
)
blocks = st.dictionaries(st.sampled_from([*STATISTICS, "unit", "tag", "extra"]), numbers, max_size=8).map(
    lambda block: {"unit": "ms", **block}
)


@pytest.mark.parametrize("name", NAMES)
def test_recordings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(recorded(name)) == by_every_rule(recorded(name), monkeypatch)


@given(
    name=st.sampled_from(NAMES),
    tag=st.sampled_from(["request_latency", "request_count", "custom", "was_cancelled", "run_info", "start_time"]),
    block=blocks,
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_block(name: str, tag: str, block: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    document = recorded(name)
    document[tag] = block
    assert repr(_outcome(check, document)) == repr(_outcome(lambda each: by_every_rule(each, monkeypatch), document))


def _outcome(run: Any, document: dict[str, Any]) -> Any:
    try:
        return run(document)
    except Exception as error:
        return type(error), str(error)


@given(block=blocks)
@settings(max_examples=300, deadline=None)
def test_a_sound_block_fits_every_version(block: dict[str, Any]) -> None:
    if rule.is_sound(block):
        for version in ("0.2", "1.0", "1.1", "1.5"):
            label = {"schema_version": version} if version >= "1.0" else {}
            assert violations(version, {**label, "request_latency": block}) == []


@given(block=blocks)
@settings(max_examples=1000, deadline=None)
@example(block={"unit": "ms", "avg": 10**400})
@example(block={"unit": "ms", "avg": 1.0, "p50": math.nan, "min": 0.5, "max": 2.0})
@example(block={"unit": "ms", "avg": 1.0, "min": 0.5, "max": 2.0, "std": -0.5})
@example(block={"unit": "ms", "avg": 1.0, "count": -1, "sum": -1.0})
@example(block={"unit": "ms", "avg": True})
@example(block={"unit": "ms", "avg": 0})
@example(block={"unit": None, "avg": 1.0})
@example(block={"unit": "ms"})
def test_what_is_told_at_first_sight_is_what_a_closer_look_tells(block: dict[str, Any]) -> None:
    if sound.is_plainly_sound(block):
        assert sound._is_sound(block)
        assert None not in block.values()


@given(found=st.lists(blocks, min_size=1, max_size=5))
@settings(max_examples=500, deadline=None)
def test_blocks_together_are_what_each_of_them_is(found: list[dict[str, Any]]) -> None:
    groups = sound.groups_of(found)
    if groups is not None and all(type(block["unit"]) is str for block in found):
        assert sound.are_plainly_sound(found, groups) == all(map(sound.is_plainly_sound, found))


@pytest.mark.parametrize("name", NAMES[1:])
@given(
    at=st.integers(0, 10**6),
    change=st.dictionaries(st.sampled_from(STATISTICS), numbers, min_size=1, max_size=2),
    close=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_recorded_blocks_together_are_what_each_of_them_is(
    name: str, at: int, change: dict[str, Any], close: bool
) -> None:
    document = recorded(name)
    found = [block for block in document.values() if is_block(block) and "avg" in block]
    groups = sound.groups_of(found)
    assert groups is not None
    assert sound.are_plainly_sound(found, groups) == all(map(sound.is_plainly_sound, found))
    block = found[at % len(found)]
    for key in change.keys() & block.keys():
        block[key] = block[key] * (1 + 1e-10) if close else change[key]
    assert sound.are_plainly_sound(found, groups) == all(map(sound.is_plainly_sound, found))
    assert sound._is_sound(block) or not sound.is_plainly_sound(block)


def test_nearly_every_recorded_block_is_told_at_first_sight() -> None:
    found = [block for name in NAMES for block in recorded(name).values() if is_block(block)]
    assert sum(map(sound.is_plainly_sound, found)) > 0.9 * len(found)


@pytest.mark.parametrize(
    "change",
    [{"p99": 1.0}, {"min": 9.0}, {"avg": 99.0}, {"sum": 5.0}, {"count": 2.5}, {"std": -1.0}, {"p50": math.nan}],
)
def test_a_block_that_a_rule_has_to_do_with_is_not_sound(change: dict[str, float]) -> None:
    block = {"unit": "ms", "avg": 3.0, "p50": 3.0, "p99": 4.0, "min": 2.0, "max": 4.0, "std": 1.0, "count": 2, "sum": 6}
    assert rule.is_sound(block)
    assert not rule.is_sound({**block, **change})


def test_an_average_beside_percentiles_alone_is_sound() -> None:
    """No rule has to do with it: a file of such blocks must not be looked at by every one."""
    assert rule.is_sound({"unit": "ms", "avg": 1.5, "p50": 2.25})
    assert rule.is_sound({"unit": "ms", "avg": 1.5, "p50": 2.25, "max": 3.0})


@given(st.dictionaries(st.sampled_from(STATISTICS), st.floats(allow_nan=False, allow_infinity=False), max_size=8))
def test_numbers_are_sound_as_their_block_is(numbers: dict[str, float]) -> None:
    block = {name: value for name, value in numbers.items() if name not in ("count", "sum")}
    assert sound_numbers(tuple(numbers))(list(numbers.values())) == rule.is_sound({"unit": "ms", **block})
