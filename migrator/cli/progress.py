"""A progress line on standard error: only when a person watches, and only when it takes a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from migrator.cli.streams import cleared_by

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_PATIENCE: Final = 1.0
"""Seconds before anything is shown: most runs are over by then, and never pay for importing `rich`."""
_EVERY: Final = 64
"""Files between two looks at the clock."""


class Progress:
    """Counts files; shows how many are done, the rate, and, once it is known how many there are, what remains.

    Files are streamed, so their number is found out on the side: by `count`, in a thread, and only when a line is
    shown at all.
    """

    def __init__(self, what: str, count: Callable[[], int] | None = None) -> None:
        self._what = what
        self._counting = count
        self._watched = sys.stderr.isatty()
        self._started = time.monotonic()
        self._count = 0
        self._bar: RichProgress | None = None

    def __enter__(self) -> Self:
        self._told = cleared_by(self.clear)
        self._told.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._told.__exit__(kind, error, tb)
        self.clear()

    def advance(self) -> None:
        """One more file is done."""
        self._count += 1
        if not self._watched or self._count % _EVERY:
            return
        if self._bar is None and time.monotonic() - self._started > _PATIENCE:
            self._bar = self._start()
        if self._bar is not None:
            self._bar.start()
            rate = self._count / (time.monotonic() - self._started)
            self._bar.update(self._bar.task_ids[0], completed=self._count, rate=rate)

    def clear(self) -> None:
        """Take the line off the terminal, because something else is written there; it comes back by itself."""
        if self._bar is not None:
            self._bar.stop()

    def _start(self) -> RichProgress:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        bar = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=12),
            TextColumn("{task.completed:.0f}{task.fields[all]} files"),
            TextColumn("{task.fields[rate]:.0f}/s"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            # Standard output is data and may be a file: it is not to be caught and shown above the line.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        task = bar.add_task(self._what, total=None, rate=0.0, all="")
        if count := self._counting:

            def find_out() -> None:
                total = count()
                bar.update(task, total=total, all=f" of {total}")

            Thread(target=find_out, daemon=True).start()
        bar.start()
        return bar
