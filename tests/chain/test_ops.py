"""Each operation by itself, both ways: what it does to a small document, what it reports, what it never touches."""

from __future__ import annotations

from typing import Any

import pytest
from support.real_documents import recorded
from support.replay import copied

from migrator.aiperf.metrics import catalogue
from migrator.chain.keys import known_keys
from migrator.chain.operation import UNKNOWN, AddedField, Context
from migrator.chain.ops import Add, InDialect, Inverse, Rename, Unnest
from migrator.chain.pivot import Pivot
from migrator.chain.places import (
    BLOCK,
    BLOCKS,
    FRONT,
    GPU_BLOCKS,
    GPU_METRICS,
    GPUS,
    SUMMARY,
    applied,
    inserted,
    visit,
)
from migrator.chain.steps import STEPS
from migrator.chain.steps.genai_perf import CARRIED
from migrator.chain.telemetry import GPU_NAMES, RUN_NAMES, VENDOR_NAMES, infer_platform
from migrator.ledger import Entry, Loss, Op

BLOCK_A = {"unit": "ms", "avg": 1.5}
BLOCK_B = {"unit": "s", "avg": 2.5}


def taken(operation: Any, direction: str, document: Any, **move: Any) -> tuple[Any, list[Entry]]:
    """(the document, the entries) after one operation; what was given must be as it was."""
    before = copied(document)
    run = Context(**{"dialect": "vendor", **move})
    run.step = "a → b"
    result = getattr(operation, direction)(document, run)
    assert document == before
    assert list(document) == list(before)
    assert all(entry.step == "a → b" for entry in run.entries)
    return result, run.entries


def brief(entries: list[Entry]) -> list[tuple[Any, ...]]:
    return [(entry.op, entry.path, entry.loss) for entry in entries]


# --- places --------------------------------------------------------------------------------------------------


def test_visit_names_every_object_of_a_pattern() -> None:
    metrics = {"a": BLOCK_A, "none": {"avg": 1}, "number": 5, "null": None}
    gpu = {"metrics": metrics, "gpu_name": "x"}
    document = {"telemetry_data": {"endpoints": {"e": {"gpus": {"0": gpu, "1": None, "2": {"metrics": []}}}, "f": 1}}}
    assert visit(document, ()) == [((), document, document)]
    assert [(path[-1], parent) for path, _, parent in visit(document, GPUS)] == [
        ("0", document["telemetry_data"]["endpoints"]["e"]["gpus"]),
        ("2", document["telemetry_data"]["endpoints"]["e"]["gpus"]),
    ]
    assert visit(document, GPU_METRICS) == [((*GPUS[:2], "e", "gpus", "0", "metrics"), metrics, gpu)]
    assert visit(document, GPU_BLOCKS) == [((*GPUS[:2], "e", "gpus", "0", "metrics", "a"), BLOCK_A, metrics)]
    assert visit({"a": BLOCK_A, "b": {"avg": 1}}, (BLOCK,)) == [(("a",), BLOCK_A, {"a": BLOCK_A, "b": {"avg": 1}})]
    assert visit({"telemetry_data": None}, GPUS) == visit({}, GPUS) == []


def test_replaced_copies_the_path_and_shares_the_rest() -> None:
    document = {"a": {"b": {"c": 1}, "d": {}}, "e": {}}
    result = applied(document, [(("a", "b"), {"c": 2})])
    assert result == {"a": {"b": {"c": 2}, "d": {}}, "e": {}}
    assert document["a"]["b"] == {"c": 1}
    assert result["e"] is document["e"]
    assert result["a"]["d"] is document["a"]["d"]
    assert applied(document, [((), {"x": 1})]) == {"x": 1}


