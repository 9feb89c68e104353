"""One name a metric, whatever it was called when a run was recorded."""

from __future__ import annotations

import json

import pytest
from support.process import EXPORTS, export
from support.versions import NEWEST, NEWEST_RUN

from migrator.aiperf.metrics import is_block
from migrator.chain import names, steps
from migrator.chain.metric_ops import Derive
from migrator.chain.names import block_of, current, is_known, metrics_of, near, spellings
from migrator.chain.ops import InDialect, Rename, Unnest
from migrator.chain.places import GPU_METRICS
from migrator.chain.step import Step
from migrator.identify import MIGRATABLE, identify
from migrator.migration.migrate import migrate

RENAMED = {
    "ttft": "time_to_first_token",
    "ttst": "time_to_second_token",
    "benchmark_token_count": "total_osl",
    "prefill_throughput": "prefill_throughput_per_user",
    "total_gpu_power": "nvidia_total_gpu_power",
    "request_goodput": "goodput",
}


@pytest.mark.parametrize("former", RENAMED)
def test_every_name_of_a_metric_is_one(former: str) -> None:
    today = RENAMED[former]
    assert current(former) == current(today) == today
    assert spellings(former) == spellings(today) == (today, former)
    assert is_known(former)
    assert current("acme") == "acme"
    assert spellings("acme") == ("acme",)


def test_a_name_is_followed_through_all_that_renamed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions to come: a metric renamed twice, a name that another metric takes over, telemetry names of a dialect."""
    later = (
        Step(NEWEST, "9.1", "", "", (Rename({"time_to_first_token": "first_token_time", "a": "b"}),)),
        Step("9.1", "9.2", "", "", (InDialect(Rename({"first_token_time": "ttf", "c": "a"}), entering_up="vendor"),)),
        Step("9.2", "9.3", "", "", (Rename({"gpu_only": "other"}, at=GPU_METRICS),)),
    )
    monkeypatch.setattr(names, "STEPS", (*steps.STEPS, *later))
    for cached in (names._today, names.spellings):
        cached.cache_clear()
    try:
        assert current("ttft") == current("time_to_first_token") == current("ttf") == "ttf"
        assert spellings("ttft") == ("ttf", "first_token_time", "time_to_first_token", "ttft")
        assert current("a") == "a", "the name is in use again, for another metric"
        assert current("c") == "a"
        assert current("gpu_only") == "gpu_only", "a metric of a GPU is none of the run"
    finally:
        for cached in (names._today, names.spellings):
            cached.cache_clear()


DERIVED = {op.tag for step in steps.STEPS for op in step.ops if isinstance(op, Derive)}
"""Metrics that an upgrade computes from others."""


def test_metrics_stand_where_each_version_has_them() -> None:
    for path in EXPORTS.rglob("profile_export_aiperf.json"):
        document = json.loads(path.read_bytes())
        found = identify(document)
        if found.family not in MIGRATABLE:
            continue
        blocks = {tag: block for tag, block in metrics_of(document, found.version).items() if is_block(block)}
        newest = migrate(document, identity=found).document
        there = {tag for tag, block in newest.items() if is_block(block)}
        assert {current(tag) for tag in blocks} == there - (DERIVED - blocks.keys())
        for tag in blocks:
            assert block_of(metrics_of(document, found.version), current(tag)) is blocks[tag]


def test_metrics_that_are_not_where_they_should_be_are_none() -> None:
    assert metrics_of({"records": 1}, "0.1") == metrics_of([], NEWEST) == metrics_of({}, "0.1") == {}
    assert metrics_of({"records": {"unit": "ms"}}, "0.1") == {}
    assert metrics_of({"a": 1}, "99.0") == {"a": 1}


def test_the_name_of_today_counts_where_a_document_has_both() -> None:
    old, new = {"unit": "ms", "avg": 1}, {"unit": "ms", "avg": 2}
    assert block_of({"ttft": old, "time_to_first_token": new}, "ttft") is new
    assert block_of({"ttft": old, "time_to_first_token": None}, "time_to_first_token") is old
    assert block_of({"ttft": 5}, "ttft") is None


def test_where_metrics_stand_is_read_off_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    later = Step(NEWEST, "9.1", "", "", (Unnest("results"),))
    monkeypatch.setattr(names, "STEPS", (*steps.STEPS, later))
    names.metrics_path.cache_clear()
    try:
        assert names.metrics_path(NEWEST) == ("results",)
        assert names.metrics_path("9.1") == ()
    finally:
        names.metrics_path.cache_clear()


def test_a_misspelt_name_has_near_ones() -> None:
    assert near("requst_latency")[0] == "request_latency"
    assert "time_to_first_token" in near("tttf"), "today's name of the one that was meant"
    assert near("acme_scroe", ["acme_score"]) == ["acme_score"]
    assert near("genai_perf_input_confg") == []
    assert not is_known("requst_latency")


def test_recorded_metrics_are_known() -> None:
    for name in ("0.1.1/chat-streaming", NEWEST_RUN):
        document = json.loads(export(name).read_bytes())
        tags = [tag for tag, block in metrics_of(document, identify(document).version).items() if is_block(block)]
        assert [tag for tag in tags if not is_known(tag)] == []
