"""Failed requests, as `inspect`, `check` and `table` tell them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, copy, export, run

CHAT = "0.4.0/chat-streaming"
ERRORS = "0.10.0/completions-errors"
"""46 of 50 requests succeeded, four got 503."""
WITH_KEY = "0.6.0/key"
GENAI_PERF = EXPORTS / "genai-perf-0.0.16" / "chat-streaming" / "profile_export_genai_perf.json"


def without_success(path: Path) -> Path:
    """An export of 233 requests that all failed, as AIPerf 0.2.0 wrote it: null for every metric of a success."""
    document: dict[str, Any] = json.loads(export("0.2.0/chat-streaming").read_bytes())
    nulls = {tag: None for tag, value in document.items() if type(value) is dict and "unit" in value}
    errors = [({"code": 503, "type": "Busy", "message": "<html>"}, 200), ({"type": "TimeoutError", "message": ""}, 33)]
    document |= nulls | {
        "error_request_count": {"unit": "requests", "avg": 233.0},
        "error_summary": [{"error_details": details, "count": count} for details, count in errors],
    }
    path.write_text(json.dumps(document))
    return path


def test_a_note_is_told_and_does_not_fail_a_check() -> None:
    done = run("check", export(ERRORS))
    assert (done.code, done.complaints) == (0, [])
    assert done.lines == [
        str(export(ERRORS)),
        "  R003  $.error_request_count (note)",
        "        4 of 50 requests failed: 503 × 4",
        "1 export checked: nothing found, 1 note",
    ]
    both = run("check", export(ERRORS), export(WITH_KEY))
    assert (both.code, both.lines[-1]) == (1, "2 exports checked: 2 findings in 1, 1 note")
    (row,) = run("check", export(ERRORS), "--json").rows
    assert [(found["code"], found["severity"]) for found in row["findings"]] == [("R003", "note")]


def test_a_run_without_success_fails_a_check_and_inspect_says_why(tmp_path: Path) -> None:
    file = without_success(tmp_path / "run.json")
    done = run("check", file)
    assert (done.code, done.lines[1:]) == (
        1,
        [
            "  R004  $.error_request_count",
            "        0 of 233 requests succeeded: 503 × 200, TimeoutError × 33",
            "1 export checked: 1 finding in 1",
        ],
    )
    page = run("inspect", file)
    assert page.code == 0
    assert "  requests      0 of 233 succeeded: 503 × 200, TimeoutError × 33" in page.lines
    (row,) = run("inspect", file, "--json").rows
    assert (row["request_count"], row["requests_succeeded"], row["requests_failed"]) == (None, 0, 233)
    assert row["failures"] == [{"reason": "503", "requests": 200}, {"reason": "TimeoutError", "requests": 33}]


def test_inspect_says_how_requests_ended(tmp_path: Path) -> None:
    assert "  requests      46 of 50 succeeded: 503 × 4" in run("inspect", export(ERRORS)).lines
    assert "  requests      40 of 40 succeeded" in run("inspect", export(CHAT)).lines
    assert "  requests  40" in run("inspect", GENAI_PERF).lines, "it says nothing of failures"
    (row,) = run("inspect", GENAI_PERF, "--json").rows
    assert (row["requests_succeeded"], row["requests_failed"], row["failures"]) == (40, None, [])
    document = json.loads(export(ERRORS).read_bytes())
    reasons = ["\x1b[2J" + "x" * 80, "y" * 80, "z" * 80, "w"]
    document["error_summary"] = [
        {"error_details": {"type": reason, "message": ""}, "count": 4 - index} for index, reason in enumerate(reasons)
    ]
    (tmp_path / "odd.json").write_text(json.dumps(document))
    page = run("inspect", "odd.json", cwd=tmp_path)
    assert all(len(line) <= 80 and line.isprintable() for line in page.lines)
    assert "\\x1b[2J" in page.stdout


def test_a_table_has_failed_requests_and_their_share(tmp_path: Path) -> None:
    without_success(tmp_path / "0.json")
    copy(ERRORS, tmp_path / "1.json")
    copy(CHAT, tmp_path / "2.json")
    (tmp_path / "3.json").write_bytes(GENAI_PERF.read_bytes())
    names = ["0.json", "1.json", "2.json", "3.json"]
    done = run("table", *names, "--columns", "file,failed_requests,failed_percent", cwd=tmp_path)
    assert done.lines[1:] == ["0.json,233,100.0", "1.json,4,8.0", "2.json,0,0.0", "3.json,,"]
    every = next(csv.reader(run("table", "1.json", cwd=tmp_path).lines))
    assert every[every.index("failed_requests") + 1] == "failed_percent"
    by_metric = run("table", "1.json", "--rows", "metric", "--format", "json", cwd=tmp_path).rows
    assert {(row["failed_requests"], row["failed_percent"]) for row in by_metric} == {(4, 8.0)}


def test_a_parquet_table_has_failed_requests_as_numbers(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    without_success(tmp_path / "run.json")
    run("table", "run.json", "--format", "parquet", "-o", "t.parquet", "--columns", "failed_*", cwd=tmp_path)
    table = parquet.read_table(tmp_path / "t.parquet")
    assert [str(field.type) for field in table.schema] == ["double", "double"]
    assert table.to_pylist() == [{"failed_requests": 233.0, "failed_percent": 100.0}]


def test_a_survey_says_how_many_runs_had_failures(tmp_path: Path) -> None:
    without_success(tmp_path / "0.json")
    for name in ("1.json", "a-copy.json"):
        copy(ERRORS, tmp_path / name)
    copy(CHAT, tmp_path / "2.json")
    (tmp_path / "3.json").write_bytes(GENAI_PERF.read_bytes())
    done = run("inspect", ".", "--summary", cwd=tmp_path)
    start = done.lines.index("requests, by run") + 1
    assert [line.split("  ")[-1] for line in done.lines[start : start + 5]] == [
        "all requests succeeded",
        "some requests failed",
        "no request succeeded",
        "not in the file",
        "",
    ]
    (survey,) = run("inspect", ".", "--summary", "--json", cwd=tmp_path).rows
    assert survey["exports"] == 5
    assert survey["outcomes"] == [
        {"outcome": "all requests succeeded", "runs": 1},
        {"outcome": "some requests failed", "runs": 1},
        {"outcome": "no request succeeded", "runs": 1},
        {"outcome": "not in the file", "runs": 1},
    ]
