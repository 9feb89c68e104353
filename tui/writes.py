"""What the app knows of writing: leaving in the middle of it, taking it back, and what an earlier start left undone."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.worker import Worker, WorkerState

from migrator.errors import MigratorError
from migrator.render.safe import printable
from migrator.render.text import plural
from tui.common.ask import Answer, Ask
from tui.common.keys_in_order import KeysInOrder
from tui.common.page import Page
from tui.session import RESUME, Session, Write, journals

if TYPE_CHECKING:
    from migrator.writing.outcome import Undone
    from tui.migrate.journals import Unfinished

_INTERVAL: Final = 0.1
"""Seconds between two updates of the screen."""


def undo_command(journal: str) -> str:
    """The command line that takes a write back."""
    return shlex.join(["aiperf-migrate", "undo", journal])


def farewell(session: Session) -> list[str]:
    """What is said when the app has ended: where the journals are, and the commands that go with them."""
    lines = []
    for write in session.writes:
        cut_off = write.stopping or write.running
        if write.undoes or write.undone or not (write.changed or cut_off):
            continue
        lines.append(f"{plural(write.changed, 'file')} written, journal: {printable(write.journal)}")
        lines.append(f"  to take it back: {printable(undo_command(write.journal))}")
        if cut_off:
            lines.append(f"  to finish it:    {printable(write.resume)}")
    return lines


class WritingApp(KeysInOrder):
    """An app that writes files, and does not leave or forget that in silence."""

    session: Session
    _leaving = False

    # --- leaving -----------------------------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Leave; while something is being written, ask first."""
        write = self.session.running
        if write is None:
            self.exit()
        elif not isinstance(self.screen, Ask):
            self._ask_to_leave(write)

    def _ask_to_leave(self, write: Write) -> None:
        of = f" of {write.total}" if write.total else ""
        what = "taken back" if write.undoes else "written"
        later = undo_command(write.journal) if write.undoes else write.resume
        lines = [f"Files are being {what}: {write.done}{of} are done.", "", "The rest can be done later:", later]

        def answered(key: str | None) -> None:
            if key:
                self._leaving = write.stopping = True
                if not write.running:
                    self.exit()

        answers = [Answer("s", "stops after the present file, and leaves")]
        self.push_screen(Ask("leave?", lines, answers, "goes on"), answered)

    def write_ended(self, write: Write) -> None:
        """Something was written, or taken back: the list is out of date, and who wanted to leave can."""
        write.running = False
        self.session.has_written = True
        if self._leaving:
            self.exit()

    # --- taking back -------------------------------------------------------------------------------------------

    def undo_last(self) -> None:
        """Ask whether to take back what was written last, and do it."""
        write = self.session.undoable
        if self.session.read_only or self.session.running or write is None:
            running = "files are being written" if self.session.running else "nothing was written that can be undone"
            self.notify("read-only: nothing is written" if self.session.read_only else running, markup=False)
            return
        lines = [
            f"Take back what was written last: {plural(write.changed, 'file')}.",
            "Originals return from their backups, copies are removed. What was changed since is left as it is.",
            "",
            "the same as:",
            undo_command(write.journal),
        ]

        def answered(key: str | None) -> None:
            if key:
                self._take_back(write)

        self.push_screen(Ask("undo", lines, [Answer("u", "takes it back")], "leaves it"), answered)

    def _take_back(self, write: Write) -> None:
        undoing = Write(write.journal, total=write.changed, undoes=True)
        self.session.writes.append(undoing)
        work = partial(self._undo, write, undoing)
        self.run_worker(work, thread=True, exit_on_error=False, group="undo", description="taking it back")

    def _undo(self, write: Write, undoing: Write) -> None:
        from tui.migrate.journals import forget, take_back

        count: Counter[Undone] = Counter()
        faults, since = ["it ended early"], time.monotonic()
        try:
            for outcome in take_back(write.journal, lambda: undoing.stopping):
                undoing.done += 1
                count[outcome.status] += 1
                if outcome.error:
                    faults.append(str(outcome.error))
                if time.monotonic() - since > _INTERVAL:
                    self.call_from_thread(self._show_headers)
                    since = time.monotonic()
            del faults[0]
        except MigratorError as error:
            faults[0] = str(error)
        finally:
            write.undone = not faults and not undoing.stopping
            if write.undone:
                forget(write.journal)
            self.call_from_thread(self._undid, undoing, count, faults)

    def _show_headers(self) -> None:
        if isinstance(self.screen, Page):
            self.screen.show_header()

    def _undid(self, undoing: Write, count: Counter[Undone], faults: list[str]) -> None:
        told = ", ".join(f"{number} {status.value}" for status, number in count.items())
        self.notify(f"undone: {told or 'nothing'}", markup=False, timeout=10)
        for fault in faults[:3]:
            self.notify(printable(fault), severity="error", timeout=10, markup=False)
        self.write_ended(undoing)
        for screen in self.screen_stack:
            if isinstance(screen, Page):
                screen.files_changed()
        self._show_headers()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Report a worker of the app that failed."""
        if event.state is WorkerState.ERROR:
            for write in self.session.writes:
                write.running = False
            error = event.worker.error
            text = f"{event.worker.description}: {type(error).__name__}: {error}"
            self.notify(printable(text), severity="error", timeout=10, markup=False)

    # --- what an earlier start left ----------------------------------------------------------------------------

    def tell_unfinished(self) -> None:
        """Ask what to do about a write that was cut off at an earlier time."""
        # Before anything that is slow to import.
        if self.session.read_only or not any(journals().glob(f"*{RESUME}")):
            return
        from tui.common.clipboard import copy
        from tui.migrate.journals import forget, unfinished

        found = unfinished()
        if not found:
            return
        cut_off: Unfinished = found[0]
        lines = [
            f"A migration was cut off: {plural(cut_off.files, 'file')} in its journal. Each file is the old or the new"
            " one. This finishes it:",
            "",
            cut_off.resume,
            "",
            *cut_off.about.split("\n"),
        ]
        answers = [
            Answer("y", "copies the command"),
            Answer("u", "takes back what was written"),
            Answer("d", "does not ask again"),
        ]

        def answered(key: str | None) -> None:
            if key == "y":
                copy(self, cut_off.resume, "the command")
            elif key == "u":
                # It opens by itself, under what is being typed: one key must not be enough.
                before = self._of_before(cut_off)
                if before.changed:
                    self.call_after_refresh(self.undo_last)
                else:
                    self._take_back(before)
            elif key == "d":
                forget(cut_off.journal)

        self.push_screen(Ask("not finished", lines, answers, "asks at the next start"), answered)

    def _of_before(self, cut_off: Unfinished) -> Write:
        write = Write(cut_off.journal, cut_off.resume, changed=cut_off.files, running=False)
        self.session.writes.append(write)
        return write
