"""What names files in the library: one path, or several."""

from __future__ import annotations

import os
from collections.abc import Iterable

from migrator.errors import UsageError

PathLike = str | os.PathLike[str]
Paths = PathLike | Iterable[PathLike]


def names_of(paths: Paths, what: str) -> list[str]:
    """The names of one path or several.

    Args:
        paths: a file, folder or URL, or an iterable of these.
        what: what they are, for errors.

    Raises:
        UsageError: it is something else, or empty.
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    if not isinstance(given, Iterable):
        raise UsageError(f"{what} is {paths!r:.60}", expected="a path, or a list of paths")
    names = []
    for path in given:
        if not isinstance(path, (str, os.PathLike)):
            raise UsageError(f"{what} has {path!r:.60} among its paths", expected="a file, a folder or a URL")
        names.append(os.fspath(path))
    if not names:
        raise UsageError(f"{what} names nothing", expected="at least one path")
    return names


def texts_of(value: str | Iterable[str]) -> list[str]:
    """One text or several as a list: a single one is not taken for its characters."""
    return [value] if isinstance(value, str) else list(value)
