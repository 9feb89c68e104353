"""Nothing is lost: what replacing, the journal, resuming and undoing promise. tests/search/faults tries harder."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from search.faults import PARTS, Figures
from support.process import command, contents, copy, environment, export, is_expected, leftovers, run, snapshot
from support.versions import NEWEST

from migrator.errors import JournalError, UnwritableError
from migrator.writing import journal, replace
from migrator.writing.entries import Entry, digest
from migrator.writing.exchange import staging_name
from migrator.writing.lock import lock_for_replacement
from migrator.writing.options import Fsync, WriteOptions
from migrator.writing.outcome import Outcome
from migrator.writing.replace import DiskReplacer

OLD = "0.4.0/chat-streaming"
NEW = "0.13.0/chat-streaming"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three exports, one of them below a folder."""
    copy(OLD, tmp_path / "in" / "a.json")
    copy(NEW, tmp_path / "in" / "deep" / "b.json")
    copy("0.8.0/embeddings", tmp_path / "in" / "c.json")
    for number, path in enumerate(sorted((tmp_path / "in").rglob("*.json"))):
        os.utime(path, ns=(10**18, 10**18 + number))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_a_share_of_the_faults(part: str) -> None:
    counts = {"kill": 60, "interrupts": 6, "system_calls": 12, "foreign_writer": 8}
    figures: list[Figures] = list(PARTS[part](counts.get(part, 2), 2))
    assert all(figure.trials or figure.notes for figure in figures)
    assert not any(figure.notes.get("last versions lost") for figure in figures)


# --- replacing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fsync", list(Fsync))
def test_permissions_and_time_stay(tree: Path, fsync: str) -> None:
    target = tree / "in" / "a.json"
    target.chmod(0o640)
    before = target.stat()
    assert run("upgrade", "in", "--in-place", "--fsync", fsync, cwd=tree).code == 0
    after = target.stat()
    assert is_expected(target.read_bytes(), OLD, NEWEST)
    assert (stat.S_IMODE(after.st_mode), after.st_mtime_ns) == (0o640, before.st_mtime_ns)
    assert (tree / "in" / "a.json.bak").stat().st_ino == before.st_ino, "the backup is the original"


def test_touch_renews_the_time(tree: Path) -> None:
    run("upgrade", "in", "--in-place", "--touch", cwd=tree)
    assert (tree / "in" / "a.json").stat().st_mtime_ns > 1.5 * 10**18 > (tree / "in" / "a.json.bak").stat().st_mtime_ns


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(tree: Path) -> None:
    os.chown(tree / "in" / "a.json", 12345, 54321)
    (tree / "in" / "a.json").chmod(0o4750)
    run("upgrade", "in", "--in-place", cwd=tree)
    after = (tree / "in" / "a.json").stat()
    assert (after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)) == (12345, 54321, 0o4750)


def test_attributes_stay(tree: Path) -> None:
    target = tree / "in" / "a.json"
    try:
        os.setxattr(target, "user.note", b"the good one")
    except OSError as error:
        pytest.skip(f"no attributes on this file system: {error}")
    run("upgrade", "in", "--in-place", cwd=tree)
    assert os.getxattr(target, "user.note") == b"the good one"


def test_backups_in_a_folder_are_a_tree_of_their_own(tree: Path) -> None:
    originals = contents(tree / "in")
    for _ in range(2):
        assert run("upgrade", "in", "--in-place", "--backup-dir", "in/kept", cwd=tree).code == 0
        assert contents(tree / "in" / "kept") == originals, "and are not taken for exports of the tree"
    run("downgrade", "in", "--to", "1.0", "--in-place", "--backup-dir", "in/kept", "--backup-suffix", ".old", cwd=tree)
    assert is_expected(contents(tree / "in" / "kept")["a.json.old"], OLD, NEWEST)


def test_links_found_in_a_tree_are_passed_over(tree: Path) -> None:
    copy(OLD, tree / "outside.json")
    (tree / "in" / "link.json").symlink_to("../outside.json")
    done = run("upgrade", "in", "--in-place", cwd=tree)
    assert done.code == 0
    assert done.lines[-1] == "4 files: 3 migrated, 1 skipped"
    assert (tree / "outside.json").read_bytes() == export(OLD).read_bytes()
    assert (tree / "in" / "link.json").is_symlink()


