"""Every key of every screen at every width: it shows or says something, and nothing fails."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from support.made_history import nights
from support.process import EXPORTS
from support.sweeps import recorded
from support.tui_driver import messages, opened, play, press, settled, text
from textual.pilot import Pilot

from tui.app import MigrateApp
from tui.common.grid import Grid
from tui.common.keys import declared
from tui.common.page import Page
from tui.compare import CompareScreen, FrontScreen, SweepScreen
from tui.files.screen import FilesScreen
from tui.history.screen import HistoryScreen
from tui.migrate import BatchScreen, MigrateScreen
from tui.run.screen import RunScreen

P = Pilot[None]
LAB, SWEEPS, NIGHTS = str(EXPORTS / "lab"), "sweeps", "nights"
SCREENS: Final[dict[type[Page], tuple[str, str]]] = {
    FilesScreen: (LAB, ""),
    RunScreen: (LAB, "enter"),
    MigrateScreen: (LAB, "m"),
    BatchScreen: (LAB, "ctrl+a m"),
    CompareScreen: (LAB, "g a j b d"),
    SweepScreen: (SWEEPS, "2 home a left j b d"),
    FrontScreen: (SWEEPS, "w"),
    HistoryScreen: (NIGHTS, "H"),
}
"""Screen → what is opened, and the keys to it."""
SIZES: Final = ((60, 16), (80, 24), (120, 40), (200, 50))
ELSEWHERE: Final = frozenset({"app.quit", "app.suspend", "app.edit", "app.pager"})
"""Keys that leave the app or start another program: they have tests of their own."""
QUIET: Final = {
    "files.exports": "there are no other files",
    "files.table": "it is a table",
    "files.tree": "each folder has one export, so the lines are those of the table",
    "migrate.all": "all panels are shown",
    "migrate.stop": "nothing is being written",
    "compare.volatile": "no receipt of sweeps has such lines",
    "compare.reload": "the files are as they were",
    "sweep.reload": "the files are as they were",
    "sweep.cells": "it is the table of cells",
    "history.table": "it is the table of metrics",
    "history.reload": "the files are as they were",
}
"""Keys that change nothing where the test presses them, and why; they have tests of their own."""


def test_the_list_of_screens_is_complete() -> None:
    assert set(MigrateApp.pages(MigrateApp.__new__(MigrateApp))) == set(SCREENS)


def _signs(app: MigrateApp) -> tuple[object, ...]:
    """All that a key can change where a user sees it, and the clipboard."""
    grids = [(each.cursor, each.skipped, each.scroll_offset) for each in app.screen.query(Grid)]
    return (app.screen, text(app), messages(app), app.theme, app.clipboard, grids)


async def _back_to(pilot: P, app: MigrateApp, kind: type[Page], keys: str) -> None:
    """Close what a key has opened; where it closed the screen itself, open it again."""
    for _ in range(6):
        if isinstance(app.screen, (kind, FilesScreen)):
            break
        await press(pilot, "escape")
    if not isinstance(app.screen, kind):
        await press(pilot, "X", "escape", "escape", "1", *keys.split())
    opened(pilot, kind)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", SCREENS, ids=lambda kind: kind.__name__)
def test_every_key_does_something_and_none_fails(
    kind: type[Page], size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, keys = SCREENS[kind]
    if path == SWEEPS:
        recorded(tmp_path / SWEEPS, "base")
        recorded(tmp_path / SWEEPS, "slow20")
    if path == NIGHTS:
        nights(tmp_path / NIGHTS, [1.0] * 10 + [1.2] * 10)
    monkeypatch.chdir(tmp_path)
    idle: list[str] = []

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, *keys.split())
        for key in declared(opened(pilot, kind), {}):
            if key.id in ELSEWHERE:
                continue
            await _back_to(pilot, app, kind, keys)
            before = _signs(app)
            await press(pilot, key.keys[0])
            await settled(pilot)
            assert not any(note.severity == "error" for note in app._notifications), (key, messages(app))
            if _signs(app) == before:
                idle.append(key.id)
            app.clear_notifications()

    play(scene, [path], size)
    assert set(idle) <= set(QUIET), " ".join(idle)
