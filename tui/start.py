"""Start the app in this terminal, and remember afterwards what is to be remembered."""

from __future__ import annotations

from collections.abc import Sequence

from tui.app import MigrateApp
from tui.session import Session, recall, remember


def start(paths: Sequence[str], *, read_only: bool) -> None:
    """Run until the user leaves."""
    session = Session(list(paths), read_only, recall())
    app = MigrateApp(session)
    try:
        app.run()
    finally:
        remember(session.remembered)
