"""Trees of values that fold, and the search in a panel, whatever its length."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widgets import Input
from textual.worker import get_current_worker

from migrator.render.safe import printable
from tui.common import outline
from tui.common.grid import Grid
from tui.common.outline import Outline
from tui.common.page import Page


class SearchingPage(Page):
    """A page whose open panel is a grid, which may be a tree; an input `#search` takes what is sought."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", id="run.search", tooltip="search in the panel", key_display="/"),
        Binding("n", "find(1)", "Next", id="run.next", tooltip="the next match", show=False),
        Binding("N", "find(-1)", "Previous", id="run.previous", tooltip="the match before", show=False),
        Binding("E", "unfold", "Unfold", id="run.unfold", tooltip="unfold all of the tree, or fold it", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.sought = ""
        self._matches: tuple[Outline, outline.Matches] | None = None
        self._waits = 0

    # --- what subclasses give --------------------------------------------------------------------------------------

    @property
    def grid(self) -> Grid | None:
        """The grid of the open panel; None if it has none."""
        raise NotImplementedError

    @property
    def is_read(self) -> bool:
        """Whether the open panel has all of its lines."""
        raise NotImplementedError

    def before_search(self) -> None:
        """Open a panel that can be searched."""
        raise NotImplementedError

    def focus_panel(self) -> None:
        """Give the keys back to the open panel."""
        raise NotImplementedError

    def tell(self) -> None:
        """Write the line above the footer anew."""
        raise NotImplementedError

    # --- folding -----------------------------------------------------------------------------------------------

    @on(Grid.Sideways)
    def _sideways(self, message: Grid.Sideways) -> None:
        source = message.grid.source
        if isinstance(source, Outline) and len(source):
            place = source.unfold(message.index) if message.way > 0 else source.fold(message.index)
            message.grid.reload(place)

    def action_unfold(self) -> None:
        """Unfold all of a tree, or fold it."""
        source = self.grid.source if self.grid else None
        if isinstance(source, Outline) and self.grid:
            if source.opened_all:
                source.close_all()
            elif not source.open_all():
                self.notify(f"only the first {outline.MOST_OPENED} lines were unfolded", markup=False)
            self.grid.reload(0)

    # --- searching ---------------------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Open the line of the search."""
        self.before_search()
        box = self.query_one("#search", Input)
        box.value = ""
        box.add_class("-open")
        box.focus()

    @on(Input.Submitted, "#search")
    def _searched(self, event: Input.Submitted) -> None:
        self.sought = event.value
        event.input.remove_class("-open")
        self.focus_panel()
        self.action_find(1)

    def action_find(self, way: int) -> None:
        """The next match, or the one before."""
        grid = self.grid
        if grid is None or not self.sought:
            return
        source = grid.source
        if not self.is_read:
            # Nothing can be told of lines that are not there yet.
            self._waits = way
            self.status("searching, as soon as it has been read…")
        elif not isinstance(source, Outline):
            self._go_to(grid, _next(grid, self.sought.casefold(), way))
        elif self._matches and self._matches[0] is source and self._matches[1].text == self.sought:
            self._go_to(grid, source.next_match(self._matches[1], grid.cursor, back=way < 0))
        else:
            self.status("searching…")
            self._search(source, self.sought, way)

    def search_on(self) -> None:
        """Begin the search that waits for the lines of the open panel."""
        if self._waits and self.is_read:
            way, self._waits = self._waits, 0
            self.action_find(way)

    @work(thread=True, exclusive=True, exit_on_error=False, group="search", description="the search")
    def _search(self, source: Outline, text: str, way: int) -> None:
        """Find all matches once, however large the document is; from then on, `n` only goes to the next of them."""
        worker = get_current_worker()
        found = source.search(text, lambda: worker.is_cancelled)
        if not worker.is_cancelled:
            self.app.call_from_thread(self._found, source, found, way)

    def _found(self, source: Outline, found: outline.Matches, way: int) -> None:
        grid = self.grid
        if grid is None or grid.source is not source or found.text != self.sought:
            return
        self._matches = source, found
        self._go_to(grid, source.next_match(found, grid.cursor, back=way < 0))

    def _go_to(self, grid: Grid, place: int | None) -> None:
        if place is None:
            self.notify(f"not found: {printable(self.sought)!r}", markup=False)
            self.tell()
        else:
            grid.reload(place)
            self.tell()


def _next(grid: Grid, wanted: str, way: int) -> int | None:
    count = len(grid.source)
    order = ((grid.cursor + way * step) % count for step in range(1, count + 1))
    return next((index for index in order if wanted in " ".join(grid.source.line(index).cells).casefold()), None)
