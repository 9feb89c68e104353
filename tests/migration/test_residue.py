"""Residues: what they hold, whom they belong to, what damages and edits do to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.real_documents import EXPORTS, NAME, recorded
from support.replay import copied, node_at
from support.strategies import documents
from support.versions import NEWEST

from migrator.aiperf.releases import version_key
from migrator.chain.steps import VERSIONS
from migrator.errors import ResidueError
from migrator.jsonfile import Numeral, parse, render
from migrator.ledger import Loss, Op
from migrator.migration.migrate import Migration, Options, migrate
from migrator.migration.residue import Part, Residue, apply, digest, measure

KEY = "sk-secret-1234567890abcdef"


def saved(document: Any, target: str) -> tuple[Migration, Residue]:
    result = migrate(document, target, Options(save_residue=True))
    assert result.residue is not None
    return result, result.residue


def by_path(result: Migration, op: Op) -> dict[tuple[Any, ...], str]:
    return {entry.path: entry.note for entry in result.ledger if entry.op is op}


# --- measuring and applying ----------------------------------------------------------------------------------


def measured(original: Any, returned: Any) -> Residue:
    return measure(original, returned, {"migrated": True}, origin="1.5", to="1.0", dialect="vendor")


@pytest.mark.parametrize(
    ("original", "returned"),
    [
        ({}, {}),
        ({"a": 1}, {}),
        ({}, {"a": 1}),
        ({"a": 1, "b": 2, "c": 3}, {"c": 3}),
        ({"c": 3}, {"a": 1, "b": 2, "c": 3}),
        ({"a": 20}, {"a": 20.0}),
        ({"a": Numeral("1.50")}, {"a": 1.5}),
        ({"a": None}, {}),
        ({}, {"a": None}),
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}),
        ({"a": {"x": 1, "y": {"z": 1}}}, {"a": {"y": {"w": 2, "z": 1}}}),
        ({"a": {"x": 1}}, {"a": 5}),
        ({"a": 5}, {"a": {"x": 1}}),
        ({"a": {}}, {}),
        ({"a": [{"x": 1}]}, {"a": [{"x": 2}]}),
        ({"": 1, "a": 2}, {"a": 2}),
        ({"a": {"d": 1, "c": {"f": 1, "e": 2}}}, {"a": {"c": {"e": 2, "f": 1}, "d": 1}}),
    ],
)
def test_a_residue_turns_what_came_back_into_the_original(original: Any, returned: Any) -> None:
    residue = measured(original, returned)
    there = copied(returned)
    result, entries = apply(residue, returned)
    assert render(result) == render(original)
    assert render(returned) == render(there)
    assert [entry.op for entry in entries] == [Op.RESTORE] * len(residue.parts)
    assert [entry.path for entry in entries] == [part.path for part in residue.parts]
    assert bool(residue) == (render(original) != render(returned))
    again, _ = apply(Residue.from_bytes(residue.to_bytes("test")), returned)
    assert render(again) == render(original)


def test_a_residue_holds_the_difference_and_no_more() -> None:
    residue = measured({"a": {"x": 1, "y": 2}, "b": 3, "c": {"d": 4}}, {"a": {"y": 2, "z": 5}, "b": 3, "c": {"d": 4}})
    assert [(part.path, part.value, part.has_value, part.after) for part in residue.parts] == [
        (("a", "x"), 1, True, ""),
        (("a", "z"), None, False, ""),
    ]
    assert residue.order == []


@pytest.mark.parametrize("gone", ["a", "b", "c"])
def test_a_value_goes_back_to_its_place_without_a_list_of_all_keys(gone: str) -> None:
    original = {"a": 1, "b": 2, "c": 3}
    residue = measured(original, {key: value for key, value in original.items() if key != gone})
    assert residue.order == []
    assert len(residue.parts) == 1


@pytest.mark.parametrize("gone", [None, [], "text", 5])
def test_what_lay_deep_in_something_that_is_gone(gone: Any) -> None:
    residue = measured({"a": {"b": {"c": {"d": 1}}}}, {"a": {"b": {"c": {}}}})
    for document in ({"a": gone}, {"a": {"b": gone}}, {"a": {"b": {"c": gone}}}):
        result, (entry,) = apply(residue, document)
        assert (result, entry.op, entry.note) == (document, Op.CONFLICT, "the object it belongs to is gone")


@pytest.mark.parametrize(
    ("edit", "conflict"),
    [
        ({}, False),
        ({"scalar": 2}, True),
        ({"scalar": 1.0}, True),
        ({"new": None}, True),
        ({"object": {"e": 2}}, False),
        ({"array": [2]}, False),
        ({"new": {}}, False),
    ],
)
def test_the_guard_is_the_scalars_beside_a_value(edit: Any, conflict: bool) -> None:
    beside = {"scalar": 1, "object": {"e": 1}, "array": [1]}
    residue = measured({"in": {"x": 5, **beside}}, {"in": beside})
    result, entries = apply(residue, {"in": {**beside, **edit}})
    assert [(entry.op, entry.loss, entry.step) for entry in entries] == [
        (Op.CONFLICT, Loss.LOST, "residue") if conflict else (Op.RESTORE, Loss.EXACT, "residue")
    ]
    assert result["in"] == {**beside, **edit, **({} if conflict else {"x": 5})}


@settings(max_examples=40)
@given(data=st.data())
def test_a_residue_file_comes_back_as_it_was_written(data: Any) -> None:
    document = data.draw(documents(data.draw(st.sampled_from(["0.1", "1.4", NEWEST]))))
    target = data.draw(st.sampled_from(["0.1", "0.2", "1.0", "1.2"]))
    result = migrate(document, target, Options(save_residue=True))
    if result.residue is None:
        return
    raw = result.residue.to_bytes("the tool 1.0")
    again = Residue.from_bytes(raw)
    assert again.to_bytes("the tool 1.0") == raw
    rows = json.loads(raw)
    assert rows["tool"] == "the tool 1.0"
    assert list(rows["document"]) == ["digest", "benchmark_id", "start_time", "end_time"]
    assert rows["aiperf_migrate_residue"] == 1
    assert (again.origin, again.to, again.dialect) == (rows["from"], rows["to"], rows["dialect"])
    assert len(again.parts) == len(rows["parts"]) == len(result.residue.parts)


def test_nothing_lost_leaves_an_empty_residue() -> None:
    _, residue = saved(recorded("1.0")[0], NEWEST)
    assert not residue
    assert (residue.parts, residue.order) == ([], [])


# --- whom it belongs to --------------------------------------------------------------------------------------


def test_a_residue_of_another_run_is_refused() -> None:
    one, other = recorded("1.4")[1], recorded("1.4")[2]
    _, residue = saved(one, "1.0")
    result = migrate(other, "1.0").document
    with pytest.raises(ResidueError, match="belongs to another document"):
        migrate(result, "1.4", residue=residue)


def test_a_residue_for_another_version_is_refused() -> None:
    document = recorded("1.4")[1]
    _, residue = saved(document, "1.0")
    other = migrate(document, "1.1").document
    with pytest.raises(ResidueError, match=r"belongs to version 1\.0; expected one made for this document at 1\.1"):
        migrate(other, "1.4", residue=residue)


@pytest.mark.parametrize("name", ["benchmark_id", "start_time", "end_time"])
@pytest.mark.parametrize("change", ["another", None, "gone"])
def test_a_residue_is_refused_when_the_identity_of_the_run_was_edited(name: str, change: str | None) -> None:
    result, residue = saved(recorded("1.4")[1], "1.0")
    document = copied(result.document)
    document[name] = change
    if change == "gone":
        del document[name]
    with pytest.raises(ResidueError, match="belongs to another document"):
        migrate(document, "1.4", residue=residue)


def test_without_any_identity_only_the_very_document_is_accepted() -> None:
    original = copied(recorded("1.4")[1])
    for name in ("benchmark_id", "start_time", "end_time"):
        del original[name]
    result, residue = saved(original, "1.0")
    assert migrate(result.document, "1.4", residue=residue).document == original
    with pytest.raises(ResidueError, match="belongs to another document"):
        migrate({**result.document, "x_note": 1}, "1.4", residue=residue)


def test_the_order_of_keys_makes_no_other_document() -> None:
    result, residue = saved(recorded("1.4")[1], "1.0")
    turned = dict(reversed(result.document.items()))
    assert residue.is_of(turned)
    assert residue.belongs_to(turned)
    assert not residue.is_of({**turned, "x": 1})
    assert residue.belongs_to({**turned, "x": 1})


def test_a_residue_says_at_which_version_its_document_is() -> None:
    """Stripped of its label and of all marks, the document alone would not be recognised."""
    original = {"schema_version": "1.3", "request_latency": {"unit": "ms", "avg": 1.5, "count": 4}}
    result, residue = saved(original, "0.3")
    told = {key: value for key, value in result.document.items() if value is not None}
    assert told == {"request_latency": {"unit": "ms", "avg": 1.5}}
    assert migrate(result.document, "1.3", residue=residue).document == original


def test_a_residue_is_not_needed_where_nothing_is_to_be_done() -> None:
    document = recorded("1.4")[1]
    _, residue = saved(document, "1.0")
    result = migrate(document, "1.4", residue=residue)
    assert result.document is document
    assert not result.changed


def test_restoring_may_go_on_to_a_third_version() -> None:
    document = recorded("1.4")[1]
    result, residue = saved(document, "1.0")
    for target in VERSIONS:
        if target == "1.0":
            continue
        back = migrate(result.document, target, Options(save_residue=True), residue=residue)
        assert render(back.document) == render(migrate(document, target).document)
        assert back.restored is residue
        assert back.residue is None or back.residue.origin == "1.4"
    assert migrate(result.document, "1.5", residue=residue).steps == (
        "1.0 → 1.1",
        "1.1 → 1.2",
        "1.2 → 1.3",
        "1.3 → 1.4",
        "1.4 → 1.5",
    )
    assert migrate(result.document, "1.2", residue=residue).steps == (
        "1.0 → 1.1",
        "1.1 → 1.2",
        "1.2 → 1.3",
        "1.3 → 1.4",
        "1.4 → 1.3",
        "1.3 → 1.2",
    )


def test_the_dialect_of_1_4_is_remembered() -> None:
    legacy = recorded("1.4")[0]
    result, residue = saved(legacy, "0.3")
    assert residue.dialect == "legacy"
    assert migrate(result.document, "1.4", residue=residue).document == legacy
    without = migrate(result.document, "1.4").document
    assert "nvidia_total_gpu_power" in without
    assert "total_gpu_power" in legacy


def test_a_secret_that_a_residue_kept_is_redacted_on_the_way_back() -> None:
    document = {**recorded("1.3")[1], "run_info": {"cli_command": f"aiperf profile --api-key '{KEY}'"}}
    result = migrate(document, "1.0", Options(save_residue=True, keep_secrets=True))
    assert result.residue is not None
    assert KEY in str(result.residue.to_bytes("test"))
    back = migrate(result.document, "1.3", residue=result.residue)
    assert KEY not in str(back.document)
    assert [entry.path for entry in back.ledger.of(Loss.REDACTED)] == [("run_info", "cli_command")]
    kept = migrate(result.document, "1.3", Options(keep_secrets=True), residue=result.residue)
    assert kept.document == document


# --- edits in between ----------------------------------------------------------------------------------------


def fresh() -> tuple[Any, Any, Residue]:
    """(a 1.4 export, itself at 1.0, the residue)."""
    original = recorded("1.4")[1]
    result, residue = saved(original, "1.0")
    return original, copied(result.document), residue


def test_an_edited_statistic_keeps_the_residue_out_of_its_block_only() -> None:
    original, document, residue = fresh()
    document["request_latency"]["p99"] = 12345.678
    back = migrate(document, "1.4", residue=residue)
    assert back.document["request_latency"] == document["request_latency"]
    conflicts = by_path(back, Op.CONFLICT)
    assert conflicts == {
        ("request_latency", "count"): "the values beside it were edited",
        ("request_latency", "sum"): "the values beside it were edited",
    }
    rest = {key: value for key, value in original.items() if key != "request_latency"}
    assert {key: back.document[key] for key in rest} == rest
    assert len(by_path(back, Op.RESTORE)) == len(residue.parts) - 2
    assert back.ledger.of(Loss.LOST)[0].path == ("request_latency", "count")


def test_a_deleted_block_does_not_come_back() -> None:
    original, document, residue = fresh()
    del document["request_latency"]
    back = migrate(document, "1.4", residue=residue)
    assert "request_latency" not in back.document
    assert by_path(back, Op.CONFLICT) == {
        ("request_latency", "count"): "the object it belongs to is gone",
        ("request_latency", "sum"): "the object it belongs to is gone",
    }
    assert back.document["warmup_metrics"] == original["warmup_metrics"]


def test_a_block_that_became_something_else_is_gone_too() -> None:
    _, document, residue = fresh()
    document["request_latency"] = None
    back = migrate(document, "1.4", residue=residue)
    assert "request_latency" not in back.document, "a null, as 0.3 writes it for a metric that a run has not"
    assert by_path(back, Op.CONFLICT)["request_latency", "count"] == "the object it belongs to is gone"


def test_a_value_that_was_put_in_place_of_a_saved_one_wins() -> None:
    original = copied(recorded("1.1")[0])
    original["request_latency"]["x_own"] = 1
    result, residue = saved(original, "0.1")
    document = copied(result.document)
    document["records"]["acme.custom"] = {"unit": "ms", "avg": 1}
    document["records"]["request_latency"]["sum"] = 5
    back = migrate(document, "1.1", residue=residue)
    assert back.document["request_latency"]["sum"] == 5
    assert by_path(back, Op.CONFLICT) == {("request_latency", "sum"): "another value was put in its place"}


def test_a_removed_addition_is_removed_again_unless_it_was_edited() -> None:
    """`sweep_id` was not in the export; the way back would add a null, and the residue knows that it must not."""
    original = copied(recorded("1.3")[1])
    original["run_info"] = {"random_seed": 42, "trial": 0}
    result, residue = saved(original, "1.1")
    back = migrate(result.document, "1.3", residue=residue)
    assert back.document["run_info"] == {"random_seed": 42, "trial": 0}
    assert ("run_info", "sweep_id") in by_path(back, Op.RESTORE)


def test_order_is_restored_only_where_the_keys_are_the_same() -> None:
    original = dict(reversed(recorded("1.4")[1].items()))
    result, residue = saved(original, "0.1")
    assert list(migrate(result.document, "1.4", residue=residue).document) == list(original)
    document = {**result.document, "x_note": 1}
    back = migrate(document, "1.4", residue=residue)
    assert back.document["x_note"] == 1
    assert back.document == {**original, "x_note": 1}


# --- damaged files -------------------------------------------------------------------------------------------


def rows(**changes: Any) -> Any:
    _, residue = saved(recorded("1.4")[1], "1.0")
    return {**json.loads(residue.to_bytes("test")), **changes}


PART = {"path": ["a"], "value": 1, "after": "", "expected": "absent", "guard": "x"}


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", "is damaged: the file is empty"),
        (b"{", "is damaged: not JSON"),
        (b"\xff\xfe{", "is damaged: the file is UTF-16"),
        (b'{"a": 1, "a": 1}', "is damaged: the key"),
        (b"[]", "is not a residue file"),
        (b"null", "is not a residue file"),
        (b'{"schema_version": "1.5"}', "is not a residue file"),
        (b'{"aiperf_migrate_residue": 2}', "has residue format 2"),
        (b'{"aiperf_migrate_residue": "1"}', "has residue format 1"),
        (b'{"aiperf_migrate_residue": 1}', "is damaged: 'document' is missing"),
    ],
)
def test_what_is_no_residue(raw: bytes, found: str) -> None:
    with pytest.raises(ResidueError) as caught:
        Residue.from_bytes(raw)
    assert caught.value.found.startswith(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "1.9"},
        {"from": None},
        {"from": []},
        {"to": {}},
        {"to": 1.0},
        {"document": None},
        {"document": []},
        {"document": "text"},
        {"document": {"digest": 5}},
        {"document": {"benchmark_id": "a"}},
        {"parts": None},
        {"parts": 5},
        {"parts": ["text"]},
        {"parts": [{}]},
        {"parts": [{**PART, "path": []}]},
        {"parts": [{**PART, "path": "abc"}]},
        {"parts": [{**PART, "path": ["a", 0]}]},
        {"parts": [{**PART, "expected": None}]},
        {"parts": [{**PART, "guard": []}]},
        {"parts": [{**PART, "after": 5}]},
        {"order": None},
        {"order": [[]]},
        {"order": [{"path": [], "keys": "ab"}]},
        {"order": [{"path": [], "keys": [["a"]]}]},
        {"order": [{"path": [1], "keys": []}]},
    ],
)
def test_damaged_residues_are_said_to_be_so(changes: Any) -> None:
    raw = render(rows(**changes))
    with pytest.raises(ResidueError, match="is damaged"):
        Residue.from_bytes(raw)


def test_a_missing_member_is_named() -> None:
    for name in ("from", "to", "dialect", "parts", "order", "document"):
        whole = rows()
        del whole[name]
        with pytest.raises(ResidueError, match=f"is damaged: '{name}' is missing"):
            Residue.from_bytes(render(whole))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"order": [{"path": "a", "keys": []}]}, "expected a list of keys"),
        ({"order": [{"path": [1], "keys": []}]}, "expected a string"),
        ({"to": "9.9"}, "no schema version '9.9'"),
        ({"input_config": ["0.9.0", "banana"]}, "unknown AIPerf release: 0.9.0 or banana"),
    ],
)
def test_what_is_damaged_is_said(changes: Any, found: str) -> None:
    with pytest.raises(ResidueError, match=f"is damaged: {found}"):
        Residue.from_bytes(render(rows(**changes)))


@settings(max_examples=60)
@given(data=st.data())
def test_no_damage_leads_to_another_error(data: Any) -> None:
    """Any value of a residue file replaced by any other: it is refused, or used, or conflicts; it never crashes."""
    result, _ = saved(recorded("1.1")[1], "1.0")
    whole = json.loads(saved(recorded("1.1")[1], "1.0")[1].to_bytes("test"))
    places = [(key,) for key in whole] + [("document", key) for key in whole["document"]]
    places += [("parts", 0, key) for key in whole["parts"][0]]
    path = data.draw(st.sampled_from(places))
    odd = st.sampled_from([None, 0, -1, "", "1.1", "absent", [], {}, [[]], ["a"], [{}], True, 1.5])
    node_at(whole, path[:-1])[path[-1]] = data.draw(odd)
    try:
        back = migrate(result.document, "1.1", residue=Residue.from_bytes(render(whole)))
    except ResidueError:
        return
    assert back.document["schema_version"] == "1.1"


def test_parts_that_no_measurement_makes_do_no_harm() -> None:
    guard = digest({"benchmark_id": None, "start_time": None, "end_time": None})
    part = Part(("gone",), None, False, "", "absent", guard)
    residue = Residue("1.1", "1.0", "vendor", "", {}, [part, part])
    assert apply(residue, {"a": 1})[0] == {"a": 1}
    whole, inner = (
        Part(("a",), 2, True, "", digest({"b": 1}), guard),
        Part(("a", "c"), 3, True, "", "absent", digest({"b": 1})),
    )
    residue = Residue("1.1", "1.0", "vendor", "", {}, [whole, inner])
    assert apply(residue, {"a": {"b": 1}})[0] == {"a": 2}
    part = Part(("a",), 2, True, "nowhere", digest(1), guard)
    residue = Residue("1.1", "1.0", "vendor", "", {}, [part, Part(("b",), 3, True, "nowhere", "absent", guard)])
    assert apply(residue, {"a": 1, "c": 4})[0] == {"a": 2, "c": 4, "b": 3}


def test_digests_share_what_is_equal() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest(20) != digest(20.0)
    assert len(digest(None)) == 32


def test_the_versions_of_a_residue() -> None:
    for target in VERSIONS:
        if target != "1.4":
            result, residue = saved(recorded("1.4")[1], target)
            assert (residue.origin, residue.to) == ("1.4", target)
            assert residue.digest == digest(result.document)
            lower = version_key(target) < version_key("1.0")
            assert (residue.identity["benchmark_id"] is None) == lower


# --- files that earlier versions wrote ------------------------------------------------------------------------

KEPT = Path(__file__).parent / "residues"
"""`NAME.VERSION.json` and its residue, as a version of this tool wrote them; `golden/expected` has those of today."""


@pytest.mark.parametrize("name", sorted(path.name for path in KEPT.glob("*.residue.json")))
def test_a_residue_of_an_earlier_version_restores_its_export(name: str) -> None:
    residue = Residue.from_bytes((KEPT / name).read_bytes())
    migrated = parse((KEPT / name.replace(".residue", "")).read_bytes())
    export = EXPORTS / name.split(".json")[0].rsplit(".", 3)[0].replace("-", "/", 1) / NAME
    original = export.read_bytes().replace(KEY.encode(), b"<redacted>")
    restored = migrate(migrated.data, residue.origin, Options(config=True), residue=residue)
    assert render(restored.document, migrated.layout) == original
    assert restored.ledger.by_op()[Op.CONFLICT] == 0
