"""What the screens of one sweep and of two share: a table of cells, the fronts as a chart, and the report as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from migrator.errors import MigratorError
from migrator.render.safe import printable
from tui.common.chart import Chart
from tui.common.clipboard import Copy
from tui.common.form import Field, Form, Values
from tui.common.grid import Grid
from tui.common.page import Page
from tui.common.plot import Plot
from tui.common.rows import Column, Line, tab_separated
from tui.compare.sweep_table import shown_front

if TYPE_CHECKING:
    from migrator.diff.receipt import Front

_PANELS: Final = ("cells", "front", "report")
WIDE: Final = 150
"""Columns from which table and front stand beside each other."""
_LOWEST: Final = 10
"""Lines that a front needs."""
NOTHING: Final = Chart((), nothing="no front: two cells of different load, and no failures, make one")


class Cells(Protocol):
    """A table of cells."""

    columns: tuple[Column, ...]
    lines: list[Line]

    def __len__(self) -> int:
        """How many lines there are."""

    def line(self, index: int) -> Line:
        """A line."""


class SweepPage(Page):
    """A sweep, or two."""

    DEFAULT_CSS = """
    SweepPage #verdict { height: auto; max-height: 4; padding: 0 1; }
    SweepPage #findings { height: auto; max-height: 3; padding: 0 1; color: $warning; }
    SweepPage #findings, SweepPage #sides { text-wrap: nowrap; text-overflow: ellipsis; }
    SweepPage #sides { height: auto; max-height: 7; padding: 0 1; }
    SweepPage #body { layout: vertical; }
    SweepPage #plot { height: 1fr; min-height: 8; padding: 0 1; border-top: solid $panel; }
    SweepPage #report { display: none; height: 1fr; padding: 0 1; }
    SweepPage.-wide #body { layout: horizontal; }
    SweepPage.-wide #table { width: 3fr; }
    SweepPage.-wide #plot { width: 2fr; min-width: 60; border-top: none; border-left: solid $panel; }
    SweepPage.-low #plot { display: none; }
    SweepPage.-front #table { display: none; }
    SweepPage.-front #plot { display: block; border: none; }
    SweepPage.-front #sides, SweepPage.-front #findings, SweepPage.-report #sides { display: none; }
    SweepPage.-report #table, SweepPage.-report #plot { display: none; }
    SweepPage.-report #report { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "panel('cells')", "Cells", id="sweep.cells", tooltip="the table of cells", show=False),
        Binding("2", "panel('front')", "Front", id="sweep.front", tooltip="the front alone"),
        Binding("3", "panel('report')", "Report", id="sweep.report", tooltip="the whole report as text", show=False),
        Binding("p", "next_front", "Next front", id="sweep.next-front", tooltip="the next front"),
        Binding("t", "goal", "Goal", id="sweep.goal", tooltip="the goals that capacity must meet…"),
        Binding("B", "by", "Factors", id="sweep.by", tooltip="what cells differ in…", show=False),
        Binding("escape", "back", "Back", id="sweep.back", tooltip="to the cells, then back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.front_number = 0
        self.panel = "cells"

    # --- what subclasses give --------------------------------------------------------------------------------------

    @property
    def fronts(self) -> Sequence[Front]:
        """The fronts; empty while there is none."""
        raise NotImplementedError

    def names(self) -> Sequence[str]:
        """The names of all cells."""
        raise NotImplementedError

    def cell_number(self) -> int | None:
        """The number of the cell that the cursor is on."""
        raise NotImplementedError

    def asked(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of factors and the goals that are asked for."""
        raise NotImplementedError

    def ask_for(self, by: tuple[str, ...], goals: tuple[str, ...]) -> None:
        """Ask for other factors and goals."""
        raise NotImplementedError

    def known_fields(self) -> Sequence[str]:
        """`METRIC.STATISTIC` of the sweep, that a goal may name."""
        return ()

    # --- the frame ---------------------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        """The verdict, the table, the front and the report."""
        yield Static("reading…", id="verdict", markup=False)
        yield Static(id="findings", markup=False)
        yield Static(id="sides", markup=False)
        with Container(id="body"):
            yield Grid(id="table")
            yield Plot(id="plot")
            with VerticalScroll(id="report"):
                yield Static(id="text", markup=False)

    def on_mount(self) -> None:
        """The table has the keys."""
        self.query_one("#table", Grid).focus()

    def on_resize(self, event: events.Resize) -> None:
        """The front beside the table, below it, or alone."""
        self.set_class(event.size.width >= WIDE, "-wide")
        self.call_after_refresh(self._place)

    def _place(self) -> None:
        """Above the front, the table is as high as its lines; where neither has room, the front is a panel alone."""
        grid, room = self.query_one("#table", Grid), self.query_one("#body").size.height
        needed = len(grid.source) + 1
        wide, fits = self.size.width >= WIDE, room - needed >= _LOWEST
        self.set_class(not wide and not fits and room < 2 * _LOWEST + 4, "-low")
        grid.styles.height = "1fr" if wide or self.has_class("-low") else needed if fits else room // 2

    def show_table(self, table: Cells) -> None:
        """Other cells."""
        grid = self.query_one("#table", Grid)
        grid.show(table.columns, table)
        self.call_after_refresh(self._place)
        self.draw()
        self.refresh_bindings()

    def draw(self) -> None:
        """Draw the front, with the cell of the cursor marked."""
        plot, fronts = self.query_one("#plot", Plot), self.fronts
        if not fronts:
            plot.show("", NOTHING)
            return
        number = self.front_number % len(fronts)
        shown = shown_front(fronts[number], self.names(), self.cell_number())
        of = f" {number + 1} of {len(fronts)}, p: next" if len(fronts) > 1 else ""
        plot.show(f"front{of}{f', {shown.group}' if shown.group else ''}", shown.chart, shown.sides)

    def tell_loudly(self, told: Sequence[str]) -> None:
        """What belongs beside the verdict, a line each."""
        loud = self.query_one("#findings", Static)
        loud.update("\n".join(map(printable, told)))
        loud.display = bool(told)

    def tell_report(self, lines: Sequence[str]) -> None:
        """The text of the third panel."""
        self.query_one("#text", Static).update("\n".join(map(printable, lines)))

    @on(Grid.Moved, "#table")
    def _moved(self) -> None:
        self.draw()
        self.tell()

    def tell(self) -> None:
        """The line above the footer."""
        number = self.cell_number()
        self.status("" if number is None else self.names()[number])

    def offers(self, action: str) -> bool:
        """Nothing can be asked of what could not be read; one front has no next."""
        if action == "next_front":
            return len(self.fronts) > 1
        return action not in ("goal", "by", "panel") or bool(self.names())

    def copies(self) -> list[Copy]:
        """Row, table and report."""
        grid = self.query_one("#table", Grid)
        every = [grid.source.line(index) for index in range(len(grid.source))]
        return [
            Copy("v", "name", grid.line.cells[0] if grid.line else ""),
            Copy("r", "row", tab_separated(grid.columns, [grid.line]) if grid.line else ""),
            Copy("t", "table", tab_separated(grid.columns, every) if every else ""),
        ]

    # --- actions -----------------------------------------------------------------------------------------------

    def action_panel(self, panel: str) -> None:
        """One panel."""
        self.panel = panel
        for each in _PANELS[1:]:
            self.set_class(each == panel, f"-{each}")
        self.query_one("#report" if panel == "report" else "#table").focus()

    def action_next_front(self) -> None:
        """The next front."""
        if len(self.fronts) < 2:
            self.notify("no other front", markup=False)
        elif not self.query_one("#plot").display:
            # It could not be seen.
            self.action_panel("front")
        self.front_number += 1
        self.draw()

    def action_back(self) -> None:
        """The cells again; else leave."""
        if self.panel != "cells":
            self.action_panel("cells")
        else:
            self.dismiss()

    def action_goal(self) -> None:
        """Ask for goals."""
        by, goals = self.asked()

        def problem(values: Values) -> str:
            from migrator.diff.sweep.capacity import limits

            try:
                limits(listed(values["goals"]))
            except MigratorError as error:
                return error.found
            return ""

        def about(_: Values) -> list[str]:
            fields = ", ".join(list(self.known_fields())[:12])
            return [
                "The capacity is the most throughput that a cell gives while it meets all goals.",
                "METRIC.STATISTIC<=NUMBER or >=NUMBER, in the unit of the metric; several with commas.",
                *([printable(f"here: {fields}, …")] if fields else []),
            ]

        def taken(values: Values | None) -> None:
            if values is not None:
                self.ask_for(by, tuple(listed(values["goals"])))

        field = Field("goals", "goals", ", ".join(goals), "time_to_first_token.p99<=200")
        self.app.push_screen(Form("capacity under goals", [field], about, problem, "Show"), taken)

    def action_by(self) -> None:
        """Ask for the factors."""
        by, goals = self.asked()

        def about(_: Values) -> list[str]:
            return ["What the cells differ in, such as: concurrency, input length. Empty: found from the runs."]

        def taken(values: Values | None) -> None:
            if values is not None:
                self.ask_for(tuple(listed(values["by"])), goals)

        field = Field("by", "factors", ", ".join(by), "concurrency, input length")
        self.app.push_screen(Form("what cells differ in", [field], about, lambda _: "", "Show"), taken)


def listed(text: str) -> list[str]:
    """Names or goals that are separated by commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
