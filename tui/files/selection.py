"""Which files of the list are selected, and what a key acts on once they have been read. Knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from migrator.render.text import plural
from tui.files.export import Export
from tui.files.grouping import Row
from tui.files.model import FileList


class Selection:
    """The selected files, by path, and the line that a range begins at."""

    def __init__(self, files: FileList) -> None:
        self.paths: set[str] = set()
        self._files = files
        self._anchor = ""
        self._before: set[str] = set()
        self._at = -1

    def __bool__(self) -> bool:
        return bool(self.paths)

    def clear(self) -> None:
        """Select nothing."""
        self.paths = set()

    def keep(self, paths: Iterable[str]) -> None:
        """Unselect all files but these: the others are gone."""
        self.paths &= set(paths)

    def toggle(self, index: int) -> None:
        """Select the file of a line, or all in its folder or group; unselect them if all are selected."""
        paths = _paths(self._files.behind(index))
        self.paths = self.paths - paths if paths <= self.paths else self.paths | paths
        self._anchor, self._before, self._at = self._files.rows[index].key, set(self.paths), index

    def toggle_all(self) -> None:
        """Select all that pass the filter, or unselect them if all are selected."""
        passing = self._files.passing
        self.paths = self.paths - passing if passing <= self.paths else self.paths | passing

    def invert(self) -> None:
        """Of all that pass the filter, select those that are not selected, and unselect the others."""
        self.paths ^= self._files.passing

    def range_to(self, index: int) -> None:
        """Select all lines from the one that was selected last to this one, too."""
        start = self._files.find(self._anchor)
        self._extend(index if start is None else start, index, self.paths)

    def extend(self, index: int, to: int) -> None:
        """Take the range, which ends at a line, to another one: it grows, or shrinks on its way back."""
        start = self._files.find(self._anchor)
        if start is None or self._at != index:
            start, self._before = index, set(self.paths)
            self._anchor = self._files.rows[index].key
        self._extend(start, to, self._before)

    def _extend(self, start: int, end: int, before: set[str]) -> None:
        lines = range(min(start, end), max(start, end) + 1)
        self.paths = before | {export.path for index in lines for export in self._files.behind(index)}
        self._at = end

    def mark(self, row: Row) -> str:
        """`•` for what is selected, `◦` for a folder or group of which a part is."""
        if not self.paths:
            return " "
        if row.export:
            return "•" if row.export.path in self.paths else " "
        count = sum(export.path in self.paths for export in row.inside)
        return " " if not count else "•" if count == len(row.inside) else "◦"

    @property
    def hidden(self) -> int:
        """How many of the selected files do not pass the filter, or are other files that are not shown."""
        return len(self.paths - self._files.passing) if self._files.filtered or self._files.hidden else 0

    @property
    def why_hidden(self) -> str:
        """What hides a part of the selection."""
        return "hidden by the filter" if self._files.filtered else "hidden: not exports"

    @property
    def words(self) -> str:
        """`12 selected, 5 of them hidden by the filter`; empty without a selection."""
        if not self.paths:
            return ""
        hidden = f", {self.hidden} of them {self.why_hidden}" if self.hidden else ""
        return f"{len(self.paths)} selected{hidden}"

    def visible(self) -> list[Export]:
        """The selected files that pass the filter, in the order of the list."""
        wanted = self.paths & self._files.passing
        return [export for export in self._files.exports if export.path in wanted]


def _paths(exports: Sequence[Export]) -> set[str]:
    return {export.path for export in exports}


class Step(NamedTuple):
    """Something to do as soon as some files have been read.

    Attributes:
        files: the files, as far as they are known; None while that cannot be said yet.
        act: what to do with them.
    """

    files: Callable[[], Sequence[Export] | None]
    act: Callable[[Sequence[Export]], None]


class Waiting:
    """Steps that wait for files to be read, in the order in which they were asked for; `is_known` says if one is."""

    def __init__(self, is_known: Callable[[Export], bool]) -> None:
        self._steps: list[Step] = []
        self._is_known = is_known

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(self, step: Step) -> None:
        """One more step."""
        self._steps.append(step)

    def clear(self) -> None:
        """Do none of them."""
        self._steps.clear()

    def go_on(self) -> str:
        """Take all steps whose files have been read; what the next one waits for, empty if there is none."""
        while self._steps:
            files = self._steps[0].files()
            if files is None:
                return "waiting: looking for files"
            known = sum(map(self._is_known, files))
            if known < len(files):
                return f"waiting: {known} of {plural(len(files), 'file')} read"
            self._steps.pop(0).act(files)
        return ""
