"""Start the app in this terminal, and remember afterwards what is to be remembered."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tui.app import MigrateApp
from tui.session import Session, recall, remember
from tui.writes import farewell


def start(paths: Sequence[str], *, read_only: bool) -> None:
    """Run until the user leaves, and say then how to take back or finish what was written."""
    session = Session(list(paths), read_only, recall())
    app = MigrateApp(session)
    try:
        app.run()
    finally:
        remember(session.remembered)
        for line in farewell(session):
            sys.stderr.write(f"{line}\n")
