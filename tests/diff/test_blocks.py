"""The packed metrics of a run say what its stats blocks say, whatever shapes were met before."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.aiperf.sound import is_sound
from migrator.diff.blocks import Block, blocks_of, number_of, tags_of, with_more
from migrator.jsonfile import Numeral

_NUMBERS = st.one_of(
    st.floats(),
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([Numeral("1.50"), Numeral("1e400"), Numeral("NaN"), 1.7e308, -1.7e308, math.inf, 0, -0.0]),
)
_OTHER = st.sampled_from([None, True, False, "5", [], {}])
_NAMES = ["avg", "p50", "p99", "std", "count", "sum", "note", "samples"]
_BLOCKS = st.fixed_dictionaries(
    {"unit": st.sampled_from(["ms", "tokens", "", None, 5])},
    optional=dict.fromkeys(_NAMES, _NUMBERS | _OTHER),
)
_ADDED = ("count", "sum")
_METRICS = st.dictionaries(st.sampled_from(["latency", "throughput", "tokens"]), _BLOCKS, max_size=3)


def plainly(metrics: dict[str, Any]) -> dict[str, tuple[str, dict[str, float]]]:
    """The finite statistics of each block, block by block."""
    found = {}
    for tag, block in metrics.items():
        numbers = {
            name: float(value)
            for name, value in block.items()
            if name in ("avg", "p50", "p99", "std", "count", "sum")
            and type(value) in (int, float, Numeral)
            and math.isfinite(value)
        }
        if numbers:
            found[tag] = (str(block["unit"]), numbers)
    return found


def told(blocks: Any) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Blocks in the order of their members, with every bit of their numbers."""
    return {tag: (unit, [(name, value.hex()) for name, value in values.items()]) for tag, (unit, values) in blocks}


@given(st.lists(_METRICS, min_size=1, max_size=4))
def test_each_run_keeps_its_own_numbers(runs: list[dict[str, Any]]) -> None:
    """Runs of one shape come after each other, so that the later ones are read by what is remembered of the first."""
    for metrics in [*runs, *runs]:
        found = blocks_of(metrics)
        assert told(found.items()) == told(plainly(metrics).items())
        assert len(found) == len(list(found))


@given(_METRICS, _METRICS)
def test_others_take_their_place_or_come_after(metrics: dict[str, Any], others: dict[str, Any]) -> None:
    more = {tag: Block(unit, values) for tag, (unit, values) in plainly(others).items()}
    found, expected = with_more(blocks_of(metrics), more), plainly(metrics) | plainly(others)
    assert told(found.items()) == told(expected.items())
    assert list(found) == list(expected)
    assert len(found) == len(expected)
    assert found.get("latency") == (found["latency"] if "latency" in expected else None)
    assert tags_of([found, more]) == {*expected, *more}


def test_files_of_many_metrics_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrator.diff.blocks._LARGEST", -1)

    @given(_METRICS)
    def law(metrics: dict[str, Any]) -> None:
        assert told(blocks_of(metrics).items()) == told(plainly(metrics).items())

    law()


@given(_METRICS, st.sampled_from(["latency", "throughput", "other"]))
def test_a_metric_whose_numbers_are_out_of_order_is_found(metrics: dict[str, Any], always: str) -> None:
    blocks = blocks_of(metrics)
    tags = ["latency", "throughput", "tokens", "other"]
    expected = [
        tag
        for tag in tags
        if tag in blocks
        and (
            tag == always
            or not is_sound(
                {"unit": "ms", **{name: value for name, value in blocks[tag].values.items() if name not in _ADDED}}
            )
        )
    ]
    assert blocks.doubtful(tags, {always}) == expected


@given(_METRICS, _METRICS)
def test_blocks_are_the_same_only_if_every_bit_is(metrics: dict[str, Any], others: dict[str, Any]) -> None:
    one, other = blocks_of(metrics), blocks_of(others)
    assert one.surely_same(blocks_of(dict(metrics)))
    assert one.surely_same(other) == (list(told(one.items()).items()) == list(told(other.items()).items()))
    for tag in ("latency", "other"):
        for name in ("avg", "p50"):
            block = one.get(tag)
            assert number_of(one, tag, name) == number_of(dict(one), tag, name)
            assert number_of(one, tag, name) == (block.values.get(name) if block else None)


def test_a_sum_beyond_floats_is_no_missing_number() -> None:
    """Two numbers whose sum overflows are still finite."""
    metrics = {"latency": {"unit": "ms", "avg": 1.7e308, "p50": 1.7e308}}
    assert [dict(blocks_of(metrics)["latency"].values) for _ in range(3)] == [{"avg": 1.7e308, "p50": 1.7e308}] * 3


def test_runs_of_one_shape_share_it() -> None:
    one, other = (blocks_of({"latency": {"unit": "ms", "avg": value, "p50": 2}}) for value in (1.5, 2.5))
    assert one["latency"].values["avg"] == 1.5
    assert other["latency"].values["avg"] == 2.5
    assert one._table is other._table
