"""A dialog in which one line of several is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.common.grid import Grid
from tui.common.rows import Column, Line, Listed


class Choice(ModalScreen["str | None"]):
    """Gives the first cell of the chosen line, or None if nothing was chosen.

    Args:
        title: stands in the border.
        lines: what there is to choose, each as its name and a remark.
        here: the name that the cursor begins on.
    """

    DEFAULT_CSS = """
    Choice { align: center middle; background: $background 60%; }
    Choice > #box { width: 64; max-width: 96%; height: auto; max-height: 80%; background: $surface; padding: 0 1;
                    border: round $primary; border-title-color: $accent; }
    Choice #hint { color: $text-muted; height: 1; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", id="choice.close", tooltip="close, and change nothing", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[tuple[str, str]], here: str) -> None:
        super().__init__()
        self._title, self._lines, self._here = title, list(lines), here

    def compose(self) -> ComposeResult:
        """The lines."""
        with Vertical(id="box") as box:
            box.border_title = self._title
            grid = Grid(id="choices")
            grid.styles.height = min(len(self._lines) + 1, 16)
            yield grid
            yield Static("enter chooses   esc closes", id="hint", markup=False)

    def on_mount(self) -> None:
        """Fill it, with the cursor on what holds now."""
        names = [name for name, _ in self._lines]
        width = max(map(len, names), default=8)
        grid = self.query_one(Grid)
        grid.show((Column("name", "", width), Column("about", "")), Listed(Line(cells) for cells in self._lines))
        grid.reload(names.index(self._here) if self._here in names else 0)

    @on(Grid.Chosen)
    def _chosen(self, message: Grid.Chosen) -> None:
        self.dismiss(self._lines[message.index][0])

    def action_close(self) -> None:
        """Nothing was chosen."""
        self.dismiss(None)
