"""The line in which the filter of the list is typed: names and values are completed, and filters can be saved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

_TOLD = 6
"""Completions that are told besides the one that is shown behind the text."""


class FilterLine(Input):
    """A filter as it is typed; `tab` completes it.

    Args:
        text: the filter that holds now.
        complete: what a text could be, the best first.
    """

    class Proposed(Message):
        """What the text could be."""

        def __init__(self, texts: Sequence[str]) -> None:
            super().__init__()
            self.texts = texts[:_TOLD]

    class Saved(Message):
        """The filter is to be kept."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", id="filter.complete", tooltip="complete the name", priority=True),
        Binding("ctrl+s", "save", "Save", id="filter.save", tooltip="keep this filter", priority=True),
    ]

    def __init__(self, text: str, complete: Callable[[str], list[str]]) -> None:
        hint = "words; -word excludes; version<1.3; model:x; request_latency.p99>500; is:old"
        super().__init__(
            text, id="filter", placeholder=hint, compact=True, suggester=_Completions(complete, self._propose)
        )

    def _propose(self, texts: Sequence[str]) -> None:
        self.post_message(self.Proposed(texts))

    def action_complete(self) -> None:
        """Take the completion that is shown."""
        self.action_cursor_right() if self._suggestion else self.app.bell()

    def action_save(self) -> None:
        """Keep the filter."""
        self.post_message(self.Saved(self.value.strip()))


class _Completions(Suggester):
    def __init__(self, complete: Callable[[str], list[str]], propose: Callable[[Sequence[str]], None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete, self._propose = complete, propose

    async def get_suggestion(self, value: str) -> str | None:
        # Another thread: it may read a file.
        texts = await asyncio.to_thread(self._complete, value)
        self._propose(texts)
        return next(iter(texts), None)
