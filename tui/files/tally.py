"""How many files of the list are what, counted as they become known: not all are gone through for each line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

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

    def summary(self, *, hidden: int = 0, key: str = "", room: int | None = None) -> str:
        """What all of it is, on one line: `74 exports of 60 runs, 51 need migration, 2 with failures, 20 other files`.

        An export of GenAI-Perf is one, too, and told. Of the other files, some may be `hidden` until a `key` is
        pressed. Where all of it is longer than `room`, what matters least is left out, and `…` stands at the end.
        """
        parts = dict(self._parts(hidden, key))
        told = ", ".join(parts.values())
        for kind in _LEAST:
            if room is None or len(told) <= room:
                break
            if parts.pop(kind, None):
                told = ", ".join([*parts.values(), "…"])
        return told

    def _parts(self, hidden: int, key: str) -> Iterator[tuple[str, str]]:
        """(kind, words) of all that there is."""
        predecessors = self["predecessor"]
        exports = self["main"] + predecessors
        yield "exports", exports_of_runs(exports, exports if self.runs is None else self.runs)
        if predecessors:
            yield "predecessor", f"{predecessors} of GenAI-Perf"
        if outdated := self["outdated"]:
            # Files beside an export are migrated, too, and there may be more of them than exports.
            files = f" {'file' if outdated == 1 else 'files'}" if self["outdated other"] else ""
            yield "outdated", f"{outdated}{files} {'needs' if outdated == 1 else 'need'} migration"
        for kind, what in (("problems", "with problems"), ("failures", "with failures")):
            if number := self[kind]:
                yield kind, f"{number} {what}"
        others = self["other"]
        if others and others != hidden:
            yield "other", plural(others, "other file")
        if hidden:
            # Short: it stands at the end of a line that has room for little more.
            yield "hidden", f"{hidden} hidden{f' ({key})' if key else ''}"
        if unreadable := self["unreadable"]:
            yield "unreadable", f"{unreadable} unreadable"


_LEAST: Final = ("other", "predecessor", "hidden", "failures", "problems", "outdated")
"""Kinds that are left out where there is no room for all, the first first."""


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
        if not (export.main or export.comparable):
            yield "outdated other"
    if export.problems:
        yield "problems"
    if export.checkable:
        yield "unchecked"
