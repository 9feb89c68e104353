"""Ctrl-C between two files of a batch, never within one."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self


class DeferredInterrupt:
    """While it is entered, Ctrl-C only asks: whoever works looks at `asked` between two files and stops.

    What is written meanwhile is therefore complete, and its ledger, too. When it is left after being asked, it raises
    `KeyboardInterrupt`; a second Ctrl-C raises at once.
    """

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        """Whether somebody wants to stop."""
        return self._asked

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def __enter__(self) -> Self:
        # Where Ctrl-C is ignored (`nohup`) or someone else's, it stays so.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if signal.getsignal(signal.SIGINT) == self._interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._asked and kind is None:
            raise KeyboardInterrupt
