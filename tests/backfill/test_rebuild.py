"""An export from records alone: judged by AIPerf's own exports of the same runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from support.process import run
from support.versions import NEWEST

from migrator import parse_export
from migrator.aiperf.metrics import STATISTICS, is_block, is_scalar
from migrator.aiperf.records import REBUILT, only_records
from migrator.backfill.rebuild import rebuild
from migrator.chain.requests import Outcome, requests_of
from migrator.chain.steps import VERSIONS
from migrator.errors import MigratorError, NotAnExportError, RecordsError, UsageError
from migrator.identify import identify
from migrator.jsonfile import parse, render
from migrator.migration.migrate import migrate
from migrator.schemas import violations

EXPORTS: Final = Path(__file__).parents[2] / "golden" / "exports"
RECORDS: Final = sorted(EXPORTS.rglob("profile_export.jsonl"))
SKETCHED: Final = ("0.8.0", "0.9.0", "0.10.0", "0.11.0")
"""Releases that estimate the percentiles of lists."""


def line(error: Any = None, phase: str = "profiling", **metrics: Any) -> str:
    values = {tag: {"value": value, "unit": "ms"} for tag, value in metrics.items()}
    return json.dumps({"metadata": {"benchmark_phase": phase}, "metrics": values, "error": error}) + "\n"


def written(folder: Path, *lines: str) -> Path:
    path = folder / "profile_export.jsonl"
    path.write_text("".join(lines))
    return path


REFUSED: Final = {"code": 503, "type": "Service Unavailable", "message": "overload"}


@pytest.mark.parametrize("records", RECORDS, ids=lambda path: str(path.parent.relative_to(EXPORTS)))
def test_the_statistics_are_those_of_aiperf(records: Path) -> None:
    native = parse((records.parent / "profile_export_aiperf.json").read_bytes()).data
    release = records.relative_to(EXPORTS).parts[0]
    native = migrate(native, NEWEST).document
    made = rebuild(str(records)).document
    compared = 0
    for tag, block in made.items():
        if not is_block(block):
            continue
        if tag != "prefill_throughput_per_user" or release != "0.3.0":
            assert block["unit"] == native[tag]["unit"]
        for name, value in block.items():
            if name == "unit" or native[tag].get(name) is None:
                continue
            if tag == "inter_chunk_latency" and name.startswith("p") and release in SKETCHED:
                continue
            compared += 1
            if name in ("std", "sum"):
                assert value == pytest.approx(native[tag][name], rel=1e-12)
            else:
                assert value == pytest.approx(native[tag][name], rel=1e-14), (tag, name)
    assert compared > 60
    assert made["error_summary"] == (native["error_summary"] or [])
    assert requests_of(made, NEWEST) == requests_of(native, NEWEST)
    kept = {tag for tag, block in native.items() if is_block(block) and not is_scalar(block)} - made.keys()
    assert not any(tag.startswith(("request_", "time_to", "http_")) for tag in kept)


def test_every_request_failed(tmp_path: Path) -> None:
    other = REFUSED | {"message": "gone", "code": None, "type": "TimeoutError"}
    records = written(
        tmp_path, *[line(REFUSED)] * 3, line(other), line(REFUSED, "warmup"), line(request_latency=1.0, phase="warmup")
    )
    made = rebuild(str(records)).document
    assert made["error_request_count"] == {"unit": "requests", "avg": 4.0}
    assert "request_count" not in made
    assert made["error_summary"] == [
        {"error_details": REFUSED, "count": 3},
        {"error_details": other, "count": 1},
    ]
    found = requests_of(made, NEWEST)
    assert (found.outcome, found.failed) == (Outcome.NONE_SUCCEEDED, 4)
    told = run("check", tmp_path, cwd=tmp_path)
    assert "nothing was checked" in told.stderr
    assert run("rebuild", tmp_path, "-o", tmp_path / "made.json").code == 0
    checked = run("check", tmp_path / "made.json", "--json")
    assert {found["code"] for found in checked.rows[0]["findings"]} == {"R004", "R006"}


def test_what_records_do_not_prove_is_left_out(tmp_path: Path) -> None:
    made = rebuild(str(written(tmp_path, line(request_latency=2.0), line(request_latency=4.0)))).document
    assert made.keys() == {"schema_version", REBUILT, "request_latency", "request_count", "error_summary"}
    assert made[REBUILT]["requests"] == 2
    block = made["request_latency"]
    assert list(block) == ["unit", *STATISTICS]
    assert (block["avg"], block["min"], block["max"], block["std"]) == (3.0, 2.0, 4.0, 1.0)
    assert (block["count"], block["sum"], block["p50"], block["p25"]) == (2, 6.0, 3.0, 2.5)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_rebuilt_export_conforms_and_stays_marked_at_every_version(version: str, tmp_path: Path) -> None:
    made = rebuild(str(RECORDS[0])).document
    assert not list(violations(NEWEST, made))
    done = migrate(made, version)
    assert REBUILT in done.document
    found = identify(done.document)
    assert found.rebuilt
    assert found.as_dict()["rebuilt"] is True
    assert found.writers == ()
    assert parse_export(render(done.document))


def test_every_command_says_that_it_is_rebuilt(tmp_path: Path) -> None:
    made = tmp_path / "made.json"
    assert run("rebuild", RECORDS[0], "-o", made).code == 0
    assert "from records: no export of AIPerf's own" in run("inspect", made).stdout
    assert "rebuilt from records" in run("inspect", tmp_path).stdout
    assert "R006" in run("check", made).stdout
    assert "was rebuilt from its records" in run("diff", made, RECORDS[0].parent / "profile_export_aiperf.json").stdout
    assert "rebuilt from its records" in run("table", made).stderr
    assert "rebuilt" not in run("inspect", RECORDS[0].parent / "profile_export_aiperf.json").stdout


def test_a_folder_with_records_alone_is_told_of_rebuild(tmp_path: Path) -> None:
    written(tmp_path, line(REFUSED))
    (tmp_path / "inputs.json").write_text('{"data": [{"session_id": "a", "payloads": []}]}')
    for command in (
        ("upgrade", tmp_path, "-d", tmp_path / "out"),
        ("upgrade", tmp_path, "--in-place"),
        ("inspect", tmp_path),
    ):
        done = run(*command)
        assert (done.code, "rebuild" in done.stdout) == (0, True), command
    done = run("diff", tmp_path, RECORDS[0].parent)
    assert done.code == 4
    assert "aiperf-migrate rebuild" in done.stderr


def test_records_beside_an_export_are_not_spoken_of(tmp_path: Path) -> None:
    assert "profile_export.jsonl" not in run("inspect", RECORDS[0].parent).stdout
    assert only_records({"profile_export.jsonl", "inputs.json", "x_timeslices.json", "logs/"})
    assert not only_records({"profile_export.jsonl", "my-run.json"})
    assert not only_records({"inputs.json"})


def test_a_folder_with_an_export_is_not_rebuilt() -> None:
    done = run("rebuild", RECORDS[0].parent)
    assert done.code == 2
    assert "has an export already: profile_export_aiperf.json" in done.stderr


def test_a_cut_last_line_is_left_out_and_told(tmp_path: Path) -> None:
    made = rebuild(str(written(tmp_path, line(request_latency=2.0), line(request_latency=4.0)[:40])))
    assert made.document[REBUILT]["requests"] == 1
    assert "line 2" in made.warnings[0]


@pytest.mark.parametrize("values", [(1e308, 1e308, 1e308), (0.0, 1e200)], ids=["sum", "square"])
def test_what_has_no_finite_statistics_is_left_out_and_told(tmp_path: Path, values: tuple[float, ...]) -> None:
    lines = [line(time_to_first_token=2.0, request_latency=value) for value in values]
    made = rebuild(str(written(tmp_path, *lines)))
    assert "request_latency" not in made.document
    assert made.document["time_to_first_token"]["avg"] == 2.0
    assert made.warnings == ["left out, because their statistics exceed a double: request_latency"]


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "made.json").write_text("mine")
    assert run("rebuild", RECORDS[0], "-o", tmp_path / "made.json").code == 4
    assert (tmp_path / "made.json").read_text() == "mine"
    assert run("rebuild", RECORDS[0], "-o", tmp_path / "made.json", "--force").code == 0
    assert run("rebuild", RECORDS[0]).raw == (tmp_path / "made.json").read_bytes()


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([], RecordsError),
        ([line(phase="warmup")], RecordsError),
        (['{"a": 1}\n'], NotAnExportError),
        (["{\n", line()], MigratorError),
        ([line(request_latency="3")], NotAnExportError),
    ],
)
def test_what_is_no_file_of_records_is_refused(lines: list[str], error: type[MigratorError], tmp_path: Path) -> None:
    with pytest.raises(error):
        rebuild(str(written(tmp_path, *lines)))


def test_a_folder_without_records_is_a_usage_error(tmp_path: Path) -> None:
    assert run("rebuild", tmp_path).code == UsageError.exit_code
