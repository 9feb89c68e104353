"""A progress line on standard error: only when a person watches, and only when it takes a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_PATIENCE: Final = 1.0
"""Seconds before anything is shown: most runs are over by then, and never pay for importing `rich`."""
_EVERY: Final = 64
"""Files between two looks at the clock."""


class Progress:
    """Counts files; shows a spinner, the count and the rate. How many there are is not known: they are streamed."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._watched = sys.stderr.isatty()
        self._started = time.monotonic()
        self._count = 0
        self._bar: RichProgress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self) -> None:
        """One more file is done."""
        self._count += 1
        if not self._watched or self._count % _EVERY:
            return
        if self._bar is None and time.monotonic() - self._started > _PATIENCE:
            self._bar = self._start()
        if self._bar is not None:
            rate = self._count / (time.monotonic() - self._started)
            self._bar.update(self._bar.task_ids[0], completed=self._count, rate=rate)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Other output may be written meanwhile: the line is taken off the terminal first."""
        if self._bar is None or not self._bar.live.is_started:
            yield
            return
        self._bar.stop()
        yield
        self._bar.start()

    def _start(self) -> RichProgress:
        from rich.console import Console
        from rich.progress import Progress as RichProgress
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        bar = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.completed:.0f} files"),
            TextColumn("{task.fields[rate]:.0f}/s"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        bar.add_task(self._what, total=None, rate=0.0)
        bar.start()
        return bar
