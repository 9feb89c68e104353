"""The list of files: find exports, read them in the background, show them as a table, a tree or by version."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, get_args

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.worker import get_current_worker

from tui.common.clipboard import Copy
from tui.common.grid import Grid
from tui.common.rows import tab_separated
from tui.files.columns import DEFAULT_COLUMNS, METRICS, column
from tui.files.command import command
from tui.files.export import Export, found, runs_among, stamp
from tui.files.following import FollowingPage
from tui.files.model import View
from tui.files.reading import read_all

if TYPE_CHECKING:
    from textual.widgets import Input

VIEWS: tuple[View, ...] = get_args(View)
OLD = "is:old"
"""The word of a filter for what needs migration."""


class FilesScreen(FollowingPage):
    """Every export under the given paths."""

    KEEPS_END = True
    HELP_TEXT = (
        "Every file under the given paths. ↑ after a version: it needs migration. ! codes: what check found. Other"
        " families than main exports are dimmed.\n\n"
        "A filter is a condition as --where takes it. Words must be there; -word or !word must not. version:1.0,"
        " model:x, concurrency>4, time_to_first_token.p99<200, input_config.phases.0.type:poisson ask one thing;"
        " is:old, is:bad, is:export, is:failed, is:cancelled, is:phase ask what a file is; and, or, not and ( )"
        " combine.\n\n"
        "a and b mark the baseline and the candidate, or groups of them if lines are selected with space. Of a group,"
        " phases and copies of its runs are left out.\n\n"
        "To upgrade all that needs it, with backups: n, ctrl+a, m, i, enter. Keys act on the selected files that pass"
        " the filter, as soon as they have been read; escape gives up waiting."
    )
    DEFAULT_CSS = """
    FilesScreen #filter { height: 1; border: none; padding: 0 1; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="files.filter", tooltip="filter the list", key_display="/"),
        Binding("n", "old", "Old", id="files.old", tooltip="only what needs migration, or all", show=False),
        Binding("a", "mark('A')", "Baseline", id="files.baseline", tooltip="mark as baseline (A)"),
        Binding("b", "mark('B')", "Candidate", id="files.candidate", tooltip="mark as candidate (B)"),
        Binding("d", "compare", "Compare", id="files.compare", tooltip="compare what is marked"),
        Binding("x", "swap", "Swap", id="files.swap", tooltip="swap baseline and candidate", show=False),
        Binding("X", "unmark", "Unmark", id="files.unmark", tooltip="remove all marks", show=False),
        Binding("m", "migrate", "Migrate", id="files.migrate", tooltip="preview a migration of the selection"),
        Binding("s", "sort(1)", "Sort", id="files.sort", tooltip="sort by the next column", show=False),
        Binding("S", "sort(-1)", "Sort back", id="files.sort-back", tooltip="sort by the column before", show=False),
        Binding("o", "reverse", "Order", id="files.order", tooltip="reverse the order", show=False),
        Binding("1", "view('table')", "Table", id="files.table", tooltip="show as a table", show=False),
        Binding("2", "view('tree')", "Tree", id="files.tree", tooltip="show as a tree of folders", show=False),
        Binding("3", "view('versions')", "Versions", id="files.versions", tooltip="group by version", show=False),
        Binding("v", "columns", "Columns", id="files.columns", tooltip="choose columns…", show=False),
        Binding("r", "rescan", "Rescan", id="files.rescan", tooltip="look for new and changed files", show=False),
        Binding("escape", "back", "Back", id="files.back", tooltip="clear selection, then filter", show=False),
    ]

    class Listed(Message):
        """Files were found; the last time, all of them."""

        def __init__(self, exports: Sequence[Export], *, whole: bool = False) -> None:
            super().__init__()
            self.exports, self.whole = exports, whole

    class Read(Message):
        """Files were read."""

        def __init__(self, exports: Sequence[Export]) -> None:
            super().__init__()
            self.exports = exports

    def __init__(self) -> None:
        super().__init__()
        self._metrics = METRICS
        self._stale = False
        self._whole = False

    def body(self) -> ComposeResult:
        """The list."""
        yield Grid(id="body")

    def on_mount(self) -> None:
        """Apply what was remembered, and start to look for files."""
        super().on_mount()
        remembered = self.shell.session.remembered
        files = self.files
        files.view = remembered.view if remembered.view in VIEWS else "table"
        files.sort = remembered.sort if column(remembered.sort) else ""
        files.descending = remembered.descending
        files.condition.type(remembered.filter)
        files.columns = tuple(key for key in remembered.columns if column(key)) or DEFAULT_COLUMNS
        self._metrics = files.asked()
        self.grid.empty = "looking for files…"
        self.grid.show(files.heads(), files)
        self.grid.focus()
        # Rows are made anew at most so often, however fast they come.
        self.set_interval(0.2, self._settle)
        # The frame first: then whatever takes time.
        self.call_after_refresh(self.action_rescan)

    @property
    def busy(self) -> bool:
        """Whether the list is incomplete, or not all that was read is on the screen."""
        return self._stale or not self._whole or bool(self.waiting) or self.shell.session.has_written

    @property
    def whole(self) -> bool:
        """Whether all files have been found."""
        return self._whole

    def take_over(self) -> None:
        """Show what has been read."""
        if self._stale:
            self._settle_lines()

    def where(self) -> str:
        """The paths, and what is there."""
        paths = self.shell.session.paths
        return f"{', '.join(paths)}: {self.files.summary()}" if self.files.exports else ", ".join(paths)

    def command(self) -> Sequence[str]:
        """`table` with the filter, the order and the columns of the list."""
        return command(self.files, self.shell.session.paths, self.selection.visible())

    def copies(self) -> list[Copy]:
        """Path, row and table."""
        line = self.grid.line
        heads = self.files.heads()
        row = self.files.rows[self.grid.cursor] if line else None
        every = (self.files.line(index) for index in range(len(self.files)))
        return [
            Copy("v", "name", line.cells[0].strip() if line else ""),
            Copy("p", "path", row.export.path if row and row.export else ""),
            Copy("r", "row", tab_separated(heads, [line]) if line else ""),
            Copy("t", "table", tab_separated(heads, every) if line else ""),
        ]

    # --- finding and reading -----------------------------------------------------------------------------------

    def action_rescan(self) -> None:
        """Look for files; only those that are new or changed are read."""
        self._whole = False
        self.shell.session.has_written = False
        self._look({export.path: export for export in self.files.exports}, self._metrics)

    def _read_metrics(self) -> None:
        """Read all files again if a statistic is asked for that was not read."""
        if not set(self.files.asked()) <= set(self._metrics):
            self._metrics = self.files.asked()
            self._whole = False
            self._look({}, self._metrics)

    @work(thread=True, exclusive=True, exit_on_error=False, group="files", description="looking for files")
    def _look(self, known: dict[str, Export], metrics: tuple[str, ...]) -> None:
        worker = get_current_worker()
        listed: list[Export] = []
        posted = 0
        for export in found(self.shell.session.paths):
            listed.append(export)
            if len(listed) in (64, 1024) or len(listed) - posted >= 4096:
                self.post_message(self.Listed(listed[posted:]))
                posted = len(listed)
            if worker.is_cancelled:
                return
        self.post_message(self.Listed(listed, whole=True))
        wanted = [(e.path, e.relative) for e in listed if not e.read and not _same(known.get(e.path), e.path)]
        for bundle in read_all(wanted, lambda: worker.is_cancelled, metrics):
            self.post_message(self.Read(bundle))

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        first = not self.files.exports
        if message.whole:
            self._whole = True
            self.files.keep(export.path for export in message.exports)
            self.selection.keep(export.path for export in message.exports)
            self.shell.session.keep_marks([export.path for export in message.exports])
        self.files.add(message.exports)
        self.grid.empty = "no file here" if message.whole else self.grid.empty
        self._stale = True
        if first or message.whole:
            self._settle()

    @on(Read)
    def _read(self, message: Read) -> None:
        self.files.update(message.exports)
        self._stale = True

    def _settle(self) -> None:
        # What another screen has written is looked for as soon as the list is seen again.
        if self.shell.session.has_written and self.is_current:
            self.action_rescan()
        if self._stale:
            self._settle_lines()
        if self.waiting and self.is_current:
            self.go_on()

    def _settle_lines(self) -> None:
        self._stale = False
        # While the order does not depend on what is being read, the lines stay where they are.
        if self.files.plain and len(self.files.rows) == len(self.files.exports):
            self.grid.refresh()
        else:
            self._arrange()
        self.show_header()

    def _arrange(self) -> None:
        """Make the lines anew; the cursor stays on its file."""
        rows, cursor = self.files.rows, self.grid.cursor
        key = rows[cursor].key if cursor < len(rows) else ""
        self.files.arrange()
        place = self.files.find(key) if key else None
        self.grid.columns = self.files.heads()
        if self.files.exports and not self.files.rows:
            self.grid.empty = "nothing passes the filter: esc clears it"
        self.grid.reload(place, steady=self.following)
        self.tell()

    def tell(self) -> None:
        """The line above the footer: selection, filter, order."""
        files = self.files
        parts = [self.waits_for] if self.waiting else []
        parts += [self.followed] if self.following else []
        parts += [self.selection.words] if self.selection else []
        if files.condition.text:
            problem = f" ({told})" if (told := files.filter_problem) else ""
            parts.append(f"filter {files.condition.text!r}: {files.matching} of {len(files.exports)}{problem}")
        row = files.rows[self.grid.cursor] if self.grid.cursor < len(files.rows) else None
        if row and row.export:
            parts.append(row.export.error or row.export.path)
        self.status("   ".join(parts))

    # --- actions -----------------------------------------------------------------------------------------------

    @on(Grid.Moved)
    def _moved(self) -> None:
        self.tell()

    @on(Grid.Chosen)
    def _chosen(self, message: Grid.Chosen) -> None:
        row = self.files.rows[message.index]
        if row.export is None:
            self.files.toggle(message.index)
            self.grid.reload()
        else:
            self.shell.open_run(row.export.path)

    @on(Grid.Sideways)
    def _sideways(self, message: Grid.Sideways) -> None:
        if not self.files.rows:
            return
        row = self.files.rows[message.index]
        folded = self.files.is_folded(message.index)
        if row.export is None and (folded if message.way > 0 else not folded):
            self.files.toggle(message.index)
            self.grid.reload()
        elif message.way < 0:
            self.grid.cursor = self.files.parent(message.index)
        else:
            self.grid.cursor += 1

    @on(Grid.HeadClicked)
    def _head(self, message: Grid.HeadClicked) -> None:
        self.files.sort_by(message.column.key)
        self._arrange()
        self._remember()

    def action_sort(self, way: int) -> None:
        """Order by the next column, or by none."""
        keys = ["", *(column.key for column in self.files.heads())]
        self.files.sort = keys[(keys.index(self.files.sort) + way) % len(keys)] if self.files.sort in keys else ""
        self._arrange()
        self._remember()

    def action_reverse(self) -> None:
        """Reverse the order."""
        self.files.descending = not self.files.descending
        self._arrange()
        self._remember()

    def action_view(self, view: View) -> None:
        """Table, tree, or groups by version."""
        self.files.view = view
        self.grid.folds = view != "table"
        self._arrange()
        self._remember()

    def action_filter(self) -> None:
        """Open the line of the filter."""
        from textual.widgets import Input

        if not self.query("#filter"):
            hint = "words; -word excludes; version<1.3; model:x; is:old"
            box = Input(self.files.condition.text, id="filter", placeholder=hint, compact=True)
            self.mount(box, before="#status")
            box.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        if event.value != self.files.condition.text:
            self.files.condition.type(event.value)
            self._arrange()
            self._read_metrics()

    def on_input_submitted(self) -> None:
        """Keep the filter, and go back to the list."""
        self._remember()
        self.query("#filter").remove()
        self.grid.focus()

    def action_back(self) -> None:
        """Close the filter line; else give up waiting; else clear the selection; else clear the filter."""
        if self.query("#filter"):
            self.files.condition.type("")
            self.on_input_submitted()
        elif self.waiting:
            self.waiting.clear()
        elif self.selection:
            self.selection.clear()
        elif self.files.condition.text:
            self.files.condition.type("")
            self._remember()
        self._arrange()

    def action_old(self) -> None:
        """Show only what needs migration, or all again."""
        words = self.files.condition.text.split()
        rest = [word for word in words if word != OLD]
        self.files.condition.type(" ".join(rest if OLD in words else [*words, OLD]))
        self._arrange()
        self._remember()

    def action_mark(self, side: str) -> None:
        """Put the chosen exports on a side of the comparison: of several, those that are runs."""
        self.when_read(self.acted_on(), partial(self._put_on, side))

    def _put_on(self, side: str, chosen: Sequence[Export]) -> None:
        from migrator.batch.runs import words

        exports = [export for export in chosen if export.comparable]
        self.left_out(chosen, exports, "not exports")
        if not exports:
            self.notify("only exports can be compared", markup=False)
            return
        # One that is chosen alone is meant, whatever it is; so are those of which none is a run.
        runs, left_out = runs_among(exports) if len(exports) > 1 else (exports, {})
        if runs and left_out:
            self.notify(words(left_out).partition(" (")[0], markup=False)
        self.shell.session.mark(side, [export.path for export in runs or exports])
        self.selection.clear()
        self._marks_changed()

    def action_swap(self) -> None:
        """Exchange baseline and candidate."""
        self.shell.session.swap()
        self._marks_changed()

    def action_unmark(self) -> None:
        """Remove all marks."""
        self.shell.session.clear_marks()
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.show_header()
        self.grid.refresh()
        self.tell()

    def action_columns(self) -> None:
        """Choose which columns are shown."""
        from tui.files.columns_dialog import ColumnsDialog

        def chosen(columns: tuple[str, ...] | None) -> None:
            if columns is not None:
                self.files.columns = columns
                self._arrange()
                self._remember()
                self._read_metrics()

        self.app.push_screen(ColumnsDialog(self.files.columns), chosen)

    def _remember(self) -> None:
        remembered, files = self.shell.session.remembered, self.files
        remembered.view, remembered.sort, remembered.descending = files.view, files.sort, files.descending
        remembered.filter = files.condition.text
        is_default = {*files.columns, "name"} == set(DEFAULT_COLUMNS)
        remembered.columns = [] if is_default else list(files.columns)

    def action_compare(self) -> None:
        """Compare what is marked."""
        self.shell.open_comparison()

    def action_migrate(self) -> None:
        """Preview the migration of the chosen exports."""
        self.when_read(self.acted_on(), self._migrate)

    def _migrate(self, chosen: Sequence[Export]) -> None:
        exports = [export for export in chosen if export.migratable]
        self.left_out(chosen, exports, "nothing to migrate")
        self.shell.open_migration([Path(export.path) for export in exports])


def _same(export: Export | None, path: str) -> bool:
    return export is not None and export.read and export.stamp is not None and export.stamp == stamp(path)
