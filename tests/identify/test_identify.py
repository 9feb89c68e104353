"""What a file is: by its content alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.real_documents import EXPORTS, recorded
from support.versions import NEWEST

from migrator.aiperf.releases import NIGHTLIES, RELEASES
from migrator.chain.steps import VERSIONS
from migrator.config.family import FAMILY_MODELS, config_model, family_of
from migrator.errors import MigratorError, NewerVersionError, NotAnExportError, UnknownVersionError
from migrator.identify import BESIDE, Family, Identity, family, identify, require_migratable, telemetry_dialect
from migrator.jsonfile import parse
from migrator.migration.migrate import migrate

BLOCK = {"unit": "ms", "avg": 1.5}
RUN = {"input_config": {}, "was_cancelled": False, "error_summary": []}

WRITTEN_BY = {
    "0.1.1": ("0.1", "UserConfig"),
    "0.2.0": ("0.2", "UserConfig"),
    "0.3.0": ("0.3", "UserConfig"),
    "0.4.0": ("1.0", "UserConfig"),
    "0.5.0": ("1.0", "UserConfig"),
    "0.6.0": ("1.0", "UserConfig"),
    "0.7.0": ("1.0", "UserConfig"),
    "0.8.0": ("1.1", "UserConfig"),
    "0.8.0.dev20260511": ("1.1", "UserConfig"),
    "0.8.0.dev20260521": ("1.3", "BenchmarkConfig"),
    "0.9.0": ("1.3", "BenchmarkConfig"),
    "0.10.0": ("1.3", "BenchmarkConfig"),
    "0.11.0": ("1.3", "BenchmarkConfig"),
    "0.11.0.dev20260715": ("1.4", "BenchmarkConfig"),
    "0.11.0.dev20260724": ("1.4", "BenchmarkConfig"),
    "0.12.0": ("1.4", "BenchmarkConfig"),
    "0.13.0": ("1.4", "BenchmarkConfig"),
    "0.13.0.dev20261007": ("1.5", "BenchmarkConfig"),
    "0.13.0.dev20261023": ("1.5", "BenchmarkConfig"),
}
"""Release → version and family of `input_config`, as the releases' own sources have it."""

DIALECT = dict.fromkeys(
    ("0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "0.9.0", "0.10.0", "0.11.0"),
    "legacy",
) | {
    "0.8.0.dev20260511": "legacy",
    "0.8.0.dev20260521": "legacy",
    "0.11.0.dev20260715": "legacy",
    "0.11.0.dev20260724": "vendor",
    "0.12.0": "vendor",
    "0.13.0": "vendor",
    "0.13.0.dev20261007": "vendor",
    "0.13.0.dev20261023": "vendor",
}
"""Release → telemetry names, where a scenario with GPUs was recorded."""

FAMILY_OF = {
    "profile_export_aiperf.json": Family.EXPORT,
    "profile_export_aiperf_aggregate.json": Family.AGGREGATE,
    "profile_export_aiperf_collated.json": Family.COLLATED,
    "profile_export_aiperf_sweep.json": Family.SWEEP,
    "profile_export_aiperf_timeslices.json": Family.TIMESLICES,
    "server_metrics_export.json": Family.SERVER_METRICS,
    "inputs.json": Family.INPUTS,
    "outputs.json": Family.OUTPUTS,
    "run_config.json": Family.RUN_CONFIG,
    "phase_manifest.json": Family.PHASE_MANIFEST,
    "gpu_telemetry.json": Family.PHASE_DATA,
    "server_metrics.json": Family.PHASE_DATA,
    "profile_export.jsonl": Family.RECORDS,
    "gpu_telemetry_export.jsonl": Family.TELEMETRY_RECORDS,
    "profile_export_genai_perf.json": Family.GENAI_PERF,
}
"""The names under which the recorded releases wrote their files: the answer key, unknown to the tool."""
SLICES = {"0.3.0": "0.3", "0.4.0": "1.0", "0.8.0": "1.1", "0.11.0": "1.3", "0.13.0": "1.4"}
TELEMETRY_RECORDS = {**dict.fromkeys(("0.4.0", "0.8.0", "0.11.0"), "AIPerf 0.4.0"), "0.13.0": "AIPerf 0.13.0"}
"""Release → the version of its files beside an export."""

FILES = sorted(path for path in EXPORTS.rglob("*.json*") if path.name in FAMILY_OF)


def first_document(path: Path) -> Any:
    raw = path.read_bytes()
    return parse(raw.splitlines()[0] if path.suffix == ".jsonl" else raw).data


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(EXPORTS)))
def test_every_recorded_file(path: Path) -> None:
    document = first_document(path)
    found = identify(document)
    assert found.family is family(document) is FAMILY_OF[path.name]
    assert found.evidence
    if found.family is not Family.EXPORT:
        if found.family in BESIDE:
            wanted = SLICES if found.family is Family.TIMESLICES else TELEMETRY_RECORDS
            assert found.version == found.as_dict()["version"] == wanted[path.relative_to(EXPORTS).parts[0]]
        else:
            assert found.version == ("genai-perf" if found.family is Family.GENAI_PERF else "")
            assert found.as_dict().keys() == {"family", "evidence"}
        if found.family is Family.GENAI_PERF:
            require_migratable(found)
            return
        with pytest.raises(NotAnExportError, match=f"^is {found.family.noun}, not a main export"):
            require_migratable(found)
        return
    release = path.relative_to(EXPORTS).parts[0]
    later = {entry.name: (entry.version, "BenchmarkConfig") for entry in (*RELEASES, *NIGHTLIES)}
    release = release if release in later | WRITTEN_BY else "0.13.0"
    version, config = (later | WRITTEN_BY)[release]
    assert (found.version, found.config) == (version, config)
    assert version in found.versions
    assert found.writers == (release,)
    assert found.writer == (release if version >= "1.0" else "")
    assert found.label == (version if version >= "1.0" else None)
    assert not found.mislabelled
    assert not found.newer
    has_gpus = bool(((document.get("telemetry_data") or {}).get("endpoints")) or {})
    assert found.dialect == (DIALECT.get(release, "vendor") if has_gpus else None)
    require_migratable(found)


