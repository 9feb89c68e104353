"""Backfill: exactly what AIPerf itself wrote, or a refusal. Over every recorded export that has its records."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.process import EXPORTS, NAME, SECRET, contents, run, snapshot
from support.versions import NEWEST

from migrator.aiperf.metrics import is_block, is_scalar, record_tags
from migrator.backfill.base import fraction_of
from migrator.backfill.beside import Backfill, records_beside
from migrator.backfill.columns import Column, read_columns
from migrator.backfill.fill import fill_from_records, lacking
from migrator.backfill.run import fill_from_run_config
from migrator.backfill.statistics import facts, pairwise, percentile
from migrator.errors import MigratorError, RecordsError
from migrator.jsonfile import fingerprint, parse, render
from migrator.ledger import Loss, Op
from migrator.migration.audit import unaccounted
from migrator.migration.migrate import Options, migrate

Object = dict[str, Any]
RECORDS = "profile_export.jsonl"
ALL = frozenset({"p10", "count", "sum"})
WITH_RECORDS = sorted(str(path.parent.relative_to(EXPORTS)) for path in EXPORTS.rglob(RECORDS))
WITH_SUMS = [name for name in WITH_RECORDS if '"sum"' in (EXPORTS / name / NAME).read_text()]
WITHOUT_SUMS = [name for name in WITH_RECORDS if name not in WITH_SUMS]
WITH_CONFIG = sorted(str(path.parent.relative_to(EXPORTS)) for path in EXPORTS.rglob("run_config.json"))


def document(name: str) -> Object:
    found: Object = parse((EXPORTS / name / NAME).read_bytes()).data
    return found


def records(name: str) -> str:
    return str(EXPORTS / name / RECORDS)


def record_blocks(export: Object) -> dict[str, Object]:
    return {k: b for k, b in export.items() if k in record_tags() and is_block(b) and not is_scalar(b)}


def without(export: Object, *keys: str) -> Object:
    blocks = record_blocks(export)
    return {
        name: {key: value for key, value in block.items() if key not in keys} if name in blocks else block
        for name, block in export.items()
    }


def test_there_are_records_of_both_ways_to_sum() -> None:
    assert len(WITH_SUMS) >= 6
    assert len(WITHOUT_SUMS) >= 3
    writers = {document(name)["aiperf_version"] for name in WITH_SUMS}
    assert {"0.8.0", "0.9.0", "0.10.0", "0.13.0"} <= writers


# --- exact ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_SUMS)
def test_what_was_stripped_comes_back_to_the_last_bit(name: str) -> None:
    export = document(name)
    filled, entries, doubtful = fill_from_records(without(export, "count", "sum"), records(name), ALL)
    assert doubtful == []
    assert render(filled) == render(export)
    blocks = record_blocks(export)
    assert {entry.path for entry in entries} == {(tag, key) for tag in blocks for key in ("count", "sum")}
    assert all(type(filled[tag]["count"]) is int and type(filled[tag]["sum"]) is float for tag in blocks)


@pytest.mark.parametrize("name", WITHOUT_SUMS)
def test_p10_of_an_export_like_that_of_0_1_1_comes_back_to_the_last_bit(name: str) -> None:
    export = document(name)
    filled, _, doubtful = fill_from_records(without(export, "p10"), records(name), frozenset({"p10"}))
    assert doubtful == []
    assert render(filled) == render(export)


@pytest.mark.parametrize("name", WITH_SUMS)
def test_p10_is_left_out_where_the_release_computes_it_in_its_own_way(name: str) -> None:
    export = document(name)
    filled, entries, doubtful = fill_from_records(without(export, "p10"), records(name), ALL)
    assert entries == []
    assert set(doubtful) == {f"{tag}.p10" for tag in record_blocks(export)}
    assert render(filled) == render(without(export, "p10"))


@pytest.mark.parametrize("name", WITHOUT_SUMS)
@pytest.mark.parametrize("target", ["1.1", NEWEST])
def test_an_old_export_gets_count_and_sum_on_its_way_up(name: str, target: str) -> None:
    export = document(name)
    before = render(export)
    path = str(EXPORTS / name / NAME)
    done = migrate(export, target, finish=Backfill(path))
    assert render(export) == before
    blocks = record_blocks(done.document)
    assert len(blocks) >= 8
    for block in blocks.values():
        assert block["count"] * block["avg"] == pytest.approx(block["sum"], rel=1e-12)
    added = [entry for entry in done.ledger if entry.step == "backfill"]
    assert {entry.path for entry in added} == {(tag, key) for tag in blocks for key in ("count", "sum")}
    assert all(entry.op is Op.ADD and entry.loss is Loss.EXACT and RECORDS in entry.note for entry in added)
    assert unaccounted(export, done.document, done.ledger) == []


@pytest.mark.parametrize("target", ["0.2", "0.3", "1.0"])
def test_a_version_without_a_place_for_them_gets_none(target: str) -> None:
    name = WITH_SUMS[0]
    done = migrate(document(name), target, finish=Backfill(str(EXPORTS / name / NAME)))
    assert not [entry for entry in done.ledger if entry.step == "backfill"]
    assert not any("sum" in block for block in record_blocks(done.document).values())


@pytest.mark.parametrize("name", WITHOUT_SUMS)
def test_there_and_back_gives_the_original(name: str) -> None:
    export = document(name)
    finish = Backfill(str(EXPORTS / name / NAME))
    up = migrate(export, NEWEST, Options(save_residue=True), finish=finish)
    assert up.residue is not None
    version = up.identity.version
    assert fingerprint(migrate(up.document, version, residue=up.residue).document) == fingerprint(export)
    bare = migrate(migrate(export, NEWEST, finish=finish).document, version)
    assert fingerprint(bare.document) == fingerprint(export)
    assert len([entry for entry in bare.ledger if entry.loss is Loss.LOST]) == len(record_blocks(up.document)) * 2


def test_a_file_that_is_there_already_is_filled_in_place_of_being_left_alone() -> None:
    name = WITHOUT_SUMS[0]
    path = str(EXPORTS / name / NAME)
    plain = migrate(document(name), NEWEST).document
    late = migrate(plain, NEWEST, finish=Backfill(path))
    assert late.changed
    assert late.steps == ()
    assert render(late.document) == render(migrate(document(name), NEWEST, finish=Backfill(path)).document)
    again = migrate(late.document, NEWEST, finish=Backfill(path))
    assert not again.changed
    assert again.document is late.document


NUMPY = {
    7: (38.85714287814285, 0.8571428589428574),
    8: (47.000000028, 1.0000000021000002),
    100: (712.2857192357143, 1.4142857202857144),
    128: (903.000008128, 1.385714297714286),
    129: (915.8571511131429, 1.4000000090000002),
    1000: (7144.286213785715, 1.4285715224714286),
    5003: (35728.44108393157, 1.4285718557714286),
}
"""Number of values → what numpy says of their sum and tenth percentile; a running total differs in five of seven."""


@pytest.mark.parametrize("number", NUMPY)
def test_sums_and_percentiles_are_those_of_numpy(number: int) -> None:
    values = [(index * 37 % 101) / 7 + 1e-9 * index for index in range(number)]
    assert (pairwise(values), percentile(sorted(values), 10)) == NUMPY[number]


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=300))
def test_whole_nanoseconds_are_summed_exactly(nanoseconds: list[int]) -> None:
    column = Column()
    column.unit = "ms"
    column.values.fromlist([value * 1e-6 for value in nanoseconds])
    total = sum(nanoseconds)
    found = facts(column, total / len(nanoseconds) * 1e-6)
    assert found.one_by_one == found.in_pairs == total * 1e-6
    assert found.number == len(nanoseconds)


@pytest.mark.parametrize("value", [None, "12.5", [12.5], 1e15, -1e15, math.nan])
def test_a_record_with_a_value_that_is_no_time_tells_no_fraction(value: object) -> None:
    metrics: dict[str, Any] = {
        "request_latency": {"value": 30.0, "unit": "ms"},
        "time_to_first_token": {"value": 10.0, "unit": "ms"},
    }
    assert fraction_of("inter_token_latency", 5.0, "ms", metrics) == 20e6 / 4
    for tag in metrics:
        assert fraction_of("inter_token_latency", 5.0, "ms", metrics | {tag: {"value": value, "unit": "ms"}}) is None
    assert fraction_of("inter_token_latency", 5.0, "tokens", metrics) is None
    assert fraction_of("inter_token_latency", 5.0001, "ms", metrics) is None


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=300))
def test_no_sum_is_told_that_does_not_lead_to_the_average(values: list[float]) -> None:
    column = Column()
    column.unit = "tokens/sec/user"
    column.values.fromlist(values)
    average = pairwise(values) / len(values)
    assert facts(column, average).in_pairs == pairwise(values)
    assert facts(column, average * (1 + 1e-14)).in_pairs in (None, pairwise(values))
    assert facts(column, average * 1.001).in_pairs is None
    assert facts(column, None).one_by_one is None


# --- refused -------------------------------------------------------------------------------------------------


def stripped_copy(name: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(EXPORTS / name / RECORDS, folder / RECORDS)
    path = folder / NAME
    path.write_bytes(render(without(document(name), "count", "sum")))
    return path


def refused(export: Object, path: Path) -> RecordsError:
    with pytest.raises(RecordsError) as caught:
        fill_from_records(export, str(path), ALL)
    assert caught.value.file == str(path)
    assert caught.value.exit_code == 4
    return caught.value


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_records_of_every_other_run_are_refused(name: str) -> None:
    export = without(document(name), "count", "sum")
    for other in WITH_RECORDS:
        if other != name:
            assert "does not match the export" in refused(export, EXPORTS / other / RECORDS).found


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.97])
def test_too_few_records_are_refused(kept: float, tmp_path: Path) -> None:
    name = WITHOUT_SUMS[0]
    lines = Path(records(name)).read_bytes().splitlines(keepends=True)
    short = tmp_path / RECORDS
    short.write_bytes(b"".join(lines[: int(len(lines) * kept)]))
    refused(document(name), short)


def test_a_record_twice_is_refused(tmp_path: Path) -> None:
    name = WITHOUT_SUMS[0]
    raw = Path(records(name)).read_bytes()
    path = tmp_path / RECORDS
    path.write_bytes(raw + raw)
    refused(document(name), path)


def test_only_the_profiling_phase_counts(tmp_path: Path) -> None:
    name = next(name for name in WITH_SUMS if name.endswith("0.13.0/chat-streaming"))
    lines = [json.loads(line) for line in Path(records(name)).read_bytes().splitlines()]
    profiling = [line for line in lines if line["metadata"]["benchmark_phase"] == "profiling"]
    warmup = [{**line, "metadata": {**line["metadata"], "benchmark_phase": "warmup"}} for line in profiling[:5]]
    path = tmp_path / RECORDS
    path.write_text("".join(json.dumps(line) + "\n" for line in [*warmup, *profiling]))
    export = document(name)
    filled, _, _ = fill_from_records(without(export, "count", "sum"), str(path), ALL)
    assert render(filled) == render(export)
    path.write_text("".join(json.dumps(line) + "\n" for line in warmup))
    assert "no request of the profiling phase" in refused(without(export, "sum"), path).found


STATISTICS = ("avg", "min", "max", "std", "p1", "p50", "p99", "count")


@pytest.mark.parametrize("statistic", STATISTICS)
def test_one_statistic_that_disagrees_is_enough(statistic: str) -> None:
    name = "0.13.0/chat-streaming"
    export = without(document(name), "sum")
    for tag in ("request_latency", "inter_chunk_latency", "output_sequence_length"):
        block = export[tag]
        edited = {**export, tag: {**block, statistic: block[statistic] + 1}}
        assert f"{tag}.{statistic}" in refused(edited, EXPORTS / name / RECORDS).found


def test_another_unit_is_refused_or_told_exactly(tmp_path: Path) -> None:
    name = "0.13.0/chat-streaming"
    export = without(document(name), "count", "sum")
    export["request_latency"] = {**export["request_latency"], "unit": "tokens"}
    assert "request_latency.unit" in refused(export, EXPORTS / name / RECORDS).found


HOSTILE = {
    b"[1]": "is not the record of a request",
    b"{}": "is not the record of a request",
    b'{"metadata": {}, "metrics": []}': "is not the record of a request",
    b'{"metadata": {}, "metrics": {"request_latency": 5}}': "is not a metric",
    b'{"metadata": {}, "metrics": {"request_latency": {"value": "\\u001b[31m", "unit": "ms"}}}': "is not a number",
    b'{"metadata": {}, "metrics": {"request_latency": {"value": [[1]], "unit": "ms"}}}': "is not a number",
    b'{"metadata": {}, "metrics": {"request_latency": {"value": true, "unit": "ms"}}}': "is not a number",
    b'{"metadata": {}, "metrics": {"request_latency": {"value": 1e400, "unit": "ms"}}}': "not JSON",
    b'{"metadata": {}, "metrics": {"request_latency": {"value": 1, "unit": "\\u001b[31m"}}}': "is in",
    b"\xff\xfe\x00": "not JSON",
    b'{"metadata": {}, "metr': "not JSON",
    b"[" * 100_000: "not JSON",
}


@pytest.mark.parametrize("line", HOSTILE, ids=[f"line {n}" for n in range(len(HOSTILE))])
def test_a_hostile_line_is_told_with_its_place(line: bytes, tmp_path: Path) -> None:
    good = Path(records("0.4.0/chat-streaming")).read_bytes().splitlines()[0]
    path = tmp_path / RECORDS
    path.write_bytes(good + b"\n" + line + b"\n")
    with pytest.raises(MigratorError) as caught:
        fill_from_records(document("0.4.0/chat-streaming"), str(path), ALL)
    assert HOSTILE[line] in caught.value.found
    assert caught.value.place.startswith("line 2")


def test_null_and_empty_values_are_none(tmp_path: Path) -> None:
    path = tmp_path / RECORDS
    rows = [{"value": None, "unit": "ms"}, {"value": [], "unit": "ms"}, {"value": [1.5, 2], "unit": "ms"}]
    path.write_text("\n\n".join(json.dumps({"metadata": {}, "metrics": {"a": row}}) for row in rows) + "\n")
    count, columns = read_columns(str(path), ["a", "b"])
    assert count == 3
    assert list(columns["a"].values) == [1.5, 2.0]
    assert set(columns) == {"a"}


# --- the run's identity --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in WITH_CONFIG if "0.13" in name])
def test_run_info_comes_back_from_run_config(name: str) -> None:
    export = document(name)
    lean = migrate(export, "1.1").document
    up = migrate(lean, export["schema_version"], finish=Backfill(str(EXPORTS / name / NAME)))
    told = {key: value for key, value in up.document["run_info"].items() if value is not None}
    assert told == export["run_info"]
    assert up.document["run_info"]["trial"] is not None
    plain = migrate(lean, export["schema_version"]).document["run_info"]
    assert plain["trial"] is None
    entries = [entry for entry in up.ledger if entry.step == "backfill"]
    assert all(entry.loss is Loss.EXACT and entry.note == "from run_config.json" for entry in entries)
    assert ("run_info", "trial") in {entry.path for entry in entries}


def config_with(folder: Path, **changes: Any) -> str:
    name = next(name for name in WITH_CONFIG if "0.13" in name)
    config = json.loads((EXPORTS / name / "run_config.json").read_bytes()) | changes
    path = folder / "run_config.json"
    path.write_text(json.dumps(config))
    return str(path)


def without_run_info() -> Object:
    name = next(name for name in WITH_CONFIG if "0.13" in name)
    return migrate(migrate(document(name), "1.1").document, "1.4").document


@pytest.mark.parametrize("other", ["another", None, 7])
def test_the_configuration_of_another_run_is_refused(other: Any, tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="benchmark_id"):
        fill_from_run_config(without_run_info(), config_with(tmp_path, benchmark_id=other))


def test_a_key_in_the_recorded_command_never_arrives(tmp_path: Path) -> None:
    command = f"aiperf profile --model m --api-key {SECRET} --header 'Authorization: Bearer {SECRET}'"
    export = without_run_info()
    export["run_info"]["cli_command"] = None
    filled, _ = fill_from_run_config(export, config_with(tmp_path, cli_command=command))
    assert SECRET not in json.dumps(filled)
    assert "<redacted>" in filled["run_info"]["cli_command"]


def test_values_of_a_wrong_type_are_not_taken(tmp_path: Path) -> None:
    config = config_with(tmp_path, trial=True, label=["x"], variation="none")
    filled, _ = fill_from_run_config(without_run_info(), config)
    assert filled["run_info"]["trial"] is None
    assert filled["run_info"]["run_label"] is None
    assert filled["run_info"]["variation_values"] is None


# --- the command line ----------------------------------------------------------------------------------------


def test_upgrade_fills_in_from_beside_the_file(tmp_path: Path) -> None:
    name = WITHOUT_SUMS[0]
    shutil.copytree(EXPORTS / name, tmp_path / "run")
    done = run("upgrade", "--backfill", tmp_path / "run" / NAME, "-o", tmp_path / "new.json")
    assert done.code == 0
    assert lacking(json.loads((tmp_path / "new.json").read_bytes())) == {}
    told = run("convert", "--to", NEWEST, "--backfill", tmp_path / "run" / NAME, "--dry-run", "--explain").stdout
    assert f"(from {RECORDS})" in told


def test_records_by_name_and_a_file_that_was_upgraded_before(tmp_path: Path) -> None:
    name = WITHOUT_SUMS[0]
    plain, filled = tmp_path / "plain.json", tmp_path / "filled.json"
    assert run("upgrade", EXPORTS / name / NAME, "-o", plain).code == 0
    assert run("upgrade", "--records", records(name), plain, "-o", filled).code == 0
    direct = run("upgrade", "--backfill", EXPORTS / name / NAME)
    assert direct.raw == filled.read_bytes()


def test_a_prefix_of_the_users_own_is_followed(tmp_path: Path) -> None:
    for export, beside in (("mine.json", "mine.jsonl"), ("my_aiperf.json", "my.jsonl"), (NAME, RECORDS)):
        assert records_beside(str(tmp_path / export)) is None
        (tmp_path / beside).write_bytes(b"")
        assert records_beside(str(tmp_path / export)) == str(tmp_path / beside)


@pytest.mark.parametrize("most", [10, 2], ids=["sorted", "in parts"])
def test_a_sum_that_exceeds_a_double_matches_no_average(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr("migrator.backfill.statistics._MOST_SORTED", most)
    column = Column()
    column.unit = "ms"
    column.values.fromlist([1e308] * 3)
    found = facts(column, 1e308, p10=True)
    assert (found.stats["avg"], found.one_by_one, found.in_pairs) == (math.inf, None, None)


def test_no_records_are_a_warning_and_nothing_is_made_up(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes((EXPORTS / WITHOUT_SUMS[0] / NAME).read_bytes())
    done = run("upgrade", "--backfill", tmp_path / NAME)
    assert done.code == 0
    assert "no records beside it" in done.stderr
    assert done.raw == run("upgrade", tmp_path / NAME).raw


def test_one_mismatch_fails_its_file_and_the_batch_goes_on(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name, folder in ((WITHOUT_SUMS[0], "good"), (WITHOUT_SUMS[1], "bad"), (WITHOUT_SUMS[2], "cut")):
        shutil.copytree(EXPORTS / name, tree / folder)
    shutil.copy(records(WITHOUT_SUMS[0]), tree / "bad" / RECORDS)
    raw = Path(records(WITHOUT_SUMS[2])).read_bytes()
    (tree / "cut" / RECORDS).write_bytes(raw[: len(raw) * 2 // 3])
    before = snapshot(tree)
    done = run("upgrade", "--backfill", tree, "-d", tmp_path / "out", "--json")
    assert done.code == 4
    assert snapshot(tree) == before
    rows = {Path(row["file"]).parent.name: row for row in done.rows if row["file"].endswith(NAME)}
    assert [rows[name]["status"] for name in ("good", "bad", "cut")] == ["migrated", "failed", "failed"]
    assert rows["bad"]["error"]["kind"] == "RecordsError"
    assert rows["cut"]["error"]["hint"] == "the file may be cut off"
    assert sorted(contents(tmp_path / "out")) == [f"good/{NAME}"]


@pytest.mark.parametrize(
    "arguments",
    [["upgrade", "--backfill", "-"], ["upgrade", "--records", "x", "a", "b", "--dry-run"], ["downgrade", "--backfill"]],
)
def test_what_makes_no_sense_is_a_usage_error(arguments: list[str]) -> None:
    assert run(*arguments).code == 2


def test_an_input_and_explicit_records_that_are_not_there(tmp_path: Path) -> None:
    done = run("upgrade", "--records", tmp_path / "none.jsonl", EXPORTS / WITHOUT_SUMS[0] / NAME)
    assert done.code == 4
    assert "none.jsonl" in done.stderr
    assert done.raw == b""