@pytest.mark.parametrize(
    ("after", "keys"),
    [
        (FRONT, ["new", "a", "b", "c"]),
        (("a",), ["a", "new", "b", "c"]),
        (("c",), ["a", "b", "c", "new"]),
        (("x", "b", "a"), ["a", "b", "new", "c"]),
        (("x",), ["a", "b", "c", "new"]),
        ((), ["a", "b", "c", "new"]),
    ],
)
def test_inserted_puts_a_key_behind_its_neighbour(after: tuple[str, ...], keys: list[str]) -> None:
    node = {"a": 1, "b": 2, "c": 3}
    assert list(inserted(node, [("new", 0, after)])) == keys
    assert inserted(node, [("new", 0, after)]) == {**node, "new": 0}
    assert list(node) == ["a", "b", "c"]


def test_inserted_lets_one_stand_behind_another() -> None:
    rows = [("x", 1, FRONT), ("y", 2, ("x",)), ("z", 3, ("nowhere",))]
    assert list(inserted({"a": 0}, rows)) == ["x", "y", "a", "z"]
    assert list(inserted({}, rows)) == ["x", "y", "z"]


# --- Add -----------------------------------------------------------------------------------------------------


def seven(_: Any, __: Any, ___: Any) -> Any:
    return 7


def nothing(_: Any, __: Any, ___: Any) -> Any:
    return UNKNOWN


ADD = Add(
    AddedField("first", seven, after=FRONT),
    AddedField("guess", seven, after=("a",), loss=Loss.INFERRED),
    AddedField("silent", nothing),
    AddedField("null", nothing, nullable=True),
    AddedField("always_null", nullable=True),
    AddedField("optional"),
)


def test_add_up_adds_what_is_known_and_null_where_that_is_allowed() -> None:
    result, entries = taken(ADD, "up", {"a": 1, "b": 2})
    assert result == {"first": 7, "a": 1, "guess": 7, "b": 2, "null": None, "always_null": None}
    assert list(result) == ["first", "a", "guess", "b", "null", "always_null"]
    assert [(entry.op, entry.path, entry.loss, entry.before, entry.after) for entry in entries] == [
        (Op.ADD, ("first",), Loss.DERIVABLE, None, 7),
        (Op.ADD, ("guess",), Loss.INFERRED, None, 7),
        (Op.ADD, ("null",), Loss.EXACT, None, None),
        (Op.ADD, ("always_null",), Loss.EXACT, None, None),
    ]


def test_add_up_never_replaces_a_value() -> None:
    document = {"first": 1, "guess": None, "null": 0, "always_null": False, "silent": {}, "optional": []}
    result, entries = taken(ADD, "up", document)
    assert result is document
    assert entries == []


def test_add_without_anything_to_say_does_nothing() -> None:
    document = {"a": 1}
    result, entries = taken(Add(AddedField("x"), AddedField("y")), "up", document)
    assert result is document
    assert entries == []


@pytest.mark.parametrize(("residue", "loss"), [(False, Loss.LOST), (True, Loss.SAVED)])
def test_add_down_drops_and_says_what_becomes_of_each_value(residue: bool, loss: Loss) -> None:
    document = {"first": 7, "a": 1, "guess": 8, "silent": 9, "null": None, "always_null": 5, "optional": None}
    result, entries = taken(ADD, "down", document, residue=residue)
    assert result == {"a": 1}
    assert [(entry.op, entry.path, entry.loss, entry.before) for entry in entries] == [
        (Op.DROP, ("first",), Loss.DERIVABLE, 7),
        (Op.DROP, ("guess",), loss, 8),
        (Op.DROP, ("silent",), loss, 9),
        (Op.DROP, ("null",), Loss.DERIVABLE, None),
        (Op.DROP, ("always_null",), loss, 5),
        (Op.DROP, ("optional",), Loss.EXACT, None),
    ]


def test_add_down_of_nothing_does_nothing() -> None:
    document = {"a": 1, "b": {"first": 7}}
    result, entries = taken(ADD, "down", document)
    assert result is document
    assert entries == []


def test_a_field_that_the_far_end_has_stays_unless_it_can_be_computed_again() -> None:
    kept = frozenset({((), "first"), ((), "silent"), (BLOCKS, "optional")})
    document = {"first": 7, "silent": 9, "optional": 1}
    result, entries = taken(ADD, "down", document, kept_fields=kept)
    assert result == {"silent": 9}
    assert brief(entries) == [(Op.DROP, ("first",), Loss.DERIVABLE), (Op.DROP, ("optional",), Loss.LOST)]


