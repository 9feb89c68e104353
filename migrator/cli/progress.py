"""A progress line on standard error: only on a terminal, and only for what takes longer than a second."""

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

_DELAY: Final = 1.0
"""Seconds before anything is shown: most runs are over by then, and need not import `rich`."""
_EVERY: Final = 64
"""Files between two updates."""


class Progress:
    """Counts files; shows how many are done, the rate, and, once the number of files is known, the time that remains.

    Files are streamed, so a thread finds their number, and only when a line is shown.

    Args:
        what: what is done with them, in a word or two.
        count: finds the number of files; None: it stays unknown.
    """

    def __init__(self, what: str, count: Callable[[], int] | None = None) -> None:
        self._what = what
        self._count_all = count
        self._is_terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._count = 0
        self._bar: RichProgress | None = None

    def __enter__(self) -> Self:
        self._cleared = cleared_by(self.clear)
        self._cleared.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._cleared.__exit__(kind, error, tb)
        self.clear()

    def advance(self) -> None:
        """Count one more file."""
        self._count += 1
        if not self._is_terminal or self._count % _EVERY:
            return
        if self._bar is None and time.monotonic() - self._started > _DELAY:
            self._bar = self._start()
        if self._bar is not None:
            self._bar.start()
            rate = self._count / (time.monotonic() - self._started)
            self._bar.update(self._bar.task_ids[0], completed=self._count, rate=rate)

    def clear(self) -> None:
        """Remove the line from the terminal; the next update shows it again."""
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
            # Standard output is data and may be a file: `rich` must not print it above the line.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        task = bar.add_task(self._what, total=None, rate=0.0, all="")
        if count := self._count_all:

            def show_total() -> None:
                total = count()
                bar.update(task, total=total, all=f" of {total}")

            Thread(target=show_total, daemon=True).start()
        bar.start()
        return bar
