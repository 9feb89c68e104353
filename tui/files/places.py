"""Where one can go from the list: to a folder in it, to what was opened before, to any path or URL. No Textual here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from migrator.errors import MigratorError
from migrator.render.text import plural
from migrator.stores import exists, is_folder, is_url
from tui.common.pick import Found
from tui.common.rows import home_path

_MOST: Final = 500
"""Places that are offered at once."""


class Places:
    """Folders of the list, and paths that can be opened in place of those that are listed.

    Args:
        folders: folder of the list, with a slash at its end → how many files are below it.
        recent: the paths that were opened before, the last first.
    """

    def __init__(self, folders: Mapping[str, int], recent: Sequence[Sequence[str]]) -> None:
        self._folders = folders
        self._recent = {"  ".join(map(home_path, paths)): list(paths) for paths in recent if paths and _is_there(paths)}

    def search(self, text: str) -> list[Found]:
        """The places that have all words of a text in their name, and folders of the disk that begin so."""
        wanted = text.casefold().split()
        found = [Found(folder, plural(count, "file")) for folder, count in self._folders.items()]
        found += [Found(name, "opened before") for name in self._recent]
        fits = [each for each in found if all(word in each.text.casefold() for word in wanted)]
        return [*fits, *_below(text.strip())][:_MOST]

    def paths(self, text: str) -> list[str]:
        """The paths to open for what was chosen or typed; empty for a folder of the list."""
        if text in self._folders:
            return []
        return self._recent.get(text) or [_whole(text)]

    def refusal(self, text: str) -> str:
        """Why a text that was typed cannot be opened; empty if it can."""
        path = _whole(text)
        try:
            there = is_folder(path) or exists(path)
        except (MigratorError, OSError, ValueError) as error:
            return str(error)
        return "" if there else "there is no such file or folder"


def _whole(text: str) -> str:
    return text if is_url(text) else os.path.expanduser(text)


def _is_there(paths: Sequence[str]) -> bool:
    """Whether any of some paths exists; a store is not asked."""
    return any(is_url(path) or os.path.exists(path) for path in paths)


def _below(text: str) -> list[Found]:
    """The folders of the disk whose path begins with a text."""
    if os.sep not in text or is_url(text):
        return []
    folder, _, begun = text.rpartition(os.sep)
    try:
        with os.scandir(os.path.expanduser(folder) or os.sep) as entries:
            names = [each.name for each in entries if each.is_dir() and each.name.startswith(begun)]
    except OSError:
        return []
    hidden = begun.startswith(".")
    return [Found(f"{folder}{os.sep}{name}", "folder") for name in sorted(names) if hidden or name[:1] != "."]
