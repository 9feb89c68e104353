"""The table of directions is complete, knows the traps, and its page says what it says."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from types import ModuleType

import pytest
from support.process import EXPORTS, ROOT

from migrator.aiperf.directions import CLASSES, direction, group_of, groups
from migrator.aiperf.metrics import catalogue, is_block


def page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("directions_page", ROOT / "docs" / "directions.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def recorded() -> set[str]:
    """Every tag that stands at the top of a recorded export."""
    documents = [json.loads(path.read_bytes()) for path in EXPORTS.rglob("profile_export_aiperf.json")]
    flat = [document.get("records", document) for document in documents]
    return {tag for document in flat for tag, value in document.items() if is_block(value)}


TAGS = [tag for group in groups() for tag in group.tags]


def test_every_registered_and_recorded_tag_has_a_class() -> None:
    assert {tag for tag in catalogue().keys() | recorded() if group_of(tag) is None} == set()
    assert {group.direction for group in groups()} == set(CLASSES)


def test_no_tag_is_made_up_or_stands_twice() -> None:
    assert [tag for tag, times in Counter(TAGS).items() if times > 1] == []
    accuracy = {"accuracy.overall", "accuracy.task.*", "accuracy.unparsed.*"}
    assert set(TAGS) - catalogue().keys() - recorded() == accuracy


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("time_to_first_token", "lower"),
        ("ttft", "lower"),
        ("request_latency", "lower"),
        ("effective_latency", "lower"),
        ("inter_token_latency", "lower"),
        ("http_req_waiting", "lower"),
        ("error_request_count", "lower"),
        ("request_error_rate", "lower"),
        ("nvidia_energy_per_output_token", "lower"),
        ("replay_sched_lag_p99", "lower"),
        ("osl_mismatch_count", "lower"),
        ("output_token_throughput", "higher"),
        ("prefill_throughput", "higher"),
        ("effective_decode_throughput", "higher"),
        ("goodput", "higher"),
        ("good_request_count", "higher"),
        ("good_request_fraction", "higher"),
        ("image_throughput", "higher"),
        ("rtfx", "higher"),
        ("accuracy.correct", "higher"),
        ("accuracy.task.mmlu", "higher"),
        ("accuracy.unparsed.task.mmlu", "lower"),
        ("nvidia_output_tokens_per_joule", "higher"),
        ("input_sequence_length", "parity"),
        ("output_sequence_length", "parity"),
        ("requested_osl", "parity"),
        ("total_isl", "parity"),
        ("request_count", "parity"),
        ("benchmark_token_count", "parity"),
        ("error_isl", "information"),
        ("osl_mismatch_diff_pct", "information"),
        ("thinking_efficiency", "information"),
        ("effective_concurrency", "information"),
        ("tokens_in_flight", "information"),
        ("nvidia_total_gpu_power", "information"),
        ("benchmark_duration", "information"),
        ("min_request_timestamp", "information"),
        ("http_req_connection_reused", "information"),
        ("my_own_metric", "information"),
        ("accuracy", "information"),
        ("", "information"),
    ],
)
def test_known_traps(tag: str, expected: str) -> None:
    assert direction(tag) == expected


def test_old_and_new_names_of_a_metric_are_judged_alike() -> None:
    for old, new in (
        ("ttft", "time_to_first_token"),
        ("ttst", "time_to_second_token"),
        ("benchmark_token_count", "total_osl"),
        ("prefill_throughput", "prefill_throughput_per_user"),
        ("total_gpu_power", "nvidia_total_gpu_power"),
        ("total_gpu_energy", "nvidia_total_gpu_energy"),
        ("output_tokens_per_joule", "nvidia_output_tokens_per_joule"),
        ("energy_per_user", "nvidia_energy_per_user"),
    ):
        assert group_of(old) == group_of(new)


@pytest.mark.parametrize("tag", [tag for tag in TAGS if tag.startswith(("nvidia_", "amd_"))])
def test_vendors_are_judged_alike(tag: str) -> None:
    vendor, _, name = tag.partition("_")
    assert group_of(tag) == group_of(f"{'amd' if vendor == 'nvidia' else 'nvidia'}_{name}")


def test_sums_over_a_run_are_judged_only_where_the_number_of_requests_was_chosen() -> None:
    totals = {tag for group in groups() if group.total for tag in group.tags}
    assert {"request_count", "total_osl", "nvidia_total_gpu_energy"} < totals
    for tag in TAGS:
        timed = direction(tag, fixed_requests=False)
        assert timed == ("information" if tag in totals else direction(tag))
    # What is bad at any length of the run.
    assert not totals & {"error_request_count", "goodput", "good_request_count"}


def test_a_sum_of_what_must_match_must_match() -> None:
    for tag in TAGS:
        single = tag.removeprefix("total_")
        if single != tag and f"{single}" in TAGS:
            assert direction(tag) == direction(single), tag


def test_every_disagreement_with_the_flag_has_a_reason_and_no_other() -> None:
    misread = page().misread
    for group in groups():
        assert bool(group.disagrees) == bool(misread(group)), group.name
        assert group.why.endswith(".")
    wrong = {tag for group in groups() for tag in misread(group)}
    assert {"goodput", "good_request_count", "image_throughput", "input_sequence_length", "error_isl"} <= wrong
    assert not wrong & {"time_to_first_token", "output_token_throughput", "good_request_fraction"}


def test_the_page_is_generated_from_the_table() -> None:
    module = page()
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run `make docs`"
    assert all(f"`{tag}`" in module.page() for tag in TAGS)
