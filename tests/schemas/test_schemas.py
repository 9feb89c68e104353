"""The schemas: real exports and their migrations fit them, and they say what the steps say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support.versions import NEWEST, NEWEST_RUN

from migrator.aiperf.metrics import catalogue
from migrator.aiperf.releases import release, version_key
from migrator.chain.ops import Rename, Unnest
from migrator.chain.places import BLOCK, ROOT, Pattern
from migrator.chain.steps import FIRST_LABELLED, STEPS, VERSIONS
from migrator.errors import UnknownVersionError
from migrator.identify import Family, identify
from migrator.jsonfile import parse, plain
from migrator.migration.migrate import migrate
from migrator.schemas import json_schema, model, violations

EXPORTS = Path(__file__).parents[2] / "golden" / "exports"
MAIN_EXPORTS = sorted(EXPORTS.rglob("profile_export_aiperf.json"))
every_export = pytest.mark.parametrize("path", MAIN_EXPORTS, ids=lambda p: p.parent.relative_to(EXPORTS).as_posix())
every_version = pytest.mark.parametrize("version", VERSIONS)


def load(run: str) -> dict[str, Any]:
    data: dict[str, Any] = parse((EXPORTS / run / "profile_export_aiperf.json").read_bytes()).data
    return data


@cache
def validator(version: str) -> Draft202012Validator:
    return Draft202012Validator(json_schema(version))


# --- real documents ------------------------------------------------------------------------------------------


@every_export
def test_a_real_export_fits_its_own_version(path: Path) -> None:
    document = parse(path.read_bytes()).data
    found = identify(document)
    assert found.family is Family.EXPORT
    for version in found.versions:
        assert violations(version, document) == []
        assert validator(version).is_valid(plain(document))


@every_export
def test_every_migration_of_a_real_export_fits_its_target(path: Path) -> None:
    document = parse(path.read_bytes()).data
    for version in VERSIONS:
        assert violations(version, migrate(document, version).document) == [], version


@pytest.mark.parametrize("run", ["0.1.1/chat-streaming", "0.3.0/chat-streaming", NEWEST_RUN])
def test_the_json_schemas_accept_migrations_as_the_models_do(run: str) -> None:
    document = load(run)
    for version in VERSIONS:
        migrated = plain(migrate(document, version).document)
        assert [error.message for error in validator(version).iter_errors(migrated)] == [], version


# --- the schemas themselves ----------------------------------------------------------------------------------


@every_version
def test_a_json_schema_is_valid_names_its_version_and_is_always_the_same(version: str) -> None:
    schema = json_schema(version)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"].endswith(f" {version}")
    assert schema["$id"].endswith(f":{version}")
    assert json.dumps(schema) == json.dumps(json_schema(version))
    assert '"ge"' not in json.dumps(schema), "a constraint that JSON Schema does not know"


def test_json_schemas_are_distinct() -> None:
    assert len({json.dumps(json_schema(version)) for version in VERSIONS}) == len(VERSIONS)


def test_a_json_schema_is_the_callers_own() -> None:
    json_schema(NEWEST)["properties"].clear()
    assert "run_info" in json_schema(NEWEST)["properties"]


@pytest.mark.parametrize("version", ["1.99", "0.9", "", "base", "../v1_5"])
@pytest.mark.parametrize("question", [model, json_schema, lambda version: violations(version, {})])
def test_a_version_that_is_not_on_the_line_is_refused(version: str, question: Any) -> None:
    with pytest.raises(UnknownVersionError) as caught:
        question(version)
    assert version in caught.value.found
    assert NEWEST in caught.value.expected


# --- what is legal, and what is not --------------------------------------------------------------------------


def minimal(version: str) -> dict[str, Any]:
    labelled = version_key(version) >= version_key(FIRST_LABELLED)
    return {"schema_version": version} if labelled else {}


LEGAL: list[dict[str, Any]] = [
    {},
    {"my_metric": {"unit": "bananas"}},
    {"my_metric": {"unit": "ms", "avg": None, "p50": 3, "remark": "by hand"}},
    {"my_object": {"avg": "no unit, so no metric"}, "my_list": [{"unit": 3}]},
    {"request_latency": None},
    {"request_latency": {"unit": "ms", "avg": float("nan"), "max": float("inf"), "min": 10**399}},
    {"request_latency": {"unit": "ms", "count": 20.0}},
    {"input_config": None},
    {"input_config": {"endpoint": {"anything": [1, {}]}}},
    {"start_time": "2026-11-24T01:55:45.153569", "end_time": "2026-11-24T01:55:45Z", "was_cancelled": None},
    {"error_summary": [{"error_details": {"code": 503, "message": "busy", "details": [1]}, "count": 4}]},
    {"telemetry_data": {"endpoints": {"http://x": {"gpus": {"g": {"hostname": None, "metrics": {}}}}}}},
    {"telemetry_data": None},
]


@every_version
@pytest.mark.parametrize("part", LEGAL, ids=range(len(LEGAL)))
def test_legal(version: str, part: dict[str, Any]) -> None:
    document = minimal(version) | part
    assert violations(version, document) == []
    assert validator(version).is_valid(document)


BROKEN: list[tuple[dict[str, Any], str, str, str]] = [
    ({"my_metric": {"unit": 3}}, "$.my_metric.unit", "is 3", "a string"),
    ({"my_metric": {"unit": None}}, "$.my_metric.unit", "is null", "a string"),
    ({"my_metric": {"unit": "ms", "avg": "3"}}, "$.my_metric.avg", "is a string", "a number"),
    ({"my_metric": {"unit": "ms", "p99": True}}, "$.my_metric.p99", "is true or false", "a number"),
    ({"my_metric": {"unit": "ms", "min": [1]}}, "$.my_metric.min", "is an array", "a number"),
    ({"input_config": []}, "$.input_config", "is an array", "an object"),
    ({"was_cancelled": 1}, "$.was_cancelled", "is 1", "true or false"),
    ({"error_summary": {}}, "$.error_summary", "is an object", "an array"),
    ({"error_summary": [{"count": "4"}]}, "$.error_summary[0].count", "is a string", "a whole number"),
    ({"telemetry_data": {"summary": 3}}, "$.telemetry_data.summary", "is 3", "an object"),
    (
        {"telemetry_data": {"endpoints": {"a.b": {"gpus": {"g": {"metrics": {"m": {"avg": 1}}}}}}}},
        '$.telemetry_data.endpoints["a.b"].gpus.g.metrics.m.unit',
        "is missing",
        "a string",
    ),
]


@every_version
@pytest.mark.parametrize(("part", "path", "message", "expected"), BROKEN, ids=[row[1] for row in BROKEN])
def test_broken(version: str, part: dict[str, Any], path: str, message: str, expected: str) -> None:
    document = minimal(version) | part
    assert [(v.path, v.message, v.expected) for v in violations(version, document)] == [(path, message, expected)]
    assert not validator(version).is_valid(document)


@pytest.mark.parametrize(
    ("since", "part", "path"),
    [
        ("1.1", {"my_metric": {"unit": "ms", "count": 2.5}}, "$.my_metric.count"),
        ("1.1", {"my_metric": {"unit": "ms", "sum": "3"}}, "$.my_metric.sum"),
        ("1.0", {"benchmark_id": 3}, "$.benchmark_id"),
        ("1.2", {"run_info": []}, "$.run_info"),
        ("1.2", {"run_info": {"trial": -1}}, "$.run_info.trial"),
        ("1.3", {"run_info": {"cli_command": ["aiperf"]}}, "$.run_info.cli_command"),
        ("1.2", {"branch_stats": {"children_spawned": 0.5}}, "$.branch_stats.children_spawned"),
        ("1.4", {"warmup_metrics": {"request_latency": {"avg": 3}}}, "$.warmup_metrics.request_latency.unit"),
        ("1.4", {"is_complete": "yes"}, "$.is_complete"),
        (
            "1.4",
            {"pooled_spec_decode_acceptance_histogram": {"1": -2}},
            '$.pooled_spec_decode_acceptance_histogram["1"]',
        ),
        ("1.5", {"runtime_submission_invalid_reasons": "none"}, "$.runtime_submission_invalid_reasons"),
    ],
)
def test_a_field_is_judged_from_its_version_on_and_is_unknown_before(
    since: str, part: dict[str, Any], path: str
) -> None:
    for version in VERSIONS:
        document = minimal(version) | part
        # 0.1 counts, too.
        known = version_key(version) >= version_key(since) or (version == "0.1" and path.endswith(".count"))
        assert [v.path for v in violations(version, document)] == ([path] if known else []), version
        assert validator(version).is_valid(document) is not known, version


@every_version
@pytest.mark.parametrize("label", ["0.3", *VERSIONS[3:], "1.99", 1.4, None])
def test_the_label_is_that_of_the_version_or_absent(version: str, label: Any) -> None:
    document = {"schema_version": label}
    if label == version and version_key(version) >= version_key(FIRST_LABELLED):
        assert violations(version, document) == []
        assert validator(version).is_valid(document)
        return
    assert [v.path for v in violations(version, document)] == ["$.schema_version"]
    assert not validator(version).is_valid(document)


@pytest.mark.parametrize("version", VERSIONS[VERSIONS.index(FIRST_LABELLED) :])
def test_a_labelled_version_needs_its_label(version: str) -> None:
    (found,) = violations(version, {})
    assert (found.path, found.message, found.expected) == ("$.schema_version", "is missing", f'"{version}"')


def test_metrics_of_0_1_stand_under_records() -> None:
    document = {"records": {"ttft": {"unit": "ms", "tag": 3, "count": "x"}, "note": {"tag": 3}}}
    assert {v.path for v in violations("0.1", document)} == {"$.records.ttft.tag", "$.records.ttft.count"}
    assert violations("0.2", document) == []


def test_a_violation_never_repeats_text() -> None:
    secret = "sk-secret-1234567890abcdef"
    document = {"schema_version": "1.4", "input_config": secret, "start_time": secret, "is_complete": secret}
    found = violations("1.4", document)
    assert len(found) == 3
    assert secret not in repr(found)


# --- the JSON Schema and the model say the same --------------------------------------------------------------

JUDGED_BY_MODEL_ONLY = {"start_time", "end_time"}
"""Whether text is a time is beyond JSON Schema: its `date-time` asks for an offset, which AIPerf does not write."""

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([20.0, 0.5, -1, 2**70, "text", "", "1.4", [], {}, [3], {"unit": 3}, {"unit": "ms", "avg": "x"}]),
)
RUNS = ["0.1.1/completions-errors", "0.3.0/chat-streaming", "0.8.0/chat-streaming", NEWEST_RUN]


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything in a document outside its configuration."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if key != "input_config":
            yield value, key
            yield from nodes(item)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_model_and_json_schema_agree_on_any_change(data: st.DataObject) -> None:
    document = deepcopy(load(data.draw(st.sampled_from(RUNS))))
    version = data.draw(st.sampled_from(identify(document).versions))
    places = [place for place in nodes(document) if place[1] not in JUDGED_BY_MODEL_ONLY]
    container, key = places[data.draw(st.integers(0, len(places) - 1))]
    container[key] = data.draw(values)
    assert (violations(version, document) == []) is validator(version).is_valid(document)


# --- the steps and the models agree --------------------------------------------------------------------------


def fields(version: str, pattern: Pattern) -> set[str]:
    """The fields that a version's JSON Schema gives the objects that a pattern of the steps names."""
    schema = json_schema(version)
    node: dict[str, Any] = schema
    for part in pattern:
        node = node.get("additionalProperties", {}) if part in ("*", BLOCK) else node["properties"].get(part, {})
        node = node.get("then", node)
        node = next((option for option in node.get("anyOf", ()) if option.get("type") != "null"), node)
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        if "properties" not in node and not isinstance(node.get("additionalProperties"), dict):
            return set()
    names = set(node.get("properties", ()))
    return names - {"schema_version"} if pattern == ROOT else names


