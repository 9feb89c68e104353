"""Every JSON output of every command, over real files, is what its schema says; and the schema says all of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support.made_history import nights
from support.process import EXPORTS, NAME, Done, copy, environment, export, run
from support.sweeps import recorded

from migrator.cli.commands.schema import NAMES
from migrator.cli.main import COMMANDS
from migrator.documents import FILES, REPORTS, name_of
from migrator.documents.schema import documents, schema
from migrator.settings.keys import SETTINGS
from tui.session import STATE_VERSION, Remembered

LAB = EXPORTS / "lab"
BASE = [str(path) for path in sorted(LAB.glob("base-*"))]
SLOW = [str(path) for path in sorted(LAB.glob("slow20-*"))]


def holds(document: str, rows: list[Any]) -> None:
    """Each row is valid, and names its schema, if it is a report."""
    assert rows
    validator = Draft202012Validator(schema(document))
    for row in rows:
        if document in REPORTS:
            assert next(iter(row.items())) == ("schema", name_of(document))
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(row)]
        assert not errors, errors


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A tree with exports of several versions, other files of a run, and a file that cannot be read."""
    tree = tmp_path / "tree"
    for name in ("0.1.1/key", "0.3.0/chat-goodput-key", "0.6.0/key", "0.13.0/cancelled", "genai-perf-0.0.16/chat"):
        if export(name).exists():
            copy(name, tree / name / NAME)
    for beside in sorted((EXPORTS / "0.13.0").glob("*/*.json*"))[:40]:
        (tree / "all" / beside.parent.name).mkdir(parents=True, exist_ok=True)
        (tree / "all" / beside.parent.name / beside.name).write_bytes(beside.read_bytes())
    for path in sorted((EXPORTS / "genai-perf-0.0.16").rglob("*.json"))[:2]:
        (tree / path.name).write_bytes(path.read_bytes())
    (tree / "cut.json").write_bytes(export("0.6.0/key").read_bytes()[:500])
    return tree


def test_reports_about_a_tree(mixed: Path, tmp_path: Path) -> None:
    holds("inspect", run("inspect", mixed, "--json").rows)
    holds("survey", run("inspect", mixed, "--summary", "--to", "1.0", "--json").rows)
    holds("check", run("check", mixed, "--json").rows)
    holds("contract", run("contract", "check", "dynamo-frontend", mixed, "--json").rows)
    holds("ledger", run("redact", mixed, "--dry-run", "--json").rows)
    holds("table", run("table", mixed, "--format", "json").rows)
    holds("table", run("table", mixed, "--format", "json", "--rows", "metric").rows)
    for more in (("--backfill",), ("--for-aiperf", "0.6.0"), ("--to", "0.2")):
        ledger = tmp_path / f"ledger{more[-1]}.jsonl"
        done = run(
            "convert",
            mixed,
            *(more if "backfill" not in more[0] else ("--to", "1.4", *more)),
            "--json",
            "-d",
            tmp_path / f"out{more[-1]}",
            "--ledger",
            ledger,
        )
        holds("ledger", done.rows)
        assert ledger.read_text() == done.stdout


def test_reports_of_a_batch_and_its_undoing(tmp_path: Path) -> None:
    old = copy("0.6.0/key", tmp_path / "a" / NAME)
    journal = tmp_path / "batch.journal"
    run("upgrade", old, "--in-place", "--journal", journal)
    holds("journal", [json.loads(line) for line in journal.read_text().splitlines()])
    old.write_text("changed since")
    holds("undo", run("undo", journal, "--json").rows)
    run("upgrade", export("0.6.0/key"), "-o", tmp_path / "x.json", "--journal", tmp_path / "2.journal")
    holds("undo", run("undo", tmp_path / "2.journal", "--json").rows)
    for older in (Path(__file__).parents[1] / "writing" / "journals").glob("*.jsonl"):
        holds("journal", [json.loads(line) for line in older.read_text().splitlines()])


def test_reports_of_comparisons(tmp_path: Path) -> None:
    sides = ("--base", *BASE, "--cand", *SLOW)
    done = run("diff", *sides, "--json")
    (receipt,) = done.rows
    shown = run("diff", *sides, "--format", "json")
    assert json.loads(shown.stdout) == receipt
    assert len(shown.lines) > 100
    validator = Draft202012Validator(json.loads(run("schema", "receipt").stdout))
    assert not list(validator.iter_errors(receipt))
    holds("plan", run("diff", *sides, "--plan", "5", "--json").rows)
    proofs = run("diff", *sides, "--prove", "--json")
    holds("proof", proofs.rows)
    assert proofs.code == 0
    assert all(row["holds"] for row in proofs.rows)
    profile = tmp_path / "noise.json"
    run("noise", "learn", *BASE, "-o", profile)
    holds("noise", [json.loads(profile.read_text())])


def test_reports_of_sweeps_and_histories(tmp_path: Path) -> None:
    sweep = recorded(tmp_path, "base")
    holds("front", run("front", sweep, "--goal", "time_to_first_token.p99<=200", "--json").rows)
    nights(tmp_path / "nights", [1.0] * 10 + [1.3] * 10)
    holds("history", run("history", tmp_path / "nights", "--json").rows)


