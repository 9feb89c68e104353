"""A table of any length: only the lines on the screen are made, so ten thousand cost what fifty do.

Cells are plain text, never markup, so nothing that stands in a file can style or move anything. The first column
stays while the others are scrolled sideways. Trees use it too: their lines are indented and fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.common.rows import GAP as _GAP
from tui.common.rows import LEAD as _LEAD
from tui.common.rows import Column, Line, Lines, Listed

_HEAD: Final = " head"
"""In place of the cursor's sign: the line with the titles."""
_NARROWEST: Final = 16
"""Cells that a column which takes what is left gets at least."""


class Grid(ScrollView, can_focus=True):
    """Columns and lines with a cursor. `source` may change its lines at any time: then call [`reload`][]."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"grid--{name}"
        for name in (
            "head",
            "cursor",
            "blurred",
            "dim",
            "group",
            "good",
            "bad",
            "warn",
            "value",
        )
    }
    DEFAULT_CSS = """
    Grid { background: $background; color: $foreground; height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1;
           scrollbar-color: $panel-lighten-2; scrollbar-background: $background;
           scrollbar-color-hover: $primary; scrollbar-color-active: $primary;
           scrollbar-background-hover: $background; scrollbar-background-active: $background; }
    Grid .grid--head { color: $text-muted; text-style: bold; background: $surface; }
    Grid .grid--cursor { background: $primary-muted; }
    Grid .grid--blurred { background: $panel; }
    Grid .grid--dim { color: $text-disabled; }
    Grid .grid--group { color: $accent; }
    Grid .grid--good { color: $text-success; }
    Grid .grid--bad { color: $text-error; }
    Grid .grid--warn { color: $text-warning; }
    Grid .grid--value { color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Up", id="list.up", tooltip="up a line", show=False),
        Binding("down,j", "step(1)", "Down", id="list.down", tooltip="down a line", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", id="list.page-up", tooltip="up a page", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", id="list.page-down", tooltip="down a page", show=False),
        Binding("home,g", "go(0)", "First", id="list.first", tooltip="to the first line", show=False),
        Binding("end,G", "go(-1)", "Last", id="list.last", tooltip="to the last line", show=False),
        Binding("left,h", "sideways(-1)", "Left", id="list.left", tooltip="scroll left, or fold", show=False),
        Binding("right,l", "sideways(1)", "Right", id="list.right", tooltip="scroll right, or unfold", show=False),
        Binding("enter", "choose", "Open", id="list.open", tooltip="open the line", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor is on another line."""

        def __init__(self, grid: Grid, index: int) -> None:
            super().__init__()
            self.grid, self.index = grid, index

        @property
        def control(self) -> Grid:
            """The grid, for `@on`."""
            return self.grid

        def can_replace(self, message: Message) -> bool:
            """Of several moves in a queue only the last matters."""
            return isinstance(message, Grid.Moved) and message.grid is self.grid

    class Chosen(Moved):
        """Enter, or a second click, on a line."""

        def can_replace(self, message: Message) -> bool:
            """Every choice counts."""
            return False

    class Sideways(Moved):
        """Left (-1) or right (1) was pressed in a tree."""

        def __init__(self, grid: Grid, index: int, way: int) -> None:
            super().__init__(grid, index)
            self.way = way

        def can_replace(self, message: Message) -> bool:
            """Every step counts."""
            return False

    class HeadClicked(Message):
        """A column's head was clicked."""

        def __init__(self, grid: Grid, column: Column) -> None:
            super().__init__()
            self.grid, self.column = grid, column

    def __init__(self, *, folds: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.columns: tuple[Column, ...] = ()
        self.source: Lines = Listed(())
        self.folds = folds
        self.skipped = 0
        self.empty = ""

    # --- content -----------------------------------------------------------------------------------------------

    def show(self, columns: Sequence[Column], source: Lines) -> None:
        """Other columns and lines; the cursor stays at its index if it can."""
        self.columns, self.source = tuple(columns), source
        self.reload()

    def reload(self, cursor: int | None = None, *, steady: bool = False) -> None:
        """The source has other lines now; `cursor` moves there without asking for attention.

        Args:
            cursor: the index that the cursor goes to; None leaves it.
            steady: whether the line of the cursor stays where it is on the screen, whatever is new above it.
        """
        row = self.cursor - round(self.scroll_offset.y)
        self._resize()
        last = max(0, len(self.source) - 1)
        self.cursor = min(self.cursor if cursor is None else cursor, last)
        if steady and 0 <= row < self.size.height:
            self.scroll_to(y=max(0, self.cursor - row), animate=False, immediate=True, force=True)
        self._reveal()
        self.refresh()

    @property
    def line(self) -> Line | None:
        """The line under the cursor."""
        return self.source.line(self.cursor) if self.cursor < len(self.source) else None

    @property
    def room(self) -> int:
        """Cells of a line: all but the scrollbar's."""
        return self.scrollable_content_region.width

    def _resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.source) + 1)

    def _widths(self) -> list[int]:
        """Cells of each column: what is left goes to the one that has no width of its own."""
        fixed = sum(column.width + _GAP for column in self.columns if column.width)
        room = self.room - _LEAD - fixed - _GAP
        loose = sum(not column.width for column in self.columns)
        # With many columns the first still gets enough to be read; the others are reached by going sideways.
        enough = max(room // max(loose, 1), min(34, self.size.width // 4 + 2), _NARROWEST)
        return [column.width or enough for column in self.columns]

    def _visible(self, width: int) -> tuple[list[tuple[Column, int, int]], bool]:
        """(column, its index, its width) of those that fit whole, for half a number is a wrong one; and if all do.

        Where some do not, the last cell is left to the sign that says so; the first column gives it if it can.
        """
        widths = self._widths()
        chosen, whole = self._fitting(widths, width)
        if whole or width - _LEAD - sum(cells + _GAP for _, _, cells in chosen) + _GAP > 0:
            return chosen, whole
        if not self.columns[0].width and widths[0] > _NARROWEST:
            widths[0] -= 1
        return self._fitting(widths, width - 1)[0], False

    def _fitting(self, widths: list[int], width: int) -> tuple[list[tuple[Column, int, int]], bool]:
        chosen: list[tuple[Column, int, int]] = []
        left = width - _LEAD
        for index, (column, cells) in enumerate(zip(self.columns, widths, strict=True)):
            if 0 < index <= self.skipped:
                continue
            if chosen and cells > left:
                return chosen, False
            chosen.append((column, index, min(cells, left)))
            left -= cells + _GAP
        return chosen, True

    # --- drawing -----------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """The head, or the line that is scrolled to this place."""
        width = self.room
        if y == 0:
            titles = Line(tuple(column.title for column in self.columns))
            return self._strip(titles, self.get_component_rich_style("grid--head"), _HEAD, width)
        index = y - 1 + round(self.scroll_offset.y)
        base = self.rich_style
        if index >= len(self.source):
            text = f"    {self.empty}" if not len(self.source) and y == 2 else ""
            return Strip([Segment(set_cell_size(text, width), base)])
        line = self.source.line(index)
        style = self.get_component_rich_style(f"grid--{line.tone}") if line.tone else base
        here = index == self.cursor
        if here:
            name = "grid--cursor" if self.has_focus else "grid--blurred"
            style += Style(bgcolor=self.get_component_rich_style(name).bgcolor, bold=True)
        return self._strip(line, style, "›" if here else " ", width)

    def _strip(self, line: Line, style: Style, sign: str, width: int) -> Strip:
        if line.tone == "group" and not any(line.cells[1:]):
            # The title of a group has the room of all columns, and stays where it is.
            return Strip([Segment(set_cell_size(f"{sign[:1]}{line.mark:2} {line.cells[0]}", width), style)])
        visible, whole = self._visible(width)
        cells = [_cell(line.cells[index], cells, column) for column, index, cells in visible if index < len(line.cells)]
        text = f"{sign[:1]}{set_cell_size(line.mark, 2)} {(' ' * _GAP).join(cells)}"
        if sign == _HEAD and not whole:
            text = set_cell_size(text, width - 1) + "›"
        if sign == _HEAD and self.skipped and visible:
            place = _LEAD + visible[0][2]
            text = f"{text[:place]} ‹{text[place + 2 :]}"
        return Strip([Segment(set_cell_size(text, width), style)])

    # --- moving ------------------------------------------------------------------------------------------------

    def validate_cursor(self, index: int) -> int:
        """Within the lines."""
        return max(0, min(index, len(self.source) - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        """Draw the cursor, and post a message."""
        top = self.scroll_offset.y
        self._reveal()
        if self.scroll_offset.y == top:
            # The two lines that look different now; a terminal far away is sent no more.
            self._refresh_line(before)
            self._refresh_line(after)
        else:
            self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def _refresh_line(self, index: int) -> None:
        y = index + 1 - round(self.scroll_offset.y)
        if 0 < y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _reveal(self) -> None:
        height = max(1, self.scrollable_content_region.height - 1)
        top = round(self.scroll_offset.y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)

    def on_resize(self) -> None:
        """Widths follow the terminal."""
        self._resize()
        self._reveal()

    def on_focus(self) -> None:
        """Draw the cursor in the style that tells the focus."""
        self.refresh()

    on_blur = on_focus

    def action_step(self, way: int) -> None:
        """A line up or down."""
        self.cursor += way

    def action_page(self, way: int) -> None:
        """A page up or down."""
        self.cursor += way * max(1, self.scrollable_content_region.height - 2)

    def action_go(self, index: int) -> None:
        """To the first line, or the last."""
        self.cursor = index if index >= 0 else len(self.source) + index

    def action_sideways(self, way: int) -> None:
        """Fold or unfold in a tree; elsewhere show more columns."""
        if self.folds and len(self.source):
            self.post_message(self.Sideways(self, self.cursor, way))
        else:
            whole = self._visible(self.room)[1]
            if way < 0 or not whole:
                self.skipped = max(0, self.skipped + way)
                self.refresh()

    def action_choose(self) -> None:
        """Open the line."""
        if len(self.source):
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """To the line; the second click opens it; a click on a head orders by it."""
        if event.y == 0:
            column = self._column_at(event.x)
            if column:
                self.post_message(self.HeadClicked(self, column))
            return
        index = event.y - 1 + round(self.scroll_offset.y)
        if index < len(self.source):
            self.cursor = index
            if event.chain == 2 or (self.folds and event.x < _LEAD + 24 and "▾▸".find(self._sign(index)) >= 0):
                self.action_choose()

    def _sign(self, index: int) -> str:
        return self.source.line(index).cells[0].lstrip()[:1] or "x"

    def _column_at(self, x: int) -> Column | None:
        place = _LEAD
        for column, _, width in self._visible(self.room)[0]:
            if place <= x < place + width + _GAP:
                return column
            place += width + _GAP
        return None


def _ending(text: str, width: int) -> str:
    """The end of a text, at most so many cells wide."""
    start = max(0, len(text) - max(width, 0))
    while cell_len(text[start:]) > width and start < len(text):
        start += 1
    return text[start:]


def _cell(text: str, width: int, column: Column) -> str:
    """A text in a column: numbers end together; what is too long is cut, with a sign that it is."""
    length = cell_len(text)
    if length > width and column.tail:
        indent = " " * (len(text) - len(text.lstrip()))
        return set_cell_size(f"{indent}…{_ending(text.lstrip(), width - len(indent) - 1)}", width)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + "…"
    return " " * (width - length) + text if column.right else text + " " * (width - length)