def test_an_output_folder_is_not_left_through_a_link(tree: Path) -> None:
    (tree / "elsewhere").mkdir()
    (tree / "out").mkdir()
    (tree / "out" / "deep").symlink_to("../elsewhere")
    done = run("upgrade", "in", "-d", "out", cwd=tree)
    assert done.code == 4
    assert "out/deep: leads out of the output folder" in done.complaints[0]
    assert contents(tree / "elsewhere") == {}
    assert set(contents(tree / "out")) == {"a.json", "c.json"}


def test_a_residue_that_a_killed_run_left_is_no_obstacle_and_any_other_is(tree: Path) -> None:
    asked = ("downgrade", "in/deep/b.json", "--to", "1.0", "--residue", "-d", "out")
    assert run(*asked, cwd=tree).code == 0
    whole = contents(tree / "out")
    (tree / "out" / "b.json").unlink()
    assert run(*asked, cwd=tree).code == 0
    assert contents(tree / "out") == whole
    (tree / "out" / "b.json").unlink()
    (tree / "out" / "b.json.residue.json").write_text("{}")
    done = run(*asked, cwd=tree)
    assert done.code == 4
    assert done.complaints[0].startswith("out/b.json.residue.json: exists already")
    assert contents(tree / "out") == {"b.json.residue.json": b"{}"}


@pytest.mark.parametrize("fsync", list(Fsync))
def test_outputs_wait_for_the_disk_when_asked(tree: Path, fsync: str) -> None:
    assert run("upgrade", "in", "-d", "out", "--fsync", fsync, cwd=tree).code == 0
    assert is_expected(contents(tree / "out")["a.json"], OLD, NEWEST)
    assert not os.path.lexists(tree / "in" / "a.json.bak")