def test_every_recorded_family_is_in_the_key() -> None:
    seen = {path.name for path in EXPORTS.rglob("*.json*") if path.name != "PROVENANCE.json"}
    assert seen <= FAMILY_OF.keys()
    assert {FAMILY_OF[name] for name in seen} >= set(Family) - {
        Family.OUTPUTS,
        Family.RESIDUE,
        Family.JOURNAL,
        Family.REPORT,
        Family.TEXT,
        Family.OTHER,
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_looking_quickly_finds_the_same_version(version: str) -> None:
    for document in recorded(version):
        quick, slow = identify(document, details=False), identify(document)
        assert (quick.version, quick.versions, quick.label, quick.non_metric_keys) == (
            slow.version,
            slow.versions,
            slow.label,
            slow.non_metric_keys,
        )
        assert (quick.dialect, quick.config, quick.writers) == (None, "", ())


def test_messages_name_a_family_with_its_article() -> None:
    nouns = {found: found.noun for found in Family}
    assert nouns[Family.AGGREGATE] == "an aggregate"
    assert nouns[Family.EXPORT] == "a main export"
    assert nouns[Family.RECORDS] == "a file of per-request records"
    assert nouns[Family.GENAI_PERF] == "a GenAI-Perf export"
    assert len(set(nouns.values())) == len(Family)


@pytest.mark.parametrize(
    ("config", "model"),
    [
        (None, ""),
        ([], ""),
        ({}, ""),
        ({"endpoint": {}}, ""),
        ({"endpoint": {"model_names": ["m"]}}, "UserConfig"),
        ({"loadgen": {}, "input": {}, "phases": "a field of the user's own"}, "UserConfig"),
        ({"artifacts": {}}, "BenchmarkConfig"),
        ({"models": {}, "datasets": [], "input": "a field of the user's own"}, "BenchmarkConfig"),
    ],
)
def test_one_function_tells_the_family_of_a_configuration(config: Any, model: str) -> None:
    assert config_model(config) == model
    assert FAMILY_MODELS.get(model) == family_of(config)
    document = {"schema_version": "1.1", "input_config": {}, "request_latency": {"unit": "ms"}}
    if type(config) is dict:
        assert identify({**document, "input_config": config}).config == model


# --- labels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "found"),
    [
        (1.5, "schema_version is a number (1.5)"),
        (15, "schema_version is a number (15)"),
        (None, "schema_version is null"),
        (True, "schema_version is true or false (True)"),
        ([NEWEST], "schema_version is an array"),
        ({}, "schema_version is an object"),
        ("", 'schema_version is ""'),
        ("v1.3", 'schema_version is "v1.3"'),
        ("banana", 'schema_version is "banana"'),
        ("1.3 ", 'schema_version is "1.3 "'),
        ("1.3\n", 'schema_version is "1.3\n"'),
        ("1.03", 'schema_version is "1.03"'),
        ("1.3.0", 'schema_version is "1.3.0"'),
        ("1", 'schema_version is "1"'),
        ("-1.3", 'schema_version is "-1.3"'),
        ("0.3", 'schema_version is "0.3", which no AIPerf release wrote'),
        ("0.9", 'schema_version is "0.9", which no AIPerf release wrote'),
        ("9" * 5000 + ".0", 'schema_version is "9999'),
    ],
)
def test_labels_that_no_release_writes(label: Any, found: str) -> None:
    document = {**recorded(NEWEST)[0], "schema_version": label}
    with pytest.raises(UnknownVersionError) as caught:
        identify(document)
    assert not isinstance(caught.value, NewerVersionError)
    assert caught.value.found.startswith(found)
    assert len(caught.value.found) < 120
    assert caught.value.place == "$.schema_version"
    assert caught.value.expected
    with pytest.raises(UnknownVersionError):
        migrate(document, "1.0")


