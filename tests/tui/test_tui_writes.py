"""What is written can be taken back, finished after a kill, and is not left in silence."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.old_runs import old_export, runs, version
from support.process import environment
from support.tui_driver import messages, opened, play, press, settled, text
from textual.pilot import Pilot

from migrator.chain.steps import NEWEST
from migrator.render.text import plural
from migrator.writing.journal import reopen
from tui.app import MigrateApp
from tui.common.ask import Ask
from tui.files.screen import FilesScreen
from tui.migrate import BatchScreen
from tui.migrate.journals import announce, carry_out, forget, unfinished
from tui.migrate.writing import Order
from tui.session import Session, journals
from tui.writes import farewell

P = Pilot[None]
IN_PLACE = ("w", "tab", "space", "enter")


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("keys", [IN_PLACE, ("w", "enter")])
def test_every_write_has_a_journal_and_u_takes_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, keys: tuple[str, ...]
) -> None:
    folder = tmp_path / "runs"
    paths = runs(folder, count)
    before = names(folder)
    monkeypatch.chdir(folder)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, *["space"] * count, "m", *keys)
        assert names(folder) != before
        (journal,) = journals().glob("*.jsonl")
        with reopen(str(journal)) as kept:
            assert kept.count() == count
        assert str(journal) in "\n".join(farewell(app.session))
        if count > 1:
            assert "u takes it back   journal" in text(app)
            assert journal.name in text(app).replace("\n", "").replace(" ", "")
        await press(pilot, "u")
        assert "Take back what was written last" in text(app)
        await press(pilot, "u")
        assert f"undone: {count} {'restored' if keys is IN_PLACE else 'removed'}" in messages(app)
        assert names(folder) == before
        assert [path.read_bytes() for path in paths] == list(map(old_export, range(len(paths))))
        assert farewell(app.session) == []
        await press(pilot, "u")
        assert "nothing was written that can be undone" in messages(app)
        await press(pilot, "escape")
        assert all(each.version == "1.0" for each in opened(pilot, FilesScreen).files.exports)

    play(scene, [folder])


def test_copies_of_files_that_stay_as_they_are_are_taken_back_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runs"
    first, *_ = runs(folder, 3)
    order = Order((str(first),), NEWEST, "in place")
    list(carry_out(order, write := announce(order, 1), lambda: False))
    forget(write.journal)
    monkeypatch.chdir(tmp_path)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "ctrl+a", "m", "w", "enter")
        assert len(names(tmp_path / f"migrated-{NEWEST}")) == 3
        await press(pilot, "u")
        assert "Take back what was written last: 3 files." in text(app)
        await press(pilot, "u")
        assert not (tmp_path / f"migrated-{NEWEST}").exists()

    play(scene, ["runs"])


def test_leaving_the_question_takes_nothing_back(tmp_path: Path) -> None:
    (path,) = runs(tmp_path / "runs", 1)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "m", *IN_PLACE, "u")
        assert isinstance(app.screen, Ask)
        await press(pilot, "escape")
        assert version(path) == NEWEST

    play(scene, [tmp_path / "runs"])


def test_what_was_changed_since_is_not_taken_back(tmp_path: Path) -> None:
    first, second = runs(tmp_path / "runs", 2)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "space", "space", "m", *IN_PLACE)
        first.write_bytes(first.read_bytes() + b"\n")
        await press(pilot, "u")
        await pilot.pause()
        await press(pilot, "u")
        assert "was changed after the batch" in messages(app)
        assert version(first) == NEWEST
        assert second.read_bytes() == old_export(1)
        assert farewell(app.session), "what could not be taken back is told again"

    play(scene, [tmp_path / "runs"])


def test_without_a_journal_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = runs(tmp_path / "runs", 1)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "m", *IN_PLACE)
        assert "there can be no journal" in messages(app)
        assert app.session.running is None

    play(scene, [tmp_path / "runs"])
    assert path.read_bytes() == old_export(0)
    assert names(tmp_path / "runs") == ["0000/profile_export_aiperf.json"]


@pytest.mark.parametrize("place", ["in place", "copy"])
def test_what_finishes_a_write_of_many_files_has_no_command_longer_than_systems_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Any
) -> None:
    """One command with 25,000 names ended with `Argument list too long`, and finished nothing."""
    folder = tmp_path / "runs"
    folder.mkdir()
    paths = [folder / f"{number:04}.json" for number in range(40)]
    for number, path in enumerate(paths):
        path.write_bytes(b"{" if number == 1 else old_export(number))
    monkeypatch.setattr("tui.migrate.writing._LONGEST", 10 * len(f"{paths[0]}/"))
    monkeypatch.chdir(tmp_path)
    order = Order(tuple(map(str, paths)), NEWEST, place, str(tmp_path / "out"), many=True)
    write = announce(order, len(paths))
    work = carry_out(order, write, lambda: False)
    next(work)
    work.close()
    script = Path(write.journal + ".resume")
    assert script.read_text().count("aiperf-migrate convert") == 4
    (cut_off,) = unfinished()
    assert [line.partition(" ")[0] for line in cut_off.about.split("\n")] == ["cd", "aiperf-migrate"]
    finish(write.resume, tmp_path, 4)
    assert script.exists(), "a file could not be migrated"
    new = folder if place == "in place" else tmp_path / "out"
    assert [version(new / path.name) for path in paths if path.name != "0001.json"] == [NEWEST] * 39
    paths[1].write_bytes(old_export(1))
    finish(write.resume, tmp_path)
    assert version(new / paths[1].name) == NEWEST
    assert not script.exists()
    assert unfinished() == []


def slowly(monkeypatch: pytest.MonkeyPatch, at: Any) -> None:
    """Call something before each file that is written."""
    import migrator.batch.migrate_files as module

    original = module._attempt

    def attempt(source: Any, request: Any, *rest: Any) -> Any:
        if request.in_place:
            at(source)
        return original(source, request, *rest)

    monkeypatch.setattr(module, "_attempt", attempt)


def test_q_asks_while_files_are_written_and_can_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    paths = runs(tmp_path / "runs", 70)
    go, begun = Event(), Event()

    def wait(_: Any) -> None:
        begun.set()
        go.wait(60)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "2", "g", "m")
        slowly(monkeypatch, wait)
        await press(pilot, *IN_PLACE[:-1])
        await pilot.press("enter")
        begun.wait(60)
        for key in ("q", "ctrl+q"):
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, Ask), key
            assert app.is_running
            assert "Files are being written: 0 of 70" in text(app)
            assert ".resume" in text(app).replace("\n", "")
            await pilot.press("escape")
            await pilot.pause()
        assert isinstance(app.screen, BatchScreen)
        go.set()
        await settled(pilot)
        assert app.is_running
        assert "written: 70 files: 70 migrated" in text(app)

    play(scene, [tmp_path / "runs" / ".."])
    assert all(version(path) == NEWEST for path in paths)


def test_leaving_in_the_middle_stops_after_the_present_files_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    paths = runs(tmp_path / "runs", 70)
    go, begun = Event(), Event()

    def wait(_: Any) -> None:
        begun.set()
        go.wait(60)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "ctrl+a", "m")
        slowly(monkeypatch, wait)
        await press(pilot, *IN_PLACE[:-1])
        await pilot.press("enter")
        begun.wait(60)
        await pilot.press("q")
        await pilot.pause()
        await pilot.press("s")
        await pilot.pause()
        assert app.is_running, "the present files are finished"
        go.set()
        while app.is_running:
            await asyncio.sleep(0.01)

    app = play(scene, [tmp_path / "runs"])
    written = [path for path in paths if version(path) == NEWEST]
    assert 0 < len(written) < 70
    told = farewell(app.session)
    assert told[0].startswith(f"{plural(len(written), 'file')} written, journal: ")
    (left,) = unfinished()
    assert left.files == len(written)
    finish(left.resume, tmp_path)
    assert all(version(path) == NEWEST for path in paths)
    kept = [path.with_name(f"{path.name}.bak").read_bytes() for path in paths]
    assert kept == list(map(old_export, range(len(paths))))


def finish(command: str, folder: Path, code: int = 0) -> None:
    """Run a command as a user would, in a shell that knows the tool."""
    tool = folder / "bin" / "aiperf-migrate"
    tool.parent.mkdir(exist_ok=True)
    tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m migrator "$@"\n')
    tool.chmod(0o755)
    there = environment(PATH=f"{tool.parent}:{os.environ['PATH']}")
    done = subprocess.run(["sh", "-ec", command], env=there, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_a_lost_terminal_leaves_what_resume_finishes(tmp_path: Path, number: signal.Signals) -> None:
    """A process that writes as the screen does ends at the third file, in the middle of its replacement."""
    paths = runs(tmp_path / "runs", 8)
    program = f"""
