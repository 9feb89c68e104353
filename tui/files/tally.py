"""How many files of the list are what, counted as they become known: not all are gone through for each line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from migrator.render.text import exports_of_runs, plural
from tui.files.export import Export


class Tally:
    """Counts of files by what they are.

    Attributes:
        runs: how many runs the exports are of; None while that is not known.
    """

    def __init__(self) -> None:
        self.runs: int | None = None
        self._count: Counter[str] = Counter()

    def count(self, exports: Iterable[Export]) -> None:
        """Count all files anew."""
        self._count = Counter(kind for export in exports for kind in _kinds(export))

    def add(self, export: Export) -> None:
        """One more file."""
        for kind in _kinds(export):
            self._count[kind] += 1

    def remove(self, export: Export) -> None:
        """One file less, which is what it was when it was added."""
        for kind in _kinds(export):
            self._count[kind] -= 1

    def __getitem__(self, kind: str) -> int:
        return self._count[kind]

    def summary(self, *, hidden: int = 0, key: str = "") -> str:
        """What all of it is, on one line: `74 exports of 60 runs, 51 need migration, 2 with failures, 20 other files`.

        An export of GenAI-Perf is one, too, and told. Of the other files, some may be `hidden` until a `key` is
        pressed.
        """
        predecessors = self["predecessor"]
        exports = self["main"] + predecessors
        parts = [exports_of_runs(exports, exports if self.runs is None else self.runs)]
        if predecessors:
            parts.append(f"{predecessors} of GenAI-Perf")
        if outdated := self["outdated"]:
            parts.append(f"{outdated} {'needs' if outdated == 1 else 'need'} migration")
        for kind, what in (("problems", "with problems"), ("failures", "with failures")):
            if number := self[kind]:
                parts.append(f"{number} {what}")
        if others := self["other"]:
            # Short: it stands at the end of a line that has room for little more.
            of = [] if hidden == others else [plural(others, "other file")]
            parts += [*of, *([f"{hidden} hidden{f' ({key})' if key else ''}"] if hidden else [])]
        if unreadable := self["unreadable"]:
            parts.append(f"{unreadable} unreadable")
        return ", ".join(parts)


def _kinds(export: Export) -> Iterator[str]:
    if not export.read:
        yield "unread"
        return
    if export.error:
        yield "unreadable"
    elif export.main:
        yield "main"
        if export.failed:
            yield "failures"
    elif export.comparable:
        yield "predecessor"
    else:
        yield "other"
        if export.aside:
            yield "aside"
    if export.outdated:
        yield "outdated"
    if export.problems:
        yield "problems"
    if export.checkable:
        yield "unchecked"