def test_add_tells_20_from_20_0() -> None:
    _, entries = taken(Add(AddedField("first", seven)), "down", {"first": 7.0})
    assert entries[0].loss is Loss.LOST


def test_add_in_every_block() -> None:
    operation = Add(AddedField("count", seven), at=BLOCKS)
    document = {"a": BLOCK_A, "b": {**BLOCK_B, "count": 1}, "c": {"avg": 1}, "d": None}
    result, entries = taken(operation, "up", document)
    assert result == {**document, "a": {**BLOCK_A, "count": 7}}
    assert list(result) == list(document)
    assert result["c"] is document["c"]
    assert brief(entries) == [(Op.ADD, ("a", "count"), Loss.DERIVABLE)]
    back, entries = taken(operation, "down", result)
    assert back == {"a": BLOCK_A, "b": BLOCK_B, "c": {"avg": 1}, "d": None}
    assert brief(entries) == [(Op.DROP, ("a", "count"), Loss.DERIVABLE), (Op.DROP, ("b", "count"), Loss.LOST)]


def test_add_in_every_gpu_metric() -> None:
    def of(*blocks: Any) -> Any:
        gpus = {str(index): {"metrics": {"x": block, "y": block}, "i": index} for index, block in enumerate(blocks)}
        return {"telemetry_data": {"endpoints": {"e": {"gpus": gpus}}, "s": 1}, "a": BLOCK_A}

    operation = Add(AddedField("sum"), at=GPU_BLOCKS)
    document = of({**BLOCK_A, "sum": 3}, {**BLOCK_B, "sum": 4})
    result, entries = taken(operation, "down", document)
    assert result == of(BLOCK_A, BLOCK_B)
    assert len(entries) == 4
    assert entries[3].path == ("telemetry_data", "endpoints", "e", "gpus", "1", "metrics", "y", "sum")
    assert entries[3].before == 4


def test_sources_see_the_document_the_object_and_its_place() -> None:
    seen: list[Any] = []

    def source(document: Any, node: Any, path: Any) -> Any:
        seen.append((document, node, path))
        return len(path)

    document = {"a": BLOCK_A}
    result, _ = taken(Add(AddedField("n", source), at=BLOCKS), "up", document)
    assert result["a"]["n"] == 1
    assert seen == [(document, BLOCK_A, ("a",))]


def test_a_drop_is_judged_by_the_document_at_the_end() -> None:
    def source(document: Any, _: Any, __: Any) -> Any:
        return document.get("source", UNKNOWN)

    for end, loss in (({"source": 5}, Loss.DERIVABLE), ({"source": 6}, Loss.LOST), ({}, Loss.LOST)):
        move = Context("vendor")
        Add(AddedField("x", source)).down({"source": 5, "x": 5}, move)
        assert brief(move.entries) == [(Op.DROP, ("x",), Loss.DERIVABLE)]
        move.settle(end)
        assert brief(move.entries) == [(Op.DROP, ("x",), loss)]
    move = Context("vendor", residue=True)
    Add(AddedField("x", source), AddedField("y")).down({"source": 5, "x": 6, "y": 1}, move)
    move.settle({"source": 6})
    assert [entry.loss for entry in move.entries] == [Loss.DERIVABLE, Loss.SAVED]
    move.settle({"source": 7})
    assert move.entries[0].loss is Loss.DERIVABLE, "settled once"