def test_a_disk_that_cannot_be_waited_for_is_told(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tree / "in" / "a.json"
    folder = str(target.parent)
    monkeypatch.setattr(replace, "sync_file_systems", lambda folders: {folder: OSError(5, "Input/output error")})
    before = _files(tree)
    with DiskReplacer(WriteOptions()) as replacer:
        outcome = replacer.replace(replacer.open(str(target)), "a.json", b"new", None)
        replacer.settle()
    assert str(outcome.error) == f"{target}: cannot be written: Input/output error"
    assert _files(tree) == before


def test_hard_links_are_told(tree: Path) -> None:
    os.link(tree / "in" / "a.json", tree / "other")
    done = run("upgrade", "in", "--in-place", cwd=tree)
    assert done.code == 0
    assert "in/a.json: has other names (hard links: 1), which keep the old content" in done.complaints
    assert (tree / "other").read_bytes() == export(OLD).read_bytes()


def test_a_backup_of_the_same_content_is_no_hard_link(tree: Path) -> None:
    original = tree / "in" / "a.json"
    shutil.copy2(original, tree / "in" / "a.json.bak")
    done = run("upgrade", "in", "--in-place", cwd=tree)
    assert done.code == 0
    assert "hard links" not in done.stdout + done.stderr
    assert not (tree / "in" / "a.json.bak.1").exists()


def test_hard_links_are_told_of_a_file_replaced_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = copy(OLD, tmp_path / "a.json")
    os.link(target, tmp_path / "other")
    monkeypatch.setattr(replace, "MAX_WAITING_BYTES", 0)
    with DiskReplacer(WriteOptions(fsync=Fsync.NEVER)) as replacer:
        outcome = replacer.replace(replacer.open(str(target)), "a.json", b"new", None)
        assert target.read_bytes() == b"new"
    assert outcome == Outcome(other_names=1)


@pytest.mark.parametrize("names", [0, 1])
def test_a_copy_that_an_earlier_run_left_is_no_hard_link(tmp_path: Path, names: int) -> None:
    target = copy(OLD, tmp_path / "a.json")
    shutil.copy2(target, f"{target}.bak")
    for number in range(names):
        os.link(target, tmp_path / f"other {number}")
    with DiskReplacer(WriteOptions(fsync=Fsync.NEVER)) as replacer:
        outcome = replacer.replace(replacer.open(str(target)), "a.json", b"new", None)
    assert outcome == Outcome(other_names=names)


def test_an_original_that_is_not_replaced_is_released(tmp_path: Path) -> None:
    target = copy(OLD, tmp_path / "a.json")
    with DiskReplacer(WriteOptions(fsync=Fsync.NEVER)) as replacer:
        with replacer.open(str(target)) as original:
            assert original.handle >= 0
        assert original.handle == -1
        with replacer.open(str(target)) as original:
            replacer.replace(original, "a.json", b"new", None)
        assert original.handle >= 0, "locked until it is settled"
        replacer.settle()
        assert original.handle == -1


def test_two_names_of_one_file_in_a_tree(tmp_path: Path) -> None:
    copy(OLD, tmp_path / "in" / "a.json")
    os.link(tmp_path / "in" / "a.json", tmp_path / "in" / "b.json")
    assert run("upgrade", "in", "--in-place", cwd=tmp_path).code == 0
    assert all(is_expected(contents(tmp_path / "in")[name], OLD, NEWEST) for name in ("a.json", "b.json"))


def _edit_in_place(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"[")
    # As if within one tick of the clock.
    os.utime(path, ns=(10**18, 10**18))


def _edit_by_replacing(path: Path) -> None:
    path.with_name("new").write_bytes(path.read_bytes())
    path.with_name("new").replace(path)


@pytest.mark.parametrize("edit", [_edit_in_place, _edit_by_replacing, Path.unlink])
def test_what_someone_else_changed_meanwhile_is_left_alone(
    tmp_path: Path, edit: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = copy(OLD, tmp_path / "a.json")
    os.utime(target, ns=(10**18, 10**18))
    monkeypatch.setattr("migrator.writing.lock.CLOCK_GRANULARITY_NS", 2**62)
    with DiskReplacer(WriteOptions(fsync=Fsync.NEVER)) as replacer:
        outcome = replacer.replace(replacer.open(str(target)), "a.json", b"new", None)
        edit(target)
        mine = snapshot(tmp_path)
        replacer.settle()
    assert outcome.error
    assert snapshot(tmp_path) == mine


def test_another_process_at_the_same_file_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = copy(OLD, tmp_path / "a.json")
    monkeypatch.setattr("migrator.writing.lock._PATIENCE", 0.01)
    first = lock_for_replacement(str(target))
    told: list[str] = []
    with pytest.raises(UnwritableError, match="another process is at work on it"):
        lock_for_replacement(str(target), lambda: told.append("let go of what is held"))
    assert told == ["let go of what is held"]
    first.release()
    again = lock_for_replacement(str(target))
    assert again.raw == export(OLD).read_bytes()
    again.release()


def test_a_copied_backup_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = copy(OLD, tmp_path / "a.json")
    before = snapshot(tmp_path)

    def no_links(*arguments: object, **options: object) -> None:
        raise PermissionError(1, "no links here")

    def careless(source: str, made: int) -> list[str]:
        os.write(made, b"half")
        return []

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(replace, "copy_whole", careless)
    with DiskReplacer(WriteOptions()) as replacer:
        outcome = replacer.replace(replacer.open(str(target)), "a.json", b"new", None)
        replacer.settle()
    assert "is not what was written to it" in str(outcome.error)
    assert snapshot(tmp_path) == before


def test_a_killed_runs_leavings_are_used_again(tree: Path) -> None:
    target = tree / "in" / "a.json"
    Path(staging_name(str(target))).write_bytes(b"half a fi")
    os.link(target, tree / "in" / "a.json.bak")
    done = run("upgrade", "in", "--in-place", cwd=tree)
    assert done.code == 0
    assert done.stderr == "", "its own second name is no foreign hard link"
    assert set(contents(tree / "in")) == {
        f"{name}{end}" for name in ("a.json", "c.json", "deep/b.json") for end in ("", ".bak")
    }


def test_a_run_killed_between_residue_and_document(tree: Path) -> None:
    arguments = ("downgrade", "in", "--to", "1.0", "--in-place", "--residue", "--journal")
    run(*arguments, "first", cwd=tree)
    whole = _files(tree / "in")
    for name in ("deep/b.json", "c.json"):
        (tree / "in" / f"{name}.bak").replace(tree / "in" / name)
    assert run(*arguments, "first", "--resume", cwd=tree).code == 0
    assert {name: raw for name, (_, _, raw) in _files(tree / "in").items()} == {
        name: raw for name, (_, _, raw) in whole.items()
    }, "no backup of a residue that is the same"


# --- the journal ---------------------------------------------------------------------------------------------


def _files(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {name: found for name, found in snapshot(folder).items() if (folder / name).is_file()}


def test_there_and_back(tree: Path) -> None:
    before = _files(tree / "in")
    assert run("downgrade", "in", "--to", "1.0", "--in-place", "--residue", "--journal", "j", cwd=tree).code == 0
    assert (tree / "in" / "deep" / "b.json.residue.json").exists()
    entries = [json.loads(line) for line in (tree / "j").read_text().splitlines()]
    assert entries[0]["command"] == "downgrade"
    assert [Path(entry["path"]).name for entry in entries[1:]] == [
        "c.json.residue.json",
        "c.json",
        "b.json.residue.json",
        "b.json",
    ]
    looked = run("undo", "j", "--dry-run", "--json", cwd=tree)
    assert [row["status"] for row in looked.rows] == ["restored", "removed"] * 2
    done = run("undo", "j", cwd=tree)
    assert (done.code, done.lines[-1]) == (0, "4 files: 2 restored, 2 removed")
    assert _files(tree / "in") == before, "not only the bytes: the very same files"
    assert run("undo", "j", cwd=tree).lines[-1] == "4 files: 4 untouched"


def test_outputs_are_removed_and_what_was_overwritten_is_told(tree: Path) -> None:
    (tree / "out").mkdir()
    (tree / "out" / "a.json").write_text("somebody's")
    assert run("upgrade", "in", "-d", "out", "--force", "--journal", "j", cwd=tree).code == 0
    done = run("undo", "j", cwd=tree)
    assert done.code == 4
    assert done.complaints == [f"{tree}/out/a.json: no backup of it was kept"]
    assert set(contents(tree / "out")) == {"a.json"}


def _folders(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir()}


@pytest.mark.parametrize(
    "place", [("-d", "new/out"), ("-d", "there/out"), ("--in-place", "--backup-dir", "new/kept"), ("-d", "there")]
)
def test_undo_removes_the_folders_that_were_made(tree: Path, place: tuple[str, ...]) -> None:
    (tree / "there" / "deep").mkdir(parents=True)
    before, folders = contents(tree), _folders(tree)
    assert run("upgrade", "in", *place, "--journal", "j", cwd=tree).code == 0
    assert _folders(tree) >= folders
    assert run("undo", "j", "--dry-run", cwd=tree).code == 0
    assert run("undo", "j", cwd=tree).code == 0
    (tree / "j").unlink()
    assert (contents(tree), _folders(tree)) == (before, folders), "empty folders that were there before stay"


def test_undo_keeps_a_folder_in_which_somebody_has_put_something(tree: Path) -> None:
    run("upgrade", "in", "-d", "out", "--journal", "j", cwd=tree)
    (tree / "out" / "deep" / "mine").write_text("theirs")
    assert run("undo", "j", cwd=tree).code == 0
    assert contents(tree / "out") == {"deep/mine": b"theirs"}
    (tree / "out" / "deep" / "mine").unlink()
    assert run("undo", "j", cwd=tree).lines[-1] == "3 files: 3 untouched"
    assert not (tree / "out").exists()


def test_folders_of_a_batch_that_was_resumed_are_removed(tree: Path) -> None:
    run("upgrade", "in", "-d", "out", "--journal", "j", cwd=tree)
    lines = (tree / "j").read_bytes().splitlines(keepends=True)
    (tree / "j").write_bytes(b"".join(lines[:2]))
    for name in ("c.json", "deep/b.json"):
        (tree / "out" / name).unlink()
    (tree / "out" / "deep").rmdir()
    assert run("upgrade", "in", "-d", "out", "--journal", "j", "--resume", cwd=tree).code == 0
    assert run("undo", "j", cwd=tree).lines[-1] == "3 files: 3 removed"
    assert not (tree / "out").exists()


def test_a_journal_without_folders_is_read_and_one_of_strange_folders_believed_little(tmp_path: Path) -> None:
    (tmp_path / "strange").mkdir()
    (tmp_path / "out").mkdir()
    row = {"path": f"{tmp_path}/out/a.json", "before": None, "after": digest(b"made"), "backup": None}
    for folders in ({}, {"folders": [f"{tmp_path}/strange", f"{tmp_path}/ou"]}):
        (tmp_path / "out" / "a.json").write_bytes(b"made")
        (tmp_path / "j").write_text(f'{{"aiperf_migrate_journal": 1}}\n{json.dumps(row | folders)}\n')
        assert run("undo", "j", "--trust", cwd=tmp_path).lines[-1] == "1 file: 1 removed"
        assert _folders(tmp_path) == {"strange", "out"}


def test_undo_leaves_alone_what_was_edited_since(tree: Path) -> None:
    run("upgrade", "in", "--in-place", "--journal", "j", cwd=tree)
    (tree / "in" / "a.json").write_text("{}")
    (tree / "in" / "c.json.bak").write_text("{}")
    (tree / "in" / "deep" / "b.json.bak").unlink()
    before = snapshot(tree / "in")
    done = run("undo", "j", cwd=tree)
    assert done.code == 4
    assert [line.partition(": ")[2] for line in done.complaints] == [
        f"its backup is gone: {tree}/in/deep/b.json.bak",
        f"its backup was changed: {tree}/in/c.json.bak (it is left as it is)",
        "was changed after the batch (it is left as it is)",
    ]
    assert snapshot(tree / "in") == before


def test_resume_of_outputs_does_what_is_missing(tree: Path) -> None:
    run("upgrade", "in", "-d", "out", "--journal", "j", cwd=tree)
    (tree / "out" / "c.json").unlink()
    before = snapshot(tree / "out")
    done = run("upgrade", "in", "-d", "out", "--journal", "j", "--resume", cwd=tree)
    assert done.code == 0
    assert done.lines[-1] == "3 files: 1 migrated, 2 unchanged"
    assert {name: found for name, found in snapshot(tree / "out").items() if name in before} == before


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("upgrade", "in", "--in-place", "--journal", "j"), 4, "exists already (--resume goes on with it, undo"),
        (("downgrade", "in", "--to", "1.0", "--in-place", "--journal", "j", "--resume"), 4, "is of another batch"),
        (("upgrade", "in", "--in-place", "--resume"), 2, "--resume needs the journal"),
        (("upgrade", "in", "--dry-run", "--journal", "k"), 2, "--journal needs an output: -o, -d or --in-place"),
        (("upgrade", "in", "-d", "out", "--touch"), 2, "--touch goes with --in-place"),
        (("upgrade", "in", "--in-place", "--backup-suffix", ".json"), 2, "must not end in .json"),
        (("upgrade", "in", "--in-place", "--no-backup", "--backup-dir", "x"), 2, "contradict"),
        (("undo", "missing"), 4, "does not exist"),
        (("undo", "in/a.json"), 4, "is not a journal of aiperf-migrate"),
    ],
)
def test_what_does_not_go_together(tree: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    run("upgrade", "in", "-d", "first", "--journal", "j", cwd=tree)
    before = snapshot(tree)
    done = run(*arguments, cwd=tree)
    assert done.code == code
    assert told in done.complaints[0]
    assert snapshot(tree) == before


def test_a_journal_is_one_batches(tree: Path) -> None:
    with journal.begin(str(tree / "j"), {"command": "upgrade", "to": NEWEST}, [str(tree)], resume=False, sync=True):
        done = run("upgrade", "in", "--in-place", "--journal", "j", "--resume", cwd=tree)
        assert done.code == 4
        assert "is in use by another process" in done.complaints[0]
    assert run("upgrade", "in", "--in-place", "--journal", "j", "--resume", cwd=tree).code == 0


ABOUT = {"command": "upgrade", "to": NEWEST}


@pytest.fixture
def entries() -> list[Entry]:
    odd = os.fsdecode(b"/odd \xff \n name")
    return [
        Entry("/x/y/a", None, "1" * 64, folders=("/x", "/x/y")),
        Entry(odd, "2" * 64, "3" * 64, odd + ".bak"),
        Entry("/c", "4" * 64, "5" * 64),
    ]


def test_a_journal_cut_off_at_any_byte_goes_on(tmp_path: Path, entries: list[Entry]) -> None:
    whole = tmp_path / "whole"
    with journal.begin(str(whole), ABOUT, [str(tmp_path)], resume=False, sync=False) as kept:
        kept.append(entries, sync=False)
        assert list(kept.backwards()) == entries[::-1]
    raw = whole.read_bytes()
    ends = [number + 1 for number, byte in enumerate(raw) if byte == 0x0A]
    cut = tmp_path / "cut"
    for length in range(len(raw) + 1):
        cut.write_bytes(raw[:length])
        # A line that only lacks its end is whole, too.
        there = entries[: max(sum(end - 1 <= length for end in ends) - 1, 0)]
        with journal.begin(str(cut), ABOUT, [str(tmp_path)], resume=True, sync=False) as kept:
            assert list(kept.entries()) == there, length
            kept.append(entries[:1], sync=False)
            assert list(kept.backwards()) == [*there, entries[0]][::-1], length
            done = journal.Done(kept)
            assert all(done.after(entry.path) == entry.after for entry in there)
            assert done.after("/nowhere") == ""


def test_undo_of_a_batch_that_had_not_begun(tmp_path: Path) -> None:
    for start in (b"", b'{"aiperf_mig', b'{"aiperf_migrate_journal": 1, "comm'):
        (tmp_path / "j").write_bytes(start)
        done = run("undo", "j", cwd=tmp_path)
        assert (done.code, done.lines) == (0, ["0 files: nothing to do"])


def test_lines_that_are_none_are_counted(tmp_path: Path, entries: list[Entry]) -> None:
    path = tmp_path / "j"
    with journal.begin(str(path), ABOUT, [str(tmp_path)], resume=False, sync=False) as kept:
        kept.append(entries, sync=False)
    path.write_bytes(
        path.read_bytes()
        + b'\0\0\0\n[]\n{"path": "/a"}\n{"path": 1, "before": 2, "after": 3, "backup": 4}\n'
        + b'{"path": "/a", "before": null, "after": "x", "backup": null, "folders": 5}\n'
        + b'{"path": "/\\ud800", "before": null, "after": "x", "backup": null}\n'
        + b"[" * 100_000
        + b"\n"
        + b'{"path": "/a\\u0000", "before": null, "after": "x", "backup": null}\n'
    )
    with journal.reopen(str(path)) as kept:
        assert list(kept.entries()) == entries
        assert (kept.damaged, kept.cut_off) == (5, 3)
    path.write_text('{"aiperf_migrate_journal": 2}\n')
    with pytest.raises(JournalError, match="has journal format 2"):
        journal.reopen(str(path))


def test_another_process_gets_a_journal_that_it_is_not_in_charge_of(tmp_path: Path, entries: list[Entry]) -> None:
    with journal.begin(str(tmp_path / "j"), ABOUT, [str(tmp_path)], resume=False, sync=False) as kept:
        other: journal.Journal = pickle.loads(pickle.dumps(kept))
        other.append(entries[:1], sync=False)
        kept.append(entries[1:], sync=False)
        assert list(kept.entries()) == entries
    assert isinstance(other, journal.SharedJournal)


def test_many_processes_append_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "j"
    writing = (
        "import sys\nfrom migrator.writing.entries import Entry\nfrom migrator.writing.journal import SharedJournal\n"
        "path, name = sys.argv[1:]\n"
        "for n in range(300): SharedJournal(path).append([Entry(f'/{name}/{n}', None, 'x' * (n % 90))], sync=False)"
    )
    with journal.begin(str(path), ABOUT, [str(tmp_path)], resume=False, sync=False) as kept:
        arguments = [[command()[0], "-c", writing, str(path), name] for name in "abcd"]
        with_all = [subprocess.Popen(words, env=environment()) for words in arguments]
        assert [process.wait() for process in with_all] == [0] * 4
        found = [entry.path for entry in kept.entries()]
        assert kept.damaged == 0
    assert sorted(found) == sorted(f"/{name}/{number}" for name in "abcd" for number in range(300))


@pytest.fixture(autouse=True)
def _nothing_beside(tmp_path: Path) -> Iterator[None]:
    yield
    assert leftovers(tmp_path) == []
