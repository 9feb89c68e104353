"""Why the verdict of the whole is what it is, in one sentence that all renderings share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from migrator.render.comparison.numbers import change, sides
from migrator.render.comparison.words import GLYPHS, cut, name_of, row_rank, waived
from migrator.render.text import plural

if TYPE_CHECKING:
    from migrator.diff.receipt import Receipt, Row


def headline(receipt: Receipt) -> str:
    """Glyph and word of the verdict of the whole."""
    return f"{GLYPHS[receipt.verdict]} {receipt.verdict.value}"


def reason(receipt: Receipt) -> str:
    """Why the verdict is what it is, in one clause without a full stop, with the size of the gate set."""
    size = receipt.gate.size
    judged = f"{plural(size, 'row')} in the gate" if size else "no row is in the gate"
    accepted = sum(row.gate == "gate" and waived(row) for row in receipt.rows)
    if accepted:
        judged += f", {accepted} waived"
    return f"{_reason(receipt)}; {judged}"


def _reason(receipt: Receipt) -> str:
    if receipt.verdict == "incomparable" and (blocking := [found for found in receipt.findings if found.blocks]):
        return cut(blocking[0].message, 200).rstrip(".") + _and_more(len(blocking) - 1, "finding")
    deciding = decided_by(receipt)
    if not deciding:
        return _WITHOUT_ROWS[receipt.verdict]
    more = _and_more(len(deciding) - 1, "row")
    top = deciding[0]
    if receipt.verdict == "incomparable":
        return f"{name_of(top)} does not measure the same on both sides{more}"
    if receipt.verdict == "inconclusive":
        needs = f"; it would take {cut(top.needs, 120).rstrip('.')}" if top.needs else ""
        return f"the evidence does not decide {name_of(top)}{more}{needs}"
    if receipt.verdict == "no worse":
        return "every row in the gate is no worse, or waived" if _any_waived(receipt) else _NO_WORSE
    if receipt.verdict == "equivalent":
        return "every row in the gate is within its margin, or waived" if _any_waived(receipt) else _WITHIN
    return f"{name_of(top)} {movement(top)}{more}"


_NO_WORSE: Final = "every row in the gate is shown to be no worse than its margin allows"
_WITHIN: Final = "every row in the gate is within its margin"
_WITHOUT_ROWS: Final = {
    "regression": "the candidate got worse",
    "improvement": "the candidate got better",
    "no worse": "nothing speaks against the candidate",
    "equivalent": "nothing speaks against the candidate",
    "inconclusive": "the evidence allows no answer",
    "incomparable": "the two sides did not measure the same thing",
}


def decided_by(receipt: Receipt) -> list[Row]:
    """The rows that make the verdict of the whole, the heaviest first: gated ones if there are any."""
    alike = [row for row in receipt.rows if row.verdict == receipt.verdict and not waived(row)]
    gated = [row for row in alike if row.gate == "gate"]
    if receipt.gate.size:
        return sorted(gated, key=row_rank)
    return sorted((row for row in alike if row.gate == "report" and row.verdict != "equivalent"), key=row_rank)


def _any_waived(receipt: Receipt) -> bool:
    return any(row.gate == "gate" and waived(row) for row in receipt.rows)


def movement(row: Row) -> str:
    """`is 18.5% higher, 142.0 → 168.3 ms`, `is gone`, `went from 0 to 12 ms`."""
    if (told := change(row)) in ("new", "gone"):
        return f"is {told}"
    base, candidate = sides(row)
    unit = f" {cut(row.unit, 24)}" if row.unit else ""
    if told == "n/a":
        return f"went from {base} to {candidate}{unit}"
    if told == "0.0%":
        return f"is the same within 0.1%, {base} → {candidate}{unit}"
    if told[0] == "×":
        return f"is {told[1:]} times as high, {base} → {candidate}{unit}"
    if told == "0%":
        return f"is the same, {base}{unit}"
    return f"is {told[1:]} {'higher' if told[0] == '+' else 'lower'}, {base} → {candidate}{unit}"


def _and_more(count: int, noun: str) -> str:
    return f", and {plural(count, f'more {noun}')}" if count > 0 else ""