def test_present_names_the_first_field() -> None:
    assert ADD.present({"a": 1}) == ""
    assert ADD.present({"optional": None, "silent": 1}) == "silent"
    count = Add(AddedField("count"), at=BLOCKS)
    assert count.present({"request_latency": {**BLOCK_A, "count": 1}}) == "request_latency.count"
    assert count.present({"request_count": {**BLOCK_A, "count": 1}}) == ""
    assert count.present({"acme.x": {**BLOCK_A, "count": 1}}) == ""
    deep = Add(AddedField("count"), at=GPU_BLOCKS)
    gpus = {"0": {"metrics": {"request_latency": {**BLOCK_A, "count": 1}}}}
    assert deep.present({"telemetry_data": {"endpoints": {"e": {"gpus": gpus}}}}) == ""
    inside = Add(AddedField("x"), at=("run_info",))
    assert inside.present({"run_info": {"x": None}}) == "run_info.x"


# --- Rename --------------------------------------------------------------------------------------------------

RENAME = Rename({"old": "new", "o2": "n2"})


def test_rename_both_ways_keeps_the_order_of_keys() -> None:
    document = {"a": 1, "old": BLOCK_A, "b": 2, "o2": None}
    result, entries = taken(RENAME, "up", document)
    assert list(result.items()) == [("a", 1), ("new", BLOCK_A), ("b", 2), ("n2", None)]
    assert [(entry.op, entry.path, entry.to, entry.loss) for entry in entries] == [
        (Op.RENAME, ("old",), ("new",), Loss.EXACT),
        (Op.RENAME, ("o2",), ("n2",), Loss.EXACT),
    ]
    back, entries = taken(RENAME, "down", result)
    assert list(back.items()) == list(document.items())
    assert [(entry.op, entry.path, entry.to) for entry in entries] == [
        (Op.RENAME, ("new",), ("old",)),
        (Op.RENAME, ("n2",), ("o2",)),
    ]


@pytest.mark.parametrize(("direction", "kept", "note"), [("up", "old", "new"), ("down", "new", "old")])
def test_rename_leaves_both_where_both_are_there(direction: str, kept: str, note: str) -> None:
    document = {"new": BLOCK_A, "x": 1, "old": BLOCK_B}
    result, entries = taken(RENAME, direction, document)
    assert result is document
    assert entries == [Entry("a → b", Op.KEEP, (kept,), Loss.KEPT, note=f"{note} is there too")]
    mixed = {"old": 1, "new": 2, "o2": 3}
    result, entries = taken(RENAME, "up", mixed)
    assert list(result.items()) == [("old", 1), ("new", 2), ("n2", 3)]
    assert [entry.op for entry in entries] == [Op.KEEP, Op.RENAME]


def test_rename_of_nothing_does_nothing() -> None:
    document = {"a": {"old": 1}, "new": 1}
    result, entries = taken(RENAME, "up", document)
    assert result is document
    assert entries == []


def test_rename_spares_what_its_parent_exempts() -> None:
    rename = Rename({"old": "new"}, at=("a", "*"), unless=lambda parent: bool(parent.get("spare")))
    spared = {"a": {"x": {"old": 1}, "spare": True}}
    for direction in ("up", "down"):
        assert taken(rename, direction, spared) == (spared, [])
    assert taken(rename, "up", {"a": {"x": {"old": 1}, "y": {"old": 2}}})[0] == {
        "a": {"x": {"new": 1}, "y": {"new": 2}}
    }
    assert rename.present({"a": {"x": {"new": 1}, "spare": True}}) == ""
    assert rename.present({"a": {"x": {"new": 1}}}) == "a.x.new"
    assert rename.present({"a": {"x": {"new": 1, "old": 1}}}) == ""
    assert rename.present({"a": {"x": {"old": 1}}}) == ""
    assert RENAME.present({"new": 1, "n2": 1}) == "n2", "the same one in every run"
    assert UNNEST.present({"records": {"a": BLOCK_A}}) == UNNEST.present({"a": BLOCK_A}) == ""


# --- Unnest --------------------------------------------------------------------------------------------------

UNNEST = Unnest("records")


