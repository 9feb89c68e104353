"""One sweep: its cells, its fronts, and its capacity under goals, as `front` shows them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widgets import Static

from migrator.errors import MigratorError, reported
from migrator.render.safe import printable
from tui.common.choice import Choice
from tui.common.grid import Grid
from tui.common.rows import Listed
from tui.compare.model import asked, safe
from tui.compare.sweep_page import SweepPage
from tui.compare.sweep_table import FrontTable

if TYPE_CHECKING:
    from migrator.diff.receipt import Front
    from migrator.diff.sweep.single import OneSweep, ShownCell


class FrontScreen(SweepPage):
    """One sweep.

    Args:
        paths: its runs, or folders of them.
        by: names of what cells differ in; empty to find them.
        goals: what a cell must meet to count as capacity.
    """

    HELP_TEXT = (
        "enter opens the runs of a cell. t sets goals: the capacity is the most throughput that a cell gives while it"
        " meets them.\n\n"
        "The front has the cells that no other beats in both: ●, and * in the table; ○ are behind it, ◆ is the cell of"
        " the cursor. p goes to the next front.\n\n"
        "Numbers are means over the runs of a cell. Cells without a mark in the table are behind the first front."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reload", "Reload", id="sweep.reload", tooltip="read the runs again", show=False),
    ]

    def __init__(self, paths: Sequence[str], by: Sequence[str] = (), goals: Sequence[str] = ()) -> None:
        super().__init__()
        self.paths, self.by, self.goals = tuple(paths), tuple(by), tuple(goals)
        self.sweep: OneSweep | None = None
        self.table: FrontTable | None = None

    def on_mount(self) -> None:
        """Start reading."""
        self.look()

    def look(self) -> None:
        """Read the runs."""
        self.query_one("#verdict", Static).update("reading…")
        self._look(self.by, self.goals)

    @work(thread=True, exclusive=True, exit_on_error=False, group="front", description="the sweep")
    def _look(self, by: tuple[str, ...], goals: tuple[str, ...]) -> None:
        from migrator.diff.sides import load_side
        from migrator.diff.sweep.capacity import limits
        from migrator.diff.sweep.single import one_sweep

        try:
            with reported(", ".join(self.paths[:3])):
                found: OneSweep | str = one_sweep(load_side(self.paths, stand_ins=True), by, limits(goals))
        except MigratorError as error:
            found = str(error)
        self.app.call_from_thread(self._show, found, (by, goals))

    def _show(self, found: OneSweep | str, of: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        if not self.is_attached or of != self.asked():
            return
        verdict, sides = self.query("#verdict, #sides").results(Static)
        self.sweep = None if isinstance(found, str) else found
        self.query_one("#table", Grid).empty = "no sweep"
        if isinstance(found, str):
            verdict.update(f"✗ {printable(found)}")
            self.tell_loudly(())
            sides.update("")
            self.table = None
            self.query_one("#table", Grid).show((), Listed(()))
            self.refresh_bindings()
            return
        from migrator.diff.sweep.single import blocking
        from migrator.render.sweep.single import render
        from migrator.render.sweep.words import capacity_words

        names = [cell.name for cell in found.cells]
        runs = sum(len(cell.files) for cell in found.cells)
        told_by = f"{', '.join(found.factors)} (told by {found.found_by})"
        verdict.update(printable(f"{len(found.cells)} cells of {told_by}, {runs} runs"))
        self.tell_loudly([f"! blocks  {one.code}: {one.message}" for one in blocking(found)])
        told = [f"capacity  {capacity_words(one, names, alone=True)}" for one in found.capacities]
        sides.update("\n".join(map(printable, told or ["capacity  t asks for it under goals"])))
        self.tell_report(list(render(found)))
        self.table = FrontTable(found)
        self.show_table(self.table)
        self.tell()

    # --- what the frame asks -----------------------------------------------------------------------------------

    @property
    def cell(self) -> ShownCell | None:
        """The cell that the cursor is on."""
        at = self.query_one("#table", Grid).cursor
        return self.table.cells[at] if self.table and at < len(self.table) else None

    @property
    def fronts(self) -> Sequence[Front]:
        """The fronts."""
        return self.sweep.fronts if self.sweep else ()

    def names(self) -> Sequence[str]:
        """The names of all cells."""
        return [cell.name for cell in self.sweep.cells] if self.sweep else ()

    def cell_number(self) -> int | None:
        """The number of the cell that the cursor is on."""
        return self.query_one("#table", Grid).cursor if self.cell else None

    def known_fields(self) -> Sequence[str]:
        """The metrics of the table."""
        return [".".join(metric) for metric in self.sweep.metrics] if self.sweep else ()

    def asked(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of factors and the goals that are asked for."""
        return self.by, self.goals

    def ask_for(self, by: tuple[str, ...], goals: tuple[str, ...]) -> None:
        """Show other factors and goals."""
        self.by, self.goals = by, goals
        self.look()

    def where(self) -> str:
        """The folder, or how many runs."""
        return f"front of {self.paths[0] if len(self.paths) == 1 else f'{len(self.paths)} files'}"

    def command(self) -> Sequence[str]:
        """The same on the command line."""
        options = [*asked("--by", self.by), *asked("--goal", self.goals)]
        return ["aiperf-migrate", "front", *options, *safe(self.paths)]

    def files_changed(self) -> None:
        """Read again."""
        self.look()

    # --- actions -----------------------------------------------------------------------------------------------

    def action_reload(self) -> None:
        """Read again."""
        self.look()

    @on(Grid.Chosen, "#table")
    def _open(self) -> None:
        cell = self.cell
        if cell is None:
            return
        if len(cell.files) == 1:
            self.shell.open_run(cell.files[0])
            return

        # The end of the names: their beginning is that of the folder of all.
        folder = os.path.commonpath([os.path.dirname(path) for path in cell.files])
        named = {os.path.relpath(path, folder): path for path in cell.files}

        def chosen(name: str | None) -> None:
            if name is not None:
                self.shell.open_run(named[name])

        title = printable(f"the runs of {cell.name}")
        self.app.push_screen(Choice(title, [(name, "") for name in named], next(iter(named))), chosen)
