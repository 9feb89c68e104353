"""What the list of files does to know them: find them, read the numbers of all, then check each; in the background."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from threading import Event
from typing import Final

from textual import on, work
from textual.message import Message
from textual.worker import Worker, get_current_worker

from tui.files.columns import METRICS
from tui.files.export import Export, found, runs_among, stamp
from tui.files.read_export import Checked
from tui.files.reading import Readers
from tui.files.selecting import SelectingPage
from tui.files.sharing import Shared

_INTERVAL: Final = 0.2
"""Seconds after which what became known is on the screen."""
_SHARE: Final = 4
"""How many times as long as making the lines took the screen is left to the user before they are made again."""
_LASTING: Final = 2000
"""Files after which what is known of them is kept out of the looking for garbage."""
_PATIENCE: Final = 1.0
"""Seconds that the look for files waits at most for its first ones to be on the screen."""


class FindingPage(SelectingPage):
    """A list of files that are found and read while it is shown."""

    class Listed(Message):
        """Files were found; the last time, all of them."""

        def __init__(self, exports: Sequence[Export], *, whole: bool = False) -> None:
            super().__init__()
            self.exports, self.whole = exports, whole

    class Read(Message):
        """Files were read, with some fields beside those that always are."""

        def __init__(self, exports: Sequence[Export], keys: tuple[str, ...]) -> None:
            super().__init__()
            self.exports, self.keys = exports, keys

    class Counted(Message):
        """All files have been read, and are exports of so many runs."""

        def __init__(self, runs: int) -> None:
            super().__init__()
            self.runs = runs

    class Found(Message):
        """Files were checked."""

        def __init__(self, found: Sequence[Checked]) -> None:
            super().__init__()
            self.found = found

    def __init__(self) -> None:
        super().__init__()
        self._metrics = METRICS
        self._stale = False
        self._whole = False
        self._looks = False
        self._settled = self._took = 0.0
        self._kept = 0
        self._shared = Shared()
        self._seen = Event()

    def on_mount(self) -> None:
        """Look for files as soon as the frame is on the screen."""
        # Rows are made anew at most so often, however fast they come.
        self.set_interval(_INTERVAL, self._settle)
        # The frame first: then whatever takes time.
        self.call_after_refresh(self.action_rescan)

    @property
    def busy(self) -> bool:
        """Whether the list is incomplete, or not all that is known is on the screen."""
        unfinished = self._stale or not self._whole or self._looks
        return unfinished or bool(self.waiting) or self.shell.session.has_written

    @property
    def whole(self) -> bool:
        """Whether all files have been found."""
        return self._whole

    def make_lines(self) -> None:
        """Make the lines anew; the cursor stays on its file."""
        raise NotImplementedError

    def take_over(self) -> None:
        """Show what has been read."""
        if self._stale:
            self._settle_lines()

    # --- looking -----------------------------------------------------------------------------------------------

    def action_rescan(self) -> None:
        """Look for files; only those that are new or changed are read."""
        self.shell.session.has_written = False
        self._metrics = self.files.asked()
        self.files.expect(self._metrics)
        self._whole, self._looks = False, True
        self._look({export.path: export for export in self.files.exports}, self._metrics)

    def read_what_is_asked(self) -> None:
        """Read all files again if something is asked that was not read."""
        asked = self.files.asked()
        if set(asked) <= set(self._metrics):
            self.files.expect(self._metrics)
        else:
            self.action_rescan()

    @work(thread=True, exclusive=True, exit_on_error=False, group="files", description="looking for files")
    def _look(self, known: dict[str, Export], keys: tuple[str, ...]) -> None:
        worker = get_current_worker()

        def stops() -> bool:
            return worker.is_cancelled

        listed = self._list(stops)
        if stops():
            return
        # What is known of each file by now, in the order of the list.
        now = {each.path: old if (old := known.get(each.path)) and _same(old, keys) else each for each in listed}
        unread = [(each.path, each.relative) for each in now.values() if not each.read]
        # What the first key of a filter would wait for otherwise.
        import_module("migrator.batch.where")
        with Readers(stops) as readers:
            for bundle in readers.read(unread, keys):
                for each in bundle:
                    self._shared.share(each, now[each.path])
                self.post_message(self.Read(bundle, keys))
                for each in bundle:
                    each.named = now[each.path].named
                    now[each.path] = each
            if stops():
                return
            self.post_message(self.Counted(len(runs_among(each for each in now.values() if each.comparable)[0])))
            unchecked = [(each.path, each.relative) for each in now.values() if _to_check(each, known.get(each.path))]
            for found_ in readers.check(unchecked):
                self.post_message(self.Found(found_))

    def _list(self, stops: Callable[[], bool]) -> list[Export]:
        listed: list[Export] = []
        posted = 0
        for export in found(self.shell.session.paths):
            listed.append(export)
            if len(listed) in (64, 1024) or len(listed) - posted >= 4096:
                self.post_message(self.Listed(listed[posted:]))
                posted = len(listed)
                # Two threads that compute take each other's time: the first lines are on the screen before all else.
                self._seen.wait(_PATIENCE)
            if stops():
                return listed
        self.post_message(self.Listed(listed, whole=True))
        self._seen.wait(_PATIENCE)
        return listed

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Whatever the last look ended with, it has ended."""
        if event.worker.group == "files" and event.worker.is_finished:
            self._looks = any(each.group == "files" and not each.is_finished for each in self.workers)

    # --- what was found ----------------------------------------------------------------------------------------

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        first = not self.files.exports
        if message.whole:
            self._whole = True
            there = [export.path for export in message.exports]
            self.files.keep(there)
            self.selection.keep(there)
            self.shell.session.keep_marks(there)
        self.files.add(message.exports)
        self.grid.empty = "no file here" if message.whole else self.grid.empty
        self._stale = True
        if first or message.whole:
            self._settle_lines()
        if not self._seen.is_set():
            self.call_after_refresh(self._seen.set)

    @on(Read)
    def _read(self, message: Read) -> None:
        self.files.update(message.exports, message.keys)
        self._stale = True

    @on(Counted)
    def _counted(self, message: Counted) -> None:
        self.files.tally.runs = message.runs
        self._stale = True

    @on(Found)
    def _found(self, message: Found) -> None:
        self.files.take_checked(message.found)
        self._stale = True

    # --- showing it --------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        # What another screen has written is looked for as soon as the list is seen again.
        if self.shell.session.has_written and self.is_current:
            self.action_rescan()
        if self._stale and time.monotonic() - self._settled >= _SHARE * self._took:
            self._settle_lines()
        if self.waiting and self.is_current:
            self.go_on()

    def _settle_lines(self) -> None:
        since, self._stale = time.monotonic(), False
        self._keep_from_collector()
        # While the order does not depend on what is being read, the lines stay where they are.
        if self.files.plain:
            self.grid.refresh()
        else:
            self.make_lines()
        self.show_header()
        self._settled = time.monotonic()
        self._took = self._settled - since

    def _keep_from_collector(self) -> None:
        """Spare the collector of garbage the files: going through those of 100,000 would take a quarter of a second."""
        known = 2 * len(self.files.exports) - self.files.unknown
        if known - self._kept >= _LASTING:
            self._kept = known
            gc.collect(1)
            gc.freeze()


def _same(export: Export, keys: Sequence[str]) -> bool:
    """Whether a file is as it was when these fields of it were read."""
    as_it_was = export.stamp is not None and export.stamp == stamp(export.path)
    return export.read and as_it_was and set(keys) <= set(export.asked)


def _to_check(export: Export, before: Export | None) -> bool:
    """Whether a file has to be checked: not if it was, and has not changed since."""
    was_checked = before is not None and before.checked and before.stamp is not None and before.stamp == export.stamp
    return export.checkable and not was_checked