def test_unnest_lifts_blocks_in_place_and_gathers_them_again() -> None:
    document = {"x": 1, "records": {"a": BLOCK_A, "b": BLOCK_B}, "y": 2}
    result, entries = taken(UNNEST, "up", document)
    assert list(result.items()) == [("x", 1), ("a", BLOCK_A), ("b", BLOCK_B), ("y", 2)]
    assert [(entry.op, entry.path, entry.to, entry.loss) for entry in entries] == [
        (Op.MOVE, ("records", "a"), ("a",), Loss.EXACT),
        (Op.MOVE, ("records", "b"), ("b",), Loss.EXACT),
    ]
    back, entries = taken(UNNEST, "down", result)
    assert list(back.items()) == list(document.items())
    assert [(entry.op, entry.path, entry.to, entry.loss) for entry in entries] == [
        (Op.MOVE, ("a",), ("records", "a"), Loss.EXACT),
        (Op.MOVE, ("b",), ("records", "b"), Loss.EXACT),
    ]


def test_unnest_leaves_what_is_no_block_or_collides() -> None:
    document = {"a": 5, "records": {"a": BLOCK_A, "b": BLOCK_B, "note": "x", "c": {"avg": 1}}}
    result, entries = taken(UNNEST, "up", document)
    assert list(result.items()) == [("a", 5), ("records", {"a": BLOCK_A, "note": "x", "c": {"avg": 1}}), ("b", BLOCK_B)]
    assert [(entry.op, entry.path, entry.note) for entry in entries] == [
        (Op.KEEP, ("records", "a"), "a is there too"),
        (Op.KEEP, ("records", "note"), "not a metric"),
        (Op.KEEP, ("records", "c"), "not a metric"),
        (Op.MOVE, ("records", "b"), ""),
    ]
    assert all(entry.loss is Loss.KEPT for entry in entries[:3])


def test_gathering_leaves_what_collides() -> None:
    document = {"records": {"a": BLOCK_B, "note": 1}, "a": BLOCK_A, "b": BLOCK_B}
    result, entries = taken(UNNEST, "down", document)
    assert result == {"records": {"a": BLOCK_B, "note": 1, "b": BLOCK_B}, "a": BLOCK_A}
    assert [(entry.op, entry.path, entry.loss, entry.note) for entry in entries] == [
        (Op.KEEP, ("a",), Loss.KEPT, "records.a is there too"),
        (Op.MOVE, ("b",), Loss.EXACT, ""),
    ]


def test_no_metrics_at_all() -> None:
    result, entries = taken(UNNEST, "up", {"x": 1, "records": {}, "y": 2})
    assert result == {"x": 1, "y": 2}
    assert [(entry.op, entry.path, entry.loss, entry.before) for entry in entries] == [
        (Op.DROP, ("records",), Loss.DERIVABLE, {})
    ]
    back, entries = taken(UNNEST, "down", result)
    assert list(back.items()) == [("records", {}), ("x", 1), ("y", 2)]
    assert [(entry.op, entry.path, entry.loss, entry.after) for entry in entries] == [
        (Op.ADD, ("records",), Loss.EXACT, {})
    ]


@pytest.mark.parametrize("value", [None, [], "text", 5])
@pytest.mark.parametrize(("residue", "loss"), [(False, Loss.LOST), (True, Loss.SAVED)])
def test_gathering_where_something_else_has_the_name(value: Any, residue: bool, loss: Loss) -> None:
    result, entries = taken(UNNEST, "down", {"a": BLOCK_A, "records": value}, residue=residue)
    assert result == {"records": {"a": BLOCK_A}}
    assert entries[0] == Entry("a → b", Op.DROP, ("records",), loss, value)
    assert taken(UNNEST, "up", {"a": BLOCK_A, "records": value})[1] == []


