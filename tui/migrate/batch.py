"""The results of a batch as lines of a table. The work is done by [`migrator.batch.pool`][]."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator

from migrator.batch.migrate_work import Migrating
from migrator.batch.pool import run, usable_cores
from migrator.batch.request import Request, Result, Status
from migrator.errors import MigratorError
from migrator.ledger import Loss
from migrator.render.report import counts, total_line
from migrator.render.safe import printable
from migrator.render.text import plural
from tui.common.processes import prepare
from tui.common.rows import Column, Line
from tui.migrate.target import goal
from tui.migrate.writing import Losses, sources

COLUMNS = (
    Column("file", "file"),
    Column("status", "status", 11),
    Column("move", "version", 11),
    Column("what", "what happens"),
)
_TONES = {
    Status.MIGRATED: "good",
    Status.REDACTED: "good",
    Status.UNCHANGED: "",
    Status.SKIPPED: "dim",
    Status.FAILED: "bad",
}
_SIGNS = {Status.MIGRATED: "✓", Status.REDACTED: "✓", Status.UNCHANGED: "=", Status.SKIPPED: "·", Status.FAILED: "✗"}


class Outcome:
    """The results so far: lines of a grid, and the figures of all of them."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.count: Counter[Status] = Counter()
        self.lost = 0
        self._losses: Counter[Loss] = Counter()
        self._files_with_loss = 0
        self.troubled = False
        """Whether there is a loss, a warning or a failure among them."""
        self.size = 0
        """Bytes of the files that change."""
        self.written = 0
        """How many outputs there are; a copy of a file that stays as it is counts, too."""

    def __len__(self) -> int:
        return len(self.results)

    def line(self, index: int) -> Line:
        """The line of a result."""
        return line(self.results[index])

    def add(self, results: list[Result], size: int) -> None:
        """More results, whose changing files have so many bytes."""
        self.results += results
        self.count.update(result.status for result in results)
        self.lost += sum(result.tally.lost for result in results)
        self.size += size
        for result in results:
            self.written += bool(result.output)
            self._losses.update(result.tally.losses)
            self._files_with_loss += bool(result.tally.lost)
            self.troubled = self.troubled or is_troubled(result)

    @property
    def losses(self) -> Losses:
        """What is lost in all files together."""
        return Losses(self.lost, self._losses, self._files_with_loss, self.count[Status.FAILED])

    @property
    def changing(self) -> int:
        """How many files change."""
        return sum(self.count[status] for status in Status if status.changes)

    @property
    def total(self) -> str:
        """`12 files: 9 migrated, 2 skipped, 1 failed`, and what is lost."""
        lost = f"; ! {plural(self.lost, 'value')} lost" if self.lost else ""
        return total_line(dict(self.count)) + lost


def line(result: Result) -> Line:
    """One file: what happens to it, in words, and a sign."""
    if result.status is Status.MIGRATED:
        move, what = f"{result.from_version} → {result.to_version}", counts(result.tally)
        if result.warnings:
            what += f"; {plural(len(result.warnings), 'warning')}"
    else:
        move, what = "", printable(result.reason or _fault(result.error))
    tone = "warn" if result.tally.lost else _TONES[result.status]
    status = f"{_SIGNS[result.status]} {result.status.value}"
    return Line((printable(result.source.relative), status, move, what), tone)


def is_troubled(result: Result) -> bool:
    """Whether a file has a loss, a warning or a failure."""
    return bool(result.error or result.warnings or result.tally.lost)


def details(result: Result) -> list[str]:
    """Everything about one file, for the line below the table."""
    lines = [printable(str(result.error))] if result.error else []
    lines += [printable(warning) for warning in result.warnings]
    if result.output:
        lines.append(f"written to {printable(result.output)}")
    return lines


def _fault(error: MigratorError | None) -> str:
    if error is None:
        return ""
    return f"{error.place}: {error.found}" if error.place else error.found


def preview_files(paths: tuple[str, ...], to: str, *, residue: bool, stop: Callable[[], bool]) -> Iterator[Result]:
    """What a migration would do to each file of a selection; nothing is written.

    Args:
        paths: files and folders.
        to: the target, a version or a release.
        residue: whether what is lost is to be saved.
        stop: asked before each file whether to end early.
    """
    request = Request(goal(to), residue=residue, ledgers=False, newer_as_known=True)
    prepare()
    yield from run(sources(paths), Migrating(request), usable_cores(), stop)


def size_of(result: Result) -> int:
    """Bytes of a file that changes; 0 for all others, and for a file that is gone."""
    if not result.status.changes:
        return 0
    try:
        return os.path.getsize(result.source.path)
    except OSError:
        return 0
