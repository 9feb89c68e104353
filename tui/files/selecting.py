"""What the list of files does with a selection: how it is made, and keys that wait until all of it has been read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from migrator.render.text import plural
from tui.common.grid import Grid
from tui.common.page import Page
from tui.files.export import Export, runs_and_files_of_several
from tui.files.grouping import Row
from tui.files.model import FileList
from tui.files.selection import Selection, Step, Waiting


class SelectingPage(Page):
    """A list of files, some of which are selected."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "Select", id="files.select", tooltip="select or unselect the line", show=False),
        Binding("ctrl+a", "select_all", "All", id="files.all", tooltip="select all that pass the filter", show=False),
        Binding("asterisk", "invert", "Invert", id="files.invert", tooltip="invert the selection", show=False),
        Binding("V", "range", "Range", id="files.range", tooltip="select from the last selected line", show=False),
        Binding("shift+down", "extend(1)", "Extend", id="files.extend", tooltip="select downwards", show=False),
        Binding("w", "front", "Front", id="files.front", tooltip="throughput against latency of a sweep", show=False),
        Binding("H", "history", "History", id="files.history", tooltip="metrics of the runs over time", show=False),
        Binding("shift+up", "extend(-1)", "Extend up", id="files.extend-up", tooltip="select upwards", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.files = FileList(self._mark)
        self.selection = Selection(self.files)
        self.waiting = Waiting(self.files.is_known)
        self.waits_for = ""

    # --- what the list gives -----------------------------------------------------------------------------------

    @property
    def grid(self) -> Grid:
        """The list."""
        return self.query_one("#body", Grid)

    @property
    def whole(self) -> bool:
        """Whether all files have been found."""
        raise NotImplementedError

    def take_over(self) -> None:
        """Show what has been read."""
        raise NotImplementedError

    def tell(self) -> None:
        """Write the line above the footer anew."""
        raise NotImplementedError

    def _mark(self, row: Row) -> str:
        side = self.shell.session.side(row.export.path) if row.export else ""
        return f"{self.selection.mark(row)}{side or ' '}"

    # --- selecting ---------------------------------------------------------------------------------------------

    def action_select(self) -> None:
        """Select a file, or all in a folder or group; the cursor goes on."""
        if not self.files.rows:
            return
        self.selection.toggle(self.grid.cursor)
        self._selected()
        self.grid.cursor += 1

    def action_extend(self, way: int) -> None:
        """Select from here to the next line, or the one before."""
        if self.files.rows:
            to = self.grid.validate_cursor(self.grid.cursor + way)
            self.selection.extend(self.grid.cursor, to)
            self.grid.cursor = to
            self._selected()

    def action_range(self) -> None:
        """Select all lines from the one that was selected last to this one."""
        if self.files.rows:
            self.selection.range_to(self.grid.cursor)
            self._selected()

    def action_select_all(self) -> None:
        """Select all that pass the filter, or unselect them."""
        self.when_read(self._all, lambda _: self.selection.toggle_all())

    def action_invert(self) -> None:
        """Invert the selection among all that pass the filter."""
        self.when_read(self._all, lambda _: self.selection.invert())

    def _selected(self) -> None:
        self.grid.refresh()
        self.tell()

    # --- what keys act on --------------------------------------------------------------------------------------

    def when_read(self, files: Callable[[], Sequence[Export] | None], act: Callable[[Sequence[Export]], None]) -> None:
        """Do something with some files when all of them have been read; meanwhile, the status line says so."""

        def arranged(exports: Sequence[Export]) -> None:
            # What was read since the lines were made may pass the filter, or not.
            self.take_over()
            act(exports)

        self.waiting.add(Step(files, arranged))
        self.go_on()

    def go_on(self) -> None:
        """Do what waited, as far as its files have been read."""
        waits_for = self.waiting.go_on()
        self.waits_for = f"{waits_for}, esc gives up"
        self._selected()

    def _all(self) -> list[Export] | None:
        """All files if what is in them tells which are shown; none have to be read otherwise."""
        if not self.whole:
            return None
        return self.files.exports if self.files.filtered or self.files.hides_others else []

    def acted_on(self) -> Callable[[], Sequence[Export] | None]:
        """What a key acts on now: the selected files that pass the filter, else those of the line of the cursor."""
        if self.waiting or self.selection:
            # After a step that waits, its selection counts.
            fixed = None if self.waiting else [export.path for export in self.selection.visible()]
            return lambda: self._known(fixed) if fixed is not None else self.selection.visible()
        row = self.files.rows[self.grid.cursor] if self.files.rows else None
        if row is None:
            return lambda: [] if self.whole else None
        if self.whole:
            return partial(self._known, [export.path for export in self.files.behind(self.grid.cursor)])
        return partial(self._inside, row.key)

    def _known(self, paths: Sequence[str]) -> list[Export]:
        return [export for path in paths if (export := self.files.get(path))]

    def _inside(self, key: str) -> Sequence[Export] | None:
        """The files of a line, when all files have been found."""
        place = self.files.find(key) if self.whole else None
        return (None if not self.whole else []) if place is None else self.files.behind(place)

    # --- runs together -----------------------------------------------------------------------------------------

    def action_front(self) -> None:
        """Show the sweep of the selected runs, of those in a folder or group, or of all that pass the filter."""
        self._show_together(self.shell.open_front)

    def action_history(self) -> None:
        """Show the same runs over time."""
        self._show_together(self.shell.open_history)

    def _show_together(self, show: Callable[[Sequence[str]], None]) -> None:
        """Show several runs: the selected ones, those of a folder or group; with the cursor on one file, all."""
        whole = not (self.selection or self._on_group())

        def shown(chosen: Sequence[Export]) -> None:
            passing = self.files.passing
            runs, _ = runs_and_files_of_several([export for export in chosen if export.path in passing])
            if not runs:
                self.notify("no runs here", markup=False)
            elif whole and not self.files.filtered:
                show(self.shell.session.paths)
            else:
                show([export.path for export in runs])

        self.when_read(self._every if whole else self.acted_on(), shown)

    def _on_group(self) -> bool:
        return bool(self.files.rows) and self.files.rows[self.grid.cursor].export is None

    def _every(self) -> Sequence[Export] | None:
        return self.files.exports if self.whole else None

    def left_out(self, chosen: Sequence[Export], taken: Sequence[Export], what: str) -> None:
        """Say which of the selected files a key does not act on."""
        if hidden := self.selection.hidden:
            self.notify(f"{plural(hidden, 'selected file')} {self.selection.why_hidden}, left out", markup=False)
        if taken and len(taken) < len(chosen):
            self.notify(f"{len(chosen) - len(taken)} of {plural(len(chosen), 'file')}: {what}, left out", markup=False)
