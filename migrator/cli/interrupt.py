"""Ctrl-C between two files of a batch, never within one."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self


class Uninterrupted:
    """While one of these is entered, Ctrl-C waits until it is left; a second Ctrl-C does not wait.

    What is written within it is therefore complete when the batch stops, and its ledger, too.
    """

    def __init__(self) -> None:
        self._inside = self._asked = False
        # Where Ctrl-C is ignored (`nohup`) or someone else's, it stays so.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._asked or not self._inside:
            raise KeyboardInterrupt
        self._asked = True

    def __enter__(self) -> Self:
        self._inside = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._inside = False
        if self._asked:
            raise KeyboardInterrupt
