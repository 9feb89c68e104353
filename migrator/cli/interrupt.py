"""Let Ctrl-C end a batch between two files, never within one."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self


class DeferredInterrupt:
    """A context in which the first Ctrl-C only makes `asked` true: the batch asks it between two files, and ends.

    So the files that were written are complete, and their ledgers, too. At its end the context then raises
    `KeyboardInterrupt`; a second Ctrl-C raises it at once.
    """

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._asked

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def __enter__(self) -> Self:
        # Where Ctrl-C is ignored (`nohup`), or the caller handles it, it stays so.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if signal.getsignal(signal.SIGINT) == self._interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._asked and kind is None:
            raise KeyboardInterrupt