@pytest.mark.parametrize("label", ["1.98", "1.99"])
def test_a_newer_minor_version_may_be_looked_at_but_not_migrated(label: str) -> None:
    document = {**recorded(NEWEST)[0], "schema_version": label}
    found = identify(document)
    assert (found.version, found.label, found.newer, found.mislabelled) == (label, label, True, False)
    assert found.dialect == "vendor"
    for target in VERSIONS:
        with pytest.raises(NewerVersionError, match=f"is newer than this tool knows; expected at most {NEWEST}"):
            migrate(document, target)


@pytest.mark.parametrize("label", ["2.0", "10.1"])
def test_a_newer_major_version_is_refused(label: str) -> None:
    with pytest.raises(NewerVersionError, match=f'"{label}" is newer than this tool knows') as caught:
        identify({**recorded(NEWEST)[0], "schema_version": label})
    assert caught.value.place == "$.schema_version"
    assert "a newer aiperf-migrate" in caught.value.hint


@pytest.mark.parametrize(
    ("label", "content", "change"),
    [
        ("1.0", "1.1", {"request_latency": {**BLOCK, "count": 4}}),
        ("1.0", "1.2", {"run_info": {"trial": 0}}),
        ("1.2", "1.3", {"run_info": {"sweep_id": None}}),
        ("1.1", "1.2", {"branch_stats": {}}),
        ("1.3", "1.4", {"warmup_metrics": {}}),
        ("1.3", "1.4", {"is_complete": True}),
        ("1.3", "1.4", {"nvidia_total_gpu_power": BLOCK}),
        ("1.3", "1.4", {"telemetry_data": {"endpoints": {"a": {"gpus": {"0": {"platform": "amd"}}}}}}),
        ("1.4", "1.5", {"runtime_submission_invalid_reasons": []}),
        (None, "1.0", {"benchmark_id": "a"}),
        (None, "1.0", {"prefill_throughput_per_user": BLOCK}),
        (None, "1.2", {"run_info": {}}),
    ],
)
def test_a_label_older_than_the_content_does_not_count(label: str | None, content: str, change: dict[str, Any]) -> None:
    document = {"request_count": BLOCK, **RUN, **change}
    if label:
        document = {"schema_version": label, **document}
    found = identify(document)
    assert (found.version, found.label, found.mislabelled) == (content, label, label is not None)
    assert f"(since {content})" in found.evidence[1]


@pytest.mark.parametrize(
    "change",
    [
        {"acme.custom": {**BLOCK, "count": 4, "sum": 1}},
        {"effective_concurrency": {**BLOCK, "count": 4}},
        {
            "telemetry_data": {
                "endpoints": {"a": {"gpus": {"0": {"metrics": {"gpu_power_usage": {**BLOCK, "sum": 1}}}}}}
            }
        },
        {"prefill_throughput": BLOCK, "prefill_throughput_per_user": BLOCK},
        {"total_gpu_power": BLOCK, "nvidia_total_gpu_power": BLOCK},
        {"full_decode_duration": BLOCK},
        {"x_unknown": 1},
    ],
)
def test_what_an_older_file_may_hold_too_is_no_evidence(change: dict[str, Any]) -> None:
    assert identify({"schema_version": "1.0", "request_count": BLOCK, **RUN, **change}).version == "1.0"


