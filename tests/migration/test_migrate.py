"""The chain as a whole: plans, labels, what single steps do to real exports."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from support.process import export
from support.real_documents import recorded
from support.replay import copied
from support.versions import UNKNOWN

from migrator.aiperf.releases import release, version_key
from migrator.chain import steps
from migrator.chain.places import BLOCKS, GPUS, visit
from migrator.chain.step import Step
from migrator.chain.steps import NEWEST, STEPS, VERSIONS
from migrator.errors import NotAnExportError, UnknownVersionError
from migrator.jsonfile import leaves, parse
from migrator.ledger import PAST_TENSE, Entry, Ledger, Loss, Op
from migrator.migration.audit import unaccounted
from migrator.migration.goal import Goal
from migrator.migration.migrate import Options, migrate
from migrator.migration.plan import plan

BLOCK = {"unit": "ms", "avg": 1.5}


# --- the line of versions ------------------------------------------------------------------------------------


def test_the_line_is_what_the_releases_wrote() -> None:
    assert VERSIONS[:9] == ("0.1", "0.2", "0.3", "1.0", "1.1", "1.2", "1.3", "1.4", "1.5")
    assert [(step.older, step.newer) for step in STEPS] == list(pairwise(VERSIONS))
    assert VERSIONS[-1] == NEWEST
    assert STEPS[0].name(up=True) == "0.1 → 0.2"
    assert STEPS[0].name(up=False) == "0.2 → 0.1"


@pytest.mark.parametrize("source", VERSIONS)
def test_plans(source: str) -> None:
    for target in VERSIONS:
        found = plan(source, target)
        a, b = VERSIONS.index(source), VERSIONS.index(target)
        expected = [STEPS[index] for index in (range(a, b) if a <= b else range(a - 1, b - 1, -1))]
        assert list(found.steps) == expected
        assert found.up == (a <= b)
        names = [f"{x} → {y}" for x, y in pairwise(VERSIONS[a : b + 1] if a <= b else VERSIONS[b : a + 1][::-1])]
        assert list(found.names()) == names


def test_what_rides_through_versions_that_have_no_place_for_it() -> None:
    count = (BLOCKS, "count")
    for source in VERSIONS:
        for target in VERSIONS:
            ends = {source, target}
            wanted = {count} if "0.1" in ends and max(version_key(v) for v in ends) >= version_key("1.1") else set()
            assert plan(source, target).kept_fields == wanted, (source, target)


@pytest.mark.parametrize("version", ["", UNKNOWN, "0.0", "banana", "1.0 "])
def test_versions_that_are_none(version: str) -> None:
    with pytest.raises(UnknownVersionError, match="no schema version") as caught:
        plan("1.0", version)
    assert caught.value.expected == ", ".join(VERSIONS)
    with pytest.raises(UnknownVersionError, match="no schema version"):
        plan(version, "1.0")
    with pytest.raises(UnknownVersionError, match="no schema version"):
        migrate(recorded("1.0")[0], version)


@pytest.mark.parametrize(
    ("files", "whole"),
    [
        ({"s8_0_to_8_1.py": ("8.0", "8.1"), "notes.py": ("x", "y"), "s8_1_to_8_10.py": ("8.1", "8.10")}, True),
        ({"s8_9_to_8_10.py": ("8.9", "8.10"), "s8_10_to_9_0.py": ("8.10", "9.0")}, True),
        ({"s8_0_to_8_1.py": ("8.0", "8.2")}, False),
        ({"s8_0_to_8_1.py": ("8.1", "8.1")}, False),
        ({"s8_0_to_8_1.py": ("8.0", "8.1"), "s8_2_to_8_3.py": ("8.2", "8.3")}, False),
    ],
)
def test_the_files_of_the_steps_form_one_line(
    files: dict[str, tuple[str, str]], whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def imported(name: str) -> Any:
        older, newer = files[f"{name.rpartition('.')[2]}.py"]
        return SimpleNamespace(STEP=Step(older, newer, "", "", ()))

    monkeypatch.setattr(steps.os, "listdir", lambda _: list(reversed(files)))
    monkeypatch.setattr(steps, "import_module", imported)
    if not whole:
        with pytest.raises(ImportError, match="does not continue the line of versions"):
            steps._load()
        return
    line = steps._load()
    assert len(line) == 2
    assert line[0].newer == line[1].older


def test_newest_is_the_default() -> None:
    assert migrate(recorded("1.0")[0]).to == NEWEST


def test_other_families_are_refused() -> None:
    with pytest.raises(NotAnExportError, match=r"^is a phase manifest, not a main export"):
        migrate({"phases": [], "request_count": BLOCK}, "1.0")


# --- labels --------------------------------------------------------------------------------------------------


def entries(result: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return [
        (entry.step, entry.op, entry.loss, entry.before, entry.after) for entry in result.ledger if entry.path == path
    ]


def test_labels_are_set_changed_and_dropped() -> None:
    label = ("schema_version",)
    up = migrate(recorded("0.3")[0], "1.4")
    assert next(iter(up.document)) == "schema_version"
    assert entries(up, label) == [("label 1.4", Op.ADD, Loss.EXACT, None, "1.4")]
    moved = migrate(recorded("1.3")[0], "1.0")
    assert next(iter(moved.document)) == "schema_version"
    assert entries(moved, label) == [("label 1.0", Op.SET, Loss.EXACT, "1.3", "1.0")]
    down = migrate(recorded("1.3")[0], "0.2")
    assert entries(down, label) == [("label 0.2", Op.DROP, Loss.DERIVABLE, "1.3", None)]
    assert entries(migrate(recorded("0.3")[0], "0.1"), label) == []


def test_a_mislabelled_file_gets_the_right_label() -> None:
    document = {**recorded("1.3")[0], "schema_version": "1.1"}
    result = migrate(document, "1.2")
    assert result.steps == ("1.3 → 1.2",)
    assert result.document["schema_version"] == "1.2"


# --- what an upgrade may say ---------------------------------------------------------------------------------


def test_run_info_says_what_the_document_proves_and_null_for_the_rest() -> None:
    document = recorded("1.0")[0]
    result = migrate(document, "1.3")
    config = document["input_config"]
    assert result.document["run_info"] == {
        "benchmark_id": document["benchmark_id"],
        "sweep_id": None,
        "random_seed": 42,
        "trial": None,
        "run_label": None,
        "variation_label": None,
        "variation_index": None,
        "variation_values": None,
        "cli_command": config["cli_command"],
    }
    assert list(result.document["run_info"])[:3] == ["benchmark_id", "sweep_id", "random_seed"]
    names = list(result.document)
    assert names.index("run_info") == names.index("input_config") + 1
    losses = {entry.path[-1]: entry.loss for entry in result.ledger if entry.path[0] == "run_info"}
    assert losses["random_seed"] is losses["benchmark_id"] is losses["cli_command"] is Loss.DERIVABLE
    assert losses["trial"] is losses["sweep_id"] is Loss.EXACT


@pytest.mark.parametrize(
    ("config", "seed"),
    [
        ({"input": {"random_seed": 7}}, 7),
        ({"input": {"random_seed": 0}}, 0),
        ({"input": {"random_seed": None}}, None),
        ({"input": {"random_seed": True}}, None),
        ({"input": {"random_seed": "7"}}, None),
        ({"input": {}}, None),
        ({"input": None}, None),
        ({"datasets": [{"random_seed": 8}]}, 8),
        ({"datasets": [{"random_seed": 8}, {"random_seed": 8}]}, None),
        ({"datasets": []}, None),
        ({"datasets": [5]}, None),
        ({"datasets": [{}], "input": {"random_seed": 7}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_seed_comes_from_the_configuration(config: Any, seed: Any) -> None:
    document = {**recorded("1.1")[0], "input_config": config}
    assert migrate(document, "1.2").document["run_info"]["random_seed"] == seed


@pytest.mark.parametrize(
    ("top", "config", "found"),
    [
        ("a", {"benchmark_id": "b"}, "a"),
        (None, {"benchmark_id": "b"}, "b"),
        ("", {"benchmark_id": "b"}, "b"),
        (None, {}, None),
        (None, None, None),
        (5, {"benchmark_id": "b"}, None),
        (None, {"benchmark_id": 5}, None),
    ],
)
def test_the_identifier_comes_from_the_document(top: Any, config: Any, found: Any) -> None:
    document = {**recorded("1.1")[0], "benchmark_id": top, "input_config": config}
    assert migrate(document, "1.3").document["run_info"]["benchmark_id"] == found


@pytest.mark.parametrize(
    ("config", "found"), [({"benchmark_id": "b"}, "b"), ({"benchmark_id": 5}, None), ({}, None), (None, None)]
)
def test_the_identifier_of_an_old_export(config: Any, found: Any) -> None:
    document = {**recorded("0.3")[0], "input_config": config}
    result = migrate(document, "1.0").document
    assert result.get("benchmark_id") == found
    assert ("benchmark_id" in result) == (found is not None)
    assert found is None or list(result)[:2] == ["schema_version", "benchmark_id"]
    assert "aiperf_version" not in result


@pytest.mark.parametrize("config", [None, {}, {"cli_command": None}, {"cli_command": 5}, []])
def test_no_command_is_made_up(config: Any) -> None:
    document = {**recorded("1.1")[0], "input_config": config if type(config) is dict else None}
    assert migrate(document, "1.3").document["run_info"]["cli_command"] is None


def test_count_and_sum_are_never_made_up() -> None:
    document = recorded("1.0")[0]
    result = migrate(document, "1.1").document
    assert result == {**document, "schema_version": "1.1"}


def test_0_1_blocks_name_themselves() -> None:
    block = {"unit": "ms", "avg": 1.5, "min": 1.0}
    document = {
        "schema_version": "1.3",
        "time_to_first_token": block,
        "acme.custom": {"unit": "ms", "avg": 1.5},
        "was_cancelled": False,
    }
    records = migrate(document, "0.1").document["records"]
    assert records["ttft"] == {"tag": "ttft", "unit": "ms", "header": "Time to First Token", "avg": 1.5, "min": 1.0}
    assert list(records["ttft"]) == ["tag", "unit", "header", "avg", "min"]
    assert records["acme.custom"] == {"tag": "acme.custom", "unit": "ms", "avg": 1.5, "count": 1}
    assert list(records["acme.custom"])[-1] == "count"


def test_the_count_of_0_1_reaches_1_1() -> None:
    document = recorded("0.1")[0]
    upgraded = migrate(document, "1.1")
    for old, new in (("ttft", "time_to_first_token"), ("request_latency", "request_latency")):
        assert upgraded.document[new]["count"] == document["records"][old]["count"] == 40
        assert "sum" not in upgraded.document[new]
    assert "count" not in upgraded.document["request_count"], "a single value: its count is 1 by definition"
    assert not upgraded.ledger.of(Loss.LOST)
    lost = migrate(document, "1.0").ledger.of(Loss.LOST)
    assert {entry.path[-1] for entry in lost} == {"count"}


def test_an_assumption_is_called_one() -> None:
    result = migrate(recorded("1.3")[1], NEWEST)
    inferred = result.ledger.of(Loss.INFERRED)
    assert {entry.path[-1] for entry in inferred} == {"platform", "runtime_submission_invalid_reasons"}
    assert result.document["runtime_submission_invalid_reasons"] == []
    names = list(result.document)
    assert names.index("runtime_submission_invalid_reasons") == names.index("was_cancelled") + 1


# --- telemetry in two dialects -------------------------------------------------------------------------------


def names_of(document: Any) -> set[str]:
    return {name for _, gpu, _ in visit(document, GPUS) for name in gpu["metrics"]} | {
        name for name in document if "gpu" in name or "joule" in name or name.endswith("energy_per_user")
    }


def test_the_published_1_4_has_vendor_names_and_the_nightly_has_not() -> None:
    legacy, vendor = recorded("1.4")[:2]
    assert names_of(migrate(recorded("1.3")[1], "1.4").document) & {"nvidia_power_usage", "gpu_power_usage"} == {
        "nvidia_power_usage"
    }
    lifted = migrate(legacy, "1.5").document
    assert "nvidia_total_gpu_power" in lifted
    assert "total_gpu_power" not in lifted
    assert "gpu_power_usage" not in names_of(lifted)
    assert all(gpu["platform"] == "nvidia" for _, gpu, _ in visit(lifted, GPUS))
    assert names_of(migrate(lifted, "1.4").document) == names_of(legacy)
    assert names_of(migrate(legacy, "1.3").document) == names_of(legacy)
    assert names_of(migrate(migrate(legacy, "1.3").document, "1.4").document) == names_of(legacy)
    assert "nvidia_power_usage" in names_of(migrate(migrate(vendor, "1.5").document, "1.4").document)
    assert "gpu_power_usage" in names_of(migrate(vendor, "1.3").document)


@pytest.mark.parametrize("writer", ["0.13.0", "0.9.0", "not a release", 5, None])
def test_any_other_writer_means_the_published_dialect(writer: Any) -> None:
    document = {**recorded("1.3")[1], "aiperf_version": writer}
    assert "nvidia_power_usage" in names_of(migrate(document, "1.4").document)


# --- ledgers and the audit -----------------------------------------------------------------------------------


def test_ledgers_answer_questions() -> None:
    one = Entry("1.0 → 1.1", Op.ADD, ("a",), Loss.EXACT, after=1)
    two = Entry("1.0 → 1.1", Op.DROP, ("b", "c"), Loss.LOST, before=2)
    ledger = Ledger([one, two])
    assert list(ledger) == [one, two]
    assert len(ledger) == 2
    assert ledger
    assert not Ledger()
    assert ledger.of(Loss.LOST) == [two]
    assert ledger.by_op() == {Op.ADD: 1, Op.DROP: 1}
    assert ledger.by_loss() == {Loss.EXACT: 1, Loss.LOST: 1}
    assert ledger.as_list() == [one.as_dict(), two.as_dict()]
    assert PAST_TENSE.keys() == set(Op)


@pytest.mark.parametrize(
    ("entry", "row"),
    [
        (Entry("s", Op.ADD, ("a",), Loss.EXACT, None, None), {"op": "add", "loss": "exact", "after": None}),
        (Entry("s", Op.DROP, ("a",), Loss.LOST, 1), {"op": "drop", "loss": "lost", "before": 1}),
        (Entry("s", Op.SET, ("a",), Loss.EXACT, 1, 2), {"op": "set", "loss": "exact", "before": 1, "after": 2}),
        (Entry("s", Op.RENAME, ("a",), Loss.EXACT, to=("b", 0)), {"op": "rename", "loss": "exact", "to": "$.b[0]"}),
        (Entry("s", Op.KEEP, ("a",), Loss.KEPT, note="n"), {"op": "keep", "loss": "kept", "note": "n"}),
        (Entry("s", Op.REDACT, ("a",), Loss.REDACTED), {"op": "redact", "loss": "redacted"}),
        (Entry("s", Op.RESTORE, ("a",), Loss.EXACT, after=3), {"op": "restore", "loss": "exact", "after": 3}),
    ],
)
def test_entries_as_rows(entry: Entry, row: dict[str, Any]) -> None:
    assert entry.as_dict() == {"step": "s", "path": "$.a", **row}


def test_unknown_keys_are_told() -> None:
    document = {**recorded("1.3")[0], "x_note": 1, "acme.metric": BLOCK, "goodput": None}
    result = migrate(document, "1.4")
    kept = [entry for entry in result.ledger if entry.loss is Loss.KEPT]
    assert kept == [Entry("unknown", Op.KEEP, ("x_note",), Loss.KEPT, note="not known to any version")]


def test_leaves_are_scalars_and_what_is_empty() -> None:
    assert list(leaves({"a": {"b": 1, "c": {}}, "d": [2, [], {"e": None}]})) == [
        (("a", "b"), 1),
        (("a", "c"), {}),
        (("d", 0), 2),
        (("d", 1), []),
        (("d", 2, "e"), None),
    ]


@pytest.mark.parametrize(
    ("after", "ledger", "missing"),
    [
        ({"a": {"b": 1}, "c": {}}, [], []),
        ({"a": {"b": 2}, "c": {}}, [], [("a", "b")]),
        ({"a": {"b": 1.0}, "c": {}}, [], [("a", "b")]),
        ({"a": {}, "c": {}}, [], [("a", "b")]),
        ({"a": [1], "c": {}}, [], [("a", "b")]),
        ({"c": {}}, [], [("a", "b")]),
        ({"a": {"b": 1}}, [], [("c",)]),
        ({"a": {"b": 1}, "c": None}, [], [("c",)]),
        ({"a": {"b": 1}, "c": []}, [], [("c",)]),
        ({"a": {"b": 1}, "c": {"new": 1}}, [], []),
        ({"c": {}}, [Entry("", Op.DROP, ("a",), Loss.LOST, {"b": 1})], []),
        ({"a": {}, "c": {}}, [Entry("", Op.DROP, ("a", "b"), Loss.LOST, 1)], []),
        ({"a": {"b": 2}, "c": {}}, [Entry("", Op.SET, ("a", "b"), Loss.EXACT, 1, 2)], []),
        ({"a": {"b": 2}, "c": {}}, [Entry("", Op.REDACT, ("a", "b"), Loss.REDACTED)], []),
        ({"a": {"b": 2}, "c": {}}, [Entry("", Op.KEEP, ("a", "b"), Loss.KEPT)], [("a", "b")]),
        ({"a": {"b": 2}, "c": {}}, [Entry("", Op.ADD, ("a", "b"), Loss.EXACT, None, 2)], [("a", "b")]),
        ({"x": {"b": 1}, "c": {}}, [Entry("", Op.RENAME, ("a",), Loss.EXACT, to=("x",))], []),
        ({"a": {"b": 1}, "c": {}}, [Entry("", Op.RENAME, ("a",), Loss.EXACT, to=("x",))], [("a", "b")]),
        (
            {"y": {"z": 1}, "c": {}},
            [
                Entry("", Op.MOVE, ("a",), Loss.EXACT, to=("x", "y")),
                Entry("", Op.RENAME, ("x", "y", "b"), Loss.EXACT, to=("x", "y", "z")),
                Entry("", Op.MOVE, ("x", "y"), Loss.EXACT, to=("y",)),
            ],
            [],
        ),
        (
            {"x": {"b": 1}, "c": {}},
            [Entry("", Op.DROP, ("x",), Loss.LOST), Entry("", Op.RENAME, ("a",), Loss.EXACT, to=("x",))],
            [],
        ),
        (
            {"c": {}},
            [Entry("", Op.RENAME, ("a",), Loss.EXACT, to=("x",)), Entry("", Op.DROP, ("a",), Loss.LOST)],
            [("a", "b")],
        ),
    ],
)
def test_the_audit_follows_each_value(after: Any, ledger: list[Entry], missing: Any) -> None:
    assert unaccounted({"a": {"b": 1}, "c": {}}, after, Ledger(ledger)) == missing


def test_the_audit_notices_any_leaf_that_goes_missing() -> None:
    result = migrate(recorded("1.4")[1], "1.0")
    document = recorded("1.4")[1]
    assert unaccounted(document, result.document, result.ledger) == []
    for path, _ in list(leaves(result.document))[::7]:
        if path == ("schema_version",):
            continue
        broken = copied(result.document)
        node = broken
        for part in path[:-1]:
            node = node[part]
        del node[path[-1]]
        assert len(unaccounted(document, broken, result.ledger)) >= 1, path


def test_the_trace_shows_the_document_after_each_stage() -> None:
    document = parse(export("0.6.0/key").read_bytes()).data
    done = migrate(document)
    assert list(done.trace) == ["secrets", *done.steps, f"label {NEWEST}"]
    assert done.trace[f"label {NEWEST}"] is done.document
    assert "run_info" not in done.trace["1.0 → 1.1"]
    assert "run_info" in done.trace["1.1 → 1.2"]
    assert {entry.step for entry in done.ledger} <= done.trace.keys() | {"unknown"}


def test_the_trace_of_a_way_back_has_what_the_residue_restored() -> None:
    document = parse(export("0.13.0/chat-streaming").read_bytes()).data
    down = migrate(document, "1.0", Options(save_residue=True))
    back = migrate(down.document, "1.3", residue=down.residue)
    assert {entry.step for entry in back.ledger} <= back.trace.keys() | {"unknown"}
    assert back.trace["residue"] == document
    assert list(back.trace)[-1] == "label 1.3"


@pytest.mark.parametrize(("name", "target"), [("0.4.0/chat-streaming", "0.13.0"), ("0.13.0/chat-streaming", "0.4.0")])
def test_the_trace_has_what_was_translated_for_a_release(name: str, target: str) -> None:
    """Each change is shown in the document after its stage, so no stage that the ledger names may be missing."""
    found = release(target)
    assert found is not None
    done = migrate(parse(export(name).read_bytes()).data, Goal(found.version, target))
    config = [entry for entry in done.ledger if entry.path[:1] == ("input_config",)]
    assert config
    assert {entry.step for entry in done.ledger} <= done.trace.keys() | {"unknown"}
    assert list(done.trace.values())[-1] == done.document


def test_nothing_to_do_leaves_no_trace() -> None:
    assert migrate(parse(export("0.13.0/chat-streaming").read_bytes()).data, "1.4").trace == {}
