"""What the previews of one file and of many share: target, residue, and the dialog before anything is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from migrator.chain.steps import NEWEST
from migrator.errors import MigratorError
from migrator.render.safe import printable
from migrator.render.text import plural
from tui.common.choice import Choice
from tui.common.form import YES, Field, Form, Values
from tui.common.page import Page
from tui.common.rows import shortened
from tui.migrate.journals import announce, forget
from tui.migrate.target import goal, targets
from tui.migrate.writing import Order, preview_words
from tui.session import Write


class MigrationPage(Page):
    """A migration with a preview before anything is written.

    Args:
        paths: files, or folders of them.
        read_only: whether every write is off.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "target", "Target", id="migrate.target", tooltip="choose the target version or release…"),
        Binding("w", "write", "Write", id="migrate.write", tooltip="write a copy, or in place…"),
        Binding(
            "i",
            "write_in_place",
            "In place",
            id="migrate.in-place",
            tooltip="write in place, with backups…",
            show=False,
        ),
        Binding(
            "e",
            "residue",
            "Residue",
            id="migrate.residue",
            tooltip="save a residue, or not",
            show=False,
        ),
        Binding("r", "reload", "Reload", id="migrate.reload", tooltip="read it again", show=False),
        Binding("escape", "back", "Back", id="migrate.leave", tooltip="back"),
    ]

    def __init__(self, paths: Sequence[object], *, read_only: bool) -> None:
        super().__init__()
        self.paths = tuple(os.fspath(path) if isinstance(path, os.PathLike) else str(path) for path in paths)
        self.read_only = read_only
        self.to = NEWEST
        self.residue = False

    # --- what subclasses give --------------------------------------------------------------------------------------

    def look(self) -> None:
        """Make the preview again."""
        raise NotImplementedError

    def can_write(self) -> str:
        """Why nothing can be written now; empty if it can."""
        raise NotImplementedError

    def order(self, place: str, destination: str) -> Order:
        """What is to be written; `place` is `yes` for in place."""
        raise NotImplementedError

    def total(self) -> int:
        """How many files there are to write."""
        return 1

    def suggested(self) -> str:
        """Where a copy goes unless the user says otherwise."""
        raise NotImplementedError

    def dialog_rows(self, order: Order) -> list[tuple[str, str]]:
        """What the dialog says: label and text."""
        raise NotImplementedError

    def write(self, order: Order, write: Write) -> None:
        """Write what an order says, with the journal of `write`."""
        raise NotImplementedError

    # --- the frame ---------------------------------------------------------------------------------------------

    def where(self) -> str:
        """The file, or how many."""
        return self.paths[0] if len(self.paths) == 1 else f"{len(self.paths)} files"

    def command(self) -> Sequence[str]:
        """The same preview on the command line."""
        return preview_words(self.paths, self.to, residue=self.residue)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Writing is off where nothing can be written."""
        if action in ("write", "write_in_place") and (self.read_only or self.can_write()):
            return None
        return super().check_action(action, parameters)

    # --- actions -----------------------------------------------------------------------------------------------

    def action_target(self) -> None:
        """Choose the version."""

        def chosen(version: str | None) -> None:
            if version is not None and version != self.to:
                self.to = version
                self.look()

        self.app.push_screen(Choice("the version or release to reach", targets(), self.to), chosen)

    def action_residue(self) -> None:
        """Save what the target has no place for, or not."""
        self.residue = not self.residue
        done = "is saved beside the output" if self.residue else "is not saved"
        self.notify(f"residue: what {goal(self.to).name} has no place for {done}", markup=False)
        self.look()

    def action_reload(self) -> None:
        """Read again."""
        self.look()

    def action_back(self) -> None:
        """To the files."""
        self.dismiss()

    def action_write(self) -> None:
        """Ask for the place, then write."""
        self._ask_where()

    def action_write_in_place(self) -> None:
        """Say what would be written in place of the originals, then write it."""
        self._ask_where(in_place=True)

    def _ask_where(self, *, in_place: bool = False) -> None:
        why = "read-only: nothing is written" if self.read_only else self.can_write()
        if why:
            self.notify(why, severity="warning", markup=False)
            return

        def order(values: Values) -> Order:
            return self.order(values["place"], values["destination"])

        def describe(values: Values) -> list[str]:
            room = min(_DIALOG, self.size.width * 96 // 100) - _MARGIN
            rows = [
                (label, shortened(text, room) if label in _PATHS else text)
                for label, text in self.dialog_rows(order(values))
            ]
            return [*(f"{label:<9}{text}" for label, text in rows), "", "the same as:", *self._command(order(values))]

        def taken(values: Values | None) -> None:
            if values is not None:
                self._begin_to_write(order(values))

        fields = (
            Field("destination", "copy to", self.suggested()),
            Field("place", "in place of the original, with a backup", YES if in_place else "", cross=True),
        )
        focus = "take" if in_place else ""
        form = Form("write", fields, describe, lambda values: order(values).problem(), "Write", focus)
        self.app.push_screen(form, taken)

    def _begin_to_write(self, order: Order) -> None:
        """Write with a journal; without one, nothing is written."""
        if self.shell.session.running:
            self.complain("files are being written: wait until that has ended")
            return
        try:
            write = announce(order, self.total())
        except MigratorError as error:
            self.complain(f"nothing was written, for there can be no journal: {error}")
            return
        self.shell.session.writes.append(write)
        self.write(order, write)

    def ended(self, write: Write, *, complete: bool) -> None:
        """A write has ended; one that is complete, or that the user stopped here, needs nothing to finish it."""
        if complete:
            forget(write.journal)
        self.shell.write_ended(write)
        self.show_header()

    def files_changed(self) -> None:
        """Make the preview again."""
        self.look()

    def _command(self, order: Order) -> list[str]:
        lines = order.command().split("\n")
        more = [f"… and {len(lines) - 3} more"] if len(lines) > 3 else []
        return [*(printable(_shortened(line, len(order.paths))) for line in lines[:3]), *more]


_DIALOG: Final = 84
"""Columns of the dialog where there is room for it."""
_MARGIN: Final = 14
"""Columns of it that a text beside its label has not: border, padding, label, scrollbar."""
_PATHS: Final = frozenset({"read", "write", "backup"})
"""Labels of rows that are a path: one that is too long for its line is shortened, and stands in the command whole."""
_LONGEST_COMMAND: Final = 230
"""Characters of a command line that the dialog shows: three lines of it."""


def _shortened(line: str, paths: int) -> str:
    """The beginning of a command line of many paths, so that it leaves room for what is to be decided."""
    if paths == 1 or len(line) <= _LONGEST_COMMAND:
        return line
    return f"{line[:_LONGEST_COMMAND].rpartition(' ')[0]} … ({plural(paths, 'path')} in all)"
