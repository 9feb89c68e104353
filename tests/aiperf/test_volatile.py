"""What is left out of a comparison: enough that two runs of one command agree, and nothing that matters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.process import EXPORTS, export

from migrator.aiperf.metrics import is_block
from migrator.aiperf.volatile import VOLATILE, nameless, reason, stable
from migrator.jsonfile import fingerprint, parse
from migrator.migration.migrate import migrate

NAMES = sorted(str(path.parent.relative_to(EXPORTS)) for path in EXPORTS.rglob("profile_export_aiperf.json"))


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = parse(export(name).read_bytes()).data
    return found


def settings(content: dict[str, Any]) -> dict[str, Any]:
    """All but numbers: configuration and run identity."""
    return {key: value for key, value in content.items() if not is_block(value) and key != "warmup_metrics"}


def leaves(node: Any, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], Any]:
    if isinstance(node, dict) and node:
        return {place: leaf for key, value in node.items() for place, leaf in leaves(value, (*path, key)).items()}
    if isinstance(node, list) and node:
        return {place: leaf for key, value in enumerate(node) for place, leaf in leaves(value, (*path, key)).items()}
    return {path: node}


def matches(pattern: str, path: tuple[str | int, ...]) -> bool:
    parts = pattern.split(".")
    return len(path) >= len(parts) and all(a in ("*", str(b)) for a, b in zip(parts, path, strict=False))


@pytest.mark.parametrize(
    ("first", "second"),
    [("lab/base-1", "lab/base-2"), ("lab/base-1", "lab/slow20-3"), ("noisy/base-1", "noisy/slow8-2")],
)
def test_two_runs_of_one_command_are_configured_alike(first: str, second: str) -> None:
    a, b = (settings(document(name)) for name in (first, second))
    assert a != b
    assert stable(a) == stable(b)


@pytest.mark.parametrize("name", NAMES)
def test_exactly_what_has_a_reason_is_left_out(name: str) -> None:
    content = document(name)
    before = fingerprint(content)
    kept, there = leaves(stable(content)), leaves(content)
    assert fingerprint(content) == before
    for path, value in there.items():
        if reason(path) is None:
            assert kept[path] == value
        elif path in kept:
            assert kept[path] == nameless(value)
    # A container that has lost all its content may be left behind empty.
    assert all(path in there or value in ({}, []) for path, value in kept.items())


def test_what_identifies_a_workload_is_kept() -> None:
    for path in (
        ("input_config", "models", "items", 0, "name"),
        ("input_config", "tokenizer", "name"),
        ("input_config", "datasets", 0, "random_seed"),
        ("input_config", "endpoint", "urls"),
        ("input_config", "artifacts", "slice_duration"),
        ("run_info", "random_seed"),
        ("run_info", "variation_values", "phases.profiling.concurrency"),
        ("aiperf_version",),
        ("was_cancelled",),
        ("telemetry_data", "endpoints", "a", "gpus", "gpu_0", "gpu_name"),
        ("request_latency", "avg"),
        ("my_own", "benchmark_id"),
        (),
    ):
        assert reason(path) is None, path


def test_what_is_below_a_place_is_left_out_with_it() -> None:
    assert reason(("input_config", "runtime", "communication", "tcp", "port")) == reason(
        ("input_config", "runtime", "communication")
    )
    assert stable({"input_config": {"runtime": {"communication": {"a": 1}, "ui": "none"}}}) == {
        "input_config": {"runtime": {"ui": "none"}}
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/me/trace.jsonl", "…/trace.jsonl"),
        ("~/runs/trace.jsonl", "…/trace.jsonl"),
        ("C:\\runs\\trace.jsonl", "…/trace.jsonl"),
        ("\\\\host\\share\\trace.jsonl", "…/trace.jsonl"),
        ("/trace.jsonl", "…/trace.jsonl"),
        ("trace.jsonl", "trace.jsonl"),
        ("data/trace.jsonl", "data/trace.jsonl"),
        ("", ""),
        ("/", "/"),
    ],
)
def test_the_folder_of_an_input_is_left_out_and_its_name_kept(path: str, expected: str) -> None:
    assert nameless(path) == expected
    assert stable({"input_config": {"datasets": [{"path": path}]}}) == {
        "input_config": {"datasets": [{"path": expected}]}
    }
    assert stable({"input_config": {"input": {"file": path}}}) == {"input_config": {"input": {"file": expected}}}


@given(
    st.recursive(
        st.none() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from([part for entry in VOLATILE for part in entry.path.split(".")]), inner, max_size=4
            )
        ),
        max_leaves=20,
    )
)
def test_any_document_can_be_looked_at_twice(node: Any) -> None:
    content = {"input_config": node, "run_info": node, "telemetry_data": node}
    once = stable(content)
    assert stable(once) == once


def test_every_place_is_said_once_and_with_a_reason() -> None:
    paths = [entry.path for entry in VOLATILE]
    assert len(set(paths)) == len(paths)
    assert all(entry.reason for entry in VOLATILE)
    # None of them is below another, where it would never be asked for.
    assert not [a for a in paths for b in paths if a.startswith(f"{b}.")]


def test_the_list_meets_real_files() -> None:
    places: set[tuple[str | int, ...]] = set()
    for name in NAMES:
        content = document(name)
        for version in (content, migrate(content).document):
            places |= {path for path in leaves(version) if reason(path)}
    met = {entry.path for entry in VOLATILE if any(matches(entry.path, path) for path in places)}
    unseen = {entry.path for entry in VOLATILE} - met
    # Options that no recording uses; their names are those of AIPerf 0.13.0's configuration model.
    assert unseen == {
        "input_config.artifacts.prefix",
        "input_config.artifacts.user_files.*.path",
        "input_config.datasets.*.system_prompt_file",
        "input_config.gpu_telemetry.metrics_file",
        "input_config.mlflow.parent_run_id",
        "input_config.mlflow.run_name",
        "input_config.output.profile_export_file",
        "input_config.output.profile_export_prefix",
        "input_config.phases.*.rate_series.path",
        "input_config.runtime.api_host",
        "input_config.runtime.api_port",
        "input_config.runtime.communication",
        "input_config.runtime.dataset_api_base_url",
        "input_config.wandb.run_name",
        "replay_send_schedule_offset",
        "telemetry_data.endpoints.*.gpus.*.namespace",
        "telemetry_data.endpoints.*.gpus.*.pod_name",
        "warmup_metrics.max_response_timestamp",
        "warmup_metrics.min_request_timestamp",
        "warmup_metrics.replay_send_schedule_offset",
    }
