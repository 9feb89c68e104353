"""The library does what the commands do, and says what is wrong with its arguments."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, NAME, ROOT, copy, export, run

import migrator
from migrator.diff.receipt import Receipt, from_json

LAB = EXPORTS / "lab"
BASE = sorted(LAB.glob("base-*"))
SLOW = sorted(LAB.glob("slow20-*"))


def test_a_comparison_is_that_of_the_command(tmp_path: Path) -> None:
    policy = tmp_path / "p.toml"
    policy.write_text('[[rule]]\nmetric = "request_latency.p99"\nmargin = 5\n')
    noise = tmp_path / "noise.json"
    run("noise", "learn", *BASE, "-o", noise)
    for base, slow in ((BASE, SLOW), (BASE[:1], SLOW[:1])):
        sides = ("--base", *map(str, base), "--cand", *map(str, slow))
        told = run("diff", *sides, "--policy", policy, "--noise", noise, "--json").stdout
        mine = migrator.compare(base, slow, policy=policy, noise=noise)
        assert json.loads(migrator.report(mine, "json")) == json.loads(told)
        assert run("diff", *sides, "--policy", policy, "--noise", noise).stdout == migrator.report(mine)
    learnt = migrator.compare(BASE[0], SLOW[0], noise=migrator.learn_noise(BASE))
    assert learnt.verdict == migrator.compare(str(BASE[0]), [SLOW[0]], noise=str(noise)).verdict


def test_one_text_is_not_taken_for_its_letters() -> None:
    """`compare("runs/base", …)` that compared the files r, u, n, s would be the strangest error of all."""
    assert migrator.compare(str(BASE[0]), str(SLOW[0]), fail_on="request_latency.avg:5").gate.size == 2
    assert len(migrator.find_runs(str(LAB))) == 6


def test_a_receipt_in_a_notebook_is_the_page_and_nothing_runs_in_it() -> None:
    comparison = migrator.compare(BASE, SLOW)
    shown = comparison._repr_html_()
    assert 'sandbox=""' in shown
    assert "regression" in shown
    assert "<script" not in shown.split("srcdoc=")[0]
    assert len(repr(comparison)) < 80
    assert isinstance(from_json(migrator.report(comparison, "json")), Receipt)


def test_a_table_has_the_cells_of_the_command(tmp_path: Path) -> None:
    for columns in ((), ("file", "request_latency.*"), ("model", "input_config.endpoint.*")):
        more = ("--columns", ",".join(columns)) if columns else ()
        rows = run("table", LAB, "--format", "json", *more).rows
        table = migrator.read_table(LAB, columns=columns)
        assert table.rows == rows
        assert table.columns == list(rows[0])
    by_metric = migrator.read_table(LAB, rows="metric")
    assert by_metric.rows == run("table", LAB, "--rows", "metric", "--format", "json").rows
    header = next(csv.reader(io.StringIO(run("table", LAB).stdout)))
    assert migrator.read_table(LAB).columns == header


def test_a_table_leaves_nothing_out_in_silence(tmp_path: Path) -> None:
    copy("0.6.0/key", tmp_path / "a" / NAME)
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(migrator.MigratorError, match=r"b\.json"):
        migrator.read_table(tmp_path)
    table = migrator.read_table(tmp_path, skip_errors=True)
    assert (len(table), len(table.errors)) == (1, 1)


def test_runs_are_those_of_the_command() -> None:
    tree = EXPORTS / "0.13.0" / "chat-streaming"
    assert [Path(name).parent.name for name in migrator.find_runs(tree)] == ["chat-streaming"], "phases are no runs"
    assert migrator.find_runs(LAB, exclude="slow*") == [str(path / NAME) for path in BASE]
    assert len(migrator.find_runs([BASE[0], SLOW[0]])) == 2


def test_a_history_is_that_of_the_command() -> None:
    sections = migrator.read_history(LAB)
    assert migrator.report(sections) == run("history", LAB).stdout
    assert "<html" in migrator.report(sections, "html")


def test_a_sweep_is_that_of_the_command(tmp_path: Path) -> None:
    from support.sweeps import recorded

    sweep = recorded(tmp_path, "base")
    goal = "time_to_first_token.p99<=200"
    assert migrator.report(migrator.front(sweep, goals=goal)) == run("front", sweep, "--goal", goal).stdout


def test_backfill_is_that_of_the_command(tmp_path: Path) -> None:
    source = EXPORTS / "0.9.0" / "chat-streaming"
    for name in (NAME, "profile_export.jsonl"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    done = run("convert", tmp_path / NAME, "--to", "1.4", "--backfill")
    mine = migrator.read_export(tmp_path / NAME).convert("1.4", backfill=True)
    assert mine.export.to_bytes() == done.raw
    (tmp_path / "profile_export.jsonl").unlink()
    copy("0.4.0/chat-streaming", tmp_path / NAME)
    with pytest.warns(UserWarning, match="no records beside it"):
        migrator.read_export(tmp_path / NAME).convert("1.4", backfill=True)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda one: one.convert(1.5), ["to is 1.5", 'expected a version, such as "1.5", as text']),
        (lambda one: one.convert(for_aiperf=0.9), ["for_aiperf is 0.9", "as text"]),
        (lambda one: migrator.read_export(3), ["3 is not a path"]),
        (lambda one: migrator.compare([], LAB), ["base names nothing"]),
        (lambda one: migrator.compare(LAB, 5), ["candidate is 5"]),
        (lambda one: migrator.compare([3], LAB), ["base has 3 among its paths"]),
        (lambda one: migrator.compare(LAB, LAB, fail_on="x"), ["--fail-on x"]),
        (lambda one: migrator.report([], "junit"), ["no form 'junit'"]),
        (lambda one: migrator.read_table(LAB, columns="modell"), ["modell", "model"]),
        (lambda one: migrator.read_history(LAB, metrics="nothing"), ["not a statistic"]),
    ],
)
def test_a_wrong_argument_is_said_in_a_sentence(wrong: Any, words: list[str]) -> None:
    one = migrator.read_export(export("0.6.0/key"))
    with pytest.raises(migrator.MigratorError) as raised:
        wrong(one)
    assert all(word in str(raised.value) for word in words), str(raised.value)


def test_a_repr_is_short() -> None:
    one = migrator.read_export(export("0.13.0/chat-streaming"))
    done = one.convert("1.0", save_residue=True)
    for shown in (one, done, done.ledger, migrator.read_table(LAB)):
        assert len(repr(shown)) < 200
        assert repr(shown).startswith("<")


def test_names_of_the_library_are_no_modules() -> None:
    """A function that is called as a folder of the package would be replaced by it as soon as that is imported."""
    rooms = {path.stem for path in (ROOT / "migrator").iterdir()}
    assert not rooms & set(migrator.__all__)


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_examples_with_other_libraries_are_true(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(name)
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / "library.md").read_text()
    (mine,) = (block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if f"import {name}\n" in block)
    table = migrator.read_table(LAB, columns=["model", "concurrency", "request_latency.p99"])
    scope: dict[str, Any] = {"table": table}
    exec(mine, scope)
    assert len(scope["frame"]) == 6
