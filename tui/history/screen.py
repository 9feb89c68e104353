"""The history of the runs of each workload: a line a metric, its chart, and its runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.widgets import Static
from textual.worker import get_current_worker

from migrator.errors import MigratorError
from migrator.render.safe import printable
from migrator.render.text import plural
from tui.common.chart import Chart
from tui.common.clipboard import Copy
from tui.common.form import Field, Form, Values
from tui.common.grid import Grid
from tui.common.keys import declared
from tui.common.page import Page
from tui.common.plot import Plot
from tui.common.rows import tab_separated
from tui.common.workloads import UNTIMED, Workloads, metrics_of, read_workloads
from tui.history.model import RUNS, SIGNS, HistoryTable, RunTable, Shown, chart_of, event_words, legend

_WIDE: Final = 150
_LOWEST: Final = 9
"""Lines that a chart needs."""
_EVERY: Final = 50
"""Files that are read between two updates of the line that says how many."""


class HistoryScreen(Page):
    """The runs of each workload in the order of time.

    Args:
        paths: exports, or folders of them.
        names: `METRIC.STATISTIC` of the metrics that are shown; empty for those that `diff` judges by.
    """

    HELP_TEXT = (
        "enter opens the runs of a metric, and from there a run. ] and [ go from change to change. M chooses other"
        " metrics.\n\n"
        "Each ● is a run, in the order of time, evenly spaced; a line is the level between two changes. Below the axis:"
        " " + ", ".join(f"{sign} {words}" for sign, words in SIGNS.items()) + ", * several.\n\n"
        "A run that does not tell when it started is left out, unless t takes the time of its file.\n\n"
        "Runs whose release computes the metric otherwise are not compared with each other: D marks where that begins."
    )
    DEFAULT_CSS = """
    HistoryScreen #headline { height: auto; max-height: 3; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    HistoryScreen #body { layout: vertical; }
    HistoryScreen #lists { height: 1fr; }
    HistoryScreen #runs { display: none; }
    HistoryScreen #more { height: 1fr; border-top: solid $panel; }
    HistoryScreen #plot { height: 1fr; padding: 0 1; }
    HistoryScreen #about { height: auto; max-height: 5; padding: 0 1; }
    HistoryScreen.-wide #body { layout: horizontal; }
    HistoryScreen.-wide #lists { width: 3fr; }
    HistoryScreen.-wide #more { width: 2fr; height: 1fr; border-top: none; border-left: solid $panel; }
    HistoryScreen.-wide #about { max-height: 40%; }
    HistoryScreen.-low #more { display: none; }
    HistoryScreen.-chart #lists { display: none; }
    HistoryScreen.-chart #more { display: block; height: 1fr; border: none; }
    HistoryScreen.-runs #runs { display: block; }
    HistoryScreen.-runs #table { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "change(1)", "Next", id="history.next", tooltip="the next change"),
        Binding(
            "left_square_bracket",
            "change(-1)",
            "Before",
            id="history.previous",
            tooltip="the change before",
            show=False,
        ),
        Binding("1", "panel('table')", "Metrics", id="history.table", tooltip="all metrics", show=False),
        Binding("2", "panel('chart')", "Chart", id="history.chart", tooltip="the chart alone"),
        Binding("3", "panel('runs')", "Runs", id="history.runs", tooltip="the runs of the metric"),
        Binding("M", "metrics", "Choose", id="history.metrics", tooltip="choose the metrics…"),
        Binding(
            "t",
            "file_times",
            "Times",
            id="history.file-times",
            tooltip="place undated runs by the file's time",
            show=False,
        ),
        Binding("r", "reload", "Reload", id="history.reload", tooltip="read the runs again", show=False),
        Binding("escape", "back", "Back", id="history.back", tooltip="to the metrics, then back", show=False),
    ]

    def __init__(self, paths: Sequence[str], names: Sequence[str] = ()) -> None:
        super().__init__()
        self.paths, self.names = tuple(paths), tuple(names)
        self.found: Workloads | None = None
        self.table: HistoryTable | None = None
        self.runs: RunTable | None = None
        self.panel = "table"
        self.file_times = False

    def body(self) -> ComposeResult:
        """The headline, the metrics or the runs of one, and its chart."""
        yield Static("reading…", id="headline", markup=False)
        with Container(id="body"):
            with Container(id="lists"):
                yield Grid(id="table")
                yield Grid(id="runs")
            with Vertical(id="more"):
                yield Plot(id="plot")
                with VerticalScroll(id="about"):
                    yield Static(id="text", markup=False)

    def on_mount(self) -> None:
        """Start reading."""
        self.query_one("#table", Grid).focus()
        self.look()

    def on_resize(self, event: events.Resize) -> None:
        """The chart beside the table, below it, or alone."""
        self.set_class(event.size.width >= _WIDE, "-wide")
        self.call_after_refresh(self._place)

    def _place(self) -> None:
        """Above the chart, the table is as high as its lines; where neither has room, the chart is a panel alone."""
        lists, room = self.query_one("#lists"), self.query_one("#body").size.height
        needed = max(len(self.table) if self.table else 0, 8) + 1
        wide, fits = self.size.width >= _WIDE, room - needed >= _LOWEST
        self.set_class(not wide and not fits and room < 2 * _LOWEST + 4, "-low")
        lists.styles.height = "1fr" if wide or self.has_class("-low") else needed if fits else room // 2

    # --- reading -----------------------------------------------------------------------------------------------

    def files_changed(self) -> None:
        """Read again."""
        self.look()

    def look(self) -> None:
        """Read the runs."""
        self.query_one("#table", Grid).empty = "reading…"
        self._look(self.names, file_times=self.file_times)

    @work(thread=True, exclusive=True, exit_on_error=False, group="history", description="the history")
    def _look(self, names: tuple[str, ...], *, file_times: bool) -> None:
        worker = get_current_worker()

        def told(count: int) -> bool:
            if count % _EVERY == 0 and not worker.is_cancelled:
                self.app.call_from_thread(self._tell_progress, count)
            return worker.is_cancelled

        try:
            found: Workloads | str = read_workloads(self.paths, names, told, file_times=file_times)
        except MigratorError as error:
            found = str(error)
        if not worker.is_cancelled:
            self.app.call_from_thread(self._show, found)

    def _tell_progress(self, count: int) -> None:
        if self.is_attached:
            self.status(f"reading: {count} files so far")

    def _show(self, found: Workloads | str) -> None:
        if not self.is_attached:
            return
        here = self.shown
        grid = self.query_one("#table", Grid)
        grid.empty = "no runs here"
        self.query_one("#headline", Static).update("\n".join(map(printable, _headline(found, self._key_of_times))))
        self.found = None if isinstance(found, str) else found
        self.table = HistoryTable(self.found) if self.found else None
        if self.table is None:
            return
        grid.show(self.table.columns, self.table)
        grid.reload(self._line_of(here))
        self.call_after_refresh(self._place)
        self.refresh_bindings()
        self._moved()

    def _line_of(self, here: Shown | None) -> int:
        """The line of a series that was shown before; else the first series with a change, else the first."""
        assert self.table is not None
        for place, each in enumerate(self.table.shown):
            if here and here.series and each.series:
                same = (each.section.name, each.series.metric) == (here.section.name, here.series.metric)
                if same:
                    return place
        first = self.table.next(-1, 1)
        return min(1, len(self.table)) if first is None else first

    # --- showing -----------------------------------------------------------------------------------------------

    @property
    def shown(self) -> Shown | None:
        """What the cursor is on in the table."""
        at = self.query_one("#table", Grid).cursor
        return self.table.shown[at] if self.table and at < len(self.table) else None

    @property
    def run_number(self) -> int | None:
        """The index of the run that the cursor is on, where runs are shown."""
        return self.query_one("#runs", Grid).cursor if self.runs and self.panel == "runs" else None

    @on(Grid.Moved)
    def _moved(self) -> None:
        shown, plot = self.shown, self.query_one("#plot", Plot)
        if shown is None or shown.series is None:
            plot.show("", Chart((), nothing="enter on a metric shows its runs"))
            notes = shown.section.notes if shown else ()
            self.query_one("#text", Static).update("\n".join(printable(f"note: {note}") for note in notes))
            self.status("")
            return
        chart = chart_of(shown.section, shown.series, self.run_number)
        plot.show(f"{shown.series.name}   {legend(chart)}".rstrip(), chart)
        told = map(printable, event_words(shown.section, shown.series))
        self.query_one("#text", Static).update("\n".join(told))
        number = self.run_number
        self.status(shown.section.points[number].file if number is not None else shown.section.name)

    def where(self) -> str:
        """The folder, or how many files."""
        return f"history of {', '.join(self.paths) if len(self.paths) < 3 else f'{len(self.paths)} files'}"

    def command(self) -> Sequence[str]:
        """The same on the command line."""
        asked = [word for name in self.names for word in ("--metric", name)]
        asked += ["--file-times"] if self.file_times else []
        dashed = any(path.startswith("-") for path in self.paths)
        return ["aiperf-migrate", "history", *asked, *(["--"] if dashed else []), *self.paths]

    def offers(self, action: str) -> bool:
        """Nothing can be asked where there are no runs."""
        return action not in ("change", "panel") or bool(self.table and len(self.table))

    def copies(self) -> list[Copy]:
        """Row, table, and the file of a run."""
        grid = self.query_one("#runs" if self.panel == "runs" else "#table", Grid)
        every = [grid.source.line(index) for index in range(len(grid.source))]
        number, shown = self.run_number, self.shown
        return [
            Copy("p", "path", shown.section.points[number].file if shown and number is not None else ""),
            Copy("r", "row", tab_separated(grid.columns, [grid.line]) if grid.line else ""),
            Copy("t", "table", tab_separated(grid.columns, every) if every else ""),
        ]

    # --- actions -----------------------------------------------------------------------------------------------

    def action_panel(self, panel: str) -> None:
        """The metrics, the chart alone, or the runs of the metric under the cursor."""
        shown = self.shown
        if panel == "runs":
            if shown is None or shown.series is None:
                self.notify("runs belong to a metric: go to the line of one", markup=False)
                return
            self.runs = RunTable(shown.section, shown.series)
            runs = self.query_one("#runs", Grid)
            runs.show(RUNS, self.runs)
            first = self.runs.next(-1, 1)
            runs.reload(len(self.runs) - 1 if first is None else first)
        self.panel = panel
        for each in ("chart", "runs"):
            self.set_class(each == panel, f"-{each}")
        self.query_one("#runs" if panel == "runs" else "#table", Grid).focus()
        self._moved()

    @on(Grid.Chosen, "#table")
    def _chosen(self) -> None:
        if self.shown and self.shown.series:
            self.action_panel("runs")

    @on(Grid.Chosen, "#runs")
    def _open(self) -> None:
        number, shown = self.run_number, self.shown
        if shown and number is not None:
            self.shell.open_run(shown.section.points[number].file)

    def action_change(self, way: int) -> None:
        """The next metric with a change, or the next run with something to tell; or the one before."""
        of: HistoryTable | RunTable | None = self.runs if self.panel == "runs" else self.table
        grid = self.query_one("#runs" if self.panel == "runs" else "#table", Grid)
        place = of.next(grid.cursor, way) if of else None
        if place is None:
            self.notify("no more changes this way", markup=False)
        else:
            grid.cursor = place

    def action_metrics(self) -> None:
        """Ask for the metrics."""

        def problem(values: Values) -> str:
            try:
                metrics_of(_listed(values["names"]))
            except MigratorError as error:
                return error.found
            return ""

        def about(_: Values) -> list[str]:
            return ["METRIC.STATISTIC, several with commas; empty: those that diff judges by."]

        def taken(values: Values | None) -> None:
            if values is not None:
                self.names = tuple(_listed(values["names"]))
                self.look()

        field = Field("names", "metrics", ", ".join(self.names), "time_to_first_token.p99, request_latency.p50")
        self.app.push_screen(Form("the metrics of the history", [field], about, problem, "Show"), taken)

    @property
    def _key_of_times(self) -> str:
        return next(key.label for key in declared(self, self.shell.keymap) if key.action == "file_times")

    def action_file_times(self) -> None:
        """Give runs that do not tell when they started the time of their file, or leave them out."""
        self.file_times = not self.file_times
        taken = "are placed by the time of their file" if self.file_times else "are left out"
        self.notify(f"runs that do not tell when they started {taken}", markup=False)
        self.look()

    def action_reload(self) -> None:
        """Read again."""
        self.look()

    def action_back(self) -> None:
        """To the metrics; else leave."""
        if self.panel != "table":
            self.action_panel("table")
        else:
            self.dismiss()


def _headline(found: Workloads | str, key: str) -> list[str]:
    if isinstance(found, str):
        return [f"✗ {found}"]
    runs = sum(len(section.points) for section in found.sections)
    every = [(change.verdict, series) for s in found.sections for series in s.series for change in series.changes]
    worse = sum(verdict == "worse" for verdict, _ in every)
    changed = f"; {plural(len(every), 'change')} of level, {worse} for the worse" if every else "; no change of level"
    told = f"{plural(runs, 'run')} of {plural(len(found.sections), 'workload')}{changed}"
    failed = [f"✗ {plural(len(found.errors), 'file')} not read: {found.errors[0]}"] if found.errors else []
    # The key before the file, for that is where a narrow screen ends.
    notes = [note.replace(UNTIMED, f"{UNTIMED}; {key} takes that of the file") for note in found.notes]
    return [told, *failed, *sorted(notes, key=lambda note: UNTIMED not in note)][:3]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
