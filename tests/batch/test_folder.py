"""The folder of a run as a whole: what is migrated beside the export, and what `--all-files` copies."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, SECRET, export, run

from migrator.batch import load, migrate_loaded
from migrator.batch.discover import Source
from migrator.batch.migrate_files import execute, execute_all
from migrator.batch.request import Request, Status
from migrator.errors import ChangedError, UnreadableError
from migrator.files.disk import oversized
from migrator.files.large import OpenFile
from migrator.migration.goal import Goal
from migrator.migration.lines import migrate_lines
from migrator.writing import lock
from migrator.writing import undo as undo_module
from migrator.writing.journal import begin, reopen
from migrator.writing.options import WriteOptions
from migrator.writing.outcome import Undone
from migrator.writing.undo import undo

RECORDINGS = EXPORTS.parent / "beside" / "0.11.0"
SLICES = "profile_export_aiperf_timeslices.json"
TELEMETRY = "gpu_telemetry_export.jsonl"
EXPORT = "profile_export_aiperf.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of 0.11.0, as its folder is, with two files that nothing is known of."""
    made = tmp_path / "run"
    (made / "logs").mkdir(parents=True)
    shutil.copyfile(EXPORTS / "0.11.0" / "chat-streaming" / EXPORT, made / EXPORT)
    for name in (SLICES, TELEMETRY):
        shutil.copyfile(RECORDINGS / name, made / name)
    (made / "profile_export_aiperf.csv").write_bytes(b"Metric,avg\r\n")
    (made / "logs" / "aiperf.log").write_bytes(b"\xff\x00")
    (made / "server_metrics_export.json").write_text('{"summary": {}, "metrics": {}}')
    return made


def statuses(rows: list[dict[str, object]]) -> dict[str, object]:
    return {Path(str(row["file"])).name: row["status"] for row in rows}


MIGRATED = {EXPORT: "migrated", SLICES: "migrated", TELEMETRY: "migrated"}


