"""What a killed batch leaves is found: its ledgers go on, its unfinished files go, its backups are used again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.process import command, contents, copy, environment, leftovers, run
from support.versions import NEWEST

from migrator.errors import JournalError, UnwritableError
from migrator.files.temporary import clear_left, new_beside
from migrator.writing.ledger_file import LedgerFile

RUNS = ["0.3.0/chat-streaming", "0.4.0/chat-streaming", "0.8.0/embeddings", "0.11.0/chat-streaming", "0.11.0/rate"]
IN_PLACE = ("upgrade", "in", "--in-place", "--fsync", "never")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for number, name in enumerate(RUNS):
        copy(name, tmp_path / "in" / f"{number}.json")
    return tmp_path


def _rows(path: Path) -> dict[str, Any]:
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert len({row["file"] for row in lines}) == len(lines), "one line a file"
    return {row["file"]: row for row in lines}


def _kill(cwd: Path, *arguments: str, function: str, module: str, number: int) -> None:
    """Kill the command line before the n-th call of a function."""
    setup = (
        "import importlib, os, runpy, signal, sys\n"
        f"module = importlib.import_module({module!r})\n"
        "calls = 0\n"
        f"real = module.{function}\n"
        "def killed(*arguments, **options):\n"
        "    global calls\n"
        "    calls += 1\n"
        f"    if calls == {number}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(*arguments, **options)\n"
        f"module.{function} = killed\n"
        f"sys.argv = ['aiperf-migrate', *{arguments!r}]\n"
        "runpy.run_module('migrator', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", setup], cwd=cwd, env=environment(), capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


# --- ledgers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [("--in-place",), ("-d", "out")])
@pytest.mark.parametrize("at", [1, 2, 4])
def test_ledgers_go_on_under_resume(tree: Path, place: tuple[str, ...], at: int) -> None:
    run("upgrade", "in", "--dry-run", "--ledger", "whole.jsonl", cwd=tree)
    words = ("upgrade", "in", *place, "--fsync", "never", "--journal", "j", "--ledger", "l.jsonl")
    # Killed after the file was written, before its line was.
    _kill(tree, *words, function="_note", module="migrator.cli.commands.migrate", number=at)
    assert len(_rows(tree / "l.jsonl")) == at - 1, "the lines of what was done are there"
    (tree / "l.jsonl").write_bytes((tree / "l.jsonl").read_bytes() + b'{"file": "in/cut')
    assert run(*words, "--resume", cwd=tree).code == 0
    found, whole = _rows(tree / "l.jsonl"), _rows(tree / "whole.jsonl")
    assert found.keys() == whole.keys()
    for name, row in whole.items():
        assert (found[name]["status"], found[name]["ledger"]) == (row["status"], row["ledger"]), name


def test_a_line_of_a_file_that_failed_gives_way(tree: Path) -> None:
    whole = (tree / "in" / "1.json").read_bytes()
    (tree / "in" / "1.json").write_bytes(whole[:99])
    words = (*IN_PLACE, "--journal", "j", "--ledger", "l.jsonl")
    assert run(*words, cwd=tree).code == 4
    assert _rows(tree / "l.jsonl")["in/1.json"]["status"] == "failed"
    (tree / "in" / "1.json").write_bytes(whole)
    assert run(*words, "--resume", cwd=tree).code == 0
    assert {row["status"] for row in _rows(tree / "l.jsonl").values()} == {"migrated"}


def test_a_file_that_is_unchanged_by_now_keeps_the_line_of_its_change(tree: Path) -> None:
    words = (*IN_PLACE, "--ledger", "l.jsonl", "--journal")
    assert run(*words, "j", cwd=tree).code == 0
    before = _rows(tree / "l.jsonl")
    assert run(*words, "other", "--resume", cwd=tree).code == 0
    assert _rows(tree / "l.jsonl") == before


def test_only_ledgers_are_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "notes").write_bytes(b"my notes\n")
    with pytest.raises(JournalError, match="is not a file of ledgers"):
        LedgerFile(str(tmp_path / "notes"), resume=True)
    assert contents(tmp_path) == {"notes": b"my notes\n"}


def test_ledgers_that_were_there_go_with_force_and_when_there_are_others(tmp_path: Path) -> None:
    path = tmp_path / "l"
    path.write_bytes(b"old\n")
    with pytest.raises(UnwritableError, match="the batch failed"), LedgerFile(str(path), force=True):
        raise UnwritableError("the batch failed")
    assert path.read_bytes() == b"old\n"
    with LedgerFile(str(path), force=True) as file:
        file.write('{"file": "a", "status": "failed"}', "a")
    assert path.read_bytes() == b'{"file": "a", "status": "failed"}\n'


# --- unfinished files ----------------------------------------------------------------------------------------


def test_what_is_being_written_stays_and_what_was_left_goes(tmp_path: Path) -> None:
    handle, name = new_beside(str(tmp_path))
    left = tmp_path / ".aiperf-migrate.1.7.tmp"
    others = [tmp_path / name for name in ("a.json", ".aiperf-migrate.0123456789abcdef.tmp", ".aiperf-migrate.x.1.tmp")]
    for path in (left, *others):
        path.write_bytes(b"half")
    assert clear_left(str(tmp_path)) == 1
    assert sorted(tmp_path.iterdir()) == sorted([Path(name), *others])
    os.close(handle)
    assert clear_left(str(tmp_path)) == 1
    for path in others:
        path.unlink()


@pytest.mark.parametrize("after", ["resume", "undo", "again"])
def test_unfinished_outputs_go_and_their_folders(tree: Path, after: str) -> None:
    words = ("upgrade", "in", "-d", "new/out")
    _kill(tree, *words, "--journal", "j", function="place", module="migrator.files.disk", number=3)
    assert leftovers(tree / "new") != []
    if after == "undo":
        done = run("undo", "j", cwd=tree)
        assert (done.code, done.stderr) == (0, "")
        assert not (tree / "new").exists()
        assert run("undo", "j", cwd=tree).code == 0
        return
    more = ("--journal", "j", "--resume") if after == "resume" else ("--force",)
    assert run(*words, *more, cwd=tree).code == 0
    assert leftovers(tree) == []
    assert len(contents(tree / "new" / "out")) == len(RUNS)


def test_an_unfinished_table_goes(tree: Path) -> None:
    left = tree / ".aiperf-migrate.1.7.tmp"
    left.write_bytes(b"half")
    assert run("table", "in", "-o", "t.csv", cwd=tree).code == 0
    assert not left.exists()


# --- backups -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("away", [True, False])
def test_a_backup_of_a_killed_batch_is_used_again(tree: Path, away: bool) -> None:
    """Wherever it is: on another disk it is a copy, which has no inode to know it by."""
    shm = Path("/dev/shm")
    if away and (not os.access(shm, os.W_OK) or shm.stat().st_dev == tree.stat().st_dev):
        pytest.skip("no second file system")
    kept = (shm if away else tree) / f"kept-{os.getpid()}"
    words = (*IN_PLACE, "--backup-dir", str(kept), "--journal", "j")
    before = contents(tree / "in")
    try:
        _kill(tree, *words, function="commit", module="migrator.writing.replace", number=2)
        assert kept.exists()
        assert run(*words, "--resume", cwd=tree).code == 0
        assert contents(kept) == before, "no .1"
        for _ in range(2):
            done = run("undo", "j", cwd=tree)
            assert (done.code, done.stderr) == (0, "")
            assert contents(tree / "in") == before
            assert not kept.exists()
    finally:
        subprocess.run(["rm", "-rf", str(kept)], check=True)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("resumed", [True, False])
def test_a_second_undo_after_a_kill_between_residue_and_document_is_quiet(
    tmp_path: Path, number: int, resumed: bool
) -> None:
    for name in ("a", "b"):
        copy("0.13.0/chat-streaming", tmp_path / "in" / f"{name}.json")
    before = contents(tmp_path / "in")
    words = ("downgrade", "in", "--to", "1.0", "--residue", "--in-place", "--journal", "j", "--fsync", "each")
    killed = ("_exchange", "migrator.writing.exchange") if number < 3 else ("appear", "migrator.writing.replace")
    _kill(tmp_path, *words, function=killed[0], module=killed[1], number=1 + number % 2)
    if resumed:
        assert run(*words, "--resume", cwd=tmp_path).code == 0
    for _ in range(3):
        done = run("undo", "j", cwd=tmp_path)
        assert (done.code, done.stderr) == (0, ""), done.stderr
        assert contents(tmp_path / "in") == before


def test_two_processes_are_told_apart(tree: Path) -> None:
    """A second batch does not take the unfinished files of one at work for left ones."""
    words = command("upgrade", "in", "-d", "out", "--force")
    batches = [subprocess.Popen(words, cwd=tree, env=environment(), stderr=subprocess.PIPE) for _ in range(3)]
    assert [batch.communicate()[1] for batch in batches] == [b"", b"", b""]
    assert [batch.returncode for batch in batches] == [0, 0, 0]
    assert leftovers(tree) == []
    assert NEWEST in (tree / "out" / "0.json").read_text()
