"""The top-level `metadata` of AIPerf 0.12.0 and later is read by every command that looks at runs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from support.process import export, run

CHAT = "0.13.0/chat-streaming"
VALID = {"scenario": "acme-mvp", "submission_valid": True, "dataset": {"hf_dataset_name": "acme/traces"}}
INVALID = {"scenario": "acme-mvp", "submission_valid": False, "submission_invalid_reasons": ["unsafe_override", "late"]}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    document = json.loads(export(CHAT).read_bytes())
    for name, metadata in (("valid", VALID), ("invalid", INVALID), ("plain", None)):
        told: dict[str, Any] = {"metadata": metadata} if metadata else {}
        changed = {**document, **told, "benchmark_id": name, "run_info": {**document["run_info"], "benchmark_id": name}}
        (tmp_path / f"{name}.json").write_text(json.dumps(changed))
    return tmp_path


def test_inspect_says_whether_a_submission_counts(runs: Path) -> None:
    rows = {name: run("inspect", f"{name}.json", cwd=runs).lines for name in ("valid", "invalid", "plain")}
    assert "  scenario      acme-mvp, a valid submission" in rows["valid"]
    assert "  data set      acme/traces" in rows["valid"]
    assert "  scenario      acme-mvp, not a valid submission: unsafe_override, late" in rows["invalid"]
    assert not [line for line in rows["plain"] if line.startswith(("  scenario", "  data set", "  submission"))]
    told = {name: json.loads(run("inspect", f"{name}.json", "--json", cwd=runs).stdout) for name in rows}
    assert [told[name]["submission_valid"] for name in rows] == [True, False, None]
    assert told["invalid"]["submission_invalid_reasons"] == ["unsafe_override", "late"]
    assert (told["valid"]["scenario"], told["valid"]["dataset"]) == ("acme-mvp", "acme/traces")


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("not submission_valid = false", {"plain", "valid"}),
        ("submission_valid", {"valid"}),
        ("submission_valid = false", {"invalid"}),
        ("scenario ~ 'acme*'", {"invalid", "valid"}),
        ("dataset = acme/traces", {"valid"}),
    ],
)
def test_where_chooses_by_it(runs: Path, expression: str, names: set[str]) -> None:
    done = run("inspect", ".", "--where", expression, cwd=runs)
    assert {Path(line.split()[-1]).stem for line in done.lines} == names


def test_a_table_has_columns_for_it(runs: Path) -> None:
    columns = ("scenario", "submission_valid", "submission_invalid_reasons", "dataset")
    done = run("table", ".", "--columns", ",".join(("benchmark_id", *columns)), cwd=runs)
    found = {row["benchmark_id"]: [row[name] for name in columns] for row in csv.DictReader(io.StringIO(done.stdout))}
    assert found == {
        "valid": ["acme-mvp", "true", "", "acme/traces"],
        "invalid": ["acme-mvp", "false", "unsafe_override, late", ""],
        "plain": ["", "", "", ""],
    }


def test_an_upgrade_of_a_run_that_does_not_count_still_says_so(runs: Path) -> None:
    done = run("upgrade", "invalid.json", "--to", "1.5", cwd=runs)
    up = json.loads(done.stdout)
    assert up["metadata"] == INVALID
    assert "runtime_submission_invalid_reasons" not in up
    (runs / "up.json").write_text(done.stdout)
    assert "R005" in run("check", "up.json", cwd=runs).stdout
