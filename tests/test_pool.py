"""Several processes give the same results in the same order as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.batch import pool
from migrator.batch.discover import discover
from migrator.batch.execute import Request, Status
from migrator.batch.replace import Manner
from migrator.batch.write import Fsync

GOLDEN = Path(__file__).parent.parent / "golden" / "exports"


def _never() -> bool:
    return False


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_ALONE", 10)
    monkeypatch.setattr(pool, "_BUNDLE", 4)


def _outputs(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json")}


@pytest.mark.usefixtures("small_batches")
def test_two_processes_do_what_one_does(tmp_path: Path) -> None:
    seen = {}
    for jobs in (1, 2):
        request = Request("1.5", "up", out_folder=str(tmp_path / str(jobs)), ledgers=False)
        results = list(pool.run(discover([str(GOLDEN)]), request, jobs, _never))
        seen[jobs] = [(r.source, r.status, r.reason, r.warnings, r.tally) for r in results]
    assert seen[1] == seen[2]
    assert _outputs(tmp_path / "1") == _outputs(tmp_path / "2")
    assert len(_outputs(tmp_path / "2")) == sum(1 for status in seen[2] if status[1] is not Status.SKIPPED) > 70


@pytest.mark.usefixtures("small_batches")
def test_errors_and_ledgers_come_back_from_other_processes(tmp_path: Path) -> None:
    for number in range(30):
        content = "{" if number % 3 == 0 else (GOLDEN / "0.6.0/key/profile_export_aiperf.json").read_text()
        (tmp_path / f"{number:02}.json").write_text(content)
    results = list(pool.run(discover([str(tmp_path)]), Request("1.5"), 2, _never))
    assert [r.status is Status.FAILED for r in results] == [number % 3 == 0 for number in range(30)]
    broken, good = results[0], results[1]
    assert broken.error
    assert (broken.error.file, broken.error.place) == (str(tmp_path / "00.json"), "line 1 column 2")
    assert len(good.ledger) > 5


@pytest.mark.usefixtures("small_batches")
def test_stopping_begins_nothing_new_and_tells_what_was_done(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number:03}.json").write_bytes((GOLDEN / "0.6.0/key/profile_export_aiperf.json").read_bytes())
    done: list[str] = []
    request = Request("1.5", "up", out_folder=str(tmp_path / "out"), manner=Manner(fsync=Fsync.NEVER))
    for result in pool.run(
        discover([str(tmp_path)], avoid=[str(tmp_path / "out")]), request, 2, lambda: len(done) >= 8
    ):
        done.append(result.output)
    written = sorted(str(path) for path in (tmp_path / "out").iterdir())
    assert sorted(done) == written
    assert 8 <= len(written) < 200