def test_names_of_an_exempt_gpu_are_no_evidence() -> None:
    gpu = {"gpu_name": "AMD Instinct MI300X", "metrics": {"amd_power": BLOCK, "nvidia_power_usage": BLOCK}}
    document = {"schema_version": "1.3", **RUN, "telemetry_data": {"endpoints": {"a": {"gpus": {"0": gpu}}}}}
    assert identify(document).version == "1.3"
    gpu["gpu_name"] = "NVIDIA H100"
    del gpu["metrics"]["amd_power"]
    assert identify(document).version == "1.4"


# --- shapes without a label ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "version", "versions"),
    [
        ({"records": {"ttft": BLOCK}, **RUN}, "0.1", ("0.1",)),
        ({"records": {}, **RUN}, "0.1", ("0.1",)),
        ({"records": {"x": 1}, **RUN}, "0.1", ("0.1",)),
        ({"records": {"ttft": BLOCK}, "request_count": BLOCK, **RUN}, "0.1", ("0.1",)),
        ({"records": {"x": 1}, "request_count": BLOCK, **RUN}, "0.3", ("0.2", "0.3")),
        ({"records": BLOCK, **RUN}, "0.3", ("0.2", "0.3")),
        ({"request_count": BLOCK, **RUN}, "0.3", ("0.2", "0.3")),
        ({"prefill_throughput": BLOCK, **RUN}, "0.3", ("0.2", "0.3")),
        ({"telemetry_data": {"summary": {"endpoints_tested": []}}, **RUN}, "0.2", ("0.2",)),
        ({"telemetry_data": {"summary": {"endpoints_configured": []}}, **RUN}, "0.3", ("0.3",)),
        (
            {"telemetry_data": {"summary": {"endpoints_tested": [], "endpoints_configured": []}}, **RUN},
            "0.3",
            ("0.3",),
        ),
        ({"telemetry_data": {"summary": {}}, **RUN}, "0.3", ("0.2", "0.3")),
    ],
)
def test_unlabelled_shapes(document: dict[str, Any], version: str, versions: tuple[str, ...]) -> None:
    found = identify(document)
    assert (found.version, found.versions, found.label) == (version, versions, None)
    assert found.evidence[0] == "no schema_version"
    possible = {"0.1": "0.1.1", "0.2": "0.2.0", "0.3": "0.3.0"}
    assert found.writers == tuple(possible[name] for name in versions)


def test_0_2_and_0_3_are_one_without_telemetry() -> None:
    document = {"request_count": BLOCK, **RUN}
    for target in ("0.2", "0.3"):
        assert migrate(document, target).document is document
    assert migrate(document, "0.1").steps == ("0.3 → 0.2", "0.2 → 0.1")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"a": 1},
        {"schema_version": NEWEST},
        {"schema_version": "1.0", "metadata": {}, "summary": {}},
        {"latency": BLOCK},
        {"was_cancelled": False, "start_time": "2026-11-24T02:08:13"},
        {"records": {"a": 1}},
        {"records": [1]},
        {"metadata": {}, "metrics": {}},
        {"data": []},
        {"data": [1]},
        {"timeslices": {}},
        {"phases": {}},
    ],
)
def test_something_else(document: dict[str, Any]) -> None:
    found = identify(document)
    assert found == Identity(Family.OTHER, evidence=found.evidence)
    with pytest.raises(NotAnExportError, match=r"^is a file of no known kind, not a main export"):
        migrate(document)


