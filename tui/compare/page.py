"""What the screens of a comparison share: two sides are read and compared in the background, swapped, and exported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from migrator.errors import MigratorError
from migrator.render.comparison.words import allowed, cut, findings, gate, label_of, loud, noise, policy, side
from migrator.render.safe import printable
from migrator.stores import base_name
from tui.common.form import Values
from tui.common.page import Page
from tui.common.rows import shortened
from tui.compare.forms import export_form
from tui.compare.model import Question, compare_sides, export

if TYPE_CHECKING:
    from migrator.diff.receipt import Receipt


class ComparePage(Page):
    """A comparison: its question, and its receipt once both sides have been read.

    Args:
        question: both sides, and what is asked of them.
        read_only: whether every write is off.
        receipt: what was compared already, and is not compared again here; None to read both sides.
        cell: the name of the cell that the receipt is of; empty for a whole comparison.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "export", "Export", id="compare.export", tooltip="write the receipt to a file…"),
        Binding("x", "swap", "Swap", id="compare.swap", tooltip="swap baseline and candidate", show=False),
        Binding("i", "everything", "Volatile", id="compare.volatile", tooltip="volatile differences, too", show=False),
        Binding("r", "reload", "Reload", id="compare.reload", tooltip="read both sides again", show=False),
    ]
    OF_SWEEPS: ClassVar[bool] = False
    """Whether the screen shows receipts of sweeps."""

    class Found(Message):
        """A receipt that another screen shows: that of a sweep, or of one cell of it, with its question.

        That of a cell has its name, and its screen is opened above this one; else the other takes the place of this.
        """

        def __init__(self, question: Question, receipt: Receipt, cell: str = "") -> None:
            super().__init__()
            self.question, self.receipt, self.cell = question, receipt, cell

    def __init__(self, question: Question, *, read_only: bool, receipt: Receipt | None = None, cell: str = "") -> None:
        super().__init__()
        self.question = question
        self.cell_name = cell
        self.read_only = read_only
        self.receipt = receipt

    @property
    def fixed(self) -> bool:
        """Whether the receipt is a part of another, which its sides alone would not give."""
        return bool(self.cell_name)

    def on_mount(self) -> None:
        """Start reading, unless there is a receipt."""
        if self.receipt is None:
            self.look()
        else:
            self.show_found(self.receipt)

    # --- what subclasses give --------------------------------------------------------------------------------------

    def show_found(self, found: Receipt | str) -> None:
        """Show a receipt, or why there is none."""
        raise NotImplementedError

    # --- reading -----------------------------------------------------------------------------------------------

    def files_changed(self) -> None:
        """Compare again."""
        self.look()

    def look(self) -> None:
        """Read both sides, and compare them."""
        if not self.fixed:
            self.query_one("#verdict", Static).update("comparing…")
            self._look(self.question)

    @work(thread=True, exclusive=True, exit_on_error=False, group="compare", description="the comparison")
    def _look(self, question: Question) -> None:
        try:
            found: Receipt | str = compare_sides(question)
        except MigratorError as error:
            found = str(error)
        self.app.call_from_thread(self._taken, found, question)

    def _taken(self, found: Receipt | str, question: Question) -> None:
        if not self.is_attached or question != self.question:
            return
        self.receipt = None if isinstance(found, str) else found
        if self.receipt and (self.receipt.sweep is not None) != self.OF_SWEEPS:
            self._hand_over()
        else:
            self.show_found(found)

    def _hand_over(self) -> None:
        """Let the other screen show the receipt, as soon as no dialog stands above this one."""
        if self.receipt and self.is_current:
            self.post_message(self.Found(self.question, self.receipt))

    def on_screen_resume(self) -> None:
        """What another screen shows has waited for a dialog."""
        if self.receipt and (self.receipt.sweep is not None) != self.OF_SWEEPS:
            self._hand_over()

    def ask(self, question: Question) -> None:
        """Compare by another question."""
        self.question = question
        self.show_header()
        self.look()

    # --- what the frame asks -----------------------------------------------------------------------------------

    def where(self) -> str:
        """Both sides."""
        sides = (self.question.base, self.question.candidate)
        base, candidate = (paths[0] if len(paths) == 1 else f"{len(paths)} runs" for paths in sides)
        return f"{f'{self.cell_name}: ' if self.cell_name else ''}compare {base} with {candidate}"

    def where_in(self, room: int) -> str:
        """The same; both sides are shortened alike, as each alone tells nothing."""
        whole = printable(self.where())
        if len(whole) <= room or not all(len(side) == 1 for side in (self.question.base, self.question.candidate)):
            return shortened(whole, room)
        start = printable(f"{self.cell_name}: " if self.cell_name else "") + "compare "
        each = max(0, (room - len(start) - len(" with ")) // 2)
        base, candidate = (printable(side[0]) for side in (self.question.base, self.question.candidate))
        # What one does not need is the other's.
        # What both end with tells nothing.
        while "/" in base and "/" in candidate and base != candidate and base_name(base) == base_name(candidate):
            base, candidate = (side.rpartition("/")[0] for side in (base, candidate))
        first = shortened(base, max(each, 2 * each - len(candidate)))
        return shortened(f"{start}{first} with {shortened(candidate, max(each, 2 * each - len(base)))}", room)

    def command(self) -> Sequence[str]:
        """The same comparison on the command line."""
        return self.question.words()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Writing is off where nothing can be written; a part of a receipt is not compared again."""
        if action == "export" and (self.read_only or self.fixed or self.receipt is None):
            return None
        if self.fixed and action in ("swap", "everything", "reload"):
            return False
        return super().check_action(action, parameters)

    # --- actions -----------------------------------------------------------------------------------------------

    def action_swap(self) -> None:
        """Exchange baseline and candidate."""
        self.ask(self.question.swapped())

    def action_everything(self) -> None:
        """Volatile differences, too, or not."""
        self.ask(replace(self.question, everything=not self.question.everything))

    def action_reload(self) -> None:
        """Read again."""
        self.look()

    def action_export(self) -> None:
        """Ask for a name, and write the receipt there."""
        receipt = self.receipt
        if receipt is None or self.read_only:
            self.notify("read-only: nothing is written" if receipt else "no receipt", markup=False)
            return

        def taken(values: Values | None) -> None:
            if values is not None:
                self._export(receipt, values["path"].strip())

        self.app.push_screen(export_form(self.question), taken)

    @work(thread=True, exclusive=True, exit_on_error=False, group="export", description="the export")
    def _export(self, receipt: Receipt, path: str) -> None:
        try:
            export(receipt, path)
        except MigratorError as error:
            self.app.call_from_thread(self.complain, str(error))
            return
        self.app.call_from_thread(self.notify, f"written: {printable(path)}", markup=False)


def told_loudly(receipt: Receipt) -> list[str]:
    """What belongs beside the verdict, a line each; the table has them in full."""
    found = [one for one in findings(receipt) if loud(one)]
    return [f"{label_of(one)}  {cut(one.code, 40)}: {cut(one.message, 300)}" for one in found]


def about(receipt: Receipt) -> list[str]:
    """Both sides, the gate, the noise profile, and the first waiver that has expired."""
    more = f", from {policy(receipt)}" if policy(receipt) else ""
    more += f"; varied on purpose: {allowed(receipt)}" if allowed(receipt) else ""
    ended = [f"! the waiver for {cut(name, 120)} no longer holds" for name in receipt.gate.expired_waivers]
    return [
        f"base       {cut(receipt.base.name, 200)}: {side(receipt.base)}",
        f"candidate  {cut(receipt.candidate.name, 200)}: {side(receipt.candidate)}",
        f"gate       {gate(receipt)}{more}",
        *([f"noise      {noise(receipt)}"] if receipt.noise else []),
        *ended[:1],
    ]
