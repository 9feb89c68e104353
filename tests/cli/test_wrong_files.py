"""What lies beside an export and was named in its place: a sentence that says what it is and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.process import EXPORTS, run

RECORDS = EXPORTS / "0.9.0" / "chat-streaming" / "profile_export.jsonl"
AGGREGATE = EXPORTS / "0.13.0" / "multirun" / "aggregate" / "profile_export_aiperf_aggregate.json"
CSV = "Metric,avg,min,max\nRequest Latency (ms),1.0,1.0,1.0\n"


@pytest.mark.parametrize("command", [("inspect",), ("upgrade",), ("check",), ("diff", "."), ("table",)])
def test_the_csv_of_a_run(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "profile_export_aiperf.csv").write_text(CSV)
    done = run(*command, "profile_export_aiperf.csv", cwd=tmp_path)
    told = done.stdout + done.stderr
    assert "CSV or log" in told or "is for people" in told
    assert "JSON of the run" in told


@pytest.mark.parametrize("command", [("inspect",), ("check",), ("table",), ("history",), ("upgrade", "-d", "out")])
def test_a_folder_without_the_json(command: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (folder / "profile_export_aiperf.csv").write_text(CSV)
    done = run(*command, "artifacts", cwd=tmp_path)
    assert "artifacts/profile_export_aiperf.csv is for people" in done.stderr
    (folder / "profile_export.jsonl").write_bytes(RECORDS.read_bytes())
    told = run(*command, "artifacts", cwd=tmp_path)
    assert "rebuild" in told.stdout + told.stderr


def test_a_comparison_of_folders_without_exports(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "profile_export_aiperf.csv").write_text(CSV)
    done = run("diff", "a", "a", cwd=tmp_path)
    assert done.code == 4
    assert "holds no run" in done.stderr
    assert "is for people" in done.stderr


def test_an_aggregate_leads_to_its_runs() -> None:
    assert "name the folder of its runs" in run("upgrade", AGGREGATE).stderr
    assert "3 runs, " in run("inspect", AGGREGATE).stdout, "what it stands for"


def test_nothing_of_aiperf_says_no_more_than_that(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.csv").write_text("a,b\n")
    assert run("table", "empty", cwd=tmp_path).complaints == ["no exports found"]
