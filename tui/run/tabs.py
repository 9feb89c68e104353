"""The titles of the panels of a run."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.message import Message
from textual.widgets import Static

PANELS: Final = {
    "metrics": "Metrics",
    "run": "Run",
    "config": "Config",
    "gpus": "GPUs",
    "json": "JSON",
    "peers": "Peers",
}
"""Panel → its title, in the order of their number keys."""


class Tabs(Static):
    """The panels with their keys; the open one has brackets, so that it shows without colour."""

    DEFAULT_CSS = "Tabs { height: 1; padding: 0 1; background: $surface; }"

    class Clicked(Message):
        """A panel's title was clicked."""

        def __init__(self, panel: str) -> None:
            super().__init__()
            self.panel = panel

    def mark(self, open_panel: str) -> None:
        """Which panel is open."""
        self._titles = [
            f"[{n} {title}]" if panel == open_panel else f" {n} {title} "
            for n, (panel, title) in enumerate(PANELS.items(), 1)
        ]
        self.update(" ".join(self._titles))

    def on_click(self, event: events.Click) -> None:
        """Open what was clicked."""
        place = 1
        for panel, title in zip(PANELS, self._titles, strict=True):
            if place <= event.x < place + len(title):
                self.post_message(self.Clicked(panel))
            place += len(title) + 1
