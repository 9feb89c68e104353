"""Follow a folder while a benchmark runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.process import EXPORTS
from support.tui_driver import lines, messages, play, press, settled, text
from textual.pilot import Pilot

from tui.app import MigrateApp
from tui.files.screen import FilesScreen

P = Pilot[None]


def files_of(app: MigrateApp) -> FilesScreen:
    assert isinstance(app.screen, FilesScreen)
    return app.screen


async def arrives(pilot: P, app: MigrateApp, folder: Path) -> None:
    """A run is written, and the timer fires."""
    shutil.copytree(EXPORTS / "lab" / "base-1", folder)
    screen = files_of(app)
    screen._looked = -1e9
    screen._look_again()
    await settled(pilot)


def test_new_runs_come_first_and_the_line_of_the_cursor_stays(tmp_path: Path) -> None:
    for number in range(30):
        shutil.copytree(EXPORTS / "lab" / "base-1", tmp_path / f"run-{number:02}")

    async def scene(pilot: P, app: MigrateApp) -> None:
        screen = files_of(app)
        await press(pilot, "G", "F")
        assert "following" in messages(app)
        shown = [line for line in lines(app) if "›   run-29" in line]
        place = lines(app).index(shown[0])
        await arrives(pilot, app, tmp_path / "a-new")
        await arrives(pilot, app, tmp_path / "b-new")
        assert lines(app)[place].startswith("›   run-29")
        names = [row.export.name for row in screen.files.rows if row.export]
        assert names[:3] == ["b-new/", "a-new/", "run-00/"]
        assert screen.followed == "following, 2 new files, the last b-new/"
        await press(pilot, "home")
        assert "b-new" in lines(app)[2]
        await press(pilot, "F")
        assert "no longer following" in messages(app)
        screen._looked = -1e9
        shutil.copytree(EXPORTS / "lab" / "base-1", tmp_path / "c-new")
        screen._look_again()
        await settled(pilot)
        assert len(screen.files.exports) == 32

    play(scene, [tmp_path], (80, 16))


def test_a_file_that_is_being_written_is_read_again_when_it_is_whole(tmp_path: Path) -> None:
    shutil.copytree(EXPORTS / "lab" / "base-1", tmp_path / "run-1")
    raw = (EXPORTS / "lab" / "base-2" / "profile_export_aiperf.json").read_bytes()

    async def scene(pilot: P, app: MigrateApp) -> None:
        screen = files_of(app)
        await press(pilot, "F")
        half = tmp_path / "run-2" / "profile_export_aiperf.json"
        half.parent.mkdir()
        half.write_bytes(raw[: len(raw) // 2])
        screen._looked = -1e9
        screen._look_again()
        await settled(pilot)
        assert "1 unreadable" in text(app)
        half.write_bytes(raw)
        screen._looked = -1e9
        screen._look_again()
        await settled(pilot)
        assert "2 exports" in text(app)
        assert "unreadable" not in text(app)

    play(scene, [tmp_path])


def test_an_order_of_the_users_own_is_kept(tmp_path: Path) -> None:
    for name in ("m", "n"):
        shutil.copytree(EXPORTS / "lab" / "base-1", tmp_path / name)

    async def scene(pilot: P, app: MigrateApp) -> None:
        screen = files_of(app)
        screen.files.sort_by("name")
        await press(pilot, "F")
        await arrives(pilot, app, tmp_path / "z")
        assert [row.export.name for row in screen.files.rows if row.export] == ["m/", "n/", "z/"]

    play(scene, [tmp_path])


def test_other_families_are_behind_a_key(tmp_path: Path) -> None:
    shutil.copytree(EXPORTS / "0.4.0" / "chat-streaming", tmp_path / "run")
    (tmp_path / "run" / "more.json").write_text("{}")

    async def scene(pilot: P, app: MigrateApp) -> None:
        files = files_of(app).files
        hidden = sum(not row.migratable for row in files.exports)
        assert hidden
        assert all(row.export.migratable for row in files.rows if row.export)
        assert len(files.rows) == len(files.exports) - hidden
        assert f", {hidden} hidden (e)" in lines(app)[0]
        await press(pilot, "e")
        assert len(files.rows) == len(files.exports)
        assert "hidden (e)" not in text(app)
        assert app.session.remembered.others
        await press(pilot, "e", "slash", *"more")
        assert "nothing passes the filter: esc clears it; e shows 1 other file" in text(app)
        await press(pilot, "escape", "slash", *"-is:export", "enter")
        assert "more.json" in text(app), "a filter that asks what family a file is of shows all"

    play(scene, [tmp_path], (110, 30))


def test_what_is_selected_and_hidden_is_counted_and_left_out(tmp_path: Path) -> None:
    shutil.copytree(EXPORTS / "0.4.0" / "chat-streaming", tmp_path / "run")
    (tmp_path / "run" / "more.json").write_text("{}")

    async def scene(pilot: P, app: MigrateApp) -> None:
        screen = files_of(app)
        await press(pilot, "ctrl+a")
        assert screen.selection.paths == {row.export.path for row in screen.files.rows if row.export}
        await press(pilot, "e", "ctrl+a", "e")
        hidden = len(screen.files.exports) - len(screen.files.rows)
        assert f"{len(screen.files.exports)} selected, {hidden} of them hidden: not exports" in text(app)
        await press(pilot, "a")
        assert f"{hidden} selected file" in messages(app)
        assert app.session.baseline == [str(tmp_path / "run" / "profile_export_aiperf.json")]

    play(scene, [tmp_path], (110, 30))


def test_a_file_that_the_user_names_and_a_folder_of_nothing_else_are_told(tmp_path: Path) -> None:
    (tmp_path / "more.json").write_text("{}")

    async def named(_: P, app: MigrateApp) -> None:
        assert "more.json" in lines(app)[2]

    async def folder(pilot: P, app: MigrateApp) -> None:
        assert "no export here; e shows 1 other file" in text(app)
        await press(pilot, "e")
        assert "more.json" in lines(app)[2]

    play(named, [tmp_path / "more.json"])
    play(folder, [tmp_path])


def test_a_file_that_goes_while_another_comes_is_not_shown_any_more(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        shutil.copytree(EXPORTS / "lab" / "base-1", tmp_path / name)

    async def scene(pilot: P, app: MigrateApp) -> None:
        shutil.rmtree(tmp_path / "a")
        shutil.copytree(EXPORTS / "lab" / "base-2", tmp_path / "d")
        await press(pilot, "r")
        folders = [row.export.relative.partition("/")[0] for row in files_of(app).files.rows if row.export]
        assert sorted(folders) == ["b", "c", "d"]

    play(scene, [tmp_path])


def test_a_first_look_that_took_a_while_does_not_end_following(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(EXPORTS / "lab" / "base-1", tmp_path / "run-1")

    async def scene(pilot: P, app: MigrateApp) -> None:
        screen = files_of(app)
        with monkeypatch.context() as reading:
            reading.setattr(FilesScreen, "busy", True)
            screen._look_again()
        await press(pilot, "F")
        shutil.copytree(EXPORTS / "lab" / "base-2", tmp_path / "run-2")
        screen._looked -= 60
        screen._look_again()
        await settled(pilot)
        assert len(screen.files.rows) == 2, "it looks again a minute later, not after ten times the machine's uptime"

    play(scene, [tmp_path])
