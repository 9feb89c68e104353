"""How files are written: what is kept of an original, and when to wait for the disk."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Final

from migrator.values import NamedTuple

BACKUP_SUFFIX: Final = ".bak"
"""The end of a backup's name, unless the user chooses another."""
MAX_WAITING_BYTES: Final = 2**24
"""Bytes of documents that may wait in memory to be written together."""


class Fsync(StrEnum):
    """When to wait for the disk."""

    EACH = "each"
    """After each file."""
    BATCH = "batch"
    """Once for some dozen files."""
    NEVER = "never"
    """Not at all."""


class WriteOptions(NamedTuple):
    """How originals are replaced and outputs are written.

    Backups stand beside the original under `suffix`, or in `folder`, or nowhere (both None). `touch` renews the time
    of modification instead of keeping it.
    """

    suffix: str | None = BACKUP_SUFFIX
    folder: str | None = None
    touch: bool = False
    fsync: Fsync = Fsync.BATCH

    @property
    def backup(self) -> bool:
        """Whether originals are kept."""
        return self.suffix is not None or self.folder is not None

    def backup_name(self, path: str, relative: str) -> str:
        """The first choice for the backup of `path`, whose place in its tree is `relative`; it may be taken."""
        return os.path.join(self.folder, relative) + (self.suffix or "") if self.folder else path + (self.suffix or "")
