"""The list of files: find exports, read them in the background, show them as a table, a tree or by version."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from migrator.render.safe import printable
from tui.common.clipboard import Copy
from tui.common.grid import Grid
from tui.common.rows import shortened, tab_separated
from tui.files.arranging import ArrangingPage
from tui.files.command import command
from tui.files.export import Export, runs_and_files_of_several

LEGEND: Final = (
    "↑ needs migration   ! check found something   … not checked yet",
    "• selected   A B sides to compare   ✗ unreadable   dimmed: no export",
    "/ filters   s sorts by anything   space selects   m migrates   d compares",
    "? explains all keys, and this again; esc closes it",
)
"""What the marks of the list mean: on the screen at the first start, and in the help."""


_SHORTEST_PATHS: Final = 16
"""Characters of the paths that the header keeps at the cost of counts."""


class FilesScreen(ArrangingPage):
    """Every export under the given paths."""

    USEFUL = ("files.filter", "files.order-by", "files.migrate")
    HELP_TEXT = (
        "Every export under the given paths; e shows other files, too.\n\n"
        "{marks}\n\n"
        "A filter is a condition as --where takes it. Words must be there; -word or !word must not. version:1.0,"
        " model:x, concurrency>4, time_to_first_token.p99<200, input_config.phases.0.type:poisson ask one thing;"
        " is:old, is:bad, is:export, is:failed, is:cancelled, is:phase ask what a file is; and, or, not and ( )"
        " combine.\n\n"
        "a and b mark the baseline and the candidate, or groups of them if lines are selected with space. Of a group,"
        " phases and copies of its runs are left out.\n\n"
        "To upgrade all that needs it, with backups: n, ctrl+a, m, i, enter. Keys act on the selected files that pass"
        " the filter, as soon as they have been read; escape gives up waiting."
    ).format(marks="\n".join(LEGEND[:2]))
    DEFAULT_CSS = """
    FilesScreen #legend { height: auto; background: $surface; border-top: solid $primary; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="files.filter", tooltip="filter the list", key_display="/"),
        Binding("a", "mark('A')", "Baseline", id="files.baseline", tooltip="mark as baseline (A)"),
        Binding("b", "mark('B')", "Candidate", id="files.candidate", tooltip="mark as candidate (B)"),
        Binding("d", "compare", "Compare", id="files.compare", tooltip="compare what is marked"),
        Binding("x", "swap", "Swap", id="files.swap", tooltip="swap baseline and candidate", show=False),
        Binding("X", "unmark", "Unmark", id="files.unmark", tooltip="remove all marks", show=False),
        Binding("m", "migrate", "Migrate", id="files.migrate", tooltip="preview a migration of the selection"),
        Binding("p", "places", "Places", id="files.places", tooltip="to a folder, or to other paths…", show=False),
        Binding("r", "rescan", "Rescan", id="files.rescan", tooltip="look for new and changed files", show=False),
        Binding("escape", "back", "Back", id="files.back", tooltip="clear selection, then filter", show=False),
    ]

    def body(self) -> ComposeResult:
        """The list; at the first start, what its marks mean."""
        yield Grid(id="body")
        remembered = self.shell.session.remembered
        if not remembered.introduced:
            remembered.introduced = True
            yield Static("\n".join(LEGEND), id="legend", markup=False)

    def where(self) -> str:
        """The paths, and what is there."""
        paths = ", ".join(self.shell.session.paths)
        return f"{paths}: {self.files.summary(self.key_of_others)}" if self.files.exports else paths

    def where_in(self, room: int) -> str:
        """The same; where it is too long, first the paths are shortened, then the counts that matter least go."""
        paths = printable(", ".join(self.shell.session.paths))
        if not self.files.exports:
            return shortened(paths, room)
        left = room - min(len(paths), _SHORTEST_PATHS) - 2
        told = self.files.summary(self.key_of_others, room=left)
        return shortened(f"{shortened(paths, room - len(told) - 2)}: {told}", room)

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

    def action_back(self) -> None:
        """Close the legend, or the line of the filter; give up waiting; clear the selection; clear the filter."""
        if self.query("#legend"):
            self.query("#legend").remove()
        elif self.query("#filter"):
            self.files.condition.type("")
            self.on_input_submitted()
            return
        elif self.waiting:
            self.waiting.clear()
        elif self.selection:
            self.selection.clear()
        elif self.files.condition.text:
            self.filter_by("")
            return
        self.make_lines()

    def action_mark(self, side: str) -> None:
        """Put the chosen exports on a side of the comparison: of several, those that are runs."""
        self.when_read(self.acted_on(), partial(self._put_on, side))

    def _put_on(self, side: str, chosen: Sequence[Export]) -> None:
        from migrator.batch.runs import words

        exports = [export for export in chosen if export.comparable or export.of_several]
        self.left_out(chosen, exports, "not exports")
        if not exports:
            self.notify("only exports can be compared", markup=False)
            return
        # One that is chosen alone is meant, whatever it is; so are those of which none is a run.
        runs, left_out = runs_and_files_of_several(exports) if len(exports) > 1 else (exports, {})
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

    def file(self) -> str:
        """The file of the cursor's line."""
        row = self.files.rows[self.grid.cursor] if self.files.rows else None
        return row.export.path if row and row.export else ""

    def action_places(self) -> None:
        """Offer the folders of the list, and what was opened before; anything else can be typed."""
        from tui.common.pick import Pick
        from tui.files.places import Places

        places = Places(self.files.folders(), self.shell.session.remembered.recent_places)

        def chosen(text: str | None) -> None:
            if text is None:
                return
            if paths := places.paths(text):
                self.open_paths(paths)
            elif (line := self.files.line_of_folder(text)) is None:
                self.notify("the filter hides this folder: esc clears it", markup=False)
            else:
                self.grid.reload(line)
                self.tell()

        hint = "a folder of the list, a path, or a URL such as s3://lab/runs"
        self.app.push_screen(Pick("go to", places.search, places.refusal, hint), chosen)

    def open_paths(self, paths: Sequence[str]) -> None:
        """List other paths, with the filter and the marks that they had."""
        self.shell.session.go_to(paths)
        self.selection.clear()
        self.waiting.clear()
        self.files.keep(())
        self.grid.empty = "looking for files…"
        self.files.condition.type(self.shell.session.remembered.filter)
        self.make_lines()
        self.action_rescan()

    def action_compare(self) -> None:
        """Compare what is marked."""
        self.shell.open_comparison()

    def action_migrate(self) -> None:
        """Preview the migration of the chosen exports."""
        self.when_read(self.acted_on(), self._migrate)

    def _migrate(self, chosen: Sequence[Export]) -> None:
        exports = [export for export in chosen if export.migratable]
        self.left_out(chosen, exports, "nothing to migrate")
        self.shell.open_migration([export.path for export in exports])
