"""Why the verdict of the whole is what it is, in one sentence that all renderings share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.numbers import change, sides
from migrator.render.comparison.sections import row_rank
from migrator.render.comparison.words import GLYPHS, cut, failed_of, name_of, waived
from migrator.render.text import plural

if TYPE_CHECKING:
    from migrator.diff.receipt import Receipt, Row


def headline(receipt: Receipt) -> str:
    """Glyph and word of the verdict of the whole."""
    return f"{GLYPHS[receipt.verdict]} {receipt.verdict.value}"


def reason(receipt: Receipt) -> str:
    """Why the verdict is what it is, without a full stop: failed requests first, the size of the gate last."""
    size = receipt.gate.size
    gate = f"{plural(size, 'row')} in the gate" if size else "no row is in the gate"
    accepted = sum(row.gate == "gate" and waived(row) for row in receipt.rows)
    if accepted:
        gate += f", {accepted} waived"
    failed = failed_requests(receipt)
    return "; ".join(filter(None, [failed, _reason(receipt, told=bool(failed)), gate]))


def failed_requests(receipt: Receipt) -> str:
    """`144 of 360 requests of the candidate failed, 0 of 360 of the base`; empty where it is not worth a finding.

    A receipt of version 1.0 has no counts: empty, too.
    """
    base, candidate = receipt.base, receipt.candidate
    for name, side in (("candidate", candidate), ("base", base)):
        if side.succeeded == 0:
            lead = f"0 of {plural(side.failed, 'request')}" if side.failed else "no request"
            return f"{lead} of the {name} succeeded"
    if None in (base.failed, candidate.failed) or not any(found.code in FAILED for found in receipt.findings):
        return ""
    return f"{failed_of(candidate)} requests of the candidate failed, {failed_of(base)} of the base"


FAILED: Final = ("no success", "errors")
"""Codes of the findings on failed requests."""


def _reason(receipt: Receipt, *, told: bool) -> str:
    """Why the verdict is what it is; `told` if failed requests have been told already."""
    if receipt.verdict == "incomparable":
        blocking = [found for found in receipt.findings if found.blocks]
        other = [found for found in blocking if not (told and found.code in FAILED)]
        if other:
            return cut(other[0].message, 200).rstrip(".") + _and_more(len(other) - 1, "finding")
        if blocking:
            return ""
    deciding = decided_by(receipt)
    if not deciding:
        return _WITHOUT_ROWS[receipt.verdict]
    more = _and_more(len(deciding) - 1, "row")
    top = deciding[0]
    if receipt.verdict == "incomparable":
        return f"{name_of(top)} {_not_the_same(top)}{more}"
    if receipt.verdict == "inconclusive":
        leaning = f" ({cut(top.leaning, 60)})" if top.leaning else ""
        return f"the evidence does not decide {name_of(top)}{leaning}{more}{_needed(deciding)}"
    if receipt.verdict == "no worse":
        return "every row in the gate is no worse, or waived" if _any_waived(receipt) else _NO_WORSE
    if receipt.verdict == "equivalent":
        return "every row in the gate is within its margin, or waived" if _any_waived(receipt) else _WITHIN
    return f"{name_of(top)} {movement(top)}{more}"


def _not_the_same(row: Row) -> str:
    return f"cannot be compared: {cut(row.note, 120).rstrip('.')}" if row.note else "cannot be compared"


def _needed(rows: Sequence[Row]) -> str:
    """What would decide the rows: what the one asks for that needs most."""
    most = max(rows, key=lambda row: math.inf if row.more_runs == 0 else row.more_runs or -1)
    return f"; it would take {cut(most.needs, 120).rstrip('.')}" if most.needs else ""


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
    if told == "0%" or row.delta == 0:
        return f"is the same, {base}{unit}"
    if told == "n/a" or told[0] == "Δ":
        return f"went from {base} to {candidate}{unit}"
    if told == "0.0%":
        return f"is the same within 0.1%, {base} → {candidate}{unit}"
    if told[0] == "×":
        return f"is {told[1:]} times as high, {base} → {candidate}{unit}"
    return f"is {told[1:]} {'higher' if told[0] == '+' else 'lower'}, {base} → {candidate}{unit}"


def _and_more(count: int, noun: str) -> str:
    return f", and {plural(count, f'more {noun}')}" if count > 0 else ""
