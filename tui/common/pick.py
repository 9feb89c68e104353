"""A dialog in which something is found by typing a part of it: a name, a folder, a filter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from migrator.render.safe import printable
from tui.common.grid import Grid
from tui.common.rows import Column, Line, Listed, safe_text


class Found(NamedTuple):
    """Something that can be chosen: its text, a remark, and whether choosing it only completes what is typed."""

    text: str
    about: str = ""
    leads_on: bool = False


class Pick(ModalScreen["str | None"]):
    """Gives the text that was chosen, or typed if nothing fits it; None if it was left with escape.

    Args:
        title: stands in the border.
        search: what fits a text, the best first; all for an empty one. It may take a while.
        refusal: why a text that was typed, and that nothing fits, cannot be taken; empty if it can.
        hint: stands in the empty line.
        drop: removes what is chosen from what can be found, with ctrl+d; says whether it did.
    """

    DEFAULT_CSS = """
    Pick { align: center middle; background: $background 60%; }
    Pick > #box { width: 84; max-width: 96%; height: 20; max-height: 90%; background: $surface; padding: 0 1;
                  border: round $primary; border-title-color: $accent; }
    Pick #problem { color: $text-error; height: auto; max-height: 3; }
    Pick #hint { color: $text-muted; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="pick.close", tooltip="close, and change nothing", show=False),
        Binding("down", "step(1)", "Down", id="pick.down", tooltip="down a line", show=False, priority=True),
        Binding("up", "step(-1)", "Up", id="pick.up", tooltip="up a line", show=False, priority=True),
        Binding("tab", "complete", "Complete", id="pick.complete", tooltip="complete the text", priority=True),
        Binding("ctrl+d", "drop", "Drop", id="pick.drop", tooltip="remove the line", show=False, priority=True),
    ]

    def __init__(
        self,
        title: str,
        search: Callable[[str], Sequence[Found]],
        refusal: Callable[[str], str],
        hint: str = "",
        drop: Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__()
        self._title, self._search, self._refusal, self._hint, self._drop = title, search, refusal, hint, drop
        self._found: list[Found] = []
        self._of = ""
        self._given = False

    def compose(self) -> ComposeResult:
        """The line to type in, and what fits it."""
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield Input(placeholder=self._hint, id="typed", compact=True)
            yield Grid(id="found")
            yield Static(id="problem", markup=False)
            drops = "   ^d removes" if self._drop else ""
            yield Static(f"enter chooses   tab completes   ↑ ↓ move{drops}   esc closes", id="hint", markup=False)

    async def on_mount(self) -> None:
        """What there is before anything is typed."""
        self.query_one(Grid).can_focus = False
        self.query_one(Input).focus()
        await self._find("")

    @on(Input.Changed)
    async def _typed(self, message: Input.Changed) -> None:
        await self._find(message.value)

    async def _find(self, text: str) -> None:
        if self._is_done():
            return
        # Another thread: the first search imports, and may read a file.
        self._found = list(await asyncio.to_thread(self._search, text))
        if self._is_done():
            return
        self._of = text
        grid = self.query_one(Grid)
        width = min(max((len(found.text) for found in self._found), default=8), 52)
        lines = Listed(Line((safe_text(found.text), safe_text(found.about))) for found in self._found)
        grid.show((Column("text", "", width, tail=True), Column("about", "")), lines)
        grid.reload(0)
        self._say("" if self._found or not text.strip() else await asyncio.to_thread(self._refusal, text.strip()))

    def _say(self, problem: str) -> None:
        self.query_one("#problem", Static).update(f"! {printable(problem)}" if problem else "")

    @on(Input.Submitted)
    async def _submitted(self, message: Input.Submitted) -> None:
        if message.value != self._of:
            await self._find(message.value)
        place = self.query_one(Grid).cursor
        if place < len(self._found):
            self._choose(self._found[place])
        elif text := message.value.strip():
            problem = await asyncio.to_thread(self._refusal, text)
            self._say(problem)
            if not problem:
                self._give(text)

    @on(Grid.Chosen)
    def _chosen(self, message: Grid.Chosen) -> None:
        self._choose(self._found[message.index])

    def _choose(self, found: Found) -> None:
        if found.leads_on:
            self._fill(found.text)
        else:
            self._give(found.text)

    def _give(self, text: str | None) -> None:
        # Keys that were typed ahead may ask for it twice.
        if not self._is_done():
            self._given = True
            self.dismiss(text)

    def _is_done(self) -> bool:
        return self._given or not self.is_current

    def _fill(self, text: str) -> None:
        box = self.query_one(Input)
        box.value, box.cursor_position = text, len(text)

    def action_step(self, way: int) -> None:
        """A line up or down."""
        self.query_one(Grid).cursor += way

    def action_complete(self) -> None:
        """Take the text of the line as if it was typed."""
        place = self.query_one(Grid).cursor
        if place < len(self._found):
            self._fill(self._found[place].text)

    async def action_drop(self) -> None:
        """Remove the line from what can be found."""
        place = self.query_one(Grid).cursor
        if self._drop and place < len(self._found) and self._drop(self._found[place].text):
            await self._find(self._of)

    def action_close(self) -> None:
        """Nothing was chosen."""
        self._give(None)