def test_all_files_mirrors_the_whole_folder(folder: Path, tmp_path: Path) -> None:
    done = run("upgrade", folder, "-d", tmp_path / "out", "--all-files", "--json")
    copied = dict.fromkeys(("aiperf.log", "profile_export_aiperf.csv", "server_metrics_export.json"), "copied")
    assert statuses(done.rows) == MIGRATED | copied
    names = {path.relative_to(folder) for path in folder.rglob("*")}
    assert {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*")} == names
    for name in ("logs/aiperf.log", "profile_export_aiperf.csv", "server_metrics_export.json"):
        assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes()
    text = run("upgrade", folder, "-d", tmp_path / "again", "--all-files").stdout
    assert "6 files: 3 migrated, 3 copied" in text


def test_without_it_the_other_files_are_named_and_stay(folder: Path, tmp_path: Path) -> None:
    done = run("upgrade", folder, "-d", tmp_path / "out", "--json")
    assert statuses(done.rows) == MIGRATED | {"server_metrics_export.json": "skipped"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == MIGRATED.keys()


def test_a_folder_is_of_one_release_after_it_was_upgraded_in_place(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = run("upgrade", folder, "--in-place", "--journal", folder.parent / "journal", "--json")
    assert statuses(done.rows) == MIGRATED | {"server_metrics_export.json": "skipped"}
    for name in MIGRATED:
        assert (folder / f"{name}.bak").read_bytes() == before[folder / name]
    first = json.loads((folder / TELEMETRY).read_text().splitlines()[0])
    assert first["telemetry_source_url"]
    assert first["platform"] == "nvidia"
    assert "timeslice_index" not in (folder / SLICES).read_text()
    assert run("upgrade", folder, "--check").code == 0
    assert run("undo", folder.parent / "journal").code == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_there_and_back_with_residues(folder: Path) -> None:
    before = {name: (folder / name).read_bytes() for name in MIGRATED}
    assert run("downgrade", folder, "--to", "1.0", "--in-place", "--no-backup", "--residue").code == 0
    assert (folder / SLICES).read_bytes() != before[SLICES]
    assert run("upgrade", folder, "--to", "1.3", "--in-place", "--no-backup").code == 0
    assert {name: (folder / name).read_bytes() for name in MIGRATED} == before


@pytest.mark.parametrize("place", [["--in-place"], ["--dry-run"], ["-o", "out.json"], []])
def test_all_files_is_for_a_tree_of_outputs(folder: Path, place: list[str]) -> None:
    done = run("upgrade", folder / EXPORT, "--all-files", *place)
    assert done.code == 2
    assert "--all-files needs -d" in done.stderr


def test_backups_and_residues_are_no_part_of_a_run(folder: Path, tmp_path: Path) -> None:
    assert run("downgrade", folder, "--to", "1.1", "--in-place", "--residue").code == 0
    done = run("upgrade", folder, "-d", tmp_path / "out", "--all-files", "--json")
    reasons = {Path(row["file"]).name: row.get("reason", "") for row in done.rows if row["status"] == "skipped"}
    assert reasons[f"{EXPORT}.bak"] == "a backup, left out"
    assert reasons[f"{EXPORT}.residue.json"] == "residue, left alone"
    assert not list((tmp_path / "out").glob("*.bak"))
    assert not list((tmp_path / "out").glob("*.residue.json"))


def test_no_kept_original_takes_a_key_along(folder: Path, tmp_path: Path) -> None:
    """A second backup has a number, and a user may have chosen another suffix."""
    secret = export("0.6.0/key").read_bytes()
    for name in ("a.json.bak", "a.json.bak.1", "a.json.old", "b.json.gz.bak.2"):
        (folder / name).write_bytes(secret)
    done = run("upgrade", folder, "-d", tmp_path / "out", "--all-files", "--json")
    assert done.code == 0, done.stderr
    told = statuses(done.rows)
    assert [told[name] for name in ("a.json.bak", "a.json.bak.1", "b.json.gz.bak.2")] == ["skipped"] * 3
    assert told["a.json.old"] == "redacted"
    assert not [
        path for path in (tmp_path / "out").rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]


def test_a_file_larger_than_any_export_is_copied_too(folder: Path, tmp_path: Path) -> None:
    for name in ("profile_export_raw.jsonl", "inputs.json"):
        with open(folder / name, "wb") as file:
            file.truncate(65 * 2**20)
    (folder / "plot.png").write_bytes(b"a picture")
    done = run("upgrade", folder, "-d", tmp_path / "out", "--all-files", "--journal", tmp_path / "journal", "--json")
    assert done.code == 0, done.stderr
    assert statuses(done.rows)["inputs.json"] == "copied"
    assert (tmp_path / "out" / "profile_export_raw.jsonl").stat().st_size == 65 * 2**20
    undone = run("undo", tmp_path / "journal")
    assert (undone.code, undone.stderr) == (0, "")
    assert not (tmp_path / "out").exists()


def newest_records() -> list[bytes]:
    return (EXPORTS / "0.13.0" / "folder" / TELEMETRY).read_bytes().splitlines(keepends=True)


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file of this module is larger than what is held in memory."""
    monkeypatch.setattr(lock, "MAX_BYTES", 1000)
    monkeypatch.setattr(undo_module, "MAX_BYTES", 1000)

    def too_large(path: str) -> bytes:
        raise oversized(os.path.getsize(path), 1000, path)

    monkeypatch.setattr(load, "read_bytes", too_large)


def request(**changes: Any) -> Request:
    return Request(**{"goal": Goal("1.4", "0.13.0"), "options": WriteOptions(suffix=".bak"), **changes})


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("cut", [False, True])
def test_records_too_large_for_the_memory_are_migrated_line_by_line(tmp_path: Path, *, cut: bool) -> None:
    raw = (RECORDINGS / TELEMETRY).read_bytes() + b'{"timestamp_ns": 17' * cut
    path, out = tmp_path / TELEMETRY, tmp_path / "out" / TELEMETRY
    path.write_bytes(raw)
    expected = migrate_lines(raw, Goal("1.4", "0.13.0")).raw
    source = Source(str(path), TELEMETRY, named=True)
    done = execute(source, request(out_folder=str(out.parent)))
    assert (done.status, out.read_bytes()) == (Status.MIGRATED, expected)
    assert bool(done.warnings) == cut
    assert execute(source, request(out_file=str(out))).error, "what is there is not overwritten"
    assert execute(source, request()).tally == done.tally, "a rehearsal tells the same"
    # And in place, with its backup and the way back.
    with begin(str(tmp_path / "journal"), {}, [str(path)], resume=False, sync=False) as journal:
        (replaced,) = execute_all([source], request(in_place=True), journal=journal)
        assert replaced.status is Status.MIGRATED
    assert path.read_bytes() == expected
    assert (tmp_path / f"{TELEMETRY}.bak").read_bytes() == raw
    again = execute(source, request(in_place=True))
    assert again.status is Status.UNCHANGED
    with reopen(str(tmp_path / "journal")) as journal:
        assert [outcome.status for outcome in undo(journal, lambda: False)] == [Undone.RESTORED]
    assert path.read_bytes() == raw


@pytest.mark.usefixtures("small_limit")
def test_what_large_records_cannot_keep_comes_back_from_their_residue(tmp_path: Path) -> None:
    path = tmp_path / TELEMETRY
    raw = b"".join(line.replace(b'"platform":"nvidia"', b'"platform":"acme"') for line in newest_records())
    path.write_bytes(raw)
    source = Source(str(path), TELEMETRY, named=True)
    bare = WriteOptions(suffix=None)
    older = request(in_place=True, residue=True, options=bare, goal=Goal("1.1", "0.8.0"))
    assert execute(source, older).status is Status.MIGRATED
    assert b"acme" not in path.read_bytes()
    assert execute(source, request(in_place=True, options=bare)).status is Status.MIGRATED
    assert path.read_bytes() == raw


@pytest.mark.usefixtures("small_limit")
def test_large_records_that_change_while_they_are_read_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / TELEMETRY
    path.write_bytes((RECORDINGS / TELEMETRY).read_bytes())
    stream = migrate_loaded.migrate_stream

    def other_program(*arguments: Any, **options: Any) -> Any:
        done = stream(*arguments, **options)
        status = path.stat()
        with path.open("r+b") as file:
            file.write(b'{"TIMESTAMP')
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return done

    monkeypatch.setattr(migrate_loaded, "migrate_stream", other_program)
    done = execute(Source(str(path), TELEMETRY, named=True), request(in_place=True))
    assert (done.status, type(done.error)) == (Status.FAILED, ChangedError)
    assert path.read_bytes().startswith(b'{"TIMESTAMP')
    assert [each.name for each in tmp_path.iterdir()] == [TELEMETRY]


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("goal", [Goal("1.4", "0.13.0"), Goal("1.1", "0.8.0")], ids=["newer", "at its version"])
def test_large_records_lose_their_secrets(tmp_path: Path, goal: Goal) -> None:
    path, out = tmp_path / TELEMETRY, tmp_path / "out.jsonl"
    raw = (EXPORTS / "0.8.0" / "folder" / TELEMETRY).read_bytes()
    path.write_bytes(raw.replace(b"http://127.0.0.1", b"http://user:hunter-two-of-7@127.0.0.1"))
    source = Source(str(path), TELEMETRY, named=True)
    done = execute(source, request(goal=goal, out_file=str(out)))
    assert done.status is (Status.MIGRATED if goal.release == "0.13.0" else Status.REDACTED)
    assert b"hunter" not in out.read_bytes()
    assert out.read_bytes().count(b"<redacted>@127.0.0.1") == raw.count(b"http://127.0.0.1")
    assert execute(source, request(goal=goal, in_place=True)).status is done.status
    assert path.read_bytes() == out.read_bytes()


@pytest.mark.usefixtures("small_limit")
def test_a_large_file_without_secrets_is_whole_in_the_output_of_redact(tmp_path: Path) -> None:
    path, out = tmp_path / "profile_export.jsonl", tmp_path / "out.jsonl"
    shutil.copyfile(EXPORTS / "0.8.0" / "folder" / path.name, path)
    done = execute(Source(str(path), path.name, named=True), request(out_file=str(out), redact_only=True))
    assert (done.status, out.read_bytes()) == (Status.UNCHANGED, path.read_bytes())


def test_a_large_file_is_read_in_lines_as_a_small_one(tmp_path: Path) -> None:
    raw = b"a\n\n" + b"b" * 3_000_000 + b"\nc\r\n\n" + b"d" * 2**20
    (tmp_path / "file").write_bytes(raw)
    with (tmp_path / "file").open("rb") as file:
        found = OpenFile(file.fileno())
        assert list(found.lines()) == [line + b"\n" for line in raw.split(b"\n")[:-1]] + [b"d" * 2**20]
        assert b"".join(found.parts()) == raw
        assert (len(found), found.digest(), found.head(2)) == (len(raw), sha256(raw).hexdigest(), b"a\n")
    (tmp_path / "file").write_bytes(b"x" * (17 * 2**20))
    with (tmp_path / "file").open("rb") as file, pytest.raises(UnreadableError, match="a line that is too long"):
        list(OpenFile(file.fileno()).lines())


@pytest.mark.slow
def test_an_hour_of_telemetry_takes_little_memory(folder: Path, tmp_path: Path) -> None:
    raw = (folder / TELEMETRY).read_bytes()
    with open(folder / TELEMETRY, "wb") as file:
        for _ in range(65 * 2**20 // len(raw) + 1):
            file.write(raw)
    # What `getrusage` tells includes the peak of the process that started this one.
    code = "import sys; from migrator.cli.main import main; code = main(sys.argv[1:]);"
    code += "peak = [row.split()[1] for row in open('/proc/self/status') if row.startswith('VmHWM')][0];"
    code += "print(int(peak) // 1024, file=sys.stderr); sys.exit(code)"
    words = ["upgrade", str(folder / TELEMETRY), "-o", str(tmp_path / "out.jsonl")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert int(done.stderr.split()[-1]) < 120, "megabytes"
    with open(folder / TELEMETRY, "rb") as before, open(tmp_path / "out.jsonl", "rb") as after:
        expected = migrate_lines(raw, Goal("1.5")).raw
        assert after.read(len(expected)) == expected
        assert sum(1 for _ in before) == 1 + sum(1 for _ in after) + expected.count(b"\n") - 1


def test_files_beside_an_export_can_be_named(folder: Path, tmp_path: Path) -> None:
    for name in (SLICES, TELEMETRY):
        assert run("upgrade", folder / name, "-o", tmp_path / name).code == 0
        shown = run("upgrade", folder / name)
        assert shown.code == 0
        assert shown.raw == (tmp_path / name).read_bytes()
        assert run("upgrade", tmp_path / name, "--check").code == 0
    wrong = run("downgrade", folder / TELEMETRY, "--for-aiperf", "0.13.0")
    assert wrong.code == 4
    assert "is AIPerf 0.4.0, older than AIPerf 0.13.0" in wrong.stderr


def test_one_record_and_compressed_records_are_records(folder: Path) -> None:
    first = (folder / TELEMETRY).read_bytes().splitlines(keepends=True)[0]
    (folder / TELEMETRY).write_bytes(first)
    (folder / f"{TELEMETRY}.gz").write_bytes(gzip.compress(first))
    done = run("upgrade", folder, "--in-place", "--no-backup", "--json")
    assert statuses(done.rows)[TELEMETRY] == statuses(done.rows)[f"{TELEMETRY}.gz"] == "migrated"
    assert gzip.decompress((folder / f"{TELEMETRY}.gz").read_bytes()) == (folder / TELEMETRY).read_bytes()


def test_a_release_without_such_a_file_gets_none_but_as_a_copy(folder: Path, tmp_path: Path) -> None:
    done = run("downgrade", folder, "--to", "0.2", "-d", tmp_path / "out", "--json")
    (told,) = [row["reason"] for row in done.rows if row["file"].endswith(SLICES)]
    assert told == "timeslices: no release that writes 0.2 writes such a file, left alone"
    copied = run("downgrade", folder, "--to", "0.2", "-d", tmp_path / "whole", "--all-files", "--json")
    assert statuses(copied.rows)[SLICES] == statuses(copied.rows)[TELEMETRY] == "copied"


def test_an_explanation_speaks_of_the_steps_of_the_file(folder: Path) -> None:
    told = run("upgrade", folder / SLICES, "--dry-run", "--explain").stdout
    assert "slices have a start and an end, and no number" in told
    assert "vendor-scoped telemetry" not in told
