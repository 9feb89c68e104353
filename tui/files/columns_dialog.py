"""The dialog in which columns are chosen."""

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
from tui.common.rows import Column, Line


class ColumnsDialog(ModalScreen["tuple[str, ...] | None"]):
    """All columns, those that are shown with a cross; gives the keys of the shown ones, or None."""

    DEFAULT_CSS = """
    ColumnsDialog { align: center middle; background: $background 60%; }
    ColumnsDialog > #box { width: 40; height: 18; background: $surface; border: round $primary; padding: 0 1; }
    ColumnsDialog #hint { color: $text-muted; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "show_or_hide", "Show", id="columns.toggle", tooltip="show the column, or not", show=False),
        Binding("escape,q", "close", "Close", id="columns.close", tooltip="take it over and close", show=False),
    ]

    def __init__(self, columns: Sequence[Column], shown: Sequence[str]) -> None:
        super().__init__()
        self._columns = columns
        self._shown = set(shown)

    def __len__(self) -> int:
        return len(self._columns)

    def line(self, index: int) -> Line:
        """A column with its cross."""
        column = self._columns[index]
        return Line((f"[{'x' if column.key in self._shown else ' '}] {column.title}", column.key.replace("_", " ")))

    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical(id="box") as box:
            box.border_title = "columns"
            yield Grid(id="columns")
            yield Static("space shows or hides   esc closes", id="hint", markup=False)

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one(Grid).show((Column("head", "head", 14), Column("what", "what")), self)

    @on(Grid.Chosen)
    def action_show_or_hide(self) -> None:
        """Show a column, or hide it."""
        grid = self.query_one(Grid)
        self._shown ^= {self._columns[grid.cursor].key}
        grid.refresh()

    def action_close(self) -> None:
        """Take it over."""
        self.dismiss(tuple(column.key for column in self._columns if column.key in self._shown))