def inner(op: Any) -> Any:
    return getattr(op, "of", op)


PATTERNS = sorted({inner(op).at for step in STEPS for op in step.ops if hasattr(inner(op), "at")})


def test_the_patterns_of_the_steps_are_read() -> None:
    assert len(PATTERNS) >= 6
    assert "avg" in fields(NEWEST, (BLOCK,))
    assert fields(NEWEST, ("run_info",)) >= {"trial", "sweep_id"}
    assert "platform" in fields(NEWEST, ("telemetry_data", "endpoints", "*", "gpus", "*"))
    assert fields("1.0", ("run_info",)) == set()


@pytest.mark.parametrize("step", STEPS, ids=[step.name(up=True) for step in STEPS])
def test_what_a_step_declares_is_the_difference_between_the_models(step: Any) -> None:
    for pattern in PATTERNS:
        expected = fields(step.older, pattern)
        for op in step.ops:
            expected -= {key for at, key in op.gains(False) if at == pattern}
            expected |= {key for at, key in op.gains(True) if at == pattern}
            change = inner(op)
            if isinstance(change, Unnest) and pattern == ROOT:
                expected.discard(change.key)
            elif isinstance(change, Rename) and change.at == pattern:
                expected = {change.table.get(key, key) for key in expected}
        assert fields(step.newer, pattern) == expected, pattern


