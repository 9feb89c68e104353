"""The table of changed definitions is sound, its conditions read documents rightly, and its page says what it says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from migrator.aiperf.definitions import (
    CONDITIONS,
    Definition,
    Era,
    RunFacts,
    by_new_definition,
    crossed,
    definitions,
    era_of,
    facts_of,
    notes_of,
)
from migrator.aiperf.metrics import catalogue
from migrator.aiperf.releases import age

ROOT = Path(__file__).parents[2]


def page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("definitions_page", ROOT / "docs" / "definitions.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def facts(config: dict[str, Any] | None = None, **averages: float) -> RunFacts:
    return RunFacts(averages, config or {})


def change(tag: str, since: str) -> Definition:
    return next(one for one in definitions() if tag in one.tags and one.since == since)


def test_every_entry_is_complete_and_they_stand_in_order() -> None:
    assert [age(one.since) for one in definitions()] == sorted(age(one.since) for one in definitions())
    for one in definitions():
        assert one.condition in CONDITIONS
        assert one.weight in ("large", "small", "none")
        assert one.seen in ("runs", "sources")
        assert not one.nightly or age(one.nightly) < age(one.since)
        assert not one.quotient or len(one.quotient) == 2


def test_every_tag_is_one_that_a_release_writes() -> None:
    known = catalogue().keys() | {"effective_latency"}
    tags = {tag.removeprefix("adj_") for one in definitions() for tag in (*one.tags, *one.quotient, one.grows)} - {""}
    assert not tags - known


@pytest.mark.parametrize(
    ("writer", "version", "metrics", "expected"),
    [
        ("0.8.0", "1.1", (), Era("0.8.0", "0.8.0")),
        (None, "0.1", (), Era("0.1.1", "0.1.1")),
        (None, "0.3", (), Era("0.2.0", "0.3.0")),
        (None, "0.3", ("prefill_throughput_per_user",), Era("0.3.0", "0.3.0")),
        (None, "1.0", (), Era("0.1.1", "0.7.0")),
        ("not a release", "1.0", (), Era("0.4.0", "0.7.0")),
        (None, "genai-perf", (), None),
    ],
)
def test_the_releases_that_a_run_can_be_from(
    writer: str | None, version: str, metrics: tuple[str, ...], expected: Era | None
) -> None:
    assert era_of(writer, version, metrics) == expected


@pytest.mark.parametrize(
    ("release", "side"),
    [
        ("0.11.0", "before"),
        ("0.8.0.dev20260521", "before"),
        ("0.11.0.dev20260715", "unknown"),
        ("0.11.0.dev20260724", "after"),
        ("0.12.0", "after"),
        ("0.14.0", "after"),
    ],
)
def test_nightlies_have_a_definition_from_the_first_on_that_was_looked_at(release: str, side: str) -> None:
    energy = change("nvidia_output_tokens_per_joule", "0.12.0")
    assert Era(release, release).side_of(energy) == side


def test_a_post_release_is_its_release() -> None:
    assert Era("0.6.0.post1", "0.6.0.post1").side_of(change("request_latency", "0.8.0")) == "before"


def test_runs_of_one_release_have_one_definition_and_others_may_not() -> None:
    one, other = Era("0.11.0", "0.11.0"), Era("0.12.0", "0.12.0")
    assert crossed([one, one]) == []
    assert {found.since for found in crossed([one, other])} == {"0.12.0"}


def test_what_is_only_written_in_more_runs_is_no_other_definition() -> None:
    found = crossed([Era("0.12.0", "0.12.0"), Era("0.13.0", "0.13.0")])
    assert not any("completed_request_count" in one.tags for one in found)


@pytest.mark.parametrize(
    ("condition", "config", "averages", "expected"),
    [
        ("reasoning", {}, {"total_reasoning_tokens": 304.0}, True),
        ("reasoning", {}, {"total_osl": 400.0}, False),
        ("several turns", {"datasets": [{"type": "synthetic", "turns": {"mean": 2}}]}, {}, True),
        ("several turns", {"datasets": [{"type": "synthetic"}]}, {}, False),
        ("several turns", {"datasets": [{"type": "file", "format": "multi_turn"}]}, {}, None),
        ("several turns", {"datasets": [{"type": "file", "format": "single_turn"}]}, {}, False),
        ("system prompt", {"datasets": [{"prefix_prompts": {"shared_system_length": 100}}]}, {}, True),
        ("system prompt", {"datasets": [{"type": "synthetic"}]}, {}, False),
        ("system prompt", {"datasets": [{"type": "public", "dataset": "sharegpt"}]}, {}, None),
        ("tool calls", {"endpoint": {"extra": {"tools": []}}}, {}, None),
        ("tool calls", {"endpoint": {"extra": {"temperature": 0}}}, {}, False),
        ("usage by chunk", {"endpoint": {"per_chunk_usage": True}}, {}, True),
        ("usage asked for", {"endpoint": {"streaming": True}}, {}, True),
        ("usage asked for", {"endpoint": {"streaming": True, "use_server_token_count": True}}, {}, False),
        ("usage asked for", {"endpoint": {}}, {}, False),
        ("server token counts", {"endpoint": {"use_server_token_count": True}}, {}, True),
        ("several turns", {"datasets": "damaged", "endpoint": 7}, {}, False),
    ],
)
def test_a_condition_reads_the_document(
    condition: str, config: dict[str, Any], averages: dict[str, float], expected: bool | None
) -> None:
    assert CONDITIONS[condition].holds(facts(config, **averages)) is expected


@pytest.mark.parametrize(("failed", "expected"), [(6, True), (0, False), (None, None)])
def test_failed_requests_are_counted_by_the_caller(failed: int | None, expected: bool | None) -> None:
    assert CONDITIONS["failed requests"].holds(facts_of({}, {}, failed)) is expected


def test_energy_without_a_counter_is_seen_by_the_metrics_of_the_gpus() -> None:
    def telemetry(*names: str) -> dict[str, Any]:
        gpus = {"0": {"metrics": dict.fromkeys(names)}}
        return {"telemetry_data": {"endpoints": {"a": {"gpus": gpus}}}}

    holds = CONDITIONS["no energy counter"].holds
    energy = {"nvidia_total_gpu_energy": 9.0}
    assert holds(facts_of(energy, telemetry("nvidia_power_usage"))) is True
    assert holds(facts_of(energy, telemetry("nvidia_power_usage", "nvidia_energy_consumption"))) is False
    assert holds(facts_of(energy, {})) is False
    assert holds(facts_of({}, telemetry("nvidia_power_usage"))) is False


def test_tokens_per_joule_follow_from_what_an_older_file_has() -> None:
    energy = change("nvidia_output_tokens_per_joule", "0.12.0")
    assert by_new_definition(energy, {"total_osl": 416.0, "nvidia_total_gpu_energy": 1664.0}) == 0.25
    assert by_new_definition(energy, {"total_osl": 416.0}) is None
    assert by_new_definition(energy, {"total_osl": 416.0, "nvidia_total_gpu_energy": 0.0}) is None
    assert by_new_definition(change("request_latency", "0.8.0"), {"request_latency": 1.0}) is None


def test_a_note_says_what_was_before_and_what_is_now() -> None:
    told = notes_of("nvidia_output_tokens_per_joule", "0.12.0")
    assert "total_output_tokens / energy" in told
    assert "total_osl / energy" in told
    assert notes_of("nvidia_output_tokens_per_joule", "0.8.0") == ""


def test_the_page_is_generated_from_the_table() -> None:
    made = page()
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), "run `make docs`"