def test_a_metric_called_records() -> None:
    document = {"a": BLOCK_A, "records": BLOCK_B}
    assert taken(UNNEST, "up", document) == (document, [])
    result, entries = taken(UNNEST, "down", document)
    assert result == {"records": {"a": BLOCK_A, "records": BLOCK_B}}
    assert [entry.path for entry in entries] == [("records",), ("a",)], "the name must be free for the container"
    back, entries = taken(UNNEST, "up", result)
    assert list(back.items()) == [("a", BLOCK_A), ("records", BLOCK_B)]
    assert [entry.path for entry in entries] == [("records", "a"), ("records", "records")]
    _, entries = taken(UNNEST, "up", {"records": {"records": BLOCK_B, "a": BLOCK_A}})
    assert [entry.path for entry in entries] == [("records", "a"), ("records", "records")]
    _, entries = taken(UNNEST, "down", {"records": BLOCK_B, "a": BLOCK_A})
    assert [entry.path for entry in entries] == [("records",), ("a",)]
    mixed, _ = taken(UNNEST, "up", {"records": {"a": BLOCK_A, "records": BLOCK_B, "note": 1}})
    assert mixed == {"records": {"note": 1, "records": BLOCK_B}, "a": BLOCK_A}


# --- Inverse and InDialect -----------------------------------------------------------------------------------


def test_inverse_is_the_other_way_round() -> None:
    inverse = Inverse(Add(AddedField("tag", seven), at=BLOCKS))
    up, entries = taken(inverse, "up", {"a": {**BLOCK_A, "tag": 7}})
    assert (up, brief(entries)) == ({"a": BLOCK_A}, [(Op.DROP, ("a", "tag"), Loss.DERIVABLE)])
    down, entries = taken(inverse, "down", {"a": BLOCK_A})
    assert (down, brief(entries)) == ({"a": {**BLOCK_A, "tag": 7}}, [(Op.ADD, ("a", "tag"), Loss.DERIVABLE)])
    assert inverse.present({"request_latency": {**BLOCK_A, "tag": 7}}) == ""
    assert inverse.gains(up=True) == {}
    assert inverse.gains(up=False).keys() == {(BLOCKS, "tag")}


@pytest.mark.parametrize(
    ("arguments", "dialect", "goes_up", "goes_down"),
    [
        ({"entering_up": "vendor"}, "vendor", True, True),
        ({"entering_up": "vendor"}, "legacy", False, True),
        ({"entering_down": "legacy"}, "vendor", True, False),
        ({"entering_down": "legacy"}, "legacy", True, True),
    ],
)
def test_in_dialect_runs_where_it_belongs(arguments: Any, dialect: Any, goes_up: bool, goes_down: bool) -> None:
    operation = InDialect(Rename({"old": "new"}), **arguments)
    assert taken(operation, "up", {"old": 1}, dialect=dialect)[0] == ({"new": 1} if goes_up else {"old": 1})
    assert taken(operation, "down", {"new": 1}, dialect=dialect)[0] == ({"old": 1} if goes_down else {"new": 1})
    assert operation.present({"new": 1}) == ("new" if "entering_up" in arguments else "")
    assert InDialect(Add(AddedField("x")), **arguments).gains(up=True).keys() == {((), "x")}


def test_gains() -> None:
    assert ADD.gains(up=True) == {((), field.key): field for field in ADD.fields}
    assert ADD.gains(up=False) == {}
    for operation in (RENAME, UNNEST):
        assert operation.gains(up=True) == operation.gains(up=False) == {}


def test_the_top_level_keys_of_operations() -> None:
    assert Add(AddedField("x"), AddedField("y")).keys() == {"x", "y"}
    assert Add(AddedField("x"), at=BLOCKS).keys() == set()
    assert Rename({"a": "b"}).keys() == {"a", "b"}
    assert Rename({"a": "b"}, at=GPU_METRICS).keys() == set()
    assert UNNEST.keys() == {"records"}
    assert Pivot("old", endpoint="e", table={"a": "b"}, kept_as="kept").keys() == {"old", "kept"}
    assert Inverse(UNNEST).keys() == InDialect(UNNEST, entering_up="vendor").keys() == {"records"}


def test_known_keys_are_those_of_all_versions() -> None:
    assert known_keys() >= {"schema_version", "ttft", "time_to_first_token", "records", "run_info", "warmup_metrics"}
    assert known_keys() >= {"total_gpu_power", "nvidia_total_gpu_power", "telemetry_stats", CARRIED}
    assert not known_keys() & {"platform", "count", "gpu_power_usage", "x_note"}


