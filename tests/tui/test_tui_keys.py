"""Keys that are typed faster than the screen changes."""

from __future__ import annotations

import pytest
from support.process import EXPORTS
from support.tui_driver import messages, play, press, settled, text
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from tui.app import MigrateApp
from tui.common.pick import Pick
from tui.compare import CompareScreen
from tui.files.screen import FilesScreen

P = Pilot[None]


async def burst(pilot: P, app: MigrateApp, typed: str) -> None:
    """All keys at once, as a terminal gives what was typed while the app was busy."""
    for char in typed:
        key = {"/": "slash", "-": "minus", "\r": "enter", "_": "underscore", ".": "full_stop"}.get(char, char)
        app.post_message(events.Key(key, char))
    await settled(pilot)
    await settled(pilot)


def test_what_is_typed_ahead_of_the_filter_line_is_its_text() -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        assert isinstance(app.screen, FilesScreen)
        await burst(pilot, app, "/base-2")
        assert app.screen.query_one("#filter", Input).value == "base-2"
        assert app.screen.files.condition.text == "base-2"
        assert (app.session.baseline, app.session.candidate, messages(app)) == ([], [], "")
        await burst(pilot, app, "\ra/")
        assert len(app.session.baseline) == 1, "after it, keys are commands again"
        assert app.screen.query_one("#filter", Input).has_focus

    play(scene, [EXPORTS / "lab"], (110, 30))


@pytest.mark.parametrize(("keys", "typed"), [("s", "request_lat"), ("p", "base"), ("vn", "model")])
def test_what_is_typed_ahead_of_a_dialog_is_its_text(keys: str, typed: str) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await burst(pilot, app, keys + typed)
        assert isinstance(app.screen, Pick), text(app)
        assert app.screen.query_one(Input).value == typed
        assert app.session.baseline == []

    play(scene, [EXPORTS / "lab"], (110, 30))


def test_a_key_whose_widget_is_gone_stops_no_other() -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await burst(pilot, app, "/x\r")
        await press(pilot, "escape", "j")
        await burst(pilot, app, "jj")
        assert isinstance(app.screen, FilesScreen)
        assert app.screen.grid.cursor == 3

    play(scene, [EXPORTS / "lab"], (110, 30))


def test_what_is_typed_ahead_of_a_search_is_its_text() -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "enter")
        await burst(pilot, app, "5/mock")
        assert app.screen.query_one("#search", Input).value == "mock"
        while not isinstance(app.screen, FilesScreen):
            await press(pilot, "escape")
        await press(pilot, *"ajb")
        await press(pilot, "d")
        assert isinstance(app.screen, CompareScreen), app.screen
        await burst(pilot, app, "/latency")
        assert app.screen.query_one("#search", Input).value == "latency"

    play(scene, [EXPORTS / "lab"], (110, 30))
