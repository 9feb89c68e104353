"""What the list of files does with the lines: which pass the filter, in which order, with which columns, seen how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final, get_args

from textual import on
from textual.binding import Binding, BindingType

from migrator.render.text import plural
from tui.common.grid import Grid
from tui.files.columns import DEFAULT_COLUMNS, column, key_of
from tui.files.filter import OLD, old_only
from tui.files.finding import FindingPage
from tui.files.following import FollowingPage
from tui.files.model import View

if TYPE_CHECKING:
    from tui.common.pick import Found
    from tui.files.filter_line import FilterLine
    from tui.files.names import Name, Names

VIEWS: tuple[View, ...] = get_args(View)
_OTHERS: Final = "files.exports"
"""The id of the key that shows files that are not exports."""
_USUAL: Final = (OLD, "is:failed", "is:bad", "is:cancelled", "is:phase")
"""Filters that are always offered."""


class ArrangingPage(FindingPage, FollowingPage):
    """A list of files that is filtered, ordered, and shown with some columns."""

    DEFAULT_CSS = """
    ArrangingPage #filter { height: 1; border: none; padding: 0 1; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "order_by", "Sort", id="files.order-by", tooltip="sort by any name, the worst first…", show=False),
        Binding("ctrl+r", "filters", "Filters", id="files.filters", tooltip="saved and recent filters…", show=False),
        Binding("e", "others", "Others", id=_OTHERS, tooltip="other files, too, or only exports", show=False),
        Binding("n", "old", "Old", id="files.old", tooltip="only what needs migration, or all", show=False),
        Binding(
            "greater_than_sign", "sort(1)", "Sort right", id="files.sort", tooltip="sort by the next column", show=False
        ),
        Binding(
            "less_than_sign",
            "sort(-1)",
            "Sort left",
            id="files.sort-back",
            tooltip="sort by the column before",
            show=False,
        ),
        Binding("o", "reverse", "Order", id="files.order", tooltip="reverse the order", show=False),
        Binding("1", "view('table')", "Table", id="files.table", tooltip="show as a table", show=False),
        Binding("2", "view('tree')", "Tree", id="files.tree", tooltip="show as a tree of folders", show=False),
        Binding("3", "view('versions')", "Versions", id="files.versions", tooltip="group by version", show=False),
        Binding("v", "columns", "Columns", id="files.columns", tooltip="choose columns…", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._proposed: Sequence[str] = ()
        self._stays_at_top = False

    def on_mount(self) -> None:
        """Apply what was remembered."""
        remembered, files = self.shell.session.remembered, self.files
        files.view = remembered.view if remembered.view in VIEWS else "table"
        files.sort = remembered.sort if column(remembered.sort) else ""
        files.descending = remembered.descending
        files.shows_others = remembered.others
        files.condition.type(remembered.filter)
        files.columns = tuple(key for key in remembered.columns if column(key)) or DEFAULT_COLUMNS
        self.grid.empty = "looking for files…"
        self.grid.folds = files.view != "table"
        self.grid.show(files.heads(), files)
        self.grid.focus()

    # --- the lines ---------------------------------------------------------------------------------------------

    def make_lines(self) -> None:
        """Make the lines anew; the cursor stays on its file, or at the top after a new order until all is read."""
        rows, cursor = self.files.rows, self.grid.cursor
        key = rows[cursor].key if cursor < len(rows) else ""
        self.files.arrange()
        self._stays_at_top = self._stays_at_top and cursor == 0
        place = 0 if self._stays_at_top else self.files.find(key) if key else None
        self._stays_at_top = self._stays_at_top and self.files.unknown > 0
        self.grid.columns = self.files.heads()
        if self.files.exports and not self.files.rows:
            nothing = "nothing passes the filter: esc clears it" if self.files.filtered else "no export here"
            self.grid.empty = f"{nothing}{self._hidden(f'; {self.key_of_others} shows ')}"
        self.grid.reload(place, steady=self.following)
        self.tell()

    def tell(self) -> None:
        """The line above the footer: selection, filter, order."""
        files = self.files
        parts = [self.waits_for] if self.waiting else []
        parts += [self.followed] if self.following else []
        parts += [f"tab: {'   '.join(self._proposed)}"] if self._proposed else []
        parts += [self.selection.words] if self.selection else []
        if files.condition.problem:
            parts.append(f"not understood: {files.filter_problem}")
        elif files.condition.text:
            problem = f" ({why})" if (why := files.filter_problem) else ""
            told = f"{files.matching} of {len(files.exports)}{problem}{self._hidden(', hidden: ')}"
            parts.append(f"filter {files.condition.text!r}: {told}")
        elif files.filter_problem:
            parts.append(files.filter_problem)
        row = files.rows[self.grid.cursor] if self.grid.cursor < len(files.rows) else None
        if row and row.export:
            parts.append(row.export.error or row.export.path)
        self.status("   ".join(parts))

    @property
    def key_of_others(self) -> str:
        """The key that shows files that are not exports."""
        from tui.common.keys import declared

        return next(key.label for key in declared(self, self.shell.keymap) if key.id == _OTHERS)

    def _hidden(self, lead: str) -> str:
        """How many files that pass the filter are not exports, and are hidden, behind some words; empty for none."""
        return f"{lead}{plural(self.files.hidden, 'other file')}" if self.files.hidden else ""

    def changed(self) -> None:
        """Something about the lines was set: show it, read what it asks for, and remember it."""
        self.make_lines()
        self.show_header()
        self.read_what_is_asked()
        remembered, files = self.shell.session.remembered, self.files
        remembered.view, remembered.sort, remembered.descending = files.view, files.sort, files.descending
        remembered.filter, remembered.others = files.condition.text, files.shows_others
        is_default = {*files.columns, "name"} == set(DEFAULT_COLUMNS)
        remembered.columns = [] if is_default else list(files.columns)

    # --- order and view ----------------------------------------------------------------------------------------

    @on(Grid.HeadClicked)
    def _head(self, message: Grid.HeadClicked) -> None:
        self.files.sort_by(message.column.key)
        self.changed()

    def action_sort(self, way: int) -> None:
        """Order by the next column, or by none."""
        keys = ["", *(column.key for column in self.files.heads())]
        self.files.sort = keys[(keys.index(self.files.sort) + way) % len(keys)] if self.files.sort in keys else ""
        self.changed()

    def action_reverse(self) -> None:
        """Reverse the order."""
        if not self.files.sort:
            self.notify("no order to reverse: s or > sorts", markup=False)
        self.files.descending = not self.files.descending
        self.changed()

    def action_order_by(self) -> None:
        """Order by any name: a column, a statistic of a metric, a place in the files; the worst first, at the top."""
        from tui.common.pick import Pick

        names = self._names()

        def chosen(text: str | None) -> None:
            if text is not None:
                self.files.order_by(key_of(text))
                self.read_what_is_asked()
                self.grid.cursor, self._stays_at_top = 0, True
                self.changed()

        hint = "a name, such as time_to_first_token.p99; tt.p9 finds it, too"
        refused = self._refusal_of_name
        self.app.push_screen(Pick("sort by", lambda text: _found(names.search(text)), refused, hint), chosen)

    def action_view(self, view: View) -> None:
        """Table, tree, or groups by version."""
        self.files.view = view
        self.grid.folds = view != "table"
        self.changed()

    def action_columns(self) -> None:
        """Choose which columns are shown."""
        from tui.files.columns_dialog import ColumnsDialog

        names = self._names()

        def chosen(columns: tuple[str, ...] | None) -> None:
            if columns is not None:
                self.files.columns = columns
                self.changed()

        dialog = ColumnsDialog(self.files.columns, lambda text: _found(names.search(text)), self._refusal_of_name)
        self.app.push_screen(dialog, chosen)

    # --- filter ------------------------------------------------------------------------------------------------

    async def action_filter(self) -> None:
        """Open the line of the filter."""
        from tui.files.filter_line import FilterLine

        if not self.query("#filter"):
            box = FilterLine(self.files.condition.text, self._names().complete)
            await self.mount(box, before="#status")
            # At once: keys that were typed ahead belong to it.
            self.set_focus(box)

    def _names(self) -> Names:
        from tui.files.names import Names

        export = next((each for each in self.files.behind(self.grid.cursor)), None) if self.files.rows else None
        return Names(export.path if export and export.comparable else "", self.files.values_of)

    def _refusal_of_name(self, text: str) -> str:
        from tui.files.misspelt import refusal_of_name

        return refusal_of_name(text, self.files.exports)

    def on_input_changed(self, event: FilterLine.Changed) -> None:
        """Filter while it is typed."""
        if event.value != self.files.condition.text:
            self._proposed = ()
            self.files.condition.type(event.value)
            self.make_lines()
            self.show_header()
            self.read_what_is_asked()

    def on_filter_line_proposed(self, message: FilterLine.Proposed) -> None:
        """Tell what the filter could be completed to."""
        self._proposed = [text.rpartition(" ")[2] for text in message.texts]
        self.tell()

    def on_filter_line_saved(self, message: FilterLine.Saved) -> None:
        """Keep the filter."""
        if self.files.condition.problem or not message.text:
            return
        kept = self.shell.session.remembered.keep_filter(message.text)
        self.notify("saved: ctrl+r offers it" if kept else "it is saved already", markup=False)

    def on_input_submitted(self) -> None:
        """Keep the filter, and go back to the list; not with one that is not understood: the list has another."""
        self._proposed = ()
        if self.files.condition.problem:
            self.app.bell()
            self.tell()
            return
        self.shell.session.remembered.note_filter(self.files.condition.text)
        self.query("#filter").remove()
        self.grid.focus()
        self.changed()

    def filter_by(self, text: str) -> None:
        """Take another filter."""
        self.files.condition.type(text)
        self.changed()

    def action_old(self) -> None:
        """Show only what needs migration, or all again."""
        self.filter_by(old_only(self.files.condition.text))

    def action_others(self) -> None:
        """Show files that are not exports, too, or leave them out again."""
        self.files.shows_others = not self.files.shows_others
        self.changed()

    def action_filters(self) -> None:
        """Offer the filters that were saved, those that were used, and the usual ones."""
        from migrator.batch.fields import STATES
        from tui.common.pick import Found, Pick
        from tui.files.filter import refusal_of

        remembered = self.shell.session.remembered

        def search(text: str) -> list[Found]:
            usual = {text: STATES[text.removeprefix("is:")].about for text in _USUAL}
            every = {**dict.fromkeys(remembered.filters, "saved"), **usual}
            every |= {each: "used before" for each in remembered.recent_filters if each not in every}
            return [Found(each, about) for each, about in every.items() if text.strip().casefold() in each.casefold()]

        def chosen(text: str | None) -> None:
            if text is not None:
                remembered.note_filter(text)
                self.query("#filter").remove()
                self.grid.focus()
                self.filter_by(text)

        hint = "a part of one, or another filter; ctrl+s in the line of the filter saves it"
        self.app.push_screen(Pick("filters", search, refusal_of, hint, remembered.drop_filter), chosen)


def _found(names: Sequence[Name]) -> list[Found]:
    from tui.common.pick import Found

    return [Found(name.key, name.about, name.leads_on) for name in names]
