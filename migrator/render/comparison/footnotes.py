"""What is said about rows below them: what holds for most of them once, and the rest in numbered footnotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from migrator.render.comparison.numbers import plain_percent
from migrator.render.comparison.words import EVIDENCE, cut, held_to, waived

if TYPE_CHECKING:
    from migrator.diff.receipt import Row


class Footnotes:
    """Numbered remarks on rows; equal texts share a number.

    What holds for most of the rows that are shown is said once, in `common` and `margin`, and only the exceptions get
    a footnote for it.
    """

    def __init__(self, rows: Sequence[Row], *, with_margin: bool = True) -> None:
        self._numbers: dict[str, int] = {}
        self._evidence, evidence_noted = _usual(row.evidence.value for row in rows)
        self._margin, margin_noted = _usual(held_to(row) for row in rows if row.gate == "gate" and with_margin)
        self._level, level_noted = _usual(plain_percent(row.interval.level * 100) for row in rows if row.interval)
        self.margin = f"{self._margin}{margin_noted}" if self._margin else ""
        self.common = list[str]()
        if self._level:
            self.common.append(f"Intervals of the relative change at {self._level}{level_noted}.")
        if any(row.interval and row.interval.kind.endswith("approximate") for row in rows):
            self.common.append("≈: read off the stored percentiles, approximately.")
        if self._evidence:
            self.common.append(f"Evidence{evidence_noted}: {EVIDENCE[self._evidence]}.")

    def numbers(self, row: Row) -> list[int]:
        """The numbers of the remarks on a row, given in the order in which rows ask for them."""
        return sorted(self._numbers.setdefault(text, len(self._numbers) + 1) for text in self._texts(row))

    def marks(self, row: Row) -> str:
        """The same as superscripts, `¹ ³`."""
        return " ".join(map(superscript, self.numbers(row)))

    def texts(self, after: int = 0) -> list[tuple[str, str]]:
        """Mark and text of the remarks so far, without the first `after`."""
        return [(superscript(found), text) for text, found in self._numbers.items()][after:]

    def _texts(self, row: Row) -> Iterator[str]:
        if row.evidence.value != self._evidence:
            yield f"Evidence: {EVIDENCE[row.evidence]}."
        if self._margin and row.gate == "gate" and held_to(row) != self._margin:
            yield f"Held to: {held_to(row)}."
        if row.interval and (level := plain_percent(row.interval.level * 100)) != self._level:
            yield f"The interval is one of {level}."
        yield from remarks(row)


def _usual(texts: Iterable[str]) -> tuple[str, str]:
    """The most frequent text, and `, unless noted` if there are others."""
    held = Counter(texts)
    if not held:
        return "", ""
    return held.most_common(1)[0][0], ", unless noted" if len(held) > 1 else ""


def remarks(row: Row) -> Iterator[str]:
    """What is to be said on one row alone: what would decide it, its note, its waiver."""
    if row.needs:
        yield f"Would decide it: {cut(row.needs, 300)}."
    if row.note:
        yield cut(row.note, 500)
    if row.waiver and waived(row):
        until = f" until {cut(row.waiver.until, 40)}" if row.waiver.until else ""
        yield f"Waived{until}: {cut(row.waiver.reason, 300)}"


def superscript(value: int) -> str:
    """`12` as `¹²`."""
    return str(value).translate(_RAISED)


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
