"""Follow a folder while a benchmark runs."""

from __future__ import annotations

import shutil
from pathlib import Path

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


def test_other_families_are_left_out_by_a_key(tmp_path: Path) -> None:
    shutil.copytree(EXPORTS / "0.4.0" / "chat-streaming", tmp_path / "run")
    (tmp_path / "run" / "more.json").write_text("{}")

    async def scene(pilot: P, app: MigrateApp) -> None:
        screen = files_of(app)
        every = len(screen.files.rows)
        await press(pilot, "e")
        assert 0 < len(screen.files.rows) < every
        assert all(row.export.main for row in screen.files.rows if row.export)
        await press(pilot, "e")
        assert len(screen.files.rows) == every

    play(scene, [tmp_path])
