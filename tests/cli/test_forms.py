"""An output has the form that its name says, or the option; never two things, and never one that there is not."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from support.process import EXPORTS, run

LAB = EXPORTS / "lab"
EXPORT = str(LAB / "base-1" / "profile_export_aiperf.json")
SIDES = (str(LAB / "base-1"), str(LAB / "slow20-1"))


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("r.txt", b"?"),
        ("r.md", b"###"),
        ("r.HTML", b"<!doctype html>"),
        ("r.xml", b"<?xml"),
        ("r.json", b"{"),
        ("report", b"?"),
    ],
)
def test_the_name_says_the_form_of_a_comparison(tmp_path: Path, name: str, begins: bytes) -> None:
    done = run("diff", *SIDES, "-o", name, cwd=tmp_path)
    assert (done.code, done.raw) == (0, b"")
    assert (tmp_path / name).read_bytes().lower().startswith(begins)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.json", "t.jsonl.gz", "t.md", "t.parquet", "table"])
def test_the_name_says_the_form_of_a_table(tmp_path: Path, name: str) -> None:
    done = run("table", LAB, "-o", name, "--columns", "file,request_latency.avg", cwd=tmp_path)
    assert done.code == 0
    raw = (tmp_path / name).read_bytes()
    text = gzip.decompress(raw).decode() if name.endswith(".gz") else raw.decode("utf-8", "replace")
    if "json" in name:
        assert len([json.loads(line) for line in text.splitlines()]) == 6
    elif "csv" in name or name == "table":
        assert len(list(csv.DictReader(io.StringIO(text)))) == 6
    else:
        assert raw.startswith(b"| " if name.endswith(".md") else b"PAR1")
    assert run("table", LAB, "-o", name, "--force", "--columns", "file,request_latency.avg", cwd=tmp_path).code == 0
    assert (tmp_path / name).read_bytes() == raw, "the same bytes each time"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("diff", *SIDES, "-o", "r.xlsx"), "no form is known for r.xlsx; expected a name that ends in .txt, .md"),
        (("diff", *SIDES, "-o", "r.html", "--format", "json"), "--format json and r.html contradict each other"),
        (("diff", *SIDES, "-o", "r.html", "--json"), "--format json and r.html contradict each other"),
        (("diff", *SIDES, "--json", "--format", "html"), "--json and --format html contradict each other"),
        (("table", str(LAB), "-o", "t.xlsx"), "no form is known for t.xlsx; expected a name that ends in .csv"),
        (("table", str(LAB), "-o", "t.parquet.gz"), "no form is known for t.parquet.gz"),
        (("table", str(LAB), "-o", "t.csv", "--format", "parquet"), "--format parquet and t.csv contradict"),
    ],
)
def test_what_contradicts_is_refused_before_anything_is_read(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.code == 2
    assert told in done.complaints[0]
    assert list(tmp_path.iterdir()) == []


def test_a_dash_is_standard_output_and_an_option_names_any_file(tmp_path: Path) -> None:
    assert run("diff", *SIDES, "-o", "-", cwd=tmp_path).raw == run("diff", *SIDES).raw
    for command in (("table",), ("history",), ("upgrade",), ("downgrade", "--to", "1.0"), ("redact",)):
        path = LAB if command[0] in ("table", "history") else Path(EXPORT)
        assert run(*command, path, "-o", "-", cwd=tmp_path).raw == run(*command, path).raw
    records = EXPORTS / "0.13.0" / "chat-streaming" / "profile_export.jsonl"
    runs = [LAB / f"base-{number}" for number in (1, 2, 3)]
    for command in (("rebuild", records), ("noise", "learn", *runs)):
        assert run(*command, "-o", "-", cwd=tmp_path).raw == run(*command).raw != b""
    assert run("diff", *SIDES, "--json", "-o", "receipt.out", cwd=tmp_path).code == 0
    assert json.loads((tmp_path / "receipt.out").read_text())["verdict"]
    assert [path.name for path in tmp_path.iterdir()] == ["receipt.out"]


@pytest.mark.parametrize("option", ["-d", "--ledger", "--journal", "--backup-dir"])
def test_standard_output_is_no_folder_ledger_or_journal(tmp_path: Path, option: str) -> None:
    done = run("upgrade", EXPORT, option, "-", "--dry-run", cwd=tmp_path)
    assert done.code == 2
    assert done.complaints[0] == (
        f"argument {'-d/--output-dir' if option == '-d' else option}: - is not a file; ./- names one that is called so"
    )
    assert list(tmp_path.iterdir()) == []
