"""The dialog in which the columns of the list are chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.common.grid import Grid
from tui.common.pick import Found, Pick
from tui.common.rows import Column, Line
from tui.files.columns import COLUMNS, columns, key_of


class ColumnsDialog(ModalScreen["tuple[str, ...] | None"]):
    """All columns, those that are shown with a cross; gives the keys of the shown ones, or None.

    Args:
        shown: the keys of the columns that are shown.
        search: the names that fit a text, for a column to add.
        refusal: why a text is no name; empty if it is one.
    """

    DEFAULT_CSS = """
    ColumnsDialog { align: center middle; background: $background 60%; }
    ColumnsDialog > #box { width: 64; max-width: 96%; height: 20; background: $surface; border: round $primary;
                           padding: 0 1; }
    ColumnsDialog #hint { color: $text-muted; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "show_or_hide", "Show", id="columns.toggle", tooltip="show or hide the column", show=False),
        Binding("n", "add", "Add", id="columns.add", tooltip="add any name or path…", show=False),
        Binding("escape,q", "close", "Close", id="columns.close", tooltip="apply and close", show=False),
    ]

    def __init__(
        self, shown: Sequence[str], search: Callable[[str], Sequence[Found]], refusal: Callable[[str], str]
    ) -> None:
        super().__init__()
        self._search, self._refusal = search, refusal
        # The name is always shown.
        self._columns = list(columns((*(each.key for each in COLUMNS), *shown))[1:])
        self._shown = set(shown)

    def __len__(self) -> int:
        return len(self._columns)

    def line(self, index: int) -> Line:
        """A column with its cross."""
        column = self._columns[index]
        return Line((f"[{'x' if column.key in self._shown else ' '}] {column.title}", column.key))

    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical(id="box") as box:
            box.border_title = "columns"
            yield Grid(id="columns")
            yield Static("space shows or hides   n adds any name   esc closes", id="hint", markup=False)

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one(Grid).show((Column("head", "head", 20), Column("key", "key")), self)

    @on(Grid.Chosen)
    def action_show_or_hide(self) -> None:
        """Show a column, or hide it."""
        grid = self.query_one(Grid)
        self._shown ^= {self._columns[grid.cursor].key}
        grid.refresh()

    def action_add(self) -> None:
        """Ask for a name, and show its values."""

        def added(text: str | None) -> None:
            if text is not None:
                self._add(key_of(text))

        hint = "a statistic such as time_to_first_token.p99, a fact, or a place in the files"
        self.app.push_screen(Pick("add a column", self._search, self._refusal, hint), added)

    def _add(self, key: str) -> None:
        keys = [each.key for each in self._columns]
        if key not in keys:
            keys.append(key)
            self._columns = list(columns(keys)[1:])
        self._shown.add(key)
        self.query_one(Grid).reload([each.key for each in self._columns].index(key))

    def action_close(self) -> None:
        """Apply the choice."""
        self.dismiss(tuple(each.key for each in self._columns if each.key in self._shown))
