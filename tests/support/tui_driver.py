"""Drive the app without a terminal: start it, press keys, and read what is on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from tui.app import MigrateApp
from tui.files.screen import FilesScreen
from tui.run.screen import RunScreen
from tui.session import Remembered, Session

Play = Callable[[Pilot[None], MigrateApp], Awaitable[None]]


def play(
    scene: Play,
    paths: Sequence[Path | str],
    size: tuple[int, int] = (120, 40),
    *,
    keymap: dict[str, str] | None = None,
    read_only: bool = False,
    remembered: Remembered | None = None,
) -> MigrateApp:
    """Run a scene on a started app whose list is read."""
    session = Session([str(path) for path in paths], read_only, remembered or Remembered())
    app = MigrateApp(session, keymap or {})

    async def run() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await settled(pilot)
            await scene(pilot, app)

    asyncio.run(run())
    return app


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing is being read and everything that was is on the screen."""
    app = pilot.app
    assert isinstance(app, MigrateApp)
    for _ in range(400):
        await app.workers.wait_for_complete()
        await pilot.pause()
        screen = app.screen
        files = next((s for s in app.screen_stack if isinstance(s, FilesScreen)), None)
        busy = files is not None and (files.busy or not all(each.read for each in files.files.exports))
        if not busy and not (isinstance(screen, RunScreen) and screen.reading):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the app does not settle")


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, one after the other, and wait for what they set off."""
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def lines(app: MigrateApp) -> list[str]:
    """The text on the screen, line by line."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def text(app: MigrateApp) -> str:
    """The text on the screen."""
    return "\n".join(line.rstrip() for line in lines(app))


def messages(app: MigrateApp) -> str:
    """What was notified."""
    return "\n".join(note.message for note in app._notifications)
