"""A large batch is told in few lines, in which nothing is missing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from support.process import EXPORTS, NAME, copy, export, run

from migrator.render.folded import MOST


def tree(folder: Path, *names: str, files: int) -> None:
    for number in range(files):
        copy(names[number % len(names)], folder / "in" / f"{number:03}" / NAME)


@pytest.mark.parametrize("files", [2, MOST, MOST + 1, 120])
def test_like_files_are_one_line_where_they_are_many(tmp_path: Path, files: int) -> None:
    tree(tmp_path, "0.4.0/chat-streaming", files=files)
    done = run("upgrade", "in", "-d", "out", cwd=tmp_path)
    assert done.code == 0
    assert done.lines[-1] == f"{files} files: {files} migrated"
    if files <= MOST:
        assert len(done.lines) == 2 * files + 1
        assert done.stdout.count(NAME) == files
    else:
        assert done.lines[0].startswith(f"1.0 → 1.5    {files} files: ")
        assert len(done.lines) <= 4
    assert run("upgrade", "in", "--dry-run", "-v", cwd=tmp_path).stdout.count(NAME) == files


def test_the_sums_are_those_of_the_files(tmp_path: Path) -> None:
    names = ("0.4.0/chat-streaming", "0.8.0/embeddings", "0.13.0/cancelled")
    tree(tmp_path, *names, files=60)
    done = run("downgrade", "in", "--to", "0.3", "--dry-run", cwd=tmp_path)
    text = " ".join(done.stdout.split())
    for of in names:
        rows = [run("downgrade", export(of), "--to", "0.3", "--dry-run", "--json").rows[0]]
        for operation in ("moved", "renamed"):
            key = {"moved": "move", "renamed": "rename"}[operation]
            expected = sum(row["operations"].get(key, 0) for row in rows) * 20
            assert not expected or f"{expected} {operation}" in text, (of, operation)
    *_, complaint = [line for line in done.complaints if "values lost" in line]
    found = re.search(r"; (\d+) files like it, (\d+) values in all", complaint)
    assert found
    one = run("downgrade", export("0.13.0/cancelled"), "--to", "0.3", "--dry-run", "--json").rows[0]
    assert (int(found[1]), int(found[2])) == (19, 20 * one["losses"]["lost"])


def test_failures_and_what_is_left_alone_are_counted(tmp_path: Path) -> None:
    tree(tmp_path, "0.4.0/chat-streaming", files=40)
    for number in range(3):
        (tmp_path / "in" / f"broken{number}.json").write_text("{")
    shutil.copy(EXPORTS / "PROVENANCE.json", tmp_path / "in" / "other.json")
    done = run("upgrade", "in", "--in-place", cwd=tmp_path)
    assert done.code == 4
    assert len([line for line in done.complaints if "not JSON" in line]) == 3, "each is named"
    assert done.lines[-1] == "44 files: 40 migrated, 1 skipped, 3 failed"
    assert "skipped      1 file: 1 something else" in done.lines
    assert "failed       3 files" in done.lines


def test_a_trial_says_that_nothing_was_written(tmp_path: Path) -> None:
    tree(tmp_path, "0.4.0/chat-streaming", files=2)
    for option in ("--dry-run", "--check", "--diff"):
        done = run("upgrade", "in", option, cwd=tmp_path)
        assert done.lines[-1] == "2 files: 2 would be migrated; nothing was written"
