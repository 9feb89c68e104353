"""Selecting files, and what keys act on: all that was chosen, read or not, and nothing that cannot be seen."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from support.old_runs import old_export, runs, version
from support.process import ROOT, export
from support.tui_driver import messages, opened, play, press, settled, text
from textual.pilot import Pilot

import tui.files.reading as reading
from migrator.chain.steps import NEWEST
from tui.app import MigrateApp
from tui.files.screen import FilesScreen
from tui.migrate import BatchScreen, MigrateScreen
from tui.session import Remembered

P = Pilot[None]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Four exports that need a migration, two that do not, and a file that is none."""
    from migrator.batch.discover import Source
    from migrator.batch.migrate_files import execute
    from migrator.batch.request import Request
    from migrator.migration.goal import Goal

    folder = tmp_path / "runs"
    runs(folder, 4)
    for number, name in enumerate(("new-a", "new-b"), 4):
        old = tmp_path / f"{name}.json"
        old.write_bytes(old_export(number))
        target = folder / name / "profile_export_aiperf.json"
        target.parent.mkdir()
        source = Source(str(old), "x", named=True)
        assert execute(source, Request(Goal(NEWEST), out_file=str(target))).error is None
    (folder / "other.json").write_text('{"a": 1}')
    return folder


def names(screen: FilesScreen) -> list[str]:
    return sorted(export.relative.partition("/")[0] for export in screen.selection.visible())


def test_which_need_migration_and_upgrade_them_with_a_backup_in_six_keys(mixed: Path) -> None:
    keys = ("n", "ctrl+a", "m", "i", "enter")
    assert len(keys) <= 6

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, *keys)
        assert "written: 4 files: 4 migrated" in text(app)
        await press(pilot, "escape")
        assert "6 exports, 1 hidden (e)" in text(app), "none needs a migration now"

    play(scene, [mixed])
    assert all(version(path) == NEWEST for path in mixed.rglob("profile_export_aiperf.json"))
    assert len(list(mixed.rglob("*.bak"))) == 4