import os
import migrator.writing.exchange as exchange
from tui.migrate.journals import announce, carry_out
from tui.migrate.writing import Order

import migrator.writing.replace as replace
original, count = replace.commit, 0

def commit(*given, **named):
    global count
    count += 1
    if count == 3:
        os.kill(os.getpid(), {int(number)})
    return original(*given, **named)

replace.commit = commit
order = Order(({str(tmp_path / "runs")!r},), {NEWEST!r}, "in place", many=True)
list(carry_out(order, announce(order, 8), lambda: False))
"""
    state = environment(XDG_STATE_HOME=os.environ["XDG_STATE_HOME"])
    done = subprocess.run([sys.executable, "-c", program], env=state, cwd=tmp_path, check=False)
    assert done.returncode == -number
    assert 0 < sum(version(path) == NEWEST for path in paths) < 8

    async def scene(pilot: P, app: MigrateApp) -> None:
        assert isinstance(app.screen, Ask)
        assert "A migration was cut off" in text(app)
        await press(pilot, "escape")

    play(scene, [tmp_path / "runs"])
    (left,) = unfinished()
    finish(left.resume, tmp_path)
    assert all(version(path) == NEWEST for path in paths)
    kept = [name for name in names(tmp_path / "runs") if not name.endswith((".json", ".bak"))]
    assert kept == [], "nothing is left beside the files"
    assert unfinished() == [], "what is finished is not told again"


def test_what_was_cut_off_can_be_taken_back_or_forgotten(tmp_path: Path) -> None:
    paths = runs(tmp_path / "runs", 4)
    order = Order((str(tmp_path / "runs"),), NEWEST, "in place", many=True)
    list(carry_out(order, announce(order, 4), lambda: False))
    assert unfinished()

    async def later(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "escape")

    play(later, [tmp_path / "runs"])
    assert unfinished(), "it is told again"

    async def typed_ahead(pilot: P, app: MigrateApp) -> None:
        new = [path.read_bytes() for path in paths]
        await press(pilot, "u")
        await pilot.pause()
        assert isinstance(app.screen, Ask)
        assert "Take back what was written last: 4 files" in text(app)
        assert [path.read_bytes() for path in paths] == new, "one key takes nothing back"
        await press(pilot, "escape")

    play(typed_ahead, [tmp_path / "runs"])
    assert unfinished(), "it is told again"

    async def back(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "u")
        await pilot.pause()
        await press(pilot, "u")

    play(back, [tmp_path / "runs"])
    assert [path.read_bytes() for path in paths] == list(map(old_export, range(len(paths))))
    assert unfinished() == []

    list(carry_out(order, announce(order, 4), lambda: False))

    async def never(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "d")
        assert not isinstance(app.screen, Ask)

    play(never, [tmp_path / "runs"])
    assert unfinished() == []


def test_a_write_of_another_process_is_not_taken_for_one_that_was_cut_off(tmp_path: Path) -> None:
    runs(tmp_path / "runs", 2)
    order = Order((str(tmp_path / "runs"),), NEWEST, "in place", many=True)
    write = announce(order, 2)
    assert unfinished() == [], "nothing was written yet"
    program = f"""
