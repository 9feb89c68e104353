"""Let other processes work on a batch while the app has the terminal."""

from __future__ import annotations

import sys


def prepare() -> None:
    """Start what `multiprocessing` needs before its first process, with the standard error that the app has replaced.

    Its resource tracker is handed the file number of `sys.stderr`, and what Textual puts there has none.
    """
    # Slow to import, and only a batch needs it.
    from contextlib import redirect_stderr
    from multiprocessing import resource_tracker

    with redirect_stderr(sys.__stderr__):
        resource_tracker.ensure_running()
