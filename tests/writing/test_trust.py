"""Undo writes, replaces and removes what a journal says. So it believes only what a batch can have written."""

from __future__ import annotations

import json
import os
import pty
import random
import subprocess
from pathlib import Path

import pytest
from support.process import command, contents, environment, export, run

from migrator.writing import journal
from migrator.writing.entries import Entry, digest
from migrator.writing.trust import doubt

KEPT = Path(__file__).parent / "journals"
RECORDED = "0.3.0/embeddings"
MINE = digest(b"mine")
THEIRS = digest(b"theirs")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of results, and beside it files that no batch has business with."""
    for name in ("in/a.json", "in/deep/b.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(export(RECORDED).read_bytes())
    (tmp_path / "in" / "plot.png").write_bytes(b"a picture")
    (tmp_path / ".bashrc").write_bytes(b"mine")
    (tmp_path / "settings.json").write_bytes(b"mine")
    (tmp_path / "evil").write_bytes(b"theirs")
    return tmp_path


def _written(home: Path, *entries: Entry, roots: tuple[str, ...] = ("in",)) -> bytes:
    with journal.begin(str(home / "j"), {}, [str(home / root) for root in roots], resume=False, sync=False) as kept:
        kept.append(entries, sync=False)
    return (home / "j").read_bytes()


HOSTILE = {
    "replaces a file that is no export": Entry("@/.bashrc", THEIRS, MINE, "@/evil"),
    "removes a file that is no export": Entry("@/.bashrc", None, MINE),
    "replaces a file of another folder": Entry("@/settings.json", THEIRS, MINE, "@/settings.json.bak"),
    "removes a file of another folder": Entry("@/settings.json", None, MINE),
    "goes up": Entry("@/in/../settings.json", None, MINE),
    "goes up in the backup": Entry("@/in/gone.json", THEIRS, MINE, "@/in/gone.json/../../evil"),
    "is relative": Entry("settings.json", None, MINE),
    "creates a file from one of another name": Entry("@/in/new.json", THEIRS, MINE, "@/evil"),
    "creates a file that looks alike": Entry("@/in.json", THEIRS, MINE, "@/in.json.bak"),
    "removes a folder": Entry("@/in/new.json", None, MINE, None, ("@/empty",)),
}


@pytest.mark.parametrize("entry", HOSTILE.values(), ids=HOSTILE)
def test_what_no_batch_writes_is_not_undone(home: Path, entry: Entry) -> None:
    (home / "empty").mkdir()
    for name in ("settings.json.bak", "in.json.bak"):
        (home / name).write_bytes(b"theirs")
    there = entry._replace(
        path=entry.path.replace("@", str(home)),
        backup=entry.backup and entry.backup.replace("@", str(home)),
        folders=tuple(folder.replace("@", str(home)) for folder in entry.folders),
    )
    _written(home, there)
    before = contents(home)
    done = run("undo", "j", cwd=home)
    assert (done.code, contents(home), (home / "empty").is_dir()) == (4, before, True)
    assert "(--trust undoes it nevertheless)" in done.complaints[0]


def test_only_a_batch_that_copies_all_files_makes_one_of_any_name(home: Path) -> None:
    removes = Entry(f"{home}/in/plot.png", None, digest(b"a picture"))
    replaces = Entry(f"{home}/in/plot.png", THEIRS, MINE, f"{home}/in/plot.png.bak")
    hidden = Entry(f"{home}/in/.bashrc", None, MINE)
    roots = (f"{home}/in",)
    assert doubt(removes, roots) == "a batch writes no file of such a name"
    assert doubt(removes, roots, copies=True) is None
    for entry in (replaces, hidden, removes._replace(path=f"{home}/plot.png")):
        assert doubt(entry, roots, copies=True) is not None


@pytest.mark.parametrize(
    ("root", "name", "below"),
    [
        ("/", "/a/b.json", True),
        ("/", "s3://bucket/b.json", False),
        ("/a", "/ab/c.json", False),
        ("/a/b.json", "/a/b.json", True),
        ("s3://bucket", "s3://bucket/x/y.json", True),
        ("s3://bucket/", "s3://bucket/x/y.json", True),
        ("s3://bucket/x", "s3://bucket/xy.json", False),
        ("s3://buck", "s3://bucket/y.json", False),
    ],
)
@pytest.mark.parametrize("others", [0, 3])
def test_what_is_below_a_place_that_a_journal_names(root: str, name: str, others: int, *, below: bool) -> None:
    roots = frozenset([root, *(f"/other/{number}" for number in range(others))])
    assert (doubt(Entry(name, THEIRS, MINE), roots) is None) is below


def test_a_file_of_any_name_that_the_batch_was_told_is_taken_back(home: Path) -> None:
    """Users name exports as they like; the journal says which file was named."""
    (home / "in" / "run.export").write_bytes(export(RECORDED).read_bytes())
    (home / "in" / "notes.txt").write_bytes(b"token=hunter-two-of-7")
    before = contents(home / "in")
    for arguments in (("upgrade", "in/run.export"), ("redact", "in/notes.txt", "in/run.export")):
        done = run(*arguments, "--in-place", "--journal", "j", cwd=home)
        assert (done.code, contents(home / "in") != before) == (0, True), done.stderr
        undone = run("undo", "j", cwd=home)
        assert (undone.code, undone.stderr, contents(home / "in")) == (0, "", before)
        (home / "j").unlink()
    named = Entry(f"{home}/in/run.export", THEIRS, MINE, f"{home}/in/run.export.bak")
    assert doubt(named, (f"{home}/in/run.export",)) is None
    for entry, roots in (
        (named, (f"{home}/in",)),
        (named._replace(backup=f"{home}/evil"), (f"{home}/in/run.export",)),
        (named._replace(path=f"{home}/.bashrc", backup=f"{home}/.bashrc.bak"), (f"{home}/.bashrc",)),
    ):
        assert doubt(entry, roots) is not None


def test_a_folder_that_became_a_link_is_left_alone(home: Path) -> None:
    run("upgrade", "in", "--in-place", "--journal", "j", cwd=home)
    (home / "in" / "deep").rename(home / "elsewhere")
    (home / "in" / "deep").symlink_to(home / "elsewhere")
    before = contents(home / "elsewhere")
    done = run("undo", "j", cwd=home)
    assert (done.code, contents(home / "elsewhere")) == (4, before)
    assert "deep/b.json: is not below the folders that the journal names" in done.complaints[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("upgrade", "in", "--in-place"),
        ("upgrade", "in/", "in/deep/../a.json", "--in-place", "--backup-suffix", ".old"),
        ("upgrade", "./in/a.json", "in/deep", "--in-place", "--backup-dir", "kept/here"),
        ("downgrade", "in", "--to", "0.1", "--in-place", "--residue"),
        ("downgrade", "in", "--to", "0.1", "-d", "out/deep", "--residue"),
        ("downgrade", "in/a.json", "--to", "0.1", "-o", "one.json", "--residue"),
        ("upgrade", "in", "-d", "packed"),
        ("upgrade", "in", "-d", "out", "--all-files"),
        ("downgrade", "in/a.json", "--to", "0.1", "-o", "deep/one.out", "--residue"),
    ],
    ids=" ".join,
)
def test_what_batches_write_is_believed(home: Path, arguments: tuple[str, ...]) -> None:
    before = contents(home)
    assert run(*arguments, "--journal", "j", cwd=home).code == 0
    done = run("undo", "j", cwd=home)
    assert (done.code, done.complaints) == (0, [])
    (home / "j").unlink()
    assert contents(home) == before


def test_a_batch_that_is_resumed_elsewhere_is_believed(home: Path) -> None:
    before = contents(home)
    assert run("upgrade", "in/a.json", "--in-place", "--journal", "j", cwd=home).code == 0
    assert run("upgrade", "in/deep", "--in-place", "--journal", "j", "--resume", cwd=home).code == 0
    assert run("undo", "j", cwd=home).lines[-1] == "2 files: 2 restored"
    (home / "j").unlink()
    assert contents(home) == before


def test_no_flipped_byte_is_believed(home: Path) -> None:
    """Whatever byte is damaged: a file is as before, as after, or restored under its own name; and it is told."""
    for name in ("a.json", "deep/b.json"):
        (home / "in" / name).with_name(Path(name).name + ".bak").write_bytes(f"old {name}".encode())
        (home / "in" / name).write_bytes(f"new {name}".encode())
    entries = [
        Entry(
            f"{home}/in/{name}",
            digest(f"old {name}".encode()),
            digest(f"new {name}".encode()),
            f"{home}/in/{name}.bak",
        )
        for name in ("a.json", "deep/b.json")
    ]
    raw, rng = _written(home, *entries), random.Random(1)
    for _ in range(400):
        place = rng.randrange(len(raw))
        flipped = raw[:place] + bytes([raw[place] ^ (1 << rng.randrange(8))]) + raw[place + 1 :]
        (home / "j").write_bytes(flipped)
        try:
            with journal.reopen(str(home / "j")) as kept:
                roots, found = kept.roots(), list(kept.entries())
                told = kept.damaged + kept.cut_off
        except journal.JournalError:
            continue
        believed = [entry for entry in found if not doubt(entry, roots)]
        assert all(entry in entries for entry in believed), flipped
        assert roots is None or len(believed) == 2 or told, flipped


@pytest.mark.parametrize(("mode", "told"), [(0o622, "may be written by other users"), (0o660, "may be written by")])
def test_a_journal_that_others_may_write_is_not_believed(home: Path, mode: int, told: str) -> None:
    run("upgrade", "in", "--in-place", "--journal", "j", cwd=home)
    (home / "j").chmod(mode)
    before = contents(home)
    done = run("undo", "j", cwd=home)
    assert (done.code, contents(home)) == (4, before)
    assert told in done.complaints[0]
    assert run("undo", "j", "--trust", cwd=home).lines[-1] == "2 files: 2 restored"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_journal_of_another_user_is_not_believed(home: Path) -> None:
    run("upgrade", "in", "--in-place", "--journal", "j", cwd=home)
    os.chown(home / "j", 12345, -1)
    done = run("undo", "j", cwd=home)
    assert (done.code, done.complaints[0]) == (
        4,
        "j: belongs to another user (read it, then --trust)",
    )


def test_dry_run_tells_the_folders_and_the_counts(home: Path) -> None:
    run("upgrade", "in", "--in-place", "--journal", "j", cwd=home)
    before = contents(home)
    done = run("undo", "j", "--dry-run", cwd=home)
    assert (done.code, contents(home)) == (0, before)
    assert done.lines[0] == f"below        {home}/in"
    assert done.lines[-1] == "2 files: 2 restored (dry run: nothing written)"


def test_a_damaged_line_is_told_and_fails(home: Path) -> None:
    run("upgrade", "in", "--in-place", "--journal", "j", cwd=home)
    lines = (home / "j").read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"/in/", b"/im/")
    (home / "j").write_bytes(b"\n".join(lines))
    done = run("undo", "j", cwd=home)
    assert (done.code, done.lines[-1]) == (4, "1 file: 1 restored")
    assert done.complaints == ["j: 1 line damaged: what they name is left as it is"]


# --- journals of 0.1, which name no folders --------------------------------------------------------------------


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """What a batch of 0.1.0 left in a folder."""
    import shutil

    shutil.copytree(KEPT, tmp_path, dirs_exist_ok=True)
    for kept in tmp_path.glob("*.jsonl"):
        kept.write_text(kept.read_text().replace("/srv/bench", str(tmp_path)))
    return tmp_path


def test_without_a_terminal_an_older_journal_needs_trust(older: Path) -> None:
    before = contents(older)
    done = run("undo", "in-place.jsonl", cwd=older)
    assert (done.code, contents(older)) == (4, before)
    assert "names no folders below which it writes" in done.complaints[0]
    assert "(--dry-run shows what it would do, --trust does it)" in done.complaints[0]


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 4), ("", 4)])
def test_on_a_terminal_an_older_journal_is_asked_about(older: Path, answer: str, code: int) -> None:
    before = contents(older)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*command(), "undo", "in-place.jsonl"],
        cwd=older,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment(),
    )
    os.close(theirs)
    os.write(ours, answer.encode() + b"\n")
    said, _ = process.communicate()
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert process.returncode == code
    assert f"{older}/in (2 files)" in shown
    assert "Go on? [y/N]" in shown
    assert (contents(older) == before) is (code != 0)
    assert (b"2 restored, 2 removed" in said) is (code == 0)


def test_an_older_journal_that_lies_is_not_believed_even_then(home: Path) -> None:
    row = {"path": f"{home}/.bashrc", "before": THEIRS, "after": MINE, "backup": f"{home}/evil"}
    (home / "j").write_text('{"aiperf_migrate_journal": 1}\n' + json.dumps(row) + "\n")
    entry = Entry(row["path"] or "", THEIRS, MINE, row["backup"])
    assert doubt(entry, None) == "a batch writes no file of such a name"
