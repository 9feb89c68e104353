"""Drive the app without a terminal: start it, press keys, and read what is on the screen.

Textual's own pilot takes a process that gets no processor time for an idle one, so on a loaded machine it goes on
before a key has done its work. [`settled`][] waits for conditions instead: nothing is read, no message is on its way,
nothing is to be laid out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from unittest.mock import patch

from textual._context import message_hook
from textual.message import Message
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.screen import Screen

from tui.app import MigrateApp
from tui.files.screen import FilesScreen
from tui.run.screen import RunScreen
from tui.session import Remembered, Session

Play = Callable[[Pilot[None], MigrateApp], Awaitable[None]]
S = TypeVar("S", bound=Screen[Any])
_PATIENCE: Final = 120
"""Seconds after which a test that still waits is taken for stuck."""


class Driven(MigrateApp):
    """The app, with a count of the messages that its widgets have taken up."""

    handled = 0

    def count(self, _: Message) -> None:
        """A message is taken up."""
        self.handled += 1


def play(
    scene: Play,
    paths: Sequence[Path | str],
    size: tuple[int, int] = (120, 40),
    *,
    keymap: dict[str, str] | None = None,
    read_only: bool = False,
    remembered: Remembered | None = None,
    first: bool = False,
) -> MigrateApp:
    """Run a scene on a started app whose list is read; `first` is for the very first start."""
    remembered = remembered or Remembered()
    remembered.introduced = not first
    session = Session([str(path) for path in paths], read_only, remembered)
    app = Driven(session, keymap or {})

    async def run() -> None:
        # Not as an argument of `run_test`: widgets that the scene itself opens are counted, too.
        message_hook.set(app.count)
        async with app.run_test(size=size, notifications=True) as pilot:
            await settled(pilot)
            await scene(pilot, app)

    asyncio.run(run())
    return app


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing is being read or written, and all that became known is on the screen."""
    app = pilot.app
    assert isinstance(app, Driven)
    end = time.monotonic() + _PATIENCE
    while app.is_running and app._exception is None:
        if not _working(app) and await _quiet(app):
            return
        assert time.monotonic() < end, f"the app does not settle: {app.screen}, {list(app.workers)}"
        await asyncio.sleep(0.005)


def _working(app: MigrateApp) -> bool:
    """Whether a worker runs, or a screen waits for what one found."""
    if any(not worker.is_finished for worker in app.workers):
        return True
    files = next((screen for screen in app.screen_stack if isinstance(screen, FilesScreen)), None)
    if files is not None and (files.busy or files.files.unknown):
        return True
    return isinstance(app.screen, RunScreen) and app.screen.reading


async def _quiet(app: Driven) -> bool:
    """Whether every widget is done with its messages, and none has set off another."""
    nodes = _nodes(app)
    before, asked = app.handled, 0
    waiting: set[MessagePump] = set()

    def done(node: MessagePump) -> None:
        waiting.discard(node)

    for node in nodes:
        if node.call_later(done, node):
            waiting.add(node)
            asked += 1
    while waiting and app.is_running:
        await asyncio.sleep(0)
        waiting -= {node for node in waiting if node._closing or node._closed}
    if app.handled - before != asked or nodes != _nodes(app):
        return False
    if any(node.message_queue_size or node._pending_message or node._next_callbacks for node in nodes):
        return False
    screen = app.screen
    unfinished = screen._layout_required or screen._scroll_required or screen._callbacks
    screen._on_timer_update()
    return not unfinished


def _nodes(app: MigrateApp) -> list[MessagePump]:
    return [app, *(node for screen in app.screen_stack for node in screen.walk_children(with_self=True))]


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, one after the other, and wait for what they set off."""
    for key in keys:
        with patch("textual.app.wait_for_idle", _sent):
            await pilot.press(key)
        await settled(pilot)


async def _sent(*_: float) -> None:
    """Wait until a key is in the queue of the app, which takes two rounds of the loop.

    Textual would look at the clock of the process instead, 40 milliseconds a key, which is most of the time of a test.
    """
    for _round in range(3):
        await asyncio.sleep(0)


def opened(pilot: Pilot[None], kind: type[S]) -> S:
    """The screen or dialog that is open, which is of this kind."""
    assert isinstance(pilot.app.screen, kind), pilot.app.screen
    return pilot.app.screen


def lines(app: MigrateApp) -> list[str]:
    """The text on the screen, line by line."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def text(app: MigrateApp) -> str:
    """The text on the screen."""
    return "\n".join(line.rstrip() for line in lines(app))


def messages(app: MigrateApp) -> str:
    """What was notified."""
    return "\n".join(note.message for note in app._notifications)
