"""One export: its metrics with a curve, the run itself, its configuration, its GPUs, and the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.widgets import ContentSwitcher, Input, Static
from textual.worker import get_current_worker

from migrator.check.rule import Spot
from migrator.errors import MigratorError
from migrator.jsonfile import path_text
from migrator.render.safe import printable
from tui.common import outline
from tui.common.clipboard import Copy
from tui.common.curve import points
from tui.common.grid import Grid
from tui.common.outline import Outline
from tui.common.page import Page
from tui.common.plot import Plot
from tui.common.rows import Line, Listed, safe_text, tab_separated
from tui.run.model import (
    COLUMNS,
    Run,
    gpu_lines,
    headline,
    legend,
    metric_line,
    metrics,
    page,
    parts,
    read_run,
    statistics_text,
)

PANELS: Final = {"metrics": "Metrics", "run": "Run", "config": "Config", "gpus": "GPUs", "json": "JSON"}
"""Panel → its title, in the order of their number keys."""


class Tabs(Static):
    """The panels with their keys; the open one has brackets, so that it shows without colour."""

    DEFAULT_CSS = "Tabs { height: 1; padding: 0 1; background: $surface; }"

    class Clicked(Message):
        """A panel's title was clicked."""

        def __init__(self, panel: str) -> None:
            super().__init__()
            self.panel = panel

    def mark(self, open_panel: str) -> None:
        """Which panel is open."""
        self._titles = [
            f"[{n} {title}]" if panel == open_panel else f" {n} {title} "
            for n, (panel, title) in enumerate(PANELS.items(), 1)
        ]
        self.update(" ".join(self._titles))

    def on_click(self, event: events.Click) -> None:
        """Open what was clicked."""
        place = 1
        for panel, title in zip(PANELS, self._titles, strict=True):
            if place <= event.x < place + len(title):
                self.post_message(self.Clicked(panel))
            place += len(title) + 1


class RunScreen(Page):
    """One export in full."""

    HELP_TEXT = (
        "1 to 5 open the panels; escape goes back to the metrics, and from there to the files. In trees → unfolds, ←"
        " folds, E unfolds all. Secrets are replaced before anything is shown.\n\n" + legend()
    )
    KEEPS_END = True
    DEFAULT_CSS = """
    RunScreen #headline { height: 2; padding: 0 1; }
    RunScreen #metrics { layout: vertical; }
    RunScreen #plot { height: 12; max-width: 100; padding: 0 1; border-top: solid $panel; }
    RunScreen.-wide #metrics { layout: horizontal; }
    RunScreen.-wide #table { width: 3fr; }
    RunScreen.-wide #plot { max-width: 100%; }
    RunScreen.-wide #plot { width: 2fr; min-width: 48; height: 1fr; border-top: none; border-left: solid $panel; }
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
        Binding("escape", "back", "Back", id="run.back", tooltip="to the metrics, then to the files"),
        Binding("w", "warmup", "Warm-up", id="run.warmup", tooltip="metrics of the warm-up, or of the run"),
        Binding("slash", "search", "Search", id="run.search", tooltip="search in the panel", key_display="/"),
        Binding("n", "find(1)", "Next", id="run.next", tooltip="the next match", show=False),
        Binding("N", "find(-1)", "Previous", id="run.previous", tooltip="the match before", show=False),
        Binding("E", "unfold", "Unfold", id="run.unfold", tooltip="unfold all of the tree, or fold it", show=False),
        Binding("m", "migrate", "Migrate", id="run.migrate", tooltip="preview the migration of this export"),
        Binding("p", "plot", "Curve", id="run.plot", tooltip="show the percentile curve, or not"),
    ]

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.run: Run | None = None
        self.part = "run"
        self.spots: list[Spot] = []
        self.gpus: list[tuple[Line, Spot | None]] = []
        self.sought = ""
        self._matches: tuple[Outline, outline.Matches] | None = None
        self.reading = True
        self._no_plot = False

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
        self._place_plot(event.size.width, event.size.height)

    def _place_plot(self, width: int, height: int) -> None:
        self.set_class(self._no_plot or (height < 30 and width < 140), "-low")

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
        self._load()

    def _failed(self, text: str) -> None:
        self.reading = False
        self.query_one("#headline", Static).update(printable(f"✗ {text}"))
        self.query_one("#table", Grid).empty = "nothing to show: the file could not be read"
        self.query_one("#table", Grid).refresh()

    def _show(self, run: Run) -> None:
        self.run, self.reading = run, False
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

    def _show_metrics(self) -> None:
        if self.run is None:
            return
        run = self.run
        self.spots = metrics(run, self.part)
        table = self.query_one("#table", Grid)
        table.empty = "no metrics in this export"
        heads = (
            COLUMNS[0]._replace(title="  metric" if self.part == "run" else "  metric of the warm-up"),
            *COLUMNS[1:],
        )
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
        return (
            None
            if self.panel == "run"
            else self.query_one("#table" if self.panel == "metrics" else f"#{self.panel}", Grid)
        )

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
            return value if type(value) is str else _json(value)
        return ""

    def _place(self) -> str:
        if self.spot:
            return safe_text(path_text(self.spot.path))
        source = self.grid.source if self.grid else None
        return source.place(self.grid.cursor) if isinstance(source, Outline) and self.grid else ""

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
        self._moved()

    @on(Grid.Moved)
    def _moved(self) -> None:
        self.status(self._place())
        spot = self.spot
        if self.panel == "metrics" and spot:
            title = self.query_one("#table", Grid).source.line(self.query_one("#table", Grid).cursor).cells[0]
            self.query_one(Plot).draw(title, [points(spot.block)], safe_text(spot.block.get("unit")))

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
        """Show the curve, or make room for the table."""
        low = self.has_class("-low")
        self._no_plot = not low
        self.set_class(not low, "-low")

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

    def action_search(self) -> None:
        """Open the line of the search."""
        if self.panel == "run":
            self.action_panel("json")
        box = self.query_one("#search", Input)
        box.value = ""
        box.add_class("-open")
        box.focus()

    @on(Input.Submitted, "#search")
    def _searched(self, event: Input.Submitted) -> None:
        self.sought = event.value
        event.input.remove_class("-open")
        self.action_panel(self.panel)
        self.action_find(1)

    def action_find(self, way: int) -> None:
        """The next match, or the one before."""
        grid = self.grid
        if grid is None or not self.sought:
            return
        source = grid.source
        if not isinstance(source, Outline):
            self._go_to(grid, _next(grid, self.sought.casefold(), way))
        elif self._matches and self._matches[0] is source and self._matches[1].text == self.sought:
            self._go_to(grid, source.next_match(self._matches[1], grid.cursor, back=way < 0))
        else:
            self.status("searching…")
            self._search(source, self.sought, way)

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
            self._moved()
        else:
            grid.reload(place)
            self._moved()


def _next(grid: Grid, wanted: str, way: int) -> int | None:
    count = len(grid.source)
    order = ((grid.cursor + way * step) % count for step in range(1, count + 1))
    return next((index for index in order if wanted in " ".join(grid.source.line(index).cells).casefold()), None)


def _json(value: object) -> str:
    from migrator.errors import NotJsonError
    from migrator.jsonfile import render

    try:
        return render(value).decode()
    except NotJsonError:
        return ""
