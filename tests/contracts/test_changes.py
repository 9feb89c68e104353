"""What changes between versions, releases and sources, and which readers it breaks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.aiperf_source import tree
from support.process import run
from support.versions import NEWEST, NEXT, NEXT_MAJOR

from migrator.chain.steps import VERSIONS
from migrator.contracts.changes import Change, Kind
from migrator.contracts.compared import between, of_source
from migrator.errors import UsageError
from migrator.migration.migrate import migrate


def told(changes: list[Change]) -> dict[str, str]:
    return {change.place: change.kind.value for change in changes if not change.of_metric}


def test_a_field_that_is_gone_breaks_whoever_reads_its_path() -> None:
    breaks = {kind: [reader.value for reader in Change(kind, "a").breaks] for kind in Kind}
    assert breaks["removed"] == ["closed", "path"]
    assert breaks["added"] == ["closed"]
    assert breaks["renamed"] == breaks["moved"] == breaks["retyped"] == ["closed", "path"]
    metric = {kind: [reader.value for reader in Change(kind, "a", of_metric=True).breaks] for kind in Kind}
    assert metric["added"] == []
    assert metric["renamed"] == metric["removed"] == ["path", "statistics"]
    assert metric["unit"] == metric["redefined"] == ["statistics"]
    assert [reader.value for reader in Change(Kind.REMOVED, "a", nullable=True).breaks] == ["path"]


def test_the_fields_of_a_version_are_those_that_its_step_adds() -> None:
    assert told(between("1.0..1.1").changes)["<metric>.count"] == "added"
    found = told(between("1.2..1.3").changes)
    assert found["run_info.benchmark_id"] == found["run_info.cli_command"] == "added"
    assert found["input_config.loadgen.concurrency"] == "moved"
    moved = next(one for one in between("0.8.0..0.9.0").changes if one.before == "input_config.endpoint.model_names")
    assert moved.after == "input_config.models.items"


def test_renames_are_told_where_the_names_are_others_and_nowhere_else() -> None:
    renamed = {one.before: one.after for one in between("1.3..1.5").changes if one.kind is Kind.RENAMED}
    assert renamed["total_gpu_power"] == "nvidia_total_gpu_power"
    assert renamed["telemetry_data.endpoints.*.gpus.*.metrics.gpu_power_usage"].endswith(".nvidia_power_usage")
    assert not [one for one in between("0.13.0..0.13.0.dev20261007").changes if one.kind is Kind.RENAMED]
    old = between("0.1..0.2").changes
    assert ("ttft", "time_to_first_token") in {(one.before, one.after) for one in old if one.kind is Kind.RENAMED}
    assert any(one.kind is Kind.MOVED and one.before.startswith("records.") for one in old)


def test_a_place_that_moved_holds_a_value_that_a_migration_moves() -> None:
    document = {"records": {"ttft": {"unit": "ms", "avg": 1.0}}, "was_cancelled": False, "input_config": {}}
    assert "time_to_first_token" in migrate(document, "0.2").document


def test_definitions_that_changed_are_told_for_statistics_readers() -> None:
    found = between("0.8.0..0.13.0").changes
    redefined = {one.place for one in found if one.kind is Kind.REDEFINED}
    assert "total_token_throughput" in redefined
    assert between("0.4.0..0.4.0").changes == []


@pytest.mark.parametrize("text", ["1.3", "1.3..", "..1.5", "1.3..0.9.0", "1.3..9.9", "x..y"])
def test_what_names_no_two_sides_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        between(text)


def test_every_pair_of_versions_can_be_compared() -> None:
    for older in VERSIONS:
        for newer in VERSIONS:
            assert bool(between(f"{older}..{newer}").changes) == (older != newer)


# --- a source ----------------------------------------------------------------------------------------------------


def test_a_field_without_a_new_label_is_a_problem(tmp_path: Path) -> None:
    old, new = tree(tmp_path / "old"), tree(tmp_path / "new", fields="    shard: int | None = None")
    found = of_source(str(new), str(old))
    assert told(found.changes) == {"shard": "added"}
    assert f"the label is {NEWEST}" in found.problems[0]
    relabelled = tree(tmp_path / "label", label=NEXT, fields="    shard: int | None = None")
    assert of_source(str(relabelled), str(old)).problems == ()


def test_a_minor_version_that_takes_a_field_away_is_a_problem(tmp_path: Path) -> None:
    old = tree(tmp_path / "old", fields="    shard: int | None = None")
    found = of_source(str(tree(tmp_path / "new", label=NEXT)), str(old))
    assert told(found.changes) == {"shard": "removed"}
    assert "minor version" in found.problems[0]
    assert of_source(str(tree(tmp_path / "major", label=NEXT_MAJOR)), str(old)).problems == ()


def test_what_an_exporter_sets_beside_its_model_is_a_problem(tmp_path: Path) -> None:
    old, new = tree(tmp_path / "old"), tree(tmp_path / "new", label=NEXT, exporter="    data.metadata = {}")
    assert "metadata is set by the exporter" in of_source(str(new), str(old)).problems[0]


def test_another_unit_of_a_metric_breaks_readers_of_statistics(tmp_path: Path) -> None:
    text = """
