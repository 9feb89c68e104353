"""The migration screens: the preview of one file or of many, and the writing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tui.migrate.base import MigrationPage
from tui.migrate.batch_screen import BatchScreen
from tui.migrate.screen import MigrateScreen

__all__ = ["BatchScreen", "MigrateScreen", "migration"]


def migration(paths: Sequence[Path], *, read_only: bool) -> MigrationPage:
    """The screen for a selection: one document in full; several, a folder or a file of records as a batch."""
    one = len(paths) == 1 and not os.path.isdir(paths[0]) and ".jsonl" not in paths[0].name
    return (MigrateScreen if one else BatchScreen)(paths, read_only=read_only)
