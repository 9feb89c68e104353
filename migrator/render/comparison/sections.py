"""Which rows of a receipt are shown, in which order, and what is told in a line instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.numbers import number, weight
from migrator.render.comparison.words import both, cut, judged, verdict_of, waived
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from migrator.diff.receipt import Receipt, Row


class Shown(NamedTuple):
    """The rows by what a reader wants of them: what was asked, what is shown beside it, and the rest."""

    gated: list[Row]
    decided: list[Row]
    """Outside the gate: worse or better by more than the margin, or not comparable."""
    rest: list[Row]
    """Outside the gate: undecided, no worse, or not judged."""
    ignored: list[Row]
    one_sided: list[Row]
    """Outside the gate, with a value on one side only; told by metric, see [`one_sided`][]."""

    def beside(self, most: int) -> tuple[str, list[Row], list[Row]]:
        """What is shown beside the gate: title, the rows in sight, and those that are not.

        In sight are the decided rows; where nothing is gated or decided, those that moved most. Ignored rows never.

        Args:
            most: rows in sight.
        """
        if self.gated or self.decided:
            return "Outside the gate, decided", self.decided[:most], [*self.decided[most:], *self.rest]
        return "Outside the gate, nothing decided", self.rest[:most], self.rest[most:]


def arranged(rows: Iterable[Row]) -> Shown:
    """Rows sorted into their sections, in the order of [`row_rank`][]."""
    shown = Shown([], [], [], [], [])
    for row in sorted(rows, key=row_rank):
        if row.gate == "gate":
            shown.gated.append(row)
        elif row.gate == "ignore":
            shown.ignored.append(row)
        elif _is_one_sided(row):
            shown.one_sided.append(row)
        elif judged(row) and row.verdict in _DECIDED:
            shown.decided.append(row)
        else:
            shown.rest.append(row)
    return shown


def _is_one_sided(row: Row) -> bool:
    return (row.base is None) != (row.candidate is None) and row.verdict != "incomparable"


_DECIDED: Final = ("regression", "incomparable", "improvement")
_RANKS: Final = {"regression": 0, "incomparable": 1, "inconclusive": 2}


def row_rank(row: Row) -> tuple[int, bool, bool, float]:
    """Sort key: by verdict, those that fail first; what is worse before what is better; then |ln ratio|."""
    rank = 3 if waived(row) or not judged(row) else _RANKS.get(row.verdict, 3)
    return rank, row.direction == "information", not _got_worse(row), -weight(row)


def _got_worse(row: Row) -> bool:
    base, candidate = row.base, row.candidate
    if base is None or candidate is None or row.direction not in ("lower", "higher"):
        return False
    return candidate > base if row.direction == "lower" else candidate < base


def kinds_of(rows: Iterable[Row]) -> str:
    """How many rows there are of each verdict: `110 inconclusive, 98 no worse, 20 not judged`."""
    return ", ".join(f"{count} {word}" for word, count in Counter(map(_kind, rows)).most_common())


def _kind(row: Row) -> str:
    return "ignored by the policy" if row.gate == "ignore" else verdict_of(row).partition(" ")[2]


class OneSided(NamedTuple):
    """A metric, or some of its statistics, that only one side has."""

    side: str
    name: str
    """The metric; with the statistics, `request_latency (p95, p99)`, where the other side has others."""
    rows: list[Row]

    @property
    def values(self) -> str:
        """`avg 0.6188, p50 0.2683 ms`; empty where there is no row."""
        told = [f"{cut(row.statistic, 12)} {number(_only_value(row))}" for row in self.rows]
        unit = f" {cut(self.rows[0].unit, 24)}" if self.rows and self.rows[0].unit else ""
        return f"{', '.join(told)}{unit}"


def one_sided(receipt: Receipt) -> list[OneSided]:
    """What only one side has outside the gate, a line a metric: those of the base, then those of the candidate."""
    rows: dict[tuple[str, str], list[Row]] = {}
    shared = {row.metric for row in receipt.rows if both(row)}
    for row in arranged(filter(_is_one_sided, receipt.rows)).one_sided:
        rows.setdefault(("candidate" if row.base is None else "base", row.metric), []).append(row)
    found = []
    for label, names in (("base", receipt.only_base), ("candidate", receipt.only_candidate)):
        # A metric that a release leaves out at zero has rows with both values.
        whole = [name for name in names if name not in shared or (label, name) in rows]
        part = [metric for side, metric in rows if side == label and metric not in whole]
        for metric in [*whole, *part]:
            held = rows.get((label, metric), [])
            others = f" ({', '.join(cut(row.statistic, 12) for row in held)})" if metric in shared else ""
            found.append(OneSided(label, f"{cut(metric, 60)}{others}", held))
    return found


def _only_value(row: Row) -> float | None:
    return row.candidate if row.base is None else row.base


def by_metric(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows of one metric together, so that name, unit and direction are told once; the order of the first stays."""
    first = {key: place for place, key in reversed(list(enumerate(map(_metric, rows))))}
    ordered = sorted(rows, key=lambda row: first[_metric(row)])
    return [list(group) for _, group in groupby(ordered, key=_metric)]


def _metric(row: Row) -> tuple[str, str, str]:
    return row.metric, row.unit, row.direction.value