def test_the_models_of_neighbouring_versions_do_differ() -> None:
    """So that the test above cannot pass idly: every step so far has changed a field that it reads."""
    changed = [step for step in STEPS if any(fields(step.older, at) != fields(step.newer, at) for at in PATTERNS)]
    assert len(changed) >= 8


def test_metrics_are_renamed_when_their_release_says() -> None:
    """Metrics are keys of an open map, so no model lists them: the catalogue knows when a name came up."""
    renamed = {}
    for step in STEPS:
        for op in step.ops:
            change = inner(op)
            if isinstance(change, Rename) and change.at == ROOT:
                for new in change.table.values():
                    renamed.setdefault(new, step.newer)
    assert len(renamed) >= 8
    for tag, version in renamed.items():
        first = release(catalogue()[tag].first_release)
        assert first is not None
        assert first.version == version, tag


@every_version
def test_the_label_is_a_constant_or_forbidden(version: str) -> None:
    label = json_schema(version)["properties"]["schema_version"]
    labelled = version_key(version) >= version_key(FIRST_LABELLED)
    assert label == ({"type": "string", "const": version} if labelled else {"not": {}})


# --- pydantic stays at the edge ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module",
    ["migration.migrate", "migration.audit", "identify", "jsonfile", "redact", "schemas", "check"],
)
def test_pydantic_is_not_imported_before_a_schema_is_asked_for(module: str) -> None:
    code = f"import sys, migrator.{module}; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
