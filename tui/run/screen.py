"""One export: its metrics with a curve, the run itself, its configuration, its GPUs, and the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import ContentSwitcher, Input, Static
from textual.worker import get_current_worker

from migrator.check.rule import Spot
from migrator.errors import MigratorError
from migrator.jsonfile import path_text
from migrator.render.safe import printable
from tui.common import outline
from tui.common.chart import Chart
from tui.common.clipboard import Copy
from tui.common.curve import points
from tui.common.grid import Grid
from tui.common.outline import Outline
from tui.common.plot import Plot
from tui.common.rows import Line, Listed, safe_text, tab_separated
from tui.common.workloads import Workloads, read_workloads
from tui.run import peers
from tui.run.model import (
    COLUMNS,
    Run,
    gpu_lines,
    headline,
    json_text,
    legend,
    metric_line,
    metrics,
    page,
    parts,
    read_run,
    statistics_text,
)
from tui.run.requests import Requests, histogram_of, read_requests, records_of, timeline_of
from tui.run.searching import SearchingPage
from tui.run.tabs import Tabs

DRAWINGS: Final = {"curve": "percentiles", "histogram": "requests", "time": "over time", "": ""}
"""What the plot shows, in the order of its key → the word in its title; empty for no plot."""
_OF_REQUESTS: Final = ("histogram", "time")


class RunScreen(SearchingPage):
    """One export in full."""

    HELP_TEXT = (
        "1 to 6 open the panels; escape goes back to the metrics, and from there to the files. In trees → unfolds, ←"
        " folds, E unfolds all. Secrets are replaced before anything is shown.\n\n"
        "p goes through the drawings of a metric: its percentiles; where the records of the requests are beside the"
        " export, how often each value occurs, and the values over time, with a line through their medians and x for a"
        " request that failed; and none. 6 ranks the run among those of its workload.\n\n" + legend()
    )
    DEFAULT_CSS = """
    RunScreen #headline { height: 2; padding: 0 1; }
    RunScreen #metrics { layout: vertical; }
    RunScreen #table { border-bottom: solid $panel; } RunScreen.-low #table { border-bottom: none; }
    RunScreen #plot { height: 11; max-width: 100; padding: 0 1; }
    RunScreen.-wide #metrics { layout: horizontal; } RunScreen.-wide #table { width: 3fr; border-bottom: none; }
    RunScreen.-wide #plot { max-width: 100%; }
    RunScreen.-wide #plot { width: 2fr; min-width: 48; height: 1fr; border-left: solid $panel; }
    RunScreen.-low #plot { display: none; }
    RunScreen #run { padding: 0 1; }
    RunScreen #search { display: none; height: 1; border: none; padding: 0 1; background: $surface; }
    RunScreen #search.-open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "panel('metrics')", "Metrics", id="run.metrics", tooltip="metrics and curve", show=False),
        Binding("2", "panel('run')", "Run", id="run.run", tooltip="problems, identity, errors", show=False),
        Binding("3", "panel('config')", "Config", id="run.config", tooltip="the configuration", show=False),
        Binding("4", "panel('gpus')", "GPUs", id="run.gpus", tooltip="telemetry of each GPU", show=False),
        Binding("5", "panel('json')", "JSON", id="run.json", tooltip="the whole document", show=False),
        Binding("6", "panel('peers')", "Peers", id="run.peers", tooltip="among its workload", show=False),
        Binding("escape", "back", "Back", id="run.back", tooltip="to the metrics, then to the files"),
        Binding("w", "warmup", "Warm-up", id="run.warmup", tooltip="metrics of the warm-up, or of the run"),
        Binding("m", "migrate", "Migrate", id="run.migrate", tooltip="preview the migration of this export"),
        Binding("p", "plot", "Curve", id="run.plot", tooltip="the next drawing, or none"),
    ]

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.run: Run | None = None
        self.part = "run"
        self.spots: list[Spot] = []
        self.gpus: list[tuple[Line, Spot | None]] = []
        self.reading = True
        self.drawing: str | None = None
        self.requests: Requests | None = None
        self.records = ""
        self.workloads: Workloads | None = None

    def body(self) -> ComposeResult:
        """Headline, panels, and the line of the search."""
        yield Static("reading…", id="headline", markup=False)
        yield Tabs(id="tabs", markup=False)
        with ContentSwitcher(initial="metrics", id="body"):
            with Container(id="metrics"):
                yield Grid(id="table")
                yield Plot(id="plot")
            with VerticalScroll(id="run"):
                yield Static(id="text", markup=False)
            yield Grid(id="config", folds=True)
            yield Grid(id="gpus")
            yield Grid(id="json", folds=True)
            yield Grid(id="peers")
        yield Input(id="search", placeholder="search", compact=True)

    def on_mount(self) -> None:
        """Start reading."""
        super().on_mount()
        self.query_one(Tabs).mark("metrics")
        self.query_one("#table", Grid).focus()
        self._load()

    def on_resize(self, event: events.Resize) -> None:
        """Curve beside the table, below it, or not at all."""
        super().on_resize(event)
        self.set_class(event.size.width >= 140, "-wide")
        self._place_plot()

    @property
    def shown_drawing(self) -> str:
        """What the plot shows: as asked for, else the curve where there is room."""
        if self.drawing is not None:
            return self.drawing
        return "curve" if self.size.height >= 30 or self.size.width >= 140 else ""

    def _place_plot(self) -> None:
        self.set_class(not self.shown_drawing, "-low")

    @work(thread=True, exclusive=True, exit_on_error=False, group="run", description="reading the file")
    def _load(self) -> None:
        try:
            run = read_run(self.path)
        except MigratorError as error:
            # The header says which file.
            error.file = ""
            self.app.call_from_thread(self._failed, str(error))
            return
        self.app.call_from_thread(self._show, run)

    def files_changed(self) -> None:
        """Read the file again."""
        self.requests = self.workloads = None
        self._load()
        self.action_panel(self.panel)

    def _failed(self, text: str) -> None:
        self.reading = False
        self.query_one("#headline", Static).update(printable(f"✗ {text}"))
        self.query_one("#table", Grid).empty = "nothing to show: the file could not be read"
        self.query_one("#table", Grid).refresh()
        self.search_on()

    def _show(self, run: Run) -> None:
        self.run, self.reading = run, False
        self.records = records_of(self.path) if run.spots else ""
        self.query_one("#headline", Static).update("\n".join(headline(run)))
        self.query_one("#text", Static).update("\n".join(page(run)))
        self._show_metrics()
        self.show_footer()
        self.gpus = gpu_lines(run)
        gpus = self.query_one("#gpus", Grid)
        gpus.empty = "no telemetry of GPUs in this export"
        gpus.show(COLUMNS, Listed(line for line, _ in self.gpus))
        document = run.document if type(run.document) is dict else {}
        config = self.query_one("#config", Grid)
        config.empty = "no configuration in this export"
        config.show(outline.COLUMNS, Outline(document.get("input_config"), ("input_config",)))
        self.query_one("#json", Grid).show(outline.COLUMNS, Outline(run.document))
        if not run.spots:
            self.action_panel("json")
        self.search_on()

    def _show_metrics(self) -> None:
        if self.run is None:
            return
        run = self.run
        self.spots = metrics(run, self.part)
        table = self.query_one("#table", Grid)
        table.empty = "no metrics in this export"
        title = "  metric" if self.part == "run" else "  metric of the warm-up"
        heads = (COLUMNS[0]._replace(title=title), *COLUMNS[1:])
        table.show(heads, Listed(metric_line(run, spot) for spot in self.spots))
        self._moved()

    # --- what the frame asks -----------------------------------------------------------------------------------

    @property
    def panel(self) -> str:
        """The open panel."""
        return self.query_one(ContentSwitcher).current or "metrics"

    @property
    def grid(self) -> Grid | None:
        """The grid of the open panel; the text of the run has none."""
        name = "table" if self.panel == "metrics" else self.panel
        return None if self.panel == "run" else self.query_one(f"#{name}", Grid)

    @property
    def is_read(self) -> bool:
        """Whether the open panel has all of its lines; there will be none of a file that cannot be read."""
        return not self.reading and (self.panel != "peers" or self.workloads is not None)

    @property
    def spot(self) -> Spot | None:
        """The stats block that the cursor is on."""
        grid = self.grid
        if grid is None:
            return None
        if self.panel == "metrics":
            return self.spots[grid.cursor] if grid.cursor < len(self.spots) else None
        return self.gpus[grid.cursor][1] if self.panel == "gpus" and grid.cursor < len(self.gpus) else None

    def where(self) -> str:
        """The file."""
        return self.path

    def command(self) -> Sequence[str]:
        """`inspect`, or `check` where problems are shown."""
        return ["aiperf-migrate", "check" if self.panel == "run" else "inspect", self.path]

    def offers(self, action: str) -> bool:
        """The curve belongs to the metrics; not every export has a warm-up."""
        if action == "warmup":
            return self.run is not None and len(parts(self.run)) > 1
        return action != "plot" or self.panel == "metrics"

    def file(self) -> str:
        """The file that is shown."""
        return self.path

    def copies(self) -> list[Copy]:
        """Value, path, row and table of the open panel."""
        grid = self.grid
        if grid is None:
            text = "\n".join(page(self.run)) if self.run else ""
            return [Copy("p", "path", self.path), Copy("t", "text", text)]
        line = grid.line
        every = (grid.source.line(index) for index in range(len(grid.source)))
        return [
            Copy("v", "value", self._value()),
            Copy("p", "path", self._place()),
            Copy("r", "row", tab_separated(grid.columns, [line]) if line else ""),
            Copy("t", "table", tab_separated(grid.columns, every) if line else ""),
            Copy("f", "file", self.path),
        ]

    def _value(self) -> str:
        if self.spot:
            return statistics_text(self.spot)
        source = self.grid.source if self.grid else None
        if isinstance(source, Outline) and self.grid and self.grid.cursor < len(source.nodes):
            value = source.nodes[self.grid.cursor].value
            return value if type(value) is str else json_text(value)
        return ""

    def _place(self) -> str:
        if self.spot:
            return safe_text(path_text(self.spot.path))
        grid = self.grid
        return grid.source.place(grid.cursor) if grid and isinstance(grid.source, Outline) else ""

    # --- actions -----------------------------------------------------------------------------------------------

    @on(Tabs.Clicked)
    def _clicked(self, message: Tabs.Clicked) -> None:
        self.action_panel(message.panel)

    def action_panel(self, panel: str) -> None:
        """Open a panel."""
        self.query_one(ContentSwitcher).current = panel
        self.query_one(Tabs).mark(panel)
        (self.grid or self.query_one("#run", VerticalScroll)).focus()
        self.show_footer()
        if panel == "peers" and self.workloads is None:
            self.query_one("#peers", Grid).empty = "reading the other runs…"
            self._read_peers()
        self._moved()

    def before_search(self) -> None:
        """The text of the run cannot be searched, but the document can."""
        if self.panel == "run":
            self.action_panel("json")

    def focus_panel(self) -> None:
        """Give the keys back to the open panel."""
        self.action_panel(self.panel)

    @on(Grid.Moved)
    def _moved(self) -> None:
        self.tell()
        if self.panel == "metrics" and self.spot:
            self._draw(self.spot)

    def tell(self) -> None:
        """The path of what the cursor is on."""
        found = self.workloads if self.panel == "peers" else None
        self.status(peers.headline(found, self.path) if found else self._place())

    def _draw(self, spot: Spot) -> None:
        """Draw the metric: its curve, or its requests, which are read when they are first asked for."""
        plot, drawing = self.query_one(Plot), self.shown_drawing
        name = line.cells[0] if (line := self.query_one("#table", Grid).line) else ""
        if drawing not in _OF_REQUESTS:
            hint = "   p: requests" if self.records else ""
            plot.draw(f"{name}{hint}", [points(spot.block)], safe_text(spot.block.get("unit")))
        elif self.part != "run":
            plot.show(name, Chart((), nothing="the records are of the run, not of its warm-up"))
        elif self.requests is None:
            plot.show(name, Chart((), nothing="reading the records…"))
            self._read_requests({each.tag: str(each.block.get("unit") or "") for each in self.spots})
        else:
            of = histogram_of if drawing == "histogram" else timeline_of
            plot.show(f"{name}   {DRAWINGS[drawing]}", of(self.requests, spot))

    @work(thread=True, exclusive=True, exit_on_error=False, group="requests", description="reading the records")
    def _read_requests(self, units: dict[str, str]) -> None:
        worker = get_current_worker()
        found = read_requests(self.records, units, lambda: worker.is_cancelled)
        if not worker.is_cancelled:
            self.app.call_from_thread(self._have_requests, found)

    def _have_requests(self, found: Requests) -> None:
        self.requests = found
        if self.is_attached:
            self._moved()

    @work(thread=True, exclusive=True, exit_on_error=False, group="peers", description="reading the other runs")
    def _read_peers(self) -> None:
        worker = get_current_worker()
        found = read_workloads(self.shell.session.paths, (), lambda _: worker.is_cancelled)
        if not worker.is_cancelled:
            self.app.call_from_thread(self._have_peers, found)

    def _have_peers(self, found: Workloads) -> None:
        if self.is_attached:
            self.workloads = found
            grid = self.query_one("#peers", Grid)
            grid.empty = peers.headline(found, self.path)
            grid.show(peers.COLUMNS, Listed(peers.lines(found, self.path)))
            self.tell()
            self.search_on()

    @on(Grid.Chosen)
    def _chosen(self, message: Grid.Chosen) -> None:
        source = message.grid.source
        if isinstance(source, Outline):
            source.toggle(message.index)
            message.grid.reload()
        elif self.spot and self.run:
            self._to_json(self.spot)

    def _to_json(self, spot: Spot) -> None:
        """The block of a metric in the whole document."""
        grid = self.query_one("#json", Grid)
        source = grid.source
        if isinstance(source, Outline):
            self.action_panel("json")
            grid.reload(source.reveal(spot.path))

    def action_warmup(self) -> None:
        """The warm-up's metrics, or the run's."""
        if self.run is None or len(parts(self.run)) < 2:
            self.notify("no warm-up metrics in this export", markup=False)
            return
        self.part = "warmup" if self.part == "run" else "run"
        self.action_panel("metrics")
        self._show_metrics()

    def action_migrate(self) -> None:
        """Preview the migration of this export."""
        self.shell.open_migration([self.path])

    def action_plot(self) -> None:
        """The next drawing; those of requests only where there are records."""
        order = [name for name in DRAWINGS if self.records or name not in _OF_REQUESTS]
        self.drawing = order[(order.index(self.shown_drawing) + 1) % len(order)]
        self._place_plot()
        self._moved()

    def action_back(self) -> None:
        """Leave the search; else go to the metrics; else to the files."""
        box = self.query_one("#search", Input)
        if box.has_focus:
            box.remove_class("-open")
            self.action_panel(self.panel)
        elif self.panel != "metrics" and self.spots:
            self.action_panel("metrics")
        else:
            self.dismiss()
