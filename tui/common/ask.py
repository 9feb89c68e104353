"""A question over the screen, with a key for each answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from migrator.render.safe import printable


class Answer(NamedTuple):
    """A key, and what it does."""

    key: str
    does: str


class Ask(ModalScreen[str]):
    """Gives the key of the answer; empty if it was left with escape.

    Args:
        title: stands in the border.
        lines: what is said; control characters in it are escaped.
        answers: what can be answered, beside escape.
        leave: what escape does.
    """

    DEFAULT_CSS = """
    Ask { align: center middle; background: $background 60%; }
    Ask > #box { width: 84; max-width: 96%; height: auto; max-height: 90%; background: $surface;
                      border: round $primary; border-title-color: $accent; padding: 0 1; }
    Ask #said { height: auto; max-height: 60vh; }
    Ask #said Static { height: auto; }
    Ask #answers { color: $accent; height: auto; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer('')", "Leave", id="question.leave", tooltip="leave it as it is", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[str], answers: Sequence[Answer], leave: str) -> None:
        super().__init__()
        self._title, self._lines, self._answers, self._leave = title, list(lines), list(answers), leave

    def compose(self) -> ComposeResult:
        """What is asked, and the keys."""
        keys = [*(f"{answer.key} {answer.does}" for answer in self._answers), f"esc {self._leave}"]
        with Vertical(id="box") as box:
            box.border_title = self._title
            with VerticalScroll(id="said"):
                yield Static("\n".join(map(printable, self._lines)), markup=False)
            yield Static("   ".join(keys), id="answers", markup=False)

    def on_key(self, event: events.Key) -> None:
        """The key of an answer gives it."""
        if any(event.key == answer.key for answer in self._answers):
            event.stop()
            self.dismiss(event.key)

    def action_answer(self, key: str) -> None:
        """Give an answer."""
        self.dismiss(key)
