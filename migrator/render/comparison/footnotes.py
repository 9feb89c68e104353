"""What is said about rows below them: what holds for most of them once, and the rest in numbered footnotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from migrator.render.comparison.numbers import change, interval, plain_percent
from migrator.render.comparison.words import EVIDENCE, compared, counted, cut, held_to, waived

if TYPE_CHECKING:
    from migrator.diff.receipt import Row, Share


class Footnotes:
    """Numbered remarks on rows; equal texts share a number.

    What holds for most of the rows that are shown is said once, in `common` and `gate`, and only the exceptions get a
    footnote for it.

    Args:
        rows: all rows that are shown.
        with_margin: whether margins are told; not where they have a column of their own.
        with_remarks: whether [`remarks`][] are footnotes, too; not where they stand beside the row.
    """

    def __init__(self, rows: Sequence[Row], *, with_margin: bool = True, with_remarks: bool = True) -> None:
        self._numbers: dict[str, int] = {}
        self._with_remarks = with_remarks
        rows = [row for row in rows if compared(row)]
        self._evidence, evidence_noted = _usual(row.evidence.value for row in rows)
        self._margin, margin_noted = _usual(held_to(row) for row in rows if row.gate == "gate" and with_margin)
        intervals = [found for row in rows if (found := row.delta_interval or row.interval)]
        self._level, level_noted = _usual(plain_percent(found.level * 100) for found in intervals)
        counts = {count for row in rows if (count := counted(row))}
        self.count = counts.pop() if len(counts) == 1 else ""
        """What was counted on each side, where that is the same for all rows."""
        self.gate = f"{self._margin}{margin_noted}" if self._margin else ""
        self.common = list[str]()
        if self._level:
            self.common.append(f"Intervals of the change at {self._level}{level_noted}.")
        if any("Δ" in change(row) or "Δ" in interval(row) for row in rows):
            self.common.append("Δ: a difference, in the unit of the row.")
        if any(found.kind.endswith("approximate") for found in intervals):
            self.common.append("≈: read off the stored percentiles, approximately.")
        if self._evidence:
            each = f" ({self.count} a side)" if self.count else ""
            self.common.append(f"Evidence{evidence_noted}{each}: {EVIDENCE[self._evidence]}.")

    def numbers(self, row: Row, *, leaning: bool = True) -> list[int]:
        """The numbers of the remarks on a row, given in the order in which rows ask for them.

        `leaning` is off where it is told beside the row.
        """
        texts = list(self._exceptions(row)) if compared(row) else []
        if self._with_remarks:
            texts += remarks(row, leaning=leaning)
        return sorted(self._numbers.setdefault(text, len(self._numbers) + 1) for text in texts)

    def marks(self, row: Row, *, leaning: bool = True) -> str:
        """The same as superscripts, `¹ ³`."""
        return " ".join(map(superscript, self.numbers(row, leaning=leaning)))

    def texts(self, after: int = 0) -> list[tuple[str, str]]:
        """Mark and text of the remarks so far, without the first `after`."""
        return [(superscript(found), text) for text, found in self._numbers.items()][after:]

    def _exceptions(self, row: Row) -> Iterator[str]:
        if row.evidence.value != self._evidence:
            yield f"Evidence: {EVIDENCE[row.evidence]}."
        if self._margin and row.gate == "gate" and held_to(row) != self._margin:
            yield f"Held to: {held_to(row)}."
        found = row.delta_interval or row.interval
        if found and (level := plain_percent(found.level * 100)) != self._level:
            yield f"The interval is one of {level}."


def _usual(texts: Iterable[str]) -> tuple[str, str]:
    """The most frequent text, and `, unless noted` if there are others."""
    held = Counter(texts)
    if not held:
        return "", ""
    return held.most_common(1)[0][0], ", unless noted" if len(held) > 1 else ""


def remarks(row: Row, *, leaning: bool = True) -> Iterator[str]:
    """What is to be said on one row alone: its counts, where it leans, what would decide it, its note, its waiver."""
    if row.share_base and row.share_candidate and row.delta:
        yield f"{_share(row.share_base)} → {_share(row.share_candidate)} requests."
    undecided = [_sentence(cut(row.leaning, 120))] if row.leaning and leaning else []
    if row.needs:
        undecided.append(f"Would decide it: {cut(row.needs, 300)}.")
    if undecided:
        yield " ".join(undecided)
    if row.note:
        yield _sentence(cut(row.note, 500))
    if row.waiver and waived(row):
        until = f" until {cut(row.waiver.until, 40)}" if row.waiver.until else ""
        yield _sentence(f"Waived{until}: {cut(row.waiver.reason, 300)}")


def _share(found: Share) -> str:
    return f"{found.part} of {found.of}"


def _sentence(text: str) -> str:
    """With a capital and a full stop, so that remarks can follow each other."""
    if text.partition(" ")[0].rstrip(",").isalpha():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


def superscript(value: int) -> str:
    """`12` as `¹²`."""
    return str(value).translate(_RAISED)


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
