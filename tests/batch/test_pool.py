"""Several processes give the same results in the same order as one."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.process import environment
from support.versions import NEWEST

from migrator.batch import pool
from migrator.batch.discover import Source, discover
from migrator.batch.migrate_work import Migrating
from migrator.batch.request import Request, Status
from migrator.errors import MigratorError, RejectedError, UnwritableError
from migrator.migration.goal import Goal
from migrator.render.report import result_line
from migrator.writing.entries import Entry
from migrator.writing.options import Fsync, WriteOptions

GOLDEN = Path(__file__).parents[2] / "golden" / "exports"


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_ALONE", 10)
    monkeypatch.setattr(pool, "BUNDLE", 4)


def _outputs(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json")}


@pytest.mark.usefixtures("small_batches")
def test_two_processes_do_what_one_does(tmp_path: Path) -> None:
    seen = {}
    for jobs in (1, 2):
        request = Request(Goal(NEWEST), "up", out_folder=str(tmp_path / str(jobs)), ledgers=False)
        results = list(pool.run(discover([str(GOLDEN)]), Migrating(request), jobs))
        seen[jobs] = [(r.source, r.status, r.reason, r.warnings, r.tally) for r in results]
    assert seen[1] == seen[2]
    assert _outputs(tmp_path / "1") == _outputs(tmp_path / "2")
    assert len(_outputs(tmp_path / "2")) == sum(1 for status in seen[2] if status[1] is not Status.SKIPPED) > 70


@pytest.mark.usefixtures("small_batches")
def test_errors_and_ledgers_come_back_from_other_processes(tmp_path: Path) -> None:
    for number in range(30):
        content = "{" if number % 3 == 0 else (GOLDEN / "0.6.0/key/profile_export_aiperf.json").read_text()
        (tmp_path / f"{number:02}.json").write_text(content)
    results = list(pool.run(discover([str(tmp_path)]), Migrating(Request(Goal(NEWEST))), 2))
    assert [r.status is Status.FAILED for r in results] == [number % 3 == 0 for number in range(30)]
    broken, good = results[0], results[1]
    assert broken.error
    assert (broken.error.file, broken.error.place) == (str(tmp_path / "00.json"), "line 1 column 2")
    assert len(good.ledger) > 5


def test_every_kind_of_error_comes_back_as_it_was() -> None:
    told = {"place": "$.x", "hint": "y", "file": "z"}
    errors: list[MigratorError] = [RejectedError("0.9.0", ("a", 0), "extra"), UnwritableError("is full", **told)]
    for error in errors:
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.as_dict()) == (type(error), str(error), error.as_dict())


IMPATIENT = """
from migrator.batch import pool
pool._ALONE, pool.BUNDLE = 8, 5
from migrator.cli.main import run
if __name__ == "__main__":
    run()
"""
"""The tool, to whom ten files are many."""


@pytest.mark.parametrize(
    "command",
    [
        ("check", "--json"),
        ("inspect",),
        ("inspect", "--summary", "--to", "1.0", "--json"),
        ("inspect", "--where", "version < 1.1 and not cancelled"),
        ("upgrade", "--dry-run", "--json", "--where", "release >= 0.9.0"),
        ("convert", "--for-aiperf", "0.9.0", "--dry-run"),
        ("table", "--format", "json"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_commands_say_the_same_with_any_number_of_processes(tmp_path: Path, command: tuple[str, ...]) -> None:
    inputs = [*sorted(GOLDEN.rglob("*.json"))[::6], None]
    for number, path in enumerate(inputs):
        (tmp_path / f"{number:02}.json").write_bytes(path.read_bytes() if path else b"{")
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    said = []
    for jobs in ("1", "2"):
        start = [sys.executable, tmp_path / "impatient.py", *command, ".", "--jobs", jobs]
        done = subprocess.run(start, cwd=tmp_path, env=environment(), capture_output=True, check=False)
        said.append((done.returncode, done.stdout, done.stderr))
    assert said[0] == said[1]
    assert said[0][0] == 4
    assert any(told in said[0][1] for told in (b".json", b'"files":%d,' % len(inputs), b"%d files: " % len(inputs)))


@pytest.mark.usefixtures("small_batches")
def test_stopping_begins_nothing_new_and_tells_what_was_done(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number:03}.json").write_bytes((GOLDEN / "0.6.0/key/profile_export_aiperf.json").read_bytes())
    done: list[str] = []
    request = Request(Goal(NEWEST), "up", out_folder=str(tmp_path / "out"), options=WriteOptions(fsync=Fsync.NEVER))
    for result in pool.run(
        discover([str(tmp_path)], avoid=[str(tmp_path / "out")]), Migrating(request), 2, lambda: len(done) >= 8
    ):
        done.append(result.output)
    written = sorted(str(path) for path in (tmp_path / "out").iterdir())
    assert sorted(done) == written
    assert 8 <= len(written) < 200


class Announced(dict[str, Entry]):
    """The journal of a worker: entries by path."""

    def append(self, entries: Sequence[Entry], *, sync: bool) -> None:
        del sync
        self.update({entry.path: entry for entry in entries})


def test_what_a_lost_worker_did_is_told_from_the_original(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_bytes((GOLDEN / "0.6.0/key/profile_export_aiperf.json").read_bytes())
    source = Source(str(target), "a.json", named=True)
    work = Migrating(Request(Goal(NEWEST), in_place=True))
    entries = Announced()
    (first,) = work.relocated(str).resumed([source], {}, entries)
    assert entries[str(target)].backup == f"{target}.bak"
    again, plain = work.resumed([source], entries, Announced()), work.resumed([source], {}, Announced())
    assert [(r.status, r.steps, r.tally, r.output) for r in again] == [
        (Status.MIGRATED, first.steps, first.tally, str(target))
    ]
    assert plain[0].status is Status.UNCHANGED, "which another one did long ago"
    (tmp_path / "a.json.bak").unlink()
    (unknown,) = work.resumed([source], entries, Announced())
    assert result_line(unknown) == f"{f'? → {NEWEST}':<13}{target}"
    assert (unknown.status, unknown.from_version, unknown.error) == (Status.MIGRATED, "?", None)
    assert unknown.warnings == [
        "written by a process that was lost, and there is no backup to tell from: its ledger is not known"
    ]
