"""The comparison of two sides: the receipt as a table, one row in full, and both percentile curves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.widgets import Input, Static

from migrator.errors import MigratorError
from migrator.render.comparison.reason import headline, reason
from migrator.render.comparison.words import cut, legend, percentiles
from migrator.render.safe import printable
from migrator.render.text import plural
from tui.common.choice import Choice
from tui.common.clipboard import Copy
from tui.common.form import Values
from tui.common.grid import Grid
from tui.common.plot import Plot
from tui.common.rows import tab_separated
from tui.compare.forms import waiver_form
from tui.compare.model import Question, rendered
from tui.compare.page import ComparePage, about, told_loudly
from tui.compare.table import KINDS, Filter, Item, Table, details, items, shift_of, unwaivable
from tui.compare.waive import waive, waiver

if TYPE_CHECKING:
    from migrator.diff.receipt import Receipt

NARROW: Final = 76
"""Columns below which both sides of a row stand below each other."""
_ALL: Final = "all"


class CompareScreen(ComparePage):
    """A baseline and a candidate, or groups of them; or one cell of two sweeps, whose receipt is given."""

    HELP_TEXT = (
        "The first line is the verdict of the rows in the gate; findings that matter as much stand below it.\n\n"
        "] and [ go from one difference to the next. Percentile"
        " curves: ● base, □ candidate (dashed).\n\n"
        "A filter has words that must be there; -word or !word must not. f asks for one class of lines, v for one"
        " verdict; escape clears the filter.\n\n"
        "W accepts a regression: it writes a waiver with your reason into the policy file. e writes the receipt as"
        " markdown, HTML or JSON."
    )
    DEFAULT_CSS = """
    CompareScreen #verdict { height: auto; max-height: 4; padding: 0 1; }
    CompareScreen #findings { height: auto; max-height: 3; padding: 0 1; color: $warning; }
    CompareScreen #findings { text-wrap: nowrap; text-overflow: ellipsis; }
    CompareScreen #sides { height: auto; max-height: 5; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    CompareScreen #body { layout: vertical; }
    CompareScreen #more { height: 14; border-top: solid $panel; layout: horizontal; }
    CompareScreen #about { width: 1fr; padding: 0 1; }
    CompareScreen #plot { width: 1fr; height: 1fr; padding: 0 1; }
    CompareScreen.-wide #body { layout: horizontal; }
    CompareScreen.-wide #table { width: 3fr; }
    CompareScreen.-wide #more { width: 2fr; height: 1fr; layout: vertical; }
    CompareScreen.-wide #more { border-top: none; border-left: solid $panel; }
    CompareScreen.-low #more { display: none; }
    CompareScreen.-only-more #table { display: none; }
    CompareScreen.-only-more #more { display: block; height: 1fr; layout: vertical; border: none; }
    CompareScreen.-only-more #about { height: auto; max-height: 50%; }
    CompareScreen #search { display: none; height: 1; border: none; padding: 0 1; background: $surface; }
    CompareScreen #search.-open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "difference(1)", "Next", id="compare.next", tooltip="the next difference"),
        Binding(
            "left_square_bracket",
            "difference(-1)",
            "Previous",
            id="compare.previous",
            tooltip="the difference before",
            show=False,
        ),
        Binding("slash", "search", "Filter", id="compare.filter", tooltip="filter by words", key_display="/"),
        Binding("f", "kind", "Class", id="compare.class", tooltip="show one class of lines…", show=False),
        Binding("v", "verdict", "Verdict", id="compare.verdict", tooltip="show one verdict…"),
        Binding("W", "waive", "Waive", id="compare.waive", tooltip="accept a regression, with a reason…"),
        Binding("U", "unified", "Unified", id="compare.unified", tooltip="sides beside or below", show=False),
        Binding("1", "only(False)", "Table", id="compare.table", tooltip="the table", show=False),
        Binding(
            "2", "only(True)", "Curves", id="compare.curves", tooltip="the row in full, and its curves", show=False
        ),
        Binding("escape", "back", "Back", id="compare.back", tooltip="clear the filter, then back", show=False),
    ]

    def __init__(self, question: Question, *, read_only: bool, receipt: Receipt | None = None, cell: str = "") -> None:
        super().__init__(question, read_only=read_only, receipt=receipt, cell=cell)
        self.items: list[Item] = []
        self.filter = Filter()
        self.table = Table((), self.filter, below=False)
        self._unified: bool | None = None

    def body(self) -> ComposeResult:
        """The verdict, the table, and one row in full with its curves."""
        yield Static("reading…", id="verdict", markup=False)
        yield Static(id="findings", markup=False)
        yield Static(id="sides", markup=False)
        with Container(id="body"):
            yield Grid(id="table")
            with Vertical(id="more"):
                with VerticalScroll(id="about"):
                    yield Static(id="details", markup=False)
                yield Plot(id="plot")
        yield Input(id="search", placeholder="words, or -words", compact=True)

    def on_mount(self) -> None:
        """The table has the keys."""
        self.query_one("#table", Grid).focus()

    def on_resize(self, event: events.Resize) -> None:
        """Curves beside the table, below it, or only when asked for; both sides beside or below each other."""
        super().on_resize(event)
        wide = event.size.width >= 150
        self.set_class(wide, "-wide")
        self.set_class(not wide and event.size.height < 34, "-low")
        self._arrange()

    # --- showing -----------------------------------------------------------------------------------------------

    def show_found(self, found: Receipt | str) -> None:
        """Show the receipt, or why there is none."""
        self.items = items(self.receipt) if self.receipt else []
        grid = self.query_one("#table", Grid)
        grid.empty = "nothing to compare" if isinstance(found, str) else "no line passes the filter"
        verdict = f"✗ {printable(found)}" if isinstance(found, str) else f"{headline(found)}: {reason(found)}"
        self.query_one("#verdict", Static).update(verdict)
        self.query_one("#findings", Static).update("" if isinstance(found, str) else "\n".join(told_loudly(found)))
        self.query_one("#sides", Static).update("" if isinstance(found, str) else "\n".join(about(found)))
        self._arrange()
        self.refresh_bindings()

    @property
    def is_unified(self) -> bool:
        """Whether both sides of a row stand below each other: as asked for, else by the width."""
        return self.size.width < NARROW if self._unified is None else self._unified

    @property
    def _room(self) -> int:
        """Cells of a line of the table, which has three fifths of a wide screen, and a scrollbar."""
        return self.size.width * (3 if self.has_class("-wide") else 5) // 5 - 1

    @property
    def item(self) -> Item | None:
        """What the cursor is on."""
        at = self.query_one("#table", Grid).cursor
        return self.table.items[at] if at < len(self.table) else None

    def _arrange(self) -> None:
        grid, here = self.query_one("#table", Grid), self.item
        self.table = Table(self.items, self.filter, below=self.is_unified, room=self._room)
        grid.show(self.table.columns, self.table)
        grid.reload(self.table.place(here))
        self._moved()

    @on(Grid.Moved, "#table")
    def _moved(self) -> None:
        item, plot = self.item, self.query_one("#plot", Plot)
        # The pane of the details is two fifths of the screen, or more.
        width = self.size.width * 2 // 5 - 4
        told = "\n".join(details(self.receipt, item, width)) if self.receipt and item else self._notes()
        self.query_one("#details", Static).update(told)
        shift = shift_of(self.receipt, item) if self.receipt else None
        if shift is None:
            plot.draw("no percentile curve for this line", ())
        else:
            names = percentiles(shift)
            curves = [{name: values[name] for name in names} for values in (shift.base, shift.candidate)]
            plot.draw(cut(shift.metric, 40), curves, cut(shift.unit, 24), ("base", "candidate"))
        self._tell(item)
        self.refresh_bindings()

    def _tell(self, item: Item | None) -> None:
        filtered = f"filter: {self.filter}, {plural(self.table.hidden, 'line')} hidden   " if str(self.filter) else ""
        volatile = self.receipt.ignored_changes if self.receipt else 0
        more = f"   {plural(volatile, 'volatile difference')} left out (i)" if volatile else ""
        self.status(f"{filtered}{item.path if item else ''}{more}")

    def _notes(self) -> str:
        if self.receipt is None:
            return ""
        texts = [legend(self.receipt.rows), *(f"note: {cut(note, 300)}" for note in self.receipt.notes)]
        return "\n".join(filter(None, texts))

    def copies(self) -> list[Copy]:
        """Value, path, row, table and the whole receipt."""
        item, grid = self.item, self.query_one("#table", Grid)
        found = []
        if item is not None and grid.line:
            value = " → ".join(filter(None, (item.base, item.candidate)))
            row = Table([item], Filter(), below=False)
            found = [
                Copy("v", "value", value),
                Copy("p", "path", item.path),
                Copy("r", "row", tab_separated(row.columns, row.lines[1:])),
            ]
        if self.receipt is None:
            return found
        beside = Table(self.items, self.filter, below=False)
        lines = (line for line, item in zip(beside.lines, beside.items, strict=True) if item)
        found.append(Copy("t", "table", tab_separated(beside.columns, lines)))
        return [*found, Copy("m", "markdown", rendered(self.receipt, "markdown"))]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Writing is off where nothing can be written."""
        if action == "waive" and (self.read_only or self.fixed or unwaivable(self.item)):
            return None
        return super().check_action(action, parameters)

    # --- actions -----------------------------------------------------------------------------------------------

    def action_difference(self, way: int) -> None:
        """The next difference, or the one before."""
        grid = self.query_one("#table", Grid)
        place = self.table.next(grid.cursor, way)
        if place is None:
            self.notify("no more differences this way", markup=False)
        else:
            grid.cursor = place

    def action_search(self) -> None:
        """Open the line of the filter."""
        box = self.query_one("#search", Input)
        box.value = self.filter.text
        box.add_class("-open")
        box.focus()

    @on(Input.Changed, "#search")
    def _filtering(self, event: Input.Changed) -> None:
        self.filter = self.filter._replace(text=event.value)
        self._arrange()

    @on(Input.Submitted, "#search")
    def _filtered(self) -> None:
        self.query_one("#search", Input).remove_class("-open")
        self.query_one("#table", Grid).focus()

    def action_kind(self) -> None:
        """Ask for a class of lines."""
        counts = {kind: sum(item.kind == kind for item in self.items) for kind in KINDS}
        lines = [(_ALL, f"{len(self.items)}"), *((k, f"{KINDS[k]}: {n}") for k, n in counts.items() if n)]

        def chosen(kind: str | None) -> None:
            if kind is not None:
                self.filter = self.filter._replace(kind="" if kind == _ALL else kind)
                self._arrange()

        self.app.push_screen(Choice("show one class", lines, self.filter.kind or _ALL), chosen)

    def action_verdict(self) -> None:
        """Ask for a verdict."""
        words = dict.fromkeys(item.verdict for item in self.items if item.verdict)
        verdicts = [(word, plural(sum(item.verdict == word for item in self.items), "line")) for word in words]

        def chosen(verdict: str | None) -> None:
            if verdict is not None:
                self.filter = self.filter._replace(verdict="" if verdict == _ALL else verdict)
                self._arrange()

        self.app.push_screen(Choice("show one verdict", [(_ALL, ""), *verdicts], self.filter.verdict or _ALL), chosen)

    def action_unified(self) -> None:
        """Both sides the other way."""
        self._unified = not self.is_unified
        self._arrange()

    def action_only(self, more: bool) -> None:
        """The row in full with its curves alone, or the table."""
        self.set_class(more, "-only-more")

    @on(Grid.Chosen, "#table")
    def _open(self) -> None:
        self.action_only(True)

    def action_back(self) -> None:
        """Close the filter's line; else show the table; else clear the filter; else leave."""
        box = self.query_one("#search", Input)
        if box.has_focus:
            self._filtered()
        elif self.has_class("-only-more"):
            self.action_only(False)
        elif str(self.filter):
            self.filter = Filter()
            self._arrange()
        else:
            self.dismiss()

    # --- writing -----------------------------------------------------------------------------------------------

    def action_waive(self) -> None:
        """Ask for a reason, and write the waiver into the policy file."""
        item = self.item
        why = "read-only: nothing is written" if self.read_only else unwaivable(item)
        if why or item is None or item.row is None:
            self.notify(why, severity="warning", markup=False)
            return
        metric, statistic = item.row.metric, item.row.statistic

        def taken(values: Values | None) -> None:
            if values is not None:
                self._waive(values["path"].strip(), (metric, statistic, values["reason"], values["until"]))

        self.app.push_screen(waiver_form(item, metric, statistic, self.question.policy), taken)

    @work(thread=True, exclusive=True, exit_on_error=False, group="waive", description="the waiver")
    def _waive(self, path: str, typed: tuple[str, str, str, str]) -> None:
        try:
            waive(path, waiver(*typed))
        except MigratorError as error:
            self.app.call_from_thread(self.complain, str(error))
            return
        self.app.call_from_thread(self._waived, path)

    def _waived(self, path: str) -> None:
        self.notify(f"waived in {printable(path)}", markup=False)
        self.ask(replace(self.question, policy=path))
