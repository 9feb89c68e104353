"""The migration of one file: its stages, the changes of each, and one change before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from migrator.batch.request import Result
from migrator.errors import MigratorError
from migrator.jsonfile import path_text
from migrator.ledger import Entry, Loss
from migrator.render.safe import printable
from migrator.render.text import plural
from tui.common.choice import Choice
from tui.common.clipboard import Copy
from tui.common.grid import Grid
from tui.common.rows import Column, Line, Listed, tab_separated
from tui.migrate.base import MigrationPage
from tui.migrate.journals import carry_out
from tui.migrate.preview import Preview, Stage, change_row, ordered, preview, side_by_side, stamp_of, unified
from tui.migrate.target import goal
from tui.migrate.writing import Losses, Order, copy_name, summary_rows
from tui.session import Write

STEPS: Final = (Column("step", "stage", 11), Column("counts", "what it does"))
CHANGES: Final = (
    Column("what", "change", 9),
    Column("loss", "loss", 10),
    Column("place", "where, and what becomes of it"),
)
BESIDE: Final = (Column("before", "before"), Column("after", "after"))
BELOW: Final = (Column("both", "before (-) and after (+)"),)
_TONES: Final = {"-": "bad", "+": "good", "~": "warn", " ": ""}
_LOSS_TONES: Final = {Loss.LOST: "bad", Loss.INFERRED: "warn", Loss.REDACTED: "warn"}
_LOSS_SIGNS: Final = {Loss.LOST: "!", Loss.INFERRED: "?", Loss.REDACTED: "*"}
_ALL: Final = "all"
NARROW: Final = 100
"""Columns below which before and after stand below each other."""


class MigrateScreen(MigrationPage):
    """The preview of the migration of one file."""

    HELP_TEXT = (
        "! lost, ? a guess, * a secret that is hidden. The first line of the stages is the whole way; the others go"
        " through it one by one, ] forward and [ back. Of a change, the object around it is shown before and after the"
        " stage.\n\n"
        "Losses stand first, and f shows one class alone: derivable can be computed again, inferred is a guess, saved"
        " is in the residue, lost is kept nowhere.\n\n"
        "Nothing is written before w and its dialog."
    )
    DEFAULT_CSS = """
    MigrateScreen #headline { height: auto; min-height: 2; max-height: 5; padding: 0 1; }
    MigrateScreen #body { layout: horizontal; }
    MigrateScreen #steps { width: 2fr; max-width: 56; }
    MigrateScreen #right { width: 3fr; border-left: solid $panel; }
    MigrateScreen #sides { border-top: solid $panel; height: 1fr; }
    MigrateScreen #changes { height: 1fr; }
    MigrateScreen.-narrow #body { layout: vertical; }
    MigrateScreen.-narrow #steps { width: 1fr; max-width: 100%; height: 30%; min-height: 5; }
    MigrateScreen.-narrow #right { width: 1fr; border-left: none; border-top: solid $panel; }
    MigrateScreen.-only-changes #steps, MigrateScreen.-only-changes #sides { display: none; }
    MigrateScreen.-only-sides #steps, MigrateScreen.-only-sides #changes { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "stage(1)", "Next", id="migrate.next", tooltip="the next stage"),
        Binding(
            "left_square_bracket", "stage(-1)", "Back", id="migrate.previous", tooltip="the stage before", show=False
        ),
        Binding(
            "U", "unified", "Unified", id="migrate.unified", tooltip="sides beside or below each other", show=False
        ),
        Binding("f", "class", "Class", id="migrate.class", tooltip="show one class of changes…"),
        Binding("1", "only('')", "All", id="migrate.all", tooltip="all panels", show=False),
        Binding("2", "only('changes')", "Changes", id="migrate.changes", tooltip="only the changes", show=False),
        Binding("3", "only('sides')", "Sides", id="migrate.sides", tooltip="only before and after", show=False),
    ]

    def __init__(self, paths: Sequence[object], *, read_only: bool) -> None:
        super().__init__(paths, read_only=read_only)
        self.path = self.paths[0]
        self.preview: Preview | None = None
        self._unified: bool | None = None
        self.only: Loss | None = None
        self.entries: tuple[Entry, ...] = ()

    def body(self) -> ComposeResult:
        """Headline, the stages, the changes of one, and one change before and after."""
        yield Static("reading…", id="headline", markup=False)
        with Horizontal(id="body"):
            yield Grid(id="steps")
            with Vertical(id="right"):
                yield Grid(id="changes")
                yield Grid(id="sides")

    def on_mount(self) -> None:
        """Preview the migration to the newest version."""
        super().on_mount()
        self.query_one("#steps", Grid).focus()
        self.look()

    def on_resize(self, event: events.Resize) -> None:
        """Show both sides beside each other where there is room."""
        super().on_resize(event)
        self.set_class(event.size.width < NARROW, "-narrow")
        self._show_sides()

    # --- reading -----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Make the preview again."""
        self.query_one("#headline", Static).update("reading…")
        self._look(self.to, residue=self.residue)

    @work(thread=True, exclusive=True, exit_on_error=False, group="migrate", description="the migration")
    def _look(self, to: str, *, residue: bool) -> None:
        try:
            found: Preview | str = preview(self.path, to, residue=residue)
        except MigratorError as error:
            # The header names the file.
            found = str(error).removeprefix(f"{self.path}: ")
        self.app.call_from_thread(self._show, found, to)

    def _show(self, found: Preview | str, to: str) -> None:
        if not self.is_attached or to != self.to:
            return
        self.preview = found if isinstance(found, Preview) else None
        self.query_one("#headline", Static).update("\n".join(self._headline(found)))
        steps = self.query_one("#steps", Grid)
        steps.empty = "nothing to do" if self.preview else "no preview"
        steps.show(STEPS, Listed(map(_stage_line, self.stages)))
        self.refresh_bindings()
        self._show_stage()

    def _headline(self, found: Preview | str) -> list[str]:
        if isinstance(found, str):
            return [f"✗ {printable(found)}", ""]
        more = "".join(f"; {warning}" for warning in found.warnings)
        if not found.changed:
            return [f"schema {found.source}   {found.badge}", more.removeprefix("; ")]
        about = f"{found.source} → {goal(found.to).name}   {found.badge}"
        sizes = f"{found.size:,} → {found.new_size:,} bytes"
        # The sizes first: the counts stand in the list below, too.
        return [about, f"{sizes}; {self.stages[0].counts}{more}"]

    # --- showing -----------------------------------------------------------------------------------------------

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the way; none where there is nothing to do."""
        return self.preview.stages if self.preview else ()

    @property
    def stage(self) -> Stage | None:
        """The one that the cursor is on."""
        at = self.query_one("#steps", Grid).cursor
        return self.stages[at] if at < len(self.stages) else None

    @on(Grid.Moved, "#steps")
    def _show_stage(self) -> None:
        changes = self.query_one("#changes", Grid)
        stage = self.stage
        self.entries = ordered(stage, self.only)
        nothing = f"nothing {self.only.value} in this stage: f" if self.only else "nothing to do in this stage"
        changes.empty = nothing if stage else ""
        changes.show(CHANGES, _Changes(self.entries))
        changes.reload(0)
        self._show_sides()

    @on(Grid.Moved, "#changes")
    def _show_sides(self) -> None:
        sides, stage = self.query_one("#sides", Grid), self.stage
        at = self.query_one("#changes", Grid).cursor
        if stage is None or at >= len(self.entries):
            sides.show((), Listed(()))
            self.status(f"{stage.name}: {stage.about}" if stage else "")
            return
        entry = self.entries[at]
        lines = side_by_side(stage, entry)
        first = next((index for index, line in enumerate(lines) if line.mark != " "), 0)
        if self.is_unified:
            below = unified(lines)
            first = next((index for index, (mark, _) in enumerate(below) if mark != " "), 0)
            sides.show(BELOW, Listed(Line((text,), _TONES[mark], mark) for mark, text in below))
        else:
            both = (Line((line.before or "", line.after or ""), _TONES[line.mark], line.mark) for line in lines)
            sides.show(BESIDE, Listed(both))
        sides.reload(first)
        # What was touched goes to the top.
        sides.scroll_to(y=max(0, first - 1), animate=False, immediate=True, force=True)
        place = " → ".join(path_text(path) for path in (entry.path, entry.to) if path is not None)
        self.status(f"{stage.name}: {stage.about}   {place}" if stage.about else place)

    @property
    def is_unified(self) -> bool:
        """Whether before and after stand below each other: as asked for, else by the width."""
        return self.has_class("-narrow") if self._unified is None else self._unified

    def action_unified(self) -> None:
        """Show before and after below each other, or beside."""
        self._unified = not self.is_unified
        self._show_sides()

    def action_class(self) -> None:
        """Ask for a class of changes."""
        every = self.stages[0].entries if self.stages else ()
        counts = Counter(entry.loss for entry in every)
        lines = [
            (_ALL, plural(len(every), "change")),
            *((loss.value, plural(n, "change")) for loss, n in counts.items()),
        ]

        def chosen(name: str | None) -> None:
            if name is not None:
                self.only = None if name == _ALL else Loss(name)
                self._show_stage()

        here = self.only.value if self.only else _ALL
        self.app.push_screen(Choice("show one class of changes", lines, here), chosen)

    def offers(self, action: str) -> bool:
        """There is a class to choose where something changes."""
        return action != "class" or bool(self.stages)

    def action_stage(self, way: int) -> None:
        """The next stage, or the one before."""
        self.query_one("#steps", Grid).cursor += way

    def action_only(self, panel: str) -> None:
        """One panel alone, or all."""
        for name in ("changes", "sides"):
            self.set_class(name == panel, f"-only-{name}")
        if panel:
            self.query_one(f"#{panel}", Grid).focus()

    def action_back(self) -> None:
        """All panels again; else to the files."""
        if self.has_class("-only-changes") or self.has_class("-only-sides"):
            self.action_only("")
            self.query_one("#steps", Grid).focus()
        else:
            self.dismiss()

    def file(self) -> str:
        """The file that is shown."""
        return self.path

    def copies(self) -> list[Copy]:
        """Value, path, row and table of what the cursor is on."""
        stage, at = self.stage, self.query_one("#changes", Grid).cursor
        found = [Copy("f", "file", self.path)]
        if stage is None or at >= len(self.entries):
            return found
        entry, grid = self.entries[at], self.query_one("#changes", Grid)
        row = change_row(entry)
        every = (grid.source.line(index) for index in range(len(grid.source)))
        return [
            Copy("v", "value", row.place),
            Copy("p", "path", path_text(entry.path)),
            Copy("r", "row", tab_separated(CHANGES, [Line(tuple(row))])),
            Copy("t", "table", tab_separated(CHANGES, every)),
            *found,
        ]

    # --- writing -----------------------------------------------------------------------------------------------

    def can_write(self) -> str:
        """Why nothing can be written now; empty if it can."""
        if self.preview is None:
            return "there is nothing to write"
        return "" if self.preview.changed else f"the file needs nothing for {goal(self.preview.to).name}"

    def order(self, place: str, destination: str) -> Order:
        """What is to be written."""
        return Order((self.path,), self.to, "in place" if place else "copy", destination, self.residue)

    def suggested(self) -> str:
        """A free name beside the file."""
        return copy_name(self.path, self.to)

    def dialog_rows(self, order: Order) -> list[tuple[str, str]]:
        """Path, sizes, backup and losses."""
        assert self.preview is not None
        tally = self.preview.losses.tally()
        losses = Losses(tally.lost, tally.losses)
        return summary_rows(order, self.preview.size, self.preview.new_size, 1, losses)

    def write(self, order: Order, write: Write) -> None:
        """Write what the order says."""
        assert self.preview is not None
        self._write(order, write, self.preview.stamp)

    @work(thread=True, exclusive=True, exit_on_error=False, group="write", description="writing")
    def _write(self, order: Order, write: Write, stamp: tuple[object, ...]) -> None:
        found: Result | str = f"{self.path}: was not written"
        try:
            if stamp_of(self.path) != stamp:
                found = f"{self.path}: has changed since it was read; r reads it again"
            else:
                (found,) = carry_out(order, write, lambda: False)
        except MigratorError as error:
            found = str(error)
        finally:
            self.app.call_from_thread(self._wrote, found, write)

    def _wrote(self, found: Result | str, write: Write) -> None:
        write.done, write.changed = 1, int(isinstance(found, Result) and bool(found.output))
        self.ended(write, complete=True)
        if isinstance(found, str) or found.error:
            self.complain(found if isinstance(found, str) else str(found.error))
            return
        for warning in found.warnings:
            self.notify(printable(warning), severity="warning", timeout=10, markup=False)
        if found.output:
            self.notify(f"written: {printable(found.output)}; u takes it back", timeout=8, markup=False)
        self.look()


def _stage_line(stage: Stage) -> Line:
    worst_loss = stage.worst_loss
    if worst_loss is None:
        return Line((stage.name, stage.counts), "" if stage.entries else "dim")
    return Line((stage.name, stage.counts), _LOSS_TONES[worst_loss], _LOSS_SIGNS[worst_loss])


class _Changes:
    """The entries of a stage as lines, made when they are looked at."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def line(self, index: int) -> Line:
        """The cells of an entry."""
        entry = self._entries[index]
        return Line(tuple(change_row(entry)), _LOSS_TONES.get(entry.loss, ""), _LOSS_SIGNS.get(entry.loss, ""))
