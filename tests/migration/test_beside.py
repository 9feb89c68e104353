"""The chains of files beside an export: time slices, and the records of GPU telemetry, under the laws of exports.

The recordings are of AIPerf itself: those of 0.3.0 and 0.13.0 in golden/exports, the others in golden/beside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.replay import copied
from support.strategies import odd_numbers, text

from migrator.chain import gpu_records, timeslices
from migrator.chain.ops import Rename
from migrator.chain.steps import STEPS
from migrator.chain.within import Within
from migrator.errors import NotAnExportError, NotJsonError, ResidueError
from migrator.identify import Family, identify
from migrator.jsonfile import fingerprint, leaves, parse, render
from migrator.ledger import Loss, Op
from migrator.migration.audit import unaccounted
from migrator.migration.goal import Goal, goal_of, is_at, target_of
from migrator.migration.lines import LinesMigration, migrate_lines
from migrator.migration.migrate import Migration, Options, migrate
from migrator.migration.residue import Residue
from migrator.redact import redact

GOLDEN: Final = Path(__file__).parents[2] / "golden" / "exports"
HERE: Final = GOLDEN.parent / "beside"
SLICES: Final = {
    "0.3.0": GOLDEN / "0.3.0/chat-goodput-key/profile_export_aiperf_timeslices.json",
    "0.4.0": HERE / "0.4.0/profile_export_aiperf_timeslices.json",
    "0.11.0": HERE / "0.11.0/profile_export_aiperf_timeslices.json",
    "0.13.0": GOLDEN / "0.13.0/chat-goodput-key/profile_export_aiperf_timeslices.json",
}
RECORDS: Final = {
    "0.4.0": HERE / "0.4.0/gpu_telemetry_export.jsonl",
    "0.11.0": HERE / "0.11.0/gpu_telemetry_export.jsonl",
    "0.13.0": GOLDEN / "0.13.0/chat-streaming/gpu_telemetry_export.jsonl",
}
VERSIONS: Final = timeslices.CHAIN.versions
GONE: Final = (Loss.LOST, Loss.SAVED)
ALL_SAVED: Final = Options(config=True, save_residue=True)

Object = dict[str, Any]


def slices_of(release: str) -> Object:
    return parse(SLICES[release].read_bytes()).data  # type: ignore[no-any-return]


def records_of(release: str) -> bytes:
    return RECORDS[release].read_bytes()


def gone(done: Migration | LinesMigration) -> set[str]:
    return {str(entry.path[-1]) for entry in done.ledger if entry.loss in GONE}


# --- the chains ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chain", [timeslices.CHAIN, gpu_records.CHAIN], ids=lambda chain: chain.name)
def test_a_chain_is_one_line_without_gaps(chain: Any) -> None:
    assert chain.name in set(Family)
    assert [(step.older, step.newer) for step in chain.steps] == list(pairwise(chain.versions))
    assert all(step.reason for step in chain.steps)


def test_what_a_step_renames_at_the_top_of_an_export_it_renames_in_each_slice() -> None:
    top = [op for step in STEPS if step.older in VERSIONS for op in step.ops if isinstance(op, Rename) and not op.at]
    inside = [op.of for step in timeslices.CHAIN.steps for op in step.ops if isinstance(op, Within)]
    assert top
    assert [op for op in top if op not in inside] == []


# --- the laws, for time slices -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "version"), [("0.3.0", "0.3"), ("0.4.0", "1.0"), ("0.11.0", "1.3"), ("0.13.0", "1.4")]
)
def test_slices_are_identified_by_their_content(release: str, version: str) -> None:
    found = identify(slices_of(release))
    assert (found.family, found.version) == (Family.TIMESLICES, version)


@pytest.mark.parametrize("release", SLICES)
@pytest.mark.parametrize("to", VERSIONS)
def test_slices_come_back_byte_for_byte(release: str, to: str) -> None:
    raw = SLICES[release].read_bytes()
    parsed = parse(raw)
    before = copied(parsed.data)
    version = identify(parsed.data).version
    there = migrate(parsed.data, to, ALL_SAVED)
    assert parsed.data == before
    assert unaccounted(parsed.data, there.document, there.ledger) == []
    clean, _ = redact(parsed.data)
    if not there.changed:
        assert there.document is parsed.data
        return
    read = Residue.from_bytes(there.residue.to_bytes("test")) if there.residue else None
    back = migrate(there.document, version, Options(config=True), residue=read)
    assert render(back.document, parsed.layout) == render(clean, parsed.layout)


@pytest.mark.parametrize("release", SLICES)
def test_slices_take_every_way_step_by_step_to_the_same_place(release: str) -> None:
    document = slices_of(release)
    version = identify(document).version
    for to in VERSIONS[VERSIONS.index(version) + 1 :]:
        whole = migrate(document, to).document
        step_by_step = document
        for stop in VERSIONS[VERSIONS.index(version) + 1 : VERSIONS.index(to) + 1]:
            step_by_step = migrate(step_by_step, stop).document
        assert step_by_step == whole


def test_a_slice_of_a_recording_has_the_shape_that_the_target_release_wrote() -> None:
    ours = migrate(slices_of("0.3.0"), goal_of(None, "0.13.0"), Options(config=True)).document
    natively = slices_of("0.13.0")
    assert list(ours) == list(natively)
    assert [list(part)[:2] for part in ours["timeslices"]] == [["start_ns", "end_ns"]] * 3
    assert [part.get("is_complete") for part in ours["timeslices"]] == [False, None, False]
    named = {name for part in ours["timeslices"] for name in part}
    gone_since = {"min_request_timestamp", "max_response_timestamp"}
    assert named - gone_since - {name for part in natively["timeslices"] for name in part} == set()
    assert (
        ours["input_config"]["artifacts"]["slice_duration"] == natively["input_config"]["artifacts"]["slice_duration"]
    )
    back = migrate(natively, goal_of(None, "0.3.0"), Options(config=True)).document
    assert [next(iter(part)) for part in back["timeslices"]] == ["timeslice_index"] * 2
    assert [part["timeslice_index"] for part in back["timeslices"]] == [0, 1]
    assert all(
        "prefill_throughput" in part and "prefill_throughput_per_user" not in part for part in back["timeslices"]
    )
    assert "count" not in back["timeslices"][0]["request_latency"]


def test_windows_are_those_that_the_requests_were_sorted_into() -> None:
    document = slices_of("0.3.0")
    made = migrate(document, "1.4").document
    for before, after in zip(document["timeslices"], made["timeslices"], strict=True):
        first, last = before["min_request_timestamp"]["avg"], after["end_ns"]
        assert after["start_ns"] <= first < last
        assert 0 < after["end_ns"] - after["start_ns"] <= 500_000_000
    ends = [part["end_ns"] for part in made["timeslices"]][:-1]
    assert ends == [part["start_ns"] for part in made["timeslices"]][1:]
    assert all(end % 500_000_000 == 0 for end in ends)


@pytest.mark.parametrize(
    ("leave", "value"),
    [
        ("min_request_timestamp", None),
        ("min_request_timestamp", {"unit": "ms", "avg": 1.5}),
        ("min_request_timestamp", {"unit": "ns", "avg": float("nan")}),
        ("max_response_timestamp", None),
    ],
)
def test_no_window_is_made_up_where_the_file_does_not_tell(leave: str, value: Any) -> None:
    document = slices_of("0.3.0")
    document["timeslices"][1].pop(leave)
    if value:
        document["timeslices"][1][leave] = value
    made = migrate(document, "1.4")
    assert not any("start_ns" in part or "is_complete" in part for part in made.document["timeslices"])
    assert not any("timeslice_index" in part for part in made.document["timeslices"])


def test_a_first_request_too_near_an_edge_is_in_no_certain_window() -> None:
    document = slices_of("0.3.0")
    document["timeslices"][1]["min_request_timestamp"]["avg"] = 1795485456.5e9
    made = migrate(document, "1.4").document["timeslices"]
    assert ["start_ns" in part for part in made] == [True, False, True]


def test_a_number_that_is_not_its_place_is_told() -> None:
    document = slices_of("0.11.0")
    document["timeslices"][2]["timeslice_index"] = 7
    done = migrate(document, "1.4", ALL_SAVED)
    assert [entry.path for entry in done.ledger if entry.loss in GONE] == [("timeslices", 2, "timeslice_index")]
    back = migrate(done.document, "1.3", Options(config=True), residue=done.residue)
    assert back.document == document


def test_native_times_cannot_be_derived_and_are_told() -> None:
    assert gone(migrate(slices_of("0.13.0"), "1.3")) == {"start_ns", "end_ns", "is_complete"}


def test_a_residue_of_slices_that_were_edited_is_refused() -> None:
    done = migrate(slices_of("0.13.0"), "1.3", ALL_SAVED)
    edited = copied(done.document)
    edited["timeslices"].pop()
    with pytest.raises(ResidueError):
        migrate(edited, "1.4", residue=done.residue)


def test_the_configuration_of_slices_is_that_of_the_export_beside_them() -> None:
    for release, folder in (("0.3.0", "chat-goodput-key"), ("0.13.0", "chat-goodput-key")):
        export = parse((GOLDEN / release / folder / "profile_export_aiperf.json").read_bytes()).data
        for target in ("0.4.0", "0.8.0", "0.9.0", "0.11.0", "0.13.0"):
            of_export = migrate(export, goal_of(None, target), Options(config=True)).document["input_config"]
            of_slices = migrate(slices_of(release), goal_of(None, target), Options(config=True)).document[
                "input_config"
            ]
            # What the export has elsewhere, in run_info or at its top, slices have nowhere.
            outside = {"cli_command", "benchmark_id"}
            assert {k: v for k, v in of_slices.items() if k not in outside} == {
                k: v for k, v in of_export.items() if k not in outside
            }, (release, target)


def test_no_release_before_0_3_wrote_slices() -> None:
    assert target_of(timeslices.CHAIN, Goal("0.2")) == ""
    with pytest.raises(NotAnExportError, match="writes timeslices"):
        migrate(slices_of("0.3.0"), "0.2")


JSON: Final = st.one_of(st.none(), st.booleans(), odd_numbers, text, st.just([]), st.just({}), st.just({"unit": "ns"}))


@given(st.data())
def test_hostile_slices_lose_nothing_in_silence(data: st.DataObject) -> None:
    document = slices_of(data.draw(st.sampled_from(sorted(SLICES)), label="release"))
    for _ in range(data.draw(st.integers(1, 4))):
        part = data.draw(st.sampled_from(document["timeslices"]))
        if type(part) is not dict:
            continue
        key = data.draw(
            st.sampled_from([*part, "start_ns", "end_ns", "is_complete", "timeslice_index", "prefill_throughput"])
        )
        part[key] = data.draw(JSON)
    if data.draw(st.booleans()):
        document["timeslices"].insert(0, data.draw(JSON))
    version, to = identify(document).version, data.draw(st.sampled_from(VERSIONS))
    done = migrate(document, to, ALL_SAVED)
    assert unaccounted(document, done.document, done.ledger) == []
    if done.changed:
        back = migrate(done.document, version, Options(config=True), residue=done.residue).document
        assert fingerprint(back) == fingerprint(redact(document)[0])
        assert json.dumps(list(map(list, leaves(back))), default=str) is not None


# --- the laws, for records of GPU telemetry ------------------------------------------------------------------


@pytest.mark.parametrize(("source", "target"), list(permutations(["0.4.0", "0.8.0", "0.11.0", "0.12.0", "0.13.0"], 2)))
def test_records_come_back_byte_for_byte(source: str, target: str) -> None:
    raw = records_of("0.11.0")
    start = migrate_lines(raw, goal_of(None, source)).raw
    there = migrate_lines(start, goal_of(None, target), Options(save_residue=True))
    assert migrate_lines(there.raw, goal_of(None, source)).raw == start
    for before, after in zip(start.splitlines(), there.raw.splitlines(), strict=True):
        done = migrate(parse(before).data, goal_of(None, target))
        assert unaccounted(parse(before).data, done.document, done.ledger) == []
        assert render(done.document, parse(after).layout) == after
    assert gone(there) == set()


@pytest.mark.parametrize("release", RECORDS)
def test_records_have_the_keys_that_the_target_release_wrote(release: str) -> None:
    natively = parse(records_of("0.13.0").splitlines()[0]).data
    ours = parse(migrate_lines(records_of(release), goal_of(None, "0.13.0")).raw.splitlines()[0]).data
    assert list(ours) == list(natively)
    assert ours["telemetry_data"].keys() <= natively["telemetry_data"].keys()
    old = parse(migrate_lines(records_of("0.13.0"), goal_of(None, "0.11.0")).raw.splitlines()[0]).data
    recorded = parse(records_of("0.11.0").splitlines()[0]).data
    assert list(old) == list(recorded)
    assert old["telemetry_data"].keys() == recorded["telemetry_data"].keys()


def test_every_change_of_a_file_of_records_is_told_once_with_its_lines() -> None:
    done = migrate_lines(records_of("0.11.0"), goal_of(None, "0.13.0"))
    assert all(entry.note == "in 18 lines" for entry in done.ledger)
    assert done.ledger.by_op() == {Op.ADD: 1, Op.RENAME: 12}
    assert [entry.loss for entry in done.ledger if entry.op is Op.ADD] == [Loss.INFERRED]
    assert done.steps == ("AIPerf 0.4.0 → AIPerf 0.12.0", "AIPerf 0.12.0 → AIPerf 0.13.0")


def test_both_shapes_that_writers_of_1_4_wrote_are_1_4() -> None:
    first, *_, last = gpu_records.CHAIN.versions
    assert target_of(gpu_records.CHAIN, Goal("1.4")) == last
    assert is_at(gpu_records.CHAIN, Goal("1.4"), "AIPerf 0.12.0")
    assert not is_at(gpu_records.CHAIN, Goal("1.4"), first)
    assert not is_at(gpu_records.CHAIN, goal_of(None, "0.13.0"), "AIPerf 0.12.0")
    assert target_of(gpu_records.CHAIN, goal_of(None, "0.3.0")) == ""


def record(**changes: Any) -> bytes:
    first = parse(records_of("0.13.0").splitlines()[0]).data
    return render(first | changes, parse(records_of("0.13.0").splitlines()[0]).layout) + b"\n"


def test_a_platform_that_cannot_be_inferred_again_is_saved_by_line() -> None:
    raw = record() + record(platform="unknown") + record()
    down = migrate_lines(raw, goal_of(None, "0.11.0"), Options(save_residue=True))
    assert [entry.note for entry in down.ledger if entry.loss is Loss.SAVED] == ["in 1 line"]
    assert down.residue
    assert [part.path for part in down.residue.parts] == [("2", "platform")]
    read = Residue.from_bytes(down.residue.to_bytes("test"))
    assert migrate_lines(down.raw, goal_of(None, "0.13.0"), residue=read).raw == raw
    edited = down.raw.replace(b'"gpu_index":0', b'"gpu_index":3', 1)
    with pytest.raises(ResidueError):
        migrate_lines(edited, goal_of(None, "0.13.0"), residue=read)


def test_amd_keeps_its_names() -> None:
    metrics = {"amd_power": 1.5, "gpu_utilization": 2.0}
    raw = record(telemetry_data=metrics, platform="amd", gpu_model_name="AMD Instinct MI300X")
    down = migrate_lines(raw, goal_of(None, "0.11.0")).raw
    assert parse(down.splitlines()[0]).data["telemetry_data"] == metrics
    assert migrate_lines(down, goal_of(None, "0.13.0")).raw == raw


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n"])
def test_ends_of_lines_and_spelling_stay(end: bytes) -> None:
    line = record().rstrip(b"\n").replace(b'"nvidia_xid_errors":0.0', b'"nvidia_xid_errors":0.00').replace(b":", b": ")
    raw = (line + (b"\r\n" if b"\r" in end else b"\n")) + line + end
    down = migrate_lines(raw, goal_of(None, "0.11.0"))
    assert down.changed
    assert b'"xid_errors": 0.00' in down.raw
    assert migrate_lines(down.raw, goal_of(None, "0.13.0")).raw == raw


def test_a_last_line_that_was_cut_off_stays_and_is_told() -> None:
    raw = record() + record()[:70]
    down = migrate_lines(raw, goal_of(None, "0.11.0"))
    assert down.cut == 2
    assert down.raw.endswith(record()[:70])
    assert migrate_lines(down.raw, goal_of(None, "0.13.0")).raw == raw


def broken() -> Iterator[tuple[bytes, str]]:
    yield record() + record()[:70] + b"\n" + record(), "line 2"
    yield record() + b'{"timeslices": []}\n', "line 2"


@pytest.mark.parametrize(("raw", "place"), list(broken()))
def test_a_line_that_is_no_record_is_an_error_with_its_number(raw: bytes, place: str) -> None:
    with pytest.raises((NotJsonError, NotAnExportError)) as error:
        migrate_lines(raw, goal_of(None, "0.11.0"))
    assert error.value.place == place


def test_records_of_several_versions_are_each_migrated_but_have_no_residue() -> None:
    raw = records_of("0.11.0") + records_of("0.13.0")
    up = migrate_lines(raw, goal_of(None, "0.13.0")).raw
    assert {identify(parse(line).data).version for line in up.splitlines()} == {"AIPerf 0.13.0"}
    with pytest.raises(NotAnExportError) as error:
        migrate_lines(raw, goal_of(None, "0.12.0"), Options(save_residue=True))
    assert error.value.place == "line 19"


def test_an_empty_file_of_records_is_unchanged() -> None:
    assert not migrate_lines(b"", goal_of(None, "0.13.0")).changed


# --- for a release -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SLICES)
@pytest.mark.parametrize("target", ["0.3.0", "0.4.0", "0.8.0", "0.9.0", "0.11.0", "0.12.0", "0.13.0"])
def test_slices_for_a_release_lose_nothing_in_silence_and_come_back(source: str, target: str) -> None:
    raw = SLICES[source].read_bytes()
    parsed = parse(raw)
    there = migrate(parsed.data, goal_of(None, target), ALL_SAVED)
    assert unaccounted(parsed.data, there.document, there.ledger) == []
    again = migrate(there.document, goal_of(None, target), ALL_SAVED)
    assert again.document == there.document
    version = identify(parsed.data).version
    back = migrate(there.document, version, Options(config=True), residue=there.residue)
    assert render(back.document, parsed.layout) == render(redact(parsed.data)[0], parsed.layout)


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("0.11.0.dev20260721", "gpu_power_usage dcgm_url"),
        ("0.11.0.dev20260724", "nvidia_power_usage dcgm_url"),
        ("0.12.0", "nvidia_power_usage dcgm_url"),
        ("0.12.0.dev20260730", "nvidia_power_usage telemetry_source_url"),
        ("0.12.0.dev20260821", "nvidia_power_usage telemetry_source_url"),
        ("0.13.0", "nvidia_power_usage telemetry_source_url"),
    ],
)
def test_records_for_a_nightly_have_the_names_that_its_own_model_reads(release: str, name: str) -> None:
    metric, place = name.split()
    for source in RECORDS:
        record = parse(migrate_lines(records_of(source), goal_of(None, release)).raw.splitlines()[0]).data
        assert place in record
        assert metric in record["telemetry_data"]