def test_reports_of_what_the_tool_knows(tmp_path: Path) -> None:
    holds("rules", run("check", "--rules", "--json").rows)
    holds("rules", run("check", "--explain", "M001", "--json").rows)
    holds("versions", run("versions", "--json").rows)
    holds("releases", run("versions", "--releases", "--json").rows)
    holds("fixtures", run("fixtures", "--json").rows)
    holds("schema-diff", run("schema", "diff", "1.3..1.4", "--json").rows)
    holds("contract-list", run("contract", "list", "--json").rows)
    holds("contract-versions", run("contract", "versions", "dynamo-frontend", "--json").rows)
    holds("config", run("config", "--json", env={"AIPERF_MIGRATE_JOBS": "2"}).rows)
    subprocess.run(["git", "init", "-q", tmp_path / "repo"], check=True)
    env = {"HOME": str(tmp_path)}
    holds("git-status", run("git", "status", "--json", cwd=tmp_path / "repo", env=env).rows)
    holds("git", run("git", "install", "--json", cwd=tmp_path / "repo", env=env).rows)
    holds("git-status", run("git", "status", "--json", cwd=tmp_path / "repo", env=env).rows)


POLICY = """
[defaults]
margin = 5
alpha = 0.01
max_error_percent = 2.5
[allow]
vary = ["gpus"]
[[rule]]
metric = "request_latency.p99"
margin = 5
floor = 1.5
direction = "lower"
min_n = 3
[[waiver]]
metric = "request_throughput"
reason = "known"
until = 2026-12-31
"""


def plain(text: str) -> Any:
    return json.loads(json.dumps(tomllib.loads(text), default=str))


@pytest.mark.parametrize(
    "wrong",
    [
        '[[rule]]\nmetric = "a"\nmarginn = 5',
        "[[rule]]\nmargin = 5",
        '[[rule]]\nmetric = "a"\ngate = "no"',
        "[defaults]\nalpha = 0.6",
        '[[waiver]]\nmetric = "a"\nreason = " "',
        "[gates]",
        '[allow]\nvary = "gpus"',
    ],
)
def test_what_the_schema_of_policies_refuses_the_command_refuses(wrong: str, tmp_path: Path) -> None:
    assert not Draft202012Validator(schema("policy")).is_valid(plain(wrong))
    (tmp_path / "p.toml").write_text(wrong)
    assert run("diff", BASE[0], SLOW[0], "--policy", tmp_path / "p.toml").code == 2


def test_a_policy_with_everything_is_one(tmp_path: Path) -> None:
    holds("policy", [plain(POLICY)])
    (tmp_path / "p.toml").write_text(POLICY)
    assert run("diff", "--base", *BASE, "--cand", *SLOW, "--policy", tmp_path / "p.toml").code == 1


def test_the_state_of_the_terminal_ui() -> None:
    state = Remembered(baseline=["a"], columns=["b"], place="/x", places={"/y": ["", ["a"], []]})
    holds("tui", [{"version": STATE_VERSION, **asdict(state)}])
    properties = schema("tui")["properties"]
    assert set(properties) == {"version", *asdict(state)}


def test_settings_have_a_schema() -> None:
    assert list(schema("settings")["properties"]) == [setting.name for setting in SETTINGS]
    holds("settings", [{"policy": "p.toml", "exclude": ["a"], "jobs": "auto", "color": "never", "gitignore": True}])
    assert not Draft202012Validator(schema("settings")).is_valid({"polcy": "p.toml"})


@pytest.mark.parametrize("name", documents())
def test_each_is_a_schema_and_has_a_name_of_its_own(name: str) -> None:
    found = json.loads(run("schema", name).stdout)
    Draft202012Validator.check_schema(found)
    assert found == schema(name)
    assert found["$id"] == f"urn:aiperf-migrate:{name}:{REPORTS.get(name, '1.0')}"
    assert found["title"]


def test_the_list_names_all() -> None:
    listed = [line.split()[0] for line in run("schema", "--list").lines[1:]]
    assert listed == ["receipt", "map", *documents()]
    assert set(listed) < set(NAMES)
    assert set(FILES) < set(documents())


def commands_with_json() -> Iterator[str]:
    from importlib import import_module

    for name, (module, _) in COMMANDS.items():
        parser = import_module(f"migrator.cli.commands.{module}").arguments(name)
        if "--json" in parser._option_string_actions:
            yield name


def test_no_command_with_json_is_forgotten_here() -> None:
    """A new command with --json has its document; this list and the tests above are then to be longer."""
    assert set(commands_with_json()) == {
        "inspect", "upgrade", "downgrade", "convert", "redact", "undo", "check", "diff", "front", "history",
        "contract", "config", "versions", "git", "fixtures", "schema",
    }  # fmt: skip


def test_own_reports_in_a_tree_are_no_input(tmp_path: Path) -> None:
    """Those that name no file, too: a survey, a sweep, a history."""
    copy("0.6.0/key", tmp_path / "a" / NAME)
    done: Done = run("inspect", tmp_path, "--summary", "--json")
    (tmp_path / "survey.json").write_bytes(done.raw)
    (tmp_path / "versions.jsonl").write_bytes(run("versions", "--json").raw)
    rows = run("inspect", tmp_path, "--json").rows
    assert {Path(row["file"]).name: row["family"] for row in rows}["survey.json"] == "report"
    assert run("check", tmp_path, "--json", "--ignore", "P").rows[0]["file"].endswith(NAME)


def test_a_schema_costs_only_what_it_needs() -> None:
    asked = "schema('check'); print('pydantic' in sys.modules)"
    script = f"import sys; from migrator.documents.schema import schema; {asked}"
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
