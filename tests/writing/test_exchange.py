"""Whoever replaces a file at the very last moment, and whatever is killed just then: no version of it is lost."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.process import contents, export, is_expected, leftovers
from support.versions import NEWEST

from migrator.batch.discover import Source
from migrator.batch.migrate_files import execute, execute_all
from migrator.batch.request import Request, Result, Status
from migrator.errors import ChangedError, UnwritableError
from migrator.files import rename
from migrator.migration.goal import Goal
from migrator.writing import exchange, journal
from migrator.writing.entries import Entry, digest
from migrator.writing.exchange import exchange_name, staging_name
from migrator.writing.ledger_file import LedgerFile
from migrator.writing.lock import lock_for_replacement
from migrator.writing.options import Fsync, WriteOptions
from migrator.writing.stream import OutFile
from migrator.writing.undo import undo
from migrator.writing.write import write_out

RUN = "0.4.0/chat-streaming"
OLD = export(RUN).read_bytes()
THEIRS = OLD + b" "
"""Another program's version: an export, too, and its last space is kept by a migration."""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "a.json"
    path.write_bytes(OLD)
    os.utime(path, ns=(10**18, 10**18))
    return path


def place(path: Path, raw: bytes) -> None:
    """As a careful program does it: write beside, rename."""
    path.with_name("theirs").write_bytes(raw)
    os.rename(path.with_name("theirs"), path)


def migrated(path: Path, kept: journal.Journal | None = None, **options: Any) -> Result:
    request = Request(Goal(NEWEST), in_place=True, options=WriteOptions(fsync=Fsync.NEVER, **options))
    (result,) = execute_all([Source(str(path), path.name, named=True)], request, journal=kept)
    return result


def before_exchange(monkeypatch: pytest.MonkeyPatch, *deeds: Callable[[], object]) -> None:
    """Let something happen just before each exchange, the first deed before the first, and so on."""
    waiting, real = list(deeds), rename.exchange

    def intruded(one: str, other: str) -> bool:
        if waiting:
            waiting.pop(0)()
        return real(one, other)

    monkeypatch.setattr(exchange, "exchange", intruded)


