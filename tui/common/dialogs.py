"""The small dialogs that every screen has: help, the command, what to copy."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from migrator.render.safe import printable
from tui.common.clipboard import Copy, copy

_MOST: Final = 20_000
"""Characters of a command that are shown."""


class Dialog(ModalScreen[None]):
    """A box over the screen; escape closes it."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > #box { width: 76; max-width: 96%; height: auto; max-height: 90%; background: $surface;
                    border: round $primary; border-title-color: $accent; padding: 0 1; }
    Dialog #command { height: auto; max-height: 60vh; }
    Dialog #hint { color: $text-muted; height: 1; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", id="dialog.close", tooltip="close", show=False),
    ]

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss()


class HelpDialog(Dialog):
    """The keys of a screen, from their declarations."""

    DEFAULT_CSS = """
    HelpDialog > #box { scrollbar-size-vertical: 1; scrollbar-color: $panel-lighten-2; scrollbar-background: $surface; }
    HelpDialog #hint { dock: bottom; background: $surface; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "close", "Close", show=False),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, about: str, keys: Sequence[tuple[str, str, str]], useful: Sequence[str] = ()) -> None:
        super().__init__()
        self._about, self._keys, self._useful = about, keys, useful

    def compose(self) -> ComposeResult:
        """The text, and a table of keys by part."""
        with VerticalScroll(id="box") as box:
            box.border_title = "help"
            yield Static("\n".join(self.lines()), markup=False)
            yield Static("esc closes   tui.toml sets keys by these names", id="hint", markup=False)

    def lines(self) -> list[str]:
        """What the dialog says."""
        told = {name: (label, does) for name, label, does in self._keys}
        lines = [f"  {told[name][0]:<14}{told[name][1]}" for name in self._useful if name in told]
        lines = ["most useful here", *lines, ""] if lines else []
        lines += [line for part in self._about.split("\n\n") if part for line in (part, "")]
        for room, keys in groupby(self._keys, key=lambda key: key[0].partition(".")[0]):
            lines += [room, *(f"  {label:<13} {does:<37} {name}" for name, label, does in keys), ""]
        return lines[:-1]

    def action_scroll(self, way: int) -> None:
        """A line up or down."""
        self.query_one("#box").scroll_relative(y=way, animate=False)


class CommandDialog(Dialog):
    """The command line that prints what is on the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "take", "Copy", show=False),
        Binding("c", "close", "Close", show=False),
    ]

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self.text = shlex.join(words)

    def compose(self) -> ComposeResult:
        """The command, to read and to copy."""
        with Vertical(id="box") as box:
            box.border_title = "the command for this screen"
            # The end of a long one cannot be seen, but is copied.
            with VerticalScroll(id="command"):
                yield Static(printable(self.text[:_MOST]) + ("…" if len(self.text) > _MOST else ""), markup=False)
            yield Static("y copies   esc closes", id="hint", markup=False)

    def action_take(self) -> None:
        """Copy it."""
        copy(self.app, self.text, "the command")
        self.dismiss()


class CopyDialog(Dialog):
    """What can be copied, each with its key and how it begins."""

    def __init__(self, choices: Sequence[Copy]) -> None:
        super().__init__()
        self._choices = choices

    def compose(self) -> ComposeResult:
        """A line for each choice."""
        with Vertical(id="box") as box:
            box.border_title = "copy"
            for choice in self._choices:
                begins = printable(choice.text.partition("\n")[0][:200])
                room = 72 - 14
                begins = begins if len(begins) <= room else f"{begins[: room - 1]}…"
                yield Static(f"{choice.key}  {choice.what:<9} {begins}", markup=False)
            yield Static("a letter copies   esc closes", id="hint", markup=False)

    def on_key(self, event: events.Key) -> None:
        """The letter of a choice copies it."""
        for choice in self._choices:
            if event.key == choice.key:
                event.stop()
                copy(self.app, choice.text, choice.what)
                self.dismiss()
                return
