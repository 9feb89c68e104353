"""The report of a batch: lines for each file of a few, sums over like files of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, TypeVar

from migrator.aiperf.releases import version_key
from migrator.batch.request import Result, Status
from migrator.ledger import Loss, Op, Tally
from migrator.render.report import counts, heading
from migrator.render.safe import printable
from migrator.render.text import plural, wrapped

MOST: Final = 20
"""Files of a batch that have lines of their own; of more, like files are one."""
_MARGIN: Final = 13
_LEFT: Final = ", left alone"


class Folded:
    """Takes results as they come, and prints them at the end.

    Args:
        say: prints a line of the report.
        complain: prints a warning.
        most: the most files that get lines of their own.
    """

    def __init__(self, say: Callable[[str], None], complain: Callable[..., None], most: int = MOST) -> None:
        self._say, self._complain, self._most = say, complain, most
        self._files = 0
        self._held: list[tuple[list[str], str]] = []
        self._groups: dict[tuple[str, str], _Group] = {}

    @property
    def has_lines(self) -> bool:
        """Whether the next result may be told of in lines of its own."""
        return self._files < self._most

    def take(self, result: Result, lines: list[str], lost: str) -> None:
        """One more result, with its own lines, and the warning of what is lost (empty for nothing).

        Args:
            result: what became of a file.
            lines: its lines; they are not looked at if there are none for it ([`has_lines`][]).
            lost: the warning.
        """
        self._files += 1
        if self._files <= self._most:
            self._held.append((lines, lost))
        else:
            self._held.clear()
        reason = {Status.UNCHANGED: result.reason, Status.MIGRATED: result.family}.get(result.status, "")
        key = heading(result), reason
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group()
        group.add(result, lost)

    def finish(self) -> None:
        """Print what was taken."""
        if self._files <= self._most:
            for lines, lost in self._held:
                if lost:
                    self._complain(lost)
                for line in lines:
                    self._say(line)
            return
        width = max(_MARGIN, *(len(move) + 2 for move, _ in self._groups))
        for (move, reason), group in sorted(self._groups.items(), key=_order):
            if group.lost:
                others = f"; {plural(group.losing - 1, 'file')} like it, {group.tally.lost} values in all"
                self._complain(f"{group.lost}{others if group.losing > 1 else ''}")
            name = plural(group.files, "file")
            if group.status is Status.MIGRATED:
                name, what = f"{name} ({reason})" if reason else name, counts(group.tally)
            else:
                what = group.reasons() or reason.removeprefix("is ")
            first, *rest = wrapped(f"{name}{f': {printable(what)}' if what else ''}", indent=" " * width)
            self._say(f"{move:<{width}}{first.strip()}")
            for line in rest:
                self._say(line)


def _order(item: tuple[tuple[str, str], _Group]) -> tuple[int, tuple[int, ...], str]:
    """What was migrated first, by versions, then what was not."""
    (move, reason), group = item
    status = list(Status).index(group.status)
    return status, version_key(move.partition(" ")[0]) if group.status is Status.MIGRATED else (), reason


class _Group:
    """Files of which the same is said, and the sums of their ledgers."""

    def __init__(self) -> None:
        self.files = self.losing = 0
        self.lost = ""
        self.status = Status.MIGRATED
        self.operations, self.losses, self.implied = Counter[Op](), Counter[Loss](), 0
        self.kinds: Counter[str] = Counter()

    @property
    def tally(self) -> Tally:
        """The sums of the counts."""
        return Tally(self.operations, self.losses, self.implied)

    def reasons(self) -> str:
        """Why these files were left alone, each reason with the number of files."""
        return ", ".join(f"{count} {kind.removesuffix(_LEFT)}" for kind, count in self.kinds.most_common())

    def add(self, result: Result, lost: str) -> None:
        """One more file, with the warning of what is lost in it."""
        self.files += 1
        self.losing += bool(lost)
        self.lost, self.status = self.lost or lost, result.status
        if result.status is Status.SKIPPED:
            # The status says as much.
            self.kinds[result.reason] += 1
        tally = result.tally
        _add(self.operations, tally.operations)
        _add(self.losses, tally.losses)
        self.implied += tally.implied


T = TypeVar("T")


def _add(sums: Counter[T], counts: Counter[T]) -> None:
    # As `+=`, which also looks for negative sums, in a fraction of its time.
    for key, count in counts.items():
        sums[key] = sums.get(key, 0) + count
