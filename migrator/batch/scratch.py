"""The temporary folder of a cluster on this machine; those that killed processes left are removed."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from migrator.files.temporary import try_lock

_PREFIX: Final = "aiperf-migrate-dask-"
_NAME: Final = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}")
"""What `tempfile` makes of the prefix."""


@contextmanager
def scratch_folder() -> Iterator[str]:
    """A temporary folder, locked while it is in use, and removed at the end."""
    _clear_left()
    while True:
        folder = tempfile.mkdtemp(prefix=_PREFIX)
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        # Another process may have taken it for one that was left, before it was locked.
        if try_lock(handle) is not False and os.path.isdir(folder):
            break
        os.close(handle)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _clear_left() -> None:
    """Remove the folders of this user that nobody has locked."""
    place = tempfile.gettempdir()
    with suppress(OSError):
        for name in os.listdir(place):
            if _NAME.fullmatch(name):
                _clear(os.path.join(place, name))


def _clear(folder: str) -> None:
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and try_lock(handle):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)