def test_what_is_old_beside_a_run_is_migrated_with_it_and_never_compared(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(export("0.3.0/chat-goodput-key").parent, folder)
    slices, records = folder / "profile_export_aiperf_timeslices.json", folder / "gpu_telemetry_export.jsonl"
    shutil.copy(ROOT / "golden" / "beside" / "0.4.0" / records.name, records)

    async def scene(pilot: P, app: MigrateApp) -> None:
        assert "1 export, 3 files need migration, 1 with problems, 2 other files" in text(app)
        await press(pilot, "n", "ctrl+a", "a")
        assert app.session.baseline == [str(folder / "profile_export_aiperf.json")]
        await press(pilot, "g", "m")
        assert isinstance(app.screen, BatchScreen), "records have no stages"
        await press(pilot, "escape", "ctrl+a", "m", "G", "enter")
        assert "0.3 → 1.0" in text(app), "time slices in full"
        await press(pilot, "escape", "i", "enter")
        assert "written: 3 files: 3 migrated" in text(app)
        await press(pilot, "escape")
        assert "1 export, 2 hidden (e)" in text(app)

    play(scene, [folder])
    assert b"timeslice_index" not in slices.read_bytes()
    assert b"dcgm_url" not in records.read_bytes()


def test_all_ranges_folders_and_the_inverse(mixed: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        screen = opened(pilot, FilesScreen)
        await press(pilot, "ctrl+a")
        assert "7 selected" in text(app)
        await press(pilot, "ctrl+a")
        assert "selected" not in text(app)
        await press(pilot, "g", "shift+down", "shift+down", "shift+up")
        assert names(screen) == ["0000", "0001"], "a range shrinks on its way back"
        await press(pilot, "asterisk")
        assert names(screen) == ["0002", "0003", "new-a", "new-b", "other.json"]
        await press(pilot, "escape", "g", "space", "j", "j", "V")
        assert names(screen) == ["0000", "0001", "0002", "0003"]
        await press(pilot, "escape", "2", "g", "space")
        assert names(screen) == ["0000"], "the folder of one export is one line"
        assert "•  0000/" in text(app)
        await press(pilot, "3", "g")
        assert "◦  ▾ schema 1.0" in text(app), "a part of the group"

    play(scene, [mixed], remembered=Remembered(others=True))


def test_what_the_filter_hides_is_counted_and_left_out(mixed: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "ctrl+a", "slash", *"000", "enter")
        assert "7 selected, 3 of them hidden by the filter" in text(app)
        await press(pilot, "m")
        assert "3 selected files hidden by the filter, left out" in messages(app)
        assert len(opened(pilot, BatchScreen).paths) == 4
        await press(pilot, "escape", "a")
        assert len(app.session.baseline) == 4

    play(scene, [mixed], remembered=Remembered(others=True))


def test_a_selection_that_is_hidden_whole_does_nothing(mixed: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "g", "space", "slash", *"new", "enter", "m")
        assert isinstance(app.screen, FilesScreen)
        assert "1 selected file hidden by the filter, left out" in messages(app)

    play(scene, [mixed])


def test_what_is_not_an_export_is_counted_when_it_is_left_out(mixed: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "ctrl+a", "m")
        assert "1 of 7 files: nothing to migrate, left out" in messages(app)
        assert len(opened(pilot, BatchScreen).paths) == 6

    play(scene, [mixed], remembered=Remembered(others=True))


class Held:
    """Reading stops before a file until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
        self.go, self.reached = Event(), Event()
        original = reading.read

        def read(path: str, relative: str, metrics: Any, **options: bool) -> Any:
            if at in relative:
                self.reached.set()
                self.go.wait(60)
            return original(path, relative, metrics, **options)

        monkeypatch.setattr(reading, "read", read)


async def arrived(pilot: P, held: Held, mixed: Path, folder: Path) -> None:
    """New files are in the folder; half of them have been read."""
    held.go.clear()
    held.reached.clear()
    shutil.copytree(mixed, folder, dirs_exist_ok=True)
    await pilot.press("r")
    while not held.reached.is_set():
        await pilot.pause(0.01)


@pytest.mark.parametrize("key", ["m", "a"])
def test_keys_wait_for_what_is_selected_and_not_read_yet(
    tmp_path: Path, mixed: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    held, folder = Held(monkeypatch, "0002"), tmp_path / "later"
    folder.mkdir()

    async def scene(pilot: P, app: MigrateApp) -> None:
        await arrived(pilot, held, mixed, folder)
        for each in ("ctrl+a", key):
            await pilot.press(each)
            await pilot.pause()
        assert isinstance(app.screen, FilesScreen)
        assert app.session.baseline == []
        assert "of 7 files read, esc gives up" in text(app)
        held.go.set()
        await settled(pilot)
        if key == "m":
            assert len(opened(pilot, BatchScreen).paths) == 6
        else:
            assert len(app.session.baseline) == 6

    play(scene, [folder])


def test_waiting_can_be_given_up_and_keys_keep_their_order(
    tmp_path: Path, mixed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, folder = Held(monkeypatch, "0002"), tmp_path / "later"
    folder.mkdir()

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "n")
        await arrived(pilot, held, mixed, folder)
        for each in ("ctrl+a", "m", "escape"):
            await pilot.press(each)
            await pilot.pause()
        held.go.set()
        await settled(pilot)
        assert isinstance(app.screen, FilesScreen)
        assert "selected" not in text(app)
        shutil.rmtree(folder)
        folder.mkdir()
        await press(pilot, "r")
        await arrived(pilot, held, mixed, folder)
        for each in ("ctrl+a", "m"):
            await pilot.press(each)
            await pilot.pause()
        held.go.set()
        await settled(pilot)
        assert len(opened(pilot, BatchScreen).paths) == 4, "what needs migration, and no more"

    play(scene, [folder])


def test_one_file_opens_in_full(mixed: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "g", "m")
        assert isinstance(app.screen, MigrateScreen)

    play(scene, [mixed])
