"""The migration screens: the preview of one file or of many, and the writing."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.batch.discover import is_folder
from migrator.stores import base_name
from tui.migrate.base import MigrationPage
from tui.migrate.batch_screen import BatchScreen
from tui.migrate.screen import MigrateScreen

__all__ = ["BatchScreen", "MigrateScreen", "migration"]


def migration(paths: Sequence[str], *, read_only: bool) -> MigrationPage:
    """The screen for a selection: one document in full; several, a folder or a file of records as a batch."""
    one = len(paths) == 1 and not is_folder(paths[0]) and ".jsonl" not in base_name(paths[0])
    return (MigrateScreen if one else BatchScreen)(paths, read_only=read_only)
