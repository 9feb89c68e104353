"""Two sweeps for a pull request: verdict and findings, a table of the cells, fronts and capacity as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.markdown import MARKER, block, changes_of, code, findings_of, folded, prose, sides_of
from migrator.render.comparison.reason import headline
from migrator.render.comparison.words import GLYPHS, cut
from migrator.render.sweep.words import (
    Column,
    about_means,
    capacity_words,
    columns,
    front_title,
    front_words,
    kinds,
    mean_interval,
    mean_text,
    means_by_name,
    reason,
    sweep_of,
    swept,
    told,
)
from migrator.render.text import plural

if TYPE_CHECKING:
    from migrator.diff.receipt import Cell, Receipt, Sweep

_CELLS: Final = 30
"""Cells in sight: those first that do not pass."""
_TABLE: Final = 20_000
"""Characters of a table."""


def render(receipt: Receipt) -> str:
    """The comparison as GitHub-flavoured markdown that ends with a newline, of at most 60,000 characters."""
    sweep = sweep_of(receipt)
    paired = [cell for cell in sweep.cells if cell.base and cell.candidate]
    wrong = [cell for cell in paired if cell.verdict in ("regression", "incomparable", "inconclusive")]
    passing = [cell for cell in paired if cell not in wrong]
    seen = paired if len(paired) <= _CELLS else wrong[:_CELLS]
    rest = [] if len(paired) <= _CELLS else [*wrong[_CELLS:], *passing]
    blocks = [
        f"### {prose(f'{headline(receipt)}: {reason(receipt)}', 600)} {MARKER}",
        block(findings_of(receipt)),
        block([*sides_of(receipt), f"- **swept** {prose(swept(receipt), 400)}"]),
        block(_table(sweep, seen, means=True), _TABLE),
        prose(f"Mean: {about_means(sweep)}.", 400) if sweep.means else "",
        _rest(sweep, rest),
        block(_capacity(sweep)),
        _fronts(sweep),
        block(changes_of(receipt)),
        block(f"- {prose(note, 500)}" for note in receipt.notes),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _table(sweep: Sweep, cells: Sequence[Cell], *, means: bool) -> Iterator[str]:
    if not cells and not means:
        return
    held = columns(sweep)
    if not held:
        yield "No cell is on both sides: there is no number to compare."
        return
    factors = [prose(name, 60) for name in sweep.factors]
    yield f"| {' | '.join([*factors, 'runs', *(prose(column.head, 40) for column in held), 'verdict'])} |"
    yield f"|{'--:|' * len(factors)}--:|{'--:|' * len(held)}---|"
    yield from (_row(cell, held) for cell in cells)
    if means and sweep.means:
        found = means_by_name(sweep)
        texts = [
            f"{mean_text(mean)} {mean_interval(mean)}".strip() for mean in (found.get(column[:2]) for column in held)
        ]
        yield f"| {' | '.join(['**mean**', *[''] * len(factors), *texts, ''])} |"


def _row(cell: Cell, held: Sequence[Column]) -> str:
    factors = [code(cut(told(value), 60), cell=True) for value in cell.factors.values()]
    runs = f"{len(cell.base)}" if len(cell.base) == len(cell.candidate) else f"{len(cell.base)} / {len(cell.candidate)}"
    verdict = f"**{GLYPHS[cell.verdict]} {cell.verdict.value}**"
    blocking = next((found.message for found in cell.findings if found.blocks), "")
    if blocking:
        verdict += f": {prose(blocking, 160)}"
    return f"| {' | '.join([*factors, runs, *(column.text(cell) for column in held), verdict])} |"


def _rest(sweep: Sweep, cells: Sequence[Cell]) -> str:
    if not cells:
        return ""
    table = block(_table(sweep, cells, means=False), _TABLE)
    return folded(f"{plural(len(cells), 'more cell')}: {kinds(cells)}", table)


def _capacity(sweep: Sweep) -> Iterator[str]:
    if sweep.goals:
        names = [cell.name for cell in sweep.cells]
        yield f"**Capacity** while {' and '.join(code(cut(goal, 80)) for goal in sweep.goals)}\n"
        yield from (f"- {prose(capacity_words(found, names), 600)}" for found in sweep.capacities)


def _fronts(sweep: Sweep) -> str:
    lines = []
    for front in sweep.fronts:
        lines.append(f"- {prose(front_title(front), 200)}")
        lines += [f"  - {prose(sentence, 300)}" for sentence in front_words(front, sweep)]
    return folded("Fronts: throughput against interactivity and latency", block(lines)) if lines else ""
