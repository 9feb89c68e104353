"""A receipt as workflow commands: annotations on a run of GitHub Actions.

One for each kind of verdict, never one a row: a step may have ten of a level, and what is beyond is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.reason import decided_by, headline, movement, reason
from migrator.render.comparison.sections import arranged
from migrator.render.comparison.words import cut, loud, name_of, waived

if TYPE_CHECKING:
    from migrator.diff.receipt import Finding, Receipt, Row

LEVELS: Final = {"regression": "error", "incomparable": "error", "inconclusive": "warning"}
_NAMED: Final = 5
"""Rows and findings that one annotation names before it counts the rest."""


def render(receipt: Receipt) -> str:
    """The comparison as at most ten lines, `::error title=…::…`, the verdict of the whole first."""
    gated = [row for row in arranged(receipt.rows).gated if row.verdict in LEVELS]
    expired = [cut(name, 120) for name in receipt.gate.expired_waivers]
    changed = [f"{cut(found.path, 120)} {found.kind}" for found in receipt.changes]
    lines = [_whole(receipt)]
    for verdict, level in LEVELS.items():
        rows = [row for row in gated if row.verdict == verdict and not waived(row)]
        if verdict != receipt.verdict:
            lines.append(listed(level, f"in the gate: {verdict}", list(map(_row, rows)), "row"))
    accepted = [_row(row) for row in gated if waived(row)]
    warning = [finding_text(found) for found in receipt.findings if found.warns and not found.blocks]
    notices = [finding_text(found) for found in receipt.findings if not loud(found)]
    lines += [
        listed("warning", "waived in the gate", accepted, "row"),
        listed("warning", "expired waivers", expired, "waiver"),
        listed("warning", "before reading the numbers", warning, "finding"),
        listed("notice", "also noticed", notices, "finding"),
        listed("notice", "configuration changed", changed, "difference"),
    ]
    return "".join(f"{line}\n" for line in lines if line)


def _whole(receipt: Receipt) -> str:
    """The verdict with its reason, with the findings and rows that made it if several."""
    blocking = [finding_text(found) for found in receipt.findings if found.blocks]
    rows = [_row(row) for row in decided_by(receipt)] if receipt.verdict in LEVELS else []
    told = [*blocking, *rows]
    listed = _list(told, "finding or row" if blocking and rows else "finding" if blocking else "row")
    level = LEVELS.get(receipt.verdict, "notice")
    return command(level, headline(receipt), f"{cut(reason(receipt), 600)}." + (f"\n{listed}" if len(told) > 1 else ""))


def finding_text(found: Finding) -> str:
    """A finding in a line."""
    return f"{cut(found.code, 40)}: {cut(found.message, 300)}"


def _row(row: Row) -> str:
    waiver = f"waived: {cut(row.waiver.reason, 200)}" if row.waiver and waived(row) else ""
    needs = f"would decide it: {cut(row.needs, 120)}" if row.needs else ""
    told = "; ".join(filter(None, [cut(row.leaning, 60), needs, waiver]))
    return f"{name_of(row)} {movement(row)}{f' ({told})' if told else ''}"


def _list(texts: Sequence[str], noun: str) -> str:
    more = [f"and {len(texts) - _NAMED} more; the receipt has every {noun}"] if len(texts) > _NAMED else []
    return "\n".join([*texts[:_NAMED], *more])


def listed(level: str, title: str, texts: Sequence[str], noun: str) -> str:
    """One annotation for several texts; empty for none.

    Args:
        level: `error`, `warning` or `notice`.
        title: what they have in common.
        texts: one a line; the first few, and how many more there are.
        noun: what one of them is called.
    """
    return command(level, title, _list(texts, noun)) if texts else ""


def command(level: str, title: str, message: str) -> str:
    """One workflow command; a message may have several lines, a title may not end the properties early."""
    title = _escaped(f"aiperf-migrate: {title}").replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={title}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
