"""The comparison of two sweeps: a verdict, the change of each cell, both fronts, and capacity under goals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Static

from migrator.render.comparison.reason import headline
from migrator.render.safe import printable
from tui.common.clipboard import Copy
from tui.common.grid import Grid
from tui.compare.model import Question, rendered
from tui.compare.page import ComparePage, about, told_loudly
from tui.compare.sweep_page import SweepPage
from tui.compare.sweep_table import CellTable

if TYPE_CHECKING:
    from migrator.diff.receipt import Cell, Front, Receipt


class SweepScreen(SweepPage, ComparePage):
    """Two sweeps, cell by cell.

    Args:
        question: both sides, and what is asked of them.
        read_only: whether every write is off.
        receipt: what was compared already; None to read both sides.
    """

    OF_SWEEPS = True
    HELP_TEXT = (
        "enter opens the comparison of a cell. v shows values in place of changes. t sets goals: the capacity of a side"
        " is the most throughput that a cell gives while it meets them.\n\n"
        "The front has the cells that no other cell of their side beats in both: ● base, □ candidate (dashed); ○ and ▫"
        " are behind it, ◆ is the cell of the cursor. p goes to the next front.\n\n"
        "A cell has its own verdict; a row that passes has no sign. Numbers beside points are the values of what the"
        " cells differ in."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "values", "Values", id="sweep.values", tooltip="values of both sides, or changes"),
    ]

    def __init__(self, question: Question, *, read_only: bool, receipt: Receipt | None = None) -> None:
        ComparePage.__init__(self, question, read_only=read_only, receipt=receipt)
        self.front_number, self.panel = 0, "cells"
        self.values = False
        self.table: CellTable | None = None

    def show_found(self, found: Receipt | str) -> None:
        """Show the receipt, or why there is none."""
        verdict, sides = self.query("#verdict, #sides").results(Static)
        self.query_one("#table", Grid).empty = "nothing to compare"
        if isinstance(found, str):
            verdict.update(f"✗ {printable(found)}")
            self.tell_loudly(())
            sides.update("")
        else:
            from migrator.render.sweep.words import reason

            verdict.update(f"{headline(found)}: {reason(found)}")
            self.tell_loudly(told_loudly(found))
            sides.update("\n".join(_about(found)))
            self.tell_report(rendered(found, "text").splitlines())
        self._arrange()

    def _arrange(self) -> None:
        sweep = self.receipt.sweep if self.receipt else None
        if sweep is None:
            return
        self.table = CellTable(sweep, values=self.values)
        self.show_table(self.table)
        self.tell()

    # --- what the frame asks -----------------------------------------------------------------------------------

    @property
    def cell(self) -> Cell | None:
        """The cell that the cursor is on."""
        at = self.query_one("#table", Grid).cursor
        return self.table.cells[at] if self.table and at < len(self.table) else None

    @property
    def fronts(self) -> Sequence[Front]:
        """The fronts of both sides."""
        return self.receipt.sweep.fronts if self.receipt and self.receipt.sweep else ()

    def names(self) -> Sequence[str]:
        """The names of all cells."""
        return [cell.name for cell in self.receipt.sweep.cells] if self.receipt and self.receipt.sweep else ()

    def cell_number(self) -> int | None:
        """The number of the cell that the cursor is on."""
        return self.query_one("#table", Grid).cursor if self.cell else None

    def known_fields(self) -> Sequence[str]:
        """The rows of the cells."""
        cells = self.receipt.sweep.cells if self.receipt and self.receipt.sweep else ()
        return list(dict.fromkeys(f"{row.metric}.{row.statistic}" for cell in cells for row in cell.rows))

    def asked(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of factors and the goals that are asked for."""
        return self.question.by, self.question.goals

    def ask_for(self, by: tuple[str, ...], goals: tuple[str, ...]) -> None:
        """Compare by other factors and goals."""
        self.ask(replace(self.question, by=by, goals=goals))

    def tell(self) -> None:
        """The cell, and why it is not compared."""
        cell = self.cell
        blocking = next((found for found in cell.findings if found.blocks), None) if cell else None
        self.status("" if cell is None else f"{cell.name}{f'   ! {blocking.message}' if blocking else ''}")

    def copies(self) -> list[Copy]:
        """Row, table and the whole receipt."""
        found = [Copy("m", "markdown", rendered(self.receipt, "markdown"))] if self.receipt else []
        return [*super().copies(), *found]

    # --- actions -----------------------------------------------------------------------------------------------

    def action_values(self) -> None:
        """Values of both sides in place of changes, or changes again."""
        self.values = not self.values
        self._arrange()

    @on(Grid.Chosen, "#table")
    def _open(self) -> None:
        from migrator.diff.receipt import receipt_of_cell

        cell = self.cell
        if cell is None or self.receipt is None:
            return
        if not (cell.base and cell.candidate):
            self.notify(f"{printable(cell.name)}: only one side measured it", markup=False)
            return
        self.post_message(self.Found(self.question, receipt_of_cell(self.receipt, cell), cell.name))


def _about(receipt: Receipt) -> list[str]:
    """Both sides, what was swept, the gate, and the capacity of each side."""
    from migrator.render.sweep.words import capacity_words, swept

    lines = about(receipt)
    sweep = receipt.sweep
    assert sweep is not None
    names = [cell.name for cell in sweep.cells]
    lines.insert(2, f"swept      {swept(receipt)}")
    return [*lines, *(f"capacity   {capacity_words(found, names)}" for found in sweep.capacities)]
