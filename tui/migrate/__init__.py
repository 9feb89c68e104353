"""The migration screens: the preview of one file or of many, and the writing."""

from __future__ import annotations

import os
from collections.abc import Sequence

from migrator.batch.discover import is_folder
from migrator.stores import base_name
from tui.migrate.base import MigrationPage
from tui.migrate.batch_screen import BatchScreen
from tui.migrate.screen import MigrateScreen

__all__ = ["BatchScreen", "MigrateScreen", "migration"]


def migration(paths: Sequence[str | os.PathLike[str]], *, read_only: bool) -> MigrationPage:
    """The screen for a selection: one document in full; several, a folder or a file of records as a batch."""
    names = [os.fspath(path) for path in paths]
    one = len(names) == 1 and not is_folder(names[0]) and ".jsonl" not in base_name(names[0])
    return (MigrateScreen if one else BatchScreen)(names, read_only=read_only)
