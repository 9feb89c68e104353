"""One screen opened over a short list, so that it can be driven on its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from support.process import EXPORTS
from support.tui_driver import messages, opened, play, press, settled, text
from textual.pilot import Pilot

from tui.app import MigrateApp
from tui.common.page import Page

__all__ = ["drive", "opened", "press", "settled", "text", "told"]

told = messages


def drive(
    page: Callable[[], Page], steps: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = (120, 40)
) -> MigrateApp:
    """Open a page over the exports of 0.4.0, and take some steps there."""

    async def scene(pilot: Pilot[None], app: MigrateApp) -> None:
        app.push_screen(page())
        await settled(pilot)
        await steps(pilot)

    return play(scene, [EXPORTS / "0.4.0"], size)
