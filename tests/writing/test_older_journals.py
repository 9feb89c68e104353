"""Journals and residues of earlier versions stay good: what is in `journals/` was written by 0.1.0."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from support.process import contents, export, run

KEPT = Path(__file__).parent / "journals"
RECORDED = "0.3.0/embeddings"
IN_PLACE = ("downgrade", "in", "--to", "0.2", "--in-place", "--residue", "--backup-dir", "kept", "--touch")
OUTPUTS = ("upgrade", "in", "-d", "out", "--to", "1.5")
"""1.5 was the newest version, so it was not named then."""


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """What two batches of that version left; their journals hold absolute names below `/srv/bench`."""
    shutil.copytree(KEPT, tmp_path, dirs_exist_ok=True)
    for journal in tmp_path.glob("*.jsonl"):
        journal.write_text(journal.read_text().replace("/srv/bench", str(tmp_path)))
    return tmp_path


def test_undo_in_place(batch: Path) -> None:
    original = export(RECORDED).read_bytes()
    done = run("undo", "in-place.jsonl", "--trust", cwd=batch)
    assert (done.code, done.lines[-1]) == (0, "4 files: 2 restored, 2 removed")
    assert contents(batch / "in") == {"a.json": original, "deep/b.json": original}
    assert not (batch / "kept").exists()


def test_undo_outputs(batch: Path) -> None:
    done = run("undo", "outputs.jsonl", "--trust", cwd=batch)
    assert (done.code, done.lines[-1]) == (0, "2 files: 2 removed")
    assert not (batch / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "journal", "total"),
    [(IN_PLACE, "in-place.jsonl", "4 unchanged"), (OUTPUTS, "outputs.jsonl", "2 unchanged, 2 skipped")],
)
def test_resume(batch: Path, arguments: tuple[str, ...], journal: str, total: str) -> None:
    before = contents(batch)
    done = run(*arguments, "--journal", journal, "--resume", cwd=batch)
    assert (done.code, done.lines[-1]) == (0, f"4 files: {total}"), "residues are files, too"
    assert done.stdout.count("done before, as the journal says") == int(total[0])
    assert contents(batch) == before


def test_resume_does_what_is_missing(batch: Path) -> None:
    before = contents(batch)
    (batch / "kept" / "deep" / "b.json").replace(batch / "in" / "deep" / "b.json")
    done = run(*IN_PLACE, "--journal", "in-place.jsonl", "--resume", cwd=batch)
    assert (done.code, done.lines[-1]) == (0, "4 files: 1 migrated, 3 unchanged")
    after = contents(batch)
    assert after.pop("in-place.jsonl").startswith(before.pop("in-place.jsonl"))
    # The residue that the version before wrote names that version, and is kept as any other file would be.
    after.pop("kept/deep/b.json.residue.json", None)
    tool = re.compile(rb'"tool": "aiperf-migrate [^"]*"')
    assert {name: tool.sub(b"", raw) for name, raw in after.items()} == {
        name: tool.sub(b"", raw) for name, raw in before.items()
    }


def test_a_residue_brings_the_original_back(batch: Path) -> None:
    done = run("upgrade", "in/a.json", "--to", "0.3", "-o", "again.json", cwd=batch)
    assert (done.code, done.stderr) == (0, "")
    assert (batch / "again.json").read_bytes() == export(RECORDED).read_bytes()