import time
from migrator.writing.journal import begin

kept = begin({write.journal!r}, {{}}, [], resume=False, sync=False)
print("open", flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment()) as other:
        try:
            assert other.stdout
            assert other.stdout.readline() == b"open\n"
            assert unfinished() == []
        finally:
            other.kill()
    assert len(unfinished()) == 1


def test_a_session_that_wrote_nothing_says_nothing() -> None:
    assert farewell(Session(["."])) == []


def test_a_run_that_is_open_is_read_again_when_it_was_taken_back(tmp_path: Path) -> None:
    runs(tmp_path / "runs", 1)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "m", *IN_PLACE, "escape", "enter")
        assert f"schema {NEWEST}" in text(app)
        await press(pilot, "u")
        await pilot.pause()
        await press(pilot, "u")
        assert "schema 1.0" in text(app)

    play(scene, [tmp_path / "runs"])


def test_read_only_takes_nothing_back(tmp_path: Path) -> None:
    (path,) = runs(tmp_path / "runs", 1)
    order = Order((str(path),), NEWEST, "in place")
    list(carry_out(order, announce(order, 1), lambda: False))

    async def scene(pilot: P, app: MigrateApp) -> None:
        assert isinstance(app.screen, FilesScreen), "nothing is asked"
        await press(pilot, "u")
        assert "read-only" in messages(app)

    play(scene, [tmp_path / "runs"], read_only=True)
    assert version(path) == NEWEST
    assert os.path.exists(f"{path}.bak")