class Units:
    A = unit("ms")
    B = unit("sec")

class OneMetric(BaseRecordMetric[int]):
    tag = "one"
    unit = Units.{}
"""
    old, new = (tree(tmp_path / name, label=NEXT, metrics=text.format(name)) for name in ("A", "B"))
    (found,) = of_source(str(new), str(old)).changes
    assert (found.kind, found.place, found.before, found.after) == (Kind.UNIT, "one", "ms", "sec")
    assert [reader.value for reader in found.breaks] == ["statistics"]


def test_another_type_and_another_formula_are_told(tmp_path: Path) -> None:
    old = tree(tmp_path / "old", fields="    shard: int | None = None")
    new = tree(tmp_path / "new", label=NEXT, fields="    shard: str | None = None", formula="record.end")
    found = of_source(str(new), str(old)).changes
    assert {(one.kind.value, one.place) for one in found} == {("retyped", "shard"), ("redefined", "request_latency")}
    wider = tree(tmp_path / "wider", label=NEXT, fields="    shard: int")
    assert of_source(str(wider), str(old)).changes == []


# --- the command line ------------------------------------------------------------------------------------------


def test_the_exit_code_is_for_the_readers_that_are_asked_about(tmp_path: Path) -> None:
    assert run("schema", "diff", "1.4..1.4").code == 0
    same = run("schema", "diff", "0.13.0..0.13.0.dev20261007", "--breaking", "path")
    assert same.code == 0
    assert same.lines[-1].startswith("breaking: ")
    assert run("schema", "diff", "0.13.0..0.13.0.dev20261007", "--breaking", "closed").code == 1
    assert run("schema", "diff", "1.3..1.5").code == 1
    rows = [json.loads(line) for line in run("schema", "diff", "1.3..1.4", "--json").lines]
    assert {
        "schema": "urn:aiperf-migrate:schema-diff:1.0",
        "change": "added",
        "place": "is_complete",
        "metric": False,
        "after": "boolean",
        "breaks": ["closed"],
    } in rows
    assert max(map(len, run("schema", "diff", "1.3..1.4").lines)) <= 80
    old, new = tree(tmp_path / "old"), tree(tmp_path / "new", fields="    shard: int | None = None")
    linted = run("schema", "lint", "--from-aiperf", new, "--against", old)
    assert linted.code == 1
    assert any(line.startswith(f"! the label is {NEWEST}") for line in linted.lines)
    assert run("schema", "lint", "--from-aiperf", old, "--against", old).code == 0


@pytest.mark.parametrize(
    "arguments",
    [("diff",), ("lint",), ("1.5", "1.4"), ("1.5", "--from-aiperf", "x"), ("diff", "1.3..1.5", "--breaking", "odd")],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...]) -> None:
    assert run("schema", *arguments).code == 2
