"""The migration of many files: first a preview, then the writing, which can be stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import ProgressBar, Static
from textual.worker import get_current_worker

from migrator.batch.request import Result, Status
from migrator.errors import MigratorError
from migrator.render.safe import printable
from tui.common.clipboard import Copy
from tui.common.grid import Grid
from tui.common.rows import home_path, tab_separated
from tui.migrate.base import MigrationPage
from tui.migrate.batch import COLUMNS, Outcome, details, is_troubled, preview_files, size_of
from tui.migrate.journals import carry_out
from tui.migrate.target import goal
from tui.migrate.writing import Order, summary_rows
from tui.session import Write

_INTERVAL: Final = 0.1
"""Seconds between two updates of the screen."""


class BatchScreen(MigrationPage):
    """The migration of several files, or of folders."""

    HELP_TEXT = (
        "A preview comes first, and writes nothing. w asks where to write, and writes; x stops between two files."
        " A file that cannot be migrated says so in its line, and the others go on. enter shows one file in full."
    )
    DEFAULT_CSS = """
    BatchScreen #headline { height: auto; max-height: 4; padding: 0 1; }
    BatchScreen #progress { height: 1; padding: 0 1; display: none; }
    BatchScreen.-running #progress { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "stop", "Stop", id="migrate.stop", tooltip="stop after the present file"),
        Binding("right_square_bracket", "trouble(1)", "Trouble", id="migrate.trouble", tooltip="next loss or failure"),
        Binding(
            "left_square_bracket",
            "trouble(-1)",
            "Trouble before",
            id="migrate.trouble-before",
            tooltip="loss or failure before",
            show=False,
        ),
    ]

    def __init__(self, paths: Sequence[object], *, read_only: bool) -> None:
        super().__init__(paths, read_only=read_only)
        self.outcome = Outcome()
        self.running = ""
        """`trying` or `writing` while a worker runs, else empty."""
        self.wrote: Write | None = None
        """What was written, while its results are on the screen."""
        self._stopped = False
        self._fault = ""

    def body(self) -> ComposeResult:
        """Headline, progress, and the results."""
        yield Static("", id="headline", markup=False)
        yield ProgressBar(id="progress", show_eta=False)
        yield Grid(id="body")

    def on_mount(self) -> None:
        """Start the preview."""
        super().on_mount()
        self.query_one("#body", Grid).focus()
        self.look()

    # --- working -----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Make the preview again."""
        if self.running == "writing":
            self.notify("files are being written: x stops it", markup=False)
            return
        self._begin("trying", None)
        self._work(preview_files(self.paths, self.to, residue=self.residue, stop=self._stop_asked), self.outcome)

    def write(self, order: Order, write: Write) -> None:
        """Write what the order says."""
        self._begin("writing", len(self.outcome), write)
        self._work(carry_out(order, write, self._stop_asked), self.outcome)

    def _begin(self, what: str, total: int | None, write: Write | None = None) -> None:
        self.running, self.wrote, self._stopped = what, write, False
        self.outcome, self._fault = Outcome(), ""
        grid = self.query_one("#body", Grid)
        grid.empty = "reading…"
        grid.show(COLUMNS, self.outcome)
        self.query_one(ProgressBar).update(total=total, progress=0)
        self.add_class("-running")
        self._tell()

    def _stop_asked(self) -> bool:
        return self._stopped or (self.wrote is not None and self.wrote.stopping)

    @work(thread=True, exclusive=True, exit_on_error=False, group="batch", description="the batch")
    def _work(self, results: Iterator[Result], outcome: Outcome) -> None:
        worker, held, size, since = get_current_worker(), list[Result](), 0, time.monotonic()
        fault = "it ended early"
        try:
            for result in results:
                held.append(result)
                size += size_of(result)
                if worker.is_cancelled:
                    self._stopped = True
                if time.monotonic() - since > _INTERVAL:
                    self.app.call_from_thread(self._came, held, size, outcome)
                    held, size, since = [], 0, time.monotonic()
            fault = ""
        except MigratorError as error:
            fault = str(error)
        finally:
            self.app.call_from_thread(self._came, held, size, outcome)
            self.app.call_from_thread(self._over, outcome, fault)

    def _came(self, results: list[Result], size: int, outcome: Outcome) -> None:
        outcome.add(results, size)
        if outcome is self.outcome and self.wrote:
            self.wrote.done, self.wrote.changed = len(outcome), outcome.written
            self.show_header()
        if outcome is not self.outcome or not self.is_attached:
            return
        self.query_one(ProgressBar).update(progress=len(outcome))
        self.query_one("#body", Grid).reload()
        self._tell()

    def _over(self, outcome: Outcome, fault: str) -> None:
        was, write = self.running, self.wrote if outcome is self.outcome else None
        if write:
            # After `x` the user knows; after a fault, or on leaving, the rest is still to be finished.
            self.ended(write, complete=not fault and not write.stopping)
        if outcome is not self.outcome or not self.is_attached:
            return
        self.running, self._fault = "", fault
        self.remove_class("-running")
        self.query_one("#body", Grid).empty = "no files"
        self._tell()
        if fault:
            self.complain(fault)
        elif was == "writing":
            self.notify(self._headline().split("\n")[0], timeout=8, markup=False)

    # --- showing -----------------------------------------------------------------------------------------------

    def _headline(self) -> str:
        if self.running:
            return f"{self.running}, to {goal(self.to).name}: {self.outcome.total}   x stops"
        done = "written" if self.wrote else f"preview to {goal(self.to).name}"
        how = "✗ not complete, " if self._fault else ""
        total = f"{how}{done}{', stopped' if self._stop_asked() else ''}: {self.outcome.total}"
        return f"{total}\nu takes it back   journal {home_path(self.wrote.journal)}" if self.wrote else total

    def _tell(self) -> None:
        self.query_one("#headline", Static).update("\n".join(map(printable, self._headline().split("\n"))))
        self.refresh_bindings()
        self._moved()

    @on(Grid.Moved, "#body")
    def _moved(self) -> None:
        result = self.result
        self.status("; ".join(details(result)) if result else "")

    @property
    def result(self) -> Result | None:
        """The one that the cursor is on."""
        at = self.query_one("#body", Grid).cursor
        return self.outcome.results[at] if at < len(self.outcome) else None

    @on(Grid.Chosen, "#body")
    def _open(self) -> None:
        from tui.migrate.screen import MigrateScreen

        if (result := self.result) and not self.running:
            screen = MigrateScreen([Path(result.source.path)], read_only=self.read_only)
            screen.to, screen.residue = self.to, self.residue
            self.app.push_screen(screen)

    def offers(self, action: str) -> bool:
        """There is something to stop while it runs, and trouble only in some batches."""
        return {"stop": bool(self.running), "trouble": self.outcome.troubled}.get(action, True)

    def action_stop(self) -> None:
        """Stop after the present file."""
        if self.running:
            self._stopped = True

    def action_trouble(self, way: int) -> None:
        """The next file with a loss, a warning or a failure."""
        grid, results = self.query_one("#body", Grid), self.outcome.results
        order = ((grid.cursor + way * step) % len(results) for step in range(1, len(results) + 1))
        found = next((index for index in order if is_troubled(results[index])), None)
        if found is None:
            self.notify("no losses, warnings or failures", markup=False)
        else:
            grid.cursor = found

    def action_back(self) -> None:
        """To the files; while files are written, only after a stop."""
        if self.running == "writing":
            self.notify("files are being written: x stops it", markup=False)
            return
        self._stopped = True
        self.dismiss()

    def copies(self) -> list[Copy]:
        """Path, row and table."""
        grid, result = self.query_one("#body", Grid), self.result
        if result is None or grid.line is None:
            return []
        every = (grid.source.line(index) for index in range(len(grid.source)))
        return [
            Copy("p", "path", result.source.path),
            Copy("r", "row", tab_separated(COLUMNS, [grid.line])),
            Copy("t", "table", tab_separated(COLUMNS, every)),
        ]

    # --- what the dialog asks ----------------------------------------------------------------------------------

    def can_write(self) -> str:
        """Why nothing can be written now; empty if it can."""
        if self.running:
            return f"still {self.running}"
        if self._fault and not self.wrote:
            return "the preview is not complete: r makes it again"
        return "" if self.outcome.count[Status.MIGRATED] else "no file would change"

    def order(self, place: str, destination: str) -> Order:
        """All of the selection."""
        return Order(self.paths, self.to, "in place" if place else "copy", destination, self.residue, many=True)

    def total(self) -> int:
        """All files of the preview."""
        return len(self.outcome)

    def suggested(self) -> str:
        """A folder of its own below the working directory."""
        names = (f"migrated-{self.to}{f'-{number}' if number else ''}" for number in range(10_000))
        return next((name for name in names if not os.path.lexists(name)), f"migrated-{self.to}")

    def dialog_rows(self, order: Order) -> list[tuple[str, str]]:
        """How many files and bytes, where to, the backups, and the losses."""
        return summary_rows(order, self.outcome.size, None, self.outcome.count[Status.MIGRATED], self.outcome.losses)