@pytest.mark.parametrize(
    "document",
    [
        {"schema_version": NEWEST, "request_count": BLOCK},
        {"start_time": "2026-11-24T02:08:13", "request_count": BLOCK},
        {"run_info": {}, "latency": BLOCK},
        {**RUN},
        {"schema_version": "1.3", **RUN},
    ],
)
def test_little_is_enough_for_an_export(document: dict[str, Any]) -> None:
    assert identify(document).family is Family.EXPORT


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ({"telemetry_stats": {}}, Family.GENAI_PERF),
        ({"input_config": {"perf_analyzer": {}}}, Family.GENAI_PERF),
        ({"input_config": {"subcommand": "profile"}}, Family.GENAI_PERF),
        ({"timeslices": []}, Family.TIMESLICES),
        ({"aiperf_migrate_residue": 1}, Family.RESIDUE),
        ({"aiperf_migrate_journal": 1}, Family.JOURNAL),
        ({"metadata": {"aggregation_type": "confidence"}, "metrics": {}}, Family.AGGREGATE),
        ({"metadata": {"aggregation_type": "detailed"}, "metrics": {}}, Family.COLLATED),
        ({"metadata": {"benchmark_phase": "warmup"}, "metrics": {}}, Family.RECORDS),
        ({"data": [{"session_id": "a", "payloads": []}]}, Family.INPUTS),
        ({"data": [{"session_id": "a", "responses": []}]}, Family.OUTPUTS),
        ({"data": [{"outputs": []}]}, Family.OUTPUTS),
        ({"data": [], "phase": "warmup"}, Family.PHASE_DATA),
        ({"cfg": {}, "artifact_dir": ""}, Family.RUN_CONFIG),
        ({"user_config": {}, "service_config": {}}, Family.RUN_CONFIG),
    ],
)
def test_marks_of_other_families_win(extra: dict[str, Any], kind: Family) -> None:
    assert identify({"start_time": "2026", "request_count": BLOCK, **extra}).family is kind


# --- broken shapes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ([], "an array at the top"),
        (NEWEST, "a string at the top"),
        (1.5, "a number at the top"),
        (None, "null at the top"),
        (True, "true or false at the top"),
    ],
)
def test_what_is_no_object(document: Any, found: str) -> None:
    assert family(document) is Family.OTHER
    with pytest.raises(NotAnExportError) as caught:
        identify(document)
    assert (caught.value.found, caught.value.expected, caught.value.place) == (found, "an object", "$")


@pytest.mark.parametrize(
    ("version", "change", "place"),
    [
        (NEWEST, {"request_latency": 5}, "$.request_latency"),
        (NEWEST, {"request_latency": [BLOCK]}, "$.request_latency"),
        (NEWEST, {"nvidia_total_gpu_power": "5 W"}, "$.nvidia_total_gpu_power"),
        (NEWEST, {"run_info": []}, "$.run_info"),
        (NEWEST, {"telemetry_data": "none"}, "$.telemetry_data"),
        (NEWEST, {"input_config": 5}, "$.input_config"),
        (NEWEST, {"warmup_metrics": [1]}, "$.warmup_metrics"),
        ("0.1", {"records": {"ttft": 5, "request_count": BLOCK}}, "$.records.ttft"),
    ],
)
def test_broken_parts_of_an_export(version: str, change: dict[str, Any], place: str) -> None:
    document = {**recorded(version)[0], **change}
    with pytest.raises(NotAnExportError) as caught:
        identify(document)
    assert caught.value.place == place
    assert caught.value.expected.startswith("an object")


@pytest.mark.parametrize("value", [None, {}, BLOCK])
def test_a_metric_may_be_null_or_hold_anything(value: Any) -> None:
    document = {**recorded("0.3")[0], "goodput": value, "input_config": None, "telemetry_data": None}
    assert identify(document).version == "0.3"


def test_dialects() -> None:
    def told(metrics: Any, **rest: Any) -> Any:
        gpus = {"0": {"gpu_name": "H100", "metrics": metrics}}
        return telemetry_dialect({"telemetry_data": {"endpoints": {"a": {"gpus": gpus}}}, **rest})

    assert told({"gpu_power_usage": BLOCK}) == "legacy"
    assert told({"nvidia_power_usage": BLOCK}) == "vendor"
    assert told({"custom": BLOCK}) is None
    assert told({}) is None
    assert told(None) is None
    assert telemetry_dialect({"total_gpu_power": BLOCK}) == "legacy"
    assert telemetry_dialect({"nvidia_total_gpu_power": BLOCK}) == "vendor"
    assert telemetry_dialect({"telemetry_data": None}) is None


def test_every_error_is_one_of_ours() -> None:
    for document in (None, {"schema_version": 1, **RUN}, {"run_info": 1, **RUN}):
        with pytest.raises(MigratorError):
            migrate(document)