@pytest.mark.parametrize(
    ("at", "place"),
    [
        (BLOCKS, "each metric"),
        (SUMMARY, "telemetry_data.summary"),
        (GPUS, "each GPU"),
        (GPU_METRICS, "each GPU's metrics"),
        (GPU_BLOCKS, "each GPU metric"),
        (("run_info",), "run_info"),
    ],
)
def test_places_in_descriptions(at: Any, place: str) -> None:
    assert Add(AddedField("x"), at=at).describe() == f"adds x to {place}"


def test_descriptions() -> None:
    added = Add(AddedField("x"), at=BLOCKS)
    gpus = Pivot("old", endpoint="e", table={}, kept_as="kept")
    for operation, up, down in (
        (Add(AddedField("x"), AddedField("y")), "adds x, y", "drops x, y"),
        (added, "adds x to each metric", "drops x from each metric"),
        (Inverse(added), "drops x from each metric", "adds x to each metric"),
        (Rename({"a": "b", "c": "d"}), "renames a to b, c to d", "renames b to a, d to c"),
        (
            Rename({"a": "b"}, about=("odd names", "n_*")),
            "renames 1 odd names to n_*",
            "renames 1 odd names back from n_*",
        ),
        (UNNEST, "lifts metrics out of records to the top level", "gathers metrics in records"),
        (gpus, "turns old to telemetry_data, GPU by GPU", "turns telemetry_data to old, metric by metric"),
    ):
        assert (operation.describe(), operation.describe(up=False)) == (up, down)
    operation = Rename({"a": "b"})
    assert InDialect(operation, entering_up="vendor").describe().startswith("renames a to b (")
    assert (
        InDialect(operation, entering_up="vendor").describe() != InDialect(operation, entering_down="legacy").describe()
    )
    for step in STEPS:
        assert step.reason
        assert step.summary
        assert all(op.describe() for op in step.ops)


# --- the declarations themselves, against what the releases write --------------------------------------------


def test_the_renames_of_telemetry() -> None:
    prefixed = [
        "energy_consumption",
        "gpu_utilization",
        "decoder_utilization",
        "encoder_utilization",
        "jpg_utilization",
        "sm_utilization",
        "xid_errors",
        "power_violation",
    ]
    assert {name: f"nvidia_{name}" for name in prefixed} | {
        "gpu_power_usage": "nvidia_power_usage",
        "mem_utilization": "nvidia_memory_utilization",
        "gpu_memory_used": "nvidia_memory_used",
        "gpu_temperature": "nvidia_temperature",
    } == GPU_NAMES
    energy = ["total_gpu_power", "total_gpu_energy", "output_tokens_per_joule", "energy_per_user"]
    assert {name: f"nvidia_{name}" for name in energy} == RUN_NAMES
    assert catalogue().keys() >= set(RUN_NAMES.values())


def test_recorded_telemetry_before_and_after_is_one_rename() -> None:
    def of(version: str, index: int) -> set[str]:
        gpus = [gpu for _, gpu, _ in visit(recorded(version)[index], GPUS)]
        return {name for gpu in gpus for name in gpu["metrics"]}

    before, after = of("1.4", 0), of("1.4", 1)
    assert {GPU_NAMES[name] for name in before} == after
    assert len(after) == 11


