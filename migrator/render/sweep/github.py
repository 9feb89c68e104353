"""Two sweeps as workflow commands: the verdict of the whole, then the cells of each verdict in one annotation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.diff.receipt import receipt_of_cell
from migrator.render.comparison.github import LEVELS, command, finding_text, listed
from migrator.render.comparison.reason import headline
from migrator.render.comparison.reason import reason as reason_of_cell
from migrator.render.comparison.words import cut, loud
from migrator.render.sweep.words import capacity_words, reason, sweep_of

if TYPE_CHECKING:
    from migrator.diff.receipt import Receipt


def render(receipt: Receipt) -> str:
    """The comparison as at most ten lines, `::error title=…::…`, the verdict of the whole first."""
    sweep = sweep_of(receipt)
    names = [cell.name for cell in sweep.cells]
    level = LEVELS.get(receipt.verdict, "notice")
    lines = [command(level, headline(receipt), f"{cut(reason(receipt), 600)}.")]
    for verdict, level in LEVELS.items():
        told = [
            f"{cut(cell.name, 120)}: {cut(reason_of_cell(receipt_of_cell(receipt, cell)), 300)}"
            for cell in sweep.cells
            if cell.verdict == verdict
        ]
        lines.append(listed(level, f"cells: {verdict}", told, "cell"))
    warning = [finding_text(found) for found in receipt.findings if found.blocks or found.warns]
    notices = [finding_text(found) for found in receipt.findings if not loud(found)]
    capacity = [capacity_words(found, names) for found in sweep.capacities]
    expired = [cut(name, 120) for name in receipt.gate.expired_waivers]
    lines += [
        listed("warning", "expired waivers", expired, "waiver"),
        listed("warning", "before reading the numbers", warning, "finding"),
        listed("notice", "also noticed", notices, "finding"),
        listed("notice", "capacity", capacity, "capacity"),
    ]
    return "".join(f"{line}\n" for line in lines if line)
