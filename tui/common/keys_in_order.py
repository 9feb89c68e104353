"""Keys that are typed ahead go where they were meant to go: a key waits until the one before it has done its work.

Textual hands each key at once to what has the focus then. Of `/base`, typed quickly, all keys would go to the list,
before the line of the filter is there: `b` and `a` would be taken for commands.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

_PATIENCE: Final = 0.5
"""Seconds after which a key is not waited for any more: what handled it may be gone."""


class KeysInOrder(App[None]):
    """An app that handles one key after the other."""

    def __init__(self) -> None:
        super().__init__()
        self._held: deque[events.Key] = deque()
        self._handled: events.Key | None = None
        self._sent_to: MessagePump | None = None

    async def on_event(self, event: events.Event) -> None:
        """Hand on a key when those before it are done."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._handled is None:
            await self._hand_on(event)
        else:
            self._held.append(event)
            waits_for = self._handled
            self.set_timer(_PATIENCE, lambda: self._done_with(waits_for))

    async def _on_key(self, event: events.Key) -> None:
        """A key that nothing took is one of a command, unless the focus has moved on its way here."""
        if self._handled is not None and self._sent_to is not self._target:
            event.prevent_default().stop()
            await self._hand_on(events.Key(event.key, event.character))

    @property
    def _target(self) -> MessagePump:
        return self.focused or self.screen

    async def _hand_on(self, key: events.Key) -> None:
        self._handled, self._sent_to = key, self._target
        await super().on_event(key)
        self._follow(self._sent_to, key, 1)

    def _follow(self, node: MessagePump | None, key: events.Key, more: int) -> None:
        """Go the way that a key goes that nothing takes: behind it, from each widget to the one around it.

        Once more after that, for the way of the message that it sets off in the widget: `enter`, that a line is done.
        """
        if node is None or node is self:
            self.call_later(self._follow, self._sent_to, key, more - 1) if more else self.call_later(
                self._done_with, key
            )
        elif not node.call_later(self._follow, node._parent, key, more):
            self._follow(node._parent, key, more)

    async def _done_with(self, key: events.Key) -> None:
        if self._handled is key:
            self._handled = None
            if self._held:
                await self._hand_on(self._held.popleft())
