"""What a screen asks of the app around it, so that no screen has to know the app, nor the other screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from tui.session import Session, Write


@runtime_checkable
class Shell(Protocol):
    """The app as its screens see it, beside what every Textual app has."""

    @property
    def session(self) -> Session:
        """The paths, the marks, and what is remembered."""

    @property
    def keymap(self) -> Mapping[str, str]:
        """The user's keys, by the id of the binding."""

    def open_run(self, path: str) -> None:
        """Show one export in full."""

    def open_migration(self, paths: Sequence[str]) -> None:
        """Preview the migration of some files; without any, say that there is nothing to migrate."""

    def open_comparison(self) -> None:
        """Compare what is marked; without marks, say how to mark."""

    def open_front(self, paths: Sequence[str]) -> None:
        """Show the sweep that some runs, or folders of them, are of."""

    def open_history(self, paths: Sequence[str]) -> None:
        """Show the metrics of some runs, or of those in folders, over time."""

    async def action_quit(self) -> None:
        """Leave; while something is being written, ask first."""

    def write_ended(self, write: Write) -> None:
        """A screen has ended a write, whether it succeeded or not."""

    def undo_last(self) -> None:
        """Take back what was written last, after asking; say so if there is nothing."""

    def next_theme(self) -> None:
        """Change to the next colours, and remember them."""