# --- somebody is faster --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".bak", None])
def test_who_replaces_it_at_the_last_moment_keeps_the_place(
    target: Path, suffix: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_exchange(monkeypatch, lambda: place(target, THEIRS))
    result = migrated(target, suffix=suffix)
    assert result.status is Status.FAILED
    assert isinstance(result.error, ChangedError)
    assert contents(target.parent) == {"a.json": THEIRS}


def test_who_writes_into_it_at_the_last_moment_is_noticed(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before_exchange(monkeypatch, lambda: target.write_bytes(THEIRS))
    assert isinstance(migrated(target, suffix=None).error, ChangedError)
    assert contents(target.parent) == {"a.json": THEIRS}


def test_who_deletes_it_at_the_last_moment_is_obeyed(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before_exchange(monkeypatch, target.unlink)
    assert isinstance(migrated(target).error, ChangedError)
    assert contents(target.parent) == {}


def test_one_version_after_the_other(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before_exchange(monkeypatch, lambda: place(target, b"one"), lambda: place(target, b"two"))
    result = migrated(target, suffix=None)
    assert f"a version in between is kept as {target}.bak" in str(result.error)
    assert contents(target.parent) == {"a.json": b"two", "a.json.bak": b"one"}


def test_gone_before_it_can_have_its_place_back(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before_exchange(monkeypatch, lambda: place(target, b"one"), target.unlink)
    assert isinstance(migrated(target).error, ChangedError)
    assert contents(target.parent) == {"a.json": b"one"}


def test_a_residue_that_appears_meanwhile_is_left_alone(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved, real = target.with_name("a.json.residue.json"), os.link

    def intruded(one: Any, other: Any, **options: Any) -> None:
        if Path(other) == saved:
            saved.write_bytes(b"theirs")
        real(one, other, **options)

    monkeypatch.setattr(os, "link", intruded)
    path = target.with_name("b.json")
    path.write_bytes(export("0.13.0/chat-streaming").read_bytes())
    os.rename(path, target)
    before = target.read_bytes()
    request = Request(Goal("1.0"), in_place=True, residue=True, options=WriteOptions(fsync=Fsync.NEVER))
    result = execute(Source(str(target), "a.json", named=True), request)
    assert str(result.error).startswith(f"{saved}: was changed by someone else")
    assert contents(target.parent) == {"a.json": before, "a.json.residue.json": b"theirs"}


@pytest.mark.parametrize("number", [None, errno.ENOSYS, errno.EINVAL])
def test_without_an_exchange_it_is_looked_at_and_then_replaced(
    target: Path, number: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_renameat2(monkeypatch, number)
    assert migrated(target).status is Status.MIGRATED
    assert is_expected(target.read_bytes(), RUN, NEWEST)
    assert set(contents(target.parent)) == {"a.json", "a.json.bak"}


def test_undo_does_not_take_away_what_somebody_puts_there_meanwhile(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = _with_journal(target)
    new = target.read_bytes()
    before_exchange(monkeypatch, lambda: place(target, THEIRS))
    with journal.reopen(name) as kept:
        (outcome,) = undo(kept, lambda: False)
    assert "is being changed by someone else" in str(outcome.error)
    assert {"a.json": THEIRS, "a.json.bak": OLD}.items() <= contents(target.parent).items()
    assert new not in contents(target.parent).values()


@pytest.mark.parametrize("gone", [False, True])
def test_undo_without_hard_links(target: Path, monkeypatch: pytest.MonkeyPatch, *, gone: bool) -> None:
    name = _with_journal(target)
    original = target.with_name("a.json.bak").stat()
    if gone:
        target.unlink()
    _no_links(monkeypatch)
    with journal.reopen(name) as kept:
        assert [outcome.status for outcome in undo(kept, lambda: False)] == ["restored"]
    assert (target.read_bytes(), target.stat().st_ino) == (OLD, original.st_ino)
    assert not target.with_name("a.json.bak").exists()


def test_undo_puts_back_what_it_should_not_have_removed(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, out, real = str(target.with_name("j")), target.with_name("out.json"), os.rename
    with journal.begin(name, {}, [str(target.parent)], resume=False, sync=False) as kept:
        kept.append([Entry(str(out), None, digest(b"made"))], sync=False)
    out.write_bytes(b"made")

    def intruded(one: Any, other: Any) -> None:
        if str(other) == exchange_name(str(out)):
            place(out, b"theirs")
        real(one, other)

    monkeypatch.setattr(os, "rename", intruded)
    with journal.reopen(name) as kept:
        (outcome,) = undo(kept, lambda: False)
    assert "is being changed by someone else" in str(outcome.error)
    assert out.read_bytes() == b"theirs"


# --- outputs that must not be there --------------------------------------------------------------------------


def _appears(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's file, between the look at an output's name and the output."""
    real = os.link

    def intruded(one: Any, other: Any, **options: Any) -> None:
        if Path(other) == path:
            path.write_bytes(b"theirs")
        real(one, other, **options)

    monkeypatch.setattr(os, "link", intruded)


@pytest.mark.parametrize("taken", ["out.json", "out.json.residue.json"])
def test_an_output_that_appears_meanwhile_is_not_overwritten(
    tmp_path: Path, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _appears(tmp_path / taken, monkeypatch)
    with pytest.raises(UnwritableError, match=f"{taken}: exists already"):
        write_out(str(tmp_path / "out.json"), b"ours", b"residue", force=False)
    assert contents(tmp_path) == {taken: b"theirs"}
    write_out(str(tmp_path / "out.json"), b"ours", None, force=True)
    assert (tmp_path / "out.json").read_bytes() == b"ours"


def test_a_table_that_appears_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _appears(tmp_path / "t.csv", monkeypatch)
    with pytest.raises(UnwritableError, match=r"t\.csv: exists already"), OutFile(str(tmp_path / "t.csv")) as file:
        file.write(b"ours")
    assert contents(tmp_path) == {"t.csv": b"theirs"}
    with OutFile(str(tmp_path / "t.csv"), force=True) as file:
        file.write(b"ours")
    assert contents(tmp_path) == {"t.csv": b"ours"}


def test_the_name_of_ledgers_is_taken_from_the_start(tmp_path: Path) -> None:
    with LedgerFile(str(tmp_path / "l.jsonl")) as file:
        with pytest.raises(UnwritableError, match="exists already"):
            LedgerFile(str(tmp_path / "l.jsonl"))
        with pytest.raises(UnwritableError, match="another process is at work on it"):
            LedgerFile(str(tmp_path / "l.jsonl"), force=True)
        file.write("{}")
    assert contents(tmp_path) == {"l.jsonl": b"{}\n"}


# --- killed just then ----------------------------------------------------------------------------------------


def killed_at(step: int, deed: Callable[[], object], intrusion: Callable[[], object] | None) -> bool:
    """Do it in a process that is killed before its n-th change of names; whether it came to that."""
    child = os.fork()
    if child == 0:
        left = [step]

        def counted(real: Callable[..., Any], before: Callable[[], object] | None = None) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                if before:
                    before()
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return real(*arguments, **options)

            return call

        for name in ("link", "unlink", "replace"):
            setattr(os, name, counted(getattr(os, name)))
        exchange.exchange = counted(rename.exchange, intrusion)
        deed()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def once(deed: Callable[[], object]) -> Callable[[], object]:
    waiting = [deed]
    return lambda: waiting.pop()() if waiting else None


@pytest.mark.parametrize("intruded", [False, True])
@pytest.mark.parametrize("suffix", [".bak", None])
def test_killed_at_any_step_of_replacing(target: Path, suffix: str | None, *, intruded: bool) -> None:
    steps = 0
    while True:
        for path in target.parent.iterdir():
            path.unlink()
        target.write_bytes(OLD)
        os.utime(target, ns=(10**18, 10**18))
        if not killed_at(
            steps, lambda: migrated(target, suffix=suffix), once(lambda: place(target, THEIRS)) if intruded else None
        ):
            break
        theirs = intruded and any(path.read_bytes() == THEIRS for path in target.parent.iterdir())
        lock_for_replacement(str(target)).release()
        found = contents(target.parent)
        assert leftovers(target.parent) == [], steps
        if theirs:
            assert found["a.json"] == THEIRS, steps
        else:
            assert found["a.json"] == OLD or is_expected(found["a.json"], RUN, NEWEST), steps
            assert suffix is None or OLD in found.values(), steps
        assert migrated(target, suffix=suffix).status in (Status.MIGRATED, Status.UNCHANGED)
        assert is_expected(target.read_bytes().removesuffix(b" "), RUN, NEWEST), steps
        assert leftovers(target.parent) == [], steps
        steps += 1
    assert steps >= 4


@pytest.mark.parametrize("intruded", [False, True])
def test_killed_at_any_step_of_undoing(target: Path, *, intruded: bool) -> None:
    steps = 0
    while True:
        for path in target.parent.iterdir():
            path.unlink()
        target.write_bytes(OLD)
        os.utime(target, ns=(10**18, 10**18))
        name = _with_journal(target)

        def take_back(name: str = name) -> None:
            with journal.reopen(name) as kept:
                list(undo(kept, lambda: False))

        if not killed_at(steps, take_back, once(lambda: place(target, THEIRS)) if intruded else None):
            break
        theirs = intruded and any(path.read_bytes() == THEIRS for path in target.parent.iterdir())
        take_back()
        found = contents(target.parent)
        assert leftovers(target.parent) == [], steps
        assert found["a.json"] == (THEIRS if theirs else OLD), steps
        assert not theirs or OLD in found.values(), steps
        steps += 1
    assert steps >= 4


def _exchanged_and_killed(target: Path, suffix: str | None = ".bak") -> None:
    """The new file has just taken the place of another program's version, which now has a hidden name only."""
    for step in range(20):
        place(target, OLD)
        os.utime(target, ns=(10**18, 10**18))
        assert killed_at(step, lambda: migrated(target, suffix=suffix), once(lambda: place(target, THEIRS)))
        hidden = Path(exchange_name(str(target)))
        if hidden.exists() and hidden.read_bytes() == THEIRS:
            return
        lock_for_replacement(str(target)).release()
        for path in target.parent.glob("*.bak*"):
            path.unlink()
    raise AssertionError("never taken away")


def test_what_was_written_into_the_new_file_since_is_not_taken_away(target: Path) -> None:
    _exchanged_and_killed(target, suffix=None)
    with target.open("ab") as file:
        file.write(b"\n")
    lock_for_replacement(str(target)).release()
    found = contents(target.parent)
    assert is_expected(found["a.json"].removesuffix(b"\n"), RUN, NEWEST)
    assert found["a.json.bak"] == THEIRS


def test_what_replaced_the_new_file_since_is_not_taken_away(target: Path) -> None:
    _exchanged_and_killed(target, suffix=None)
    place(target, b"{}")
    lock_for_replacement(str(target)).release()
    assert contents(target.parent) == {"a.json": b"{}", "a.json.bak": THEIRS}


def test_a_hidden_version_comes_back_where_nothing_is(target: Path) -> None:
    _exchanged_and_killed(target, suffix=None)
    target.unlink()
    assert exchange.recover(str(target))
    assert contents(target.parent) == {"a.json": THEIRS}


def test_resume_does_not_pass_over_what_has_to_be_cleared_up(target: Path) -> None:
    _exchanged_and_killed(target)
    done = digest(target.read_bytes())
    source = Source(str(target), "a.json", named=True, done=done)
    request = Request(Goal(NEWEST), in_place=True, options=WriteOptions(fsync=Fsync.NEVER))
    assert execute(source, request).status is Status.MIGRATED
    assert contents(target.parent).keys() == {"a.json", "a.json.bak", "a.json.bak.1"}
    assert THEIRS in contents(target.parent).values()


def test_who_is_alive_is_not_cleared_up_behind(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrator.writing.lock._PATIENCE", 0.01)
    handle, locked = exchange.stage_file(str(target))
    assert locked
    for _ in range(2):
        with pytest.raises(UnwritableError, match="another process is at work on it"):
            lock_for_replacement(str(target))
        assert os.path.exists(staging_name(str(target)))
    with pytest.raises(UnwritableError, match="another process is at work on it"):
        exchange.stage_file(str(target))
    os.close(handle)
    lock_for_replacement(str(target)).release()


def test_who_has_just_begun_is_not_cleared_up_behind(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrator.writing.lock._PATIENCE", 0.01)
    first = lock_for_replacement(str(target))
    # The new file is there, and not under lock yet.
    Path(staging_name(str(target))).write_bytes(b"half a fi")
    with pytest.raises(UnwritableError, match="another process is at work on it"):
        lock_for_replacement(str(target))
    assert os.path.exists(staging_name(str(target)))
    first.release()
    lock_for_replacement(str(target)).release()


# --- names ---------------------------------------------------------------------------------------------------


def test_a_name_is_given_only_where_nothing_is(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    rename.appear(str(one), str(other))
    assert contents(tmp_path) == {"other": b"1"}
    one.write_bytes(b"2")
    with pytest.raises(FileExistsError):
        rename.appear(str(one), str(other))
    assert rename.exchange(str(one), str(other))
    assert contents(tmp_path) == {"one": b"1", "other": b"2"}
    with pytest.raises(FileNotFoundError):
        rename.exchange(str(one), str(tmp_path / "none"))


@pytest.mark.parametrize("with_renameat2", [True, False])
def test_a_name_is_given_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, with_renameat2: bool
) -> None:
    _no_links(monkeypatch)
    if not with_renameat2:
        _no_renameat2(monkeypatch, errno.EINVAL)
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    rename.appear(str(one), str(other))
    assert contents(tmp_path) == {"other": b"1"}
    one.write_bytes(b"2")
    with pytest.raises(FileExistsError):
        rename.appear(str(one), str(other))
    assert contents(tmp_path) == {"one": b"2", "other": b"1"}


def _no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)


def _no_renameat2(monkeypatch: pytest.MonkeyPatch, number: int | None) -> None:
    monkeypatch.setattr(rename, "_system_call", lambda: number and (lambda one, other, flags: number))


def _with_journal(target: Path) -> str:
    name = str(target.with_name("j"))
    with journal.begin(name, {}, [str(target.parent)], resume=False, sync=False) as kept:
        assert migrated(target, kept).status is Status.MIGRATED
    return name


@pytest.fixture(autouse=True)
def _nothing_beside(tmp_path: Path) -> Iterator[None]:
    yield
    assert leftovers(tmp_path) == []