@pytest.mark.parametrize(
    ("gpu", "platform"),
    [
        ({"gpu_name": "NVIDIA H100 80GB HBM3", "metrics": {}}, "nvidia"),
        ({"gpu_name": "Tesla T4"}, "nvidia"),
        ({"gpu_name": "H200"}, "nvidia"),
        ({"gpu_name": "GB200"}, "nvidia"),
        ({"gpu_name": "AMD Instinct MI300X", "metrics": {"gpu_power_usage": BLOCK_A}}, "amd"),
        ({"gpu_name": "MI250"}, "amd"),
        ({"gpu_name": "Radeon"}, "amd"),
        ({"gpu_name": "NVIDIA H100", "metrics": {"amd_power": BLOCK_A}}, "amd"),
        ({"gpu_name": "AMD", "metrics": {"nvidia_power_usage": BLOCK_A}}, "nvidia"),
        ({"gpu_name": "Accelerator", "metrics": {"gpu_power_usage": BLOCK_A}}, "nvidia"),
        ({"gpu_name": "Accelerator", "metrics": {"nvidious": BLOCK_A}}, "unknown"),
        ({"gpu_name": "Accelerator", "metrics": {"power": BLOCK_A}}, "unknown"),
        ({"gpu_name": "SAMDON", "metrics": None}, "unknown"),
        ({"gpu_name": None, "metrics": []}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_a_platform_is_guessed_from_metrics_then_from_the_name(gpu: Any, platform: str) -> None:
    assert infer_platform(gpu) == platform


def test_an_amd_gpu_keeps_its_names() -> None:
    platform, gpu_names, _ = VENDOR_NAMES
    gpus = {
        "0": {"gpu_name": "AMD Instinct MI300X", "metrics": {"amd_power": BLOCK_A, "gpu_utilization": BLOCK_B}},
        "1": {"gpu_name": "NVIDIA H100", "gpu_uuid": "u", "x": 1, "metrics": {"gpu_utilization": BLOCK_B}},
    }
    document = {"telemetry_data": {"endpoints": {"e": {"gpus": gpus}}}}
    with_platform, entries = taken(platform, "up", document)
    assert [(entry.loss, entry.after) for entry in entries] == [(Loss.INFERRED, "amd"), (Loss.INFERRED, "nvidia")]
    after = with_platform["telemetry_data"]["endpoints"]["e"]["gpus"]
    assert list(after["1"]) == ["gpu_name", "gpu_uuid", "platform", "x", "metrics"]
    renamed, entries = taken(gpu_names, "up", with_platform)
    after = renamed["telemetry_data"]["endpoints"]["e"]["gpus"]
    assert list(after["0"]["metrics"]) == ["amd_power", "gpu_utilization"]
    assert list(after["1"]["metrics"]) == ["nvidia_gpu_utilization"]
    assert len(entries) == 1
    back, _ = taken(gpu_names, "down", renamed)
    assert back == with_platform


@pytest.mark.parametrize(
    ("platform", "metrics", "renamed"),
    [
        ("amd", {"gpu_utilization": BLOCK_A}, False),
        ("nvidia", {"amd_power": BLOCK_A, "gpu_utilization": BLOCK_A}, True),
        ("unknown", {"amd_power": BLOCK_A, "gpu_utilization": BLOCK_A}, True),
        (None, {"amd_power": BLOCK_A, "gpu_utilization": BLOCK_A}, False),
        (None, {"gpu_utilization": BLOCK_A}, True),
    ],
)
def test_a_platform_that_is_said_counts_more_than_a_guess(platform: Any, metrics: Any, renamed: bool) -> None:
    gpus = {"0": {"gpu_name": "Accelerator", "platform": platform, "metrics": metrics}}
    result, entries = taken(VENDOR_NAMES[1], "up", {"telemetry_data": {"endpoints": {"e": {"gpus": gpus}}}})
    names = result["telemetry_data"]["endpoints"]["e"]["gpus"]["0"]["metrics"]
    assert ("nvidia_gpu_utilization" in names) == renamed == bool(entries)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["gpu_name", "gpu_uuid", "x"], ["gpu_name", "gpu_uuid", "platform", "x"]),
        (["gpu_uuid", "gpu_name", "x"], ["gpu_uuid", "platform", "gpu_name", "x"]),
        (["gpu_name", "x"], ["gpu_name", "platform", "x"]),
        (["x"], ["x", "platform"]),
    ],
)
def test_where_a_platform_stands(before: list[str], after: list[str]) -> None:
    gpus = {"0": dict.fromkeys(before, "a")}
    result, _ = taken(VENDOR_NAMES[0], "up", {"telemetry_data": {"endpoints": {"e": {"gpus": gpus}}}})
    assert list(result["telemetry_data"]["endpoints"]["e"]["gpus"]["0"]) == after
