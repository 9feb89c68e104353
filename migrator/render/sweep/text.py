"""Two sweeps for a terminal: 80 columns, no colour; verdict and findings first, then the cells, fronts and capacity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.reason import headline
from migrator.render.comparison.text import changes_of, findings_of, header_of, labelled, notes_of
from migrator.render.comparison.words import GLYPHS, cut
from migrator.render.sweep.words import (
    Column,
    about_means,
    capacity_words,
    columns,
    front_title,
    front_words,
    kinds,
    listed,
    mean_interval,
    mean_text,
    reason,
    state_text,
    sweep_of,
    swept,
)
from migrator.render.text import line_width, plural, table, wrapped

if TYPE_CHECKING:
    from migrator.diff.receipt import Cell, Front, Receipt, Sweep

_CELLS: Final = 40
"""Cells that are shown unless all are asked for: those first that do not pass."""
_NAME: Final = 30


def render(receipt: Receipt, *, verbose: bool = False) -> str:
    """The comparison as text that ends with a newline; `verbose` shows all cells."""
    sweep = sweep_of(receipt)
    blocks = (
        [*wrapped(f"{headline(receipt)}: {reason(receipt)}.", hanging="  "), *findings_of(receipt)],
        [*header_of(receipt), *labelled("swept", swept(receipt))],
        _cells(sweep, verbose=verbose),
        _means(sweep),
        _fronts(sweep),
        _capacity(sweep),
        changes_of(receipt),
        notes_of(receipt),
    )
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block))) + "\n"


def _cells(sweep: Sweep, *, verbose: bool) -> Iterator[str]:
    paired = [cell for cell in sweep.cells if cell.base and cell.candidate]
    if not paired:
        yield "No cell is on both sides: there is no number to compare."
        return
    shown: list[Cell] = paired
    hidden: list[Cell] = []
    if len(paired) > _CELLS and not verbose:
        wrong = [cell for cell in paired if cell.verdict in ("regression", "incomparable", "inconclusive")]
        kept = (wrong or paired)[:_CELLS]
        chosen = {id(cell) for cell in kept}
        shown, hidden = kept, [cell for cell in paired if id(cell) not in chosen]
    yield from wrapped(f"Change of each cell ({_legend(shown)}; a row that passes has no sign)", hanging="  ")
    for number, part in enumerate(_parts(columns(sweep), shown)):
        yield from ("",) if number else ()
        yield from _table(shown, part)
    if hidden:
        yield f"Not shown: {plural(len(hidden), 'cell')}: {kinds(hidden)} (--verbose has all)."


def _legend(cells: Sequence[Cell]) -> str:
    used = dict.fromkeys(cell.verdict for cell in cells)
    rows = dict.fromkeys(row.verdict for cell in cells for row in cell.rows if row.gate == "gate")
    return ", ".join(f"{GLYPHS[verdict]} {verdict.value}" for verdict in dict.fromkeys((*used, *rows)))


def _parts(held: Sequence[Column], cells: Sequence[Cell]) -> Iterator[list[Column]]:
    """The columns in tables of at most 80 characters."""
    first = 4 + max(len(cut(cell.name, _NAME)) for cell in cells)
    part: list[Column] = []
    room = line_width() - first
    for column in held:
        width = 2 + max(len(column.head), *(len(column.text(cell)) for cell in cells))
        if part and width > room:
            yield part
            part, room = [], line_width() - first
        part.append(column)
        room -= width
    if part:
        yield part


def _table(cells: Sequence[Cell], held: Sequence[Column]) -> Iterator[str]:
    rows = [["", *(column.head for column in held)]]
    rows += [
        [f"{GLYPHS[cell.verdict]} {cut(cell.name, _NAME)}", *(column.text(cell) for column in held)] for cell in cells
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells_of = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        yield ("  " + "  ".join(cells_of)).rstrip()


def _means(sweep: Sweep) -> Iterator[str]:
    if sweep.means:
        yield from wrapped(f"Mean of the cells: {about_means(sweep)}", hanging="  ")
        rows = [
            (f"{cut(mean.metric, 60)}.{cut(mean.statistic, 8)}", mean_text(mean), mean_interval(mean))
            for mean in sweep.means
        ]
        yield from table(rows, "  ")


def _fronts(sweep: Sweep) -> Iterator[str]:
    for number, front in enumerate(sweep.fronts):
        yield from ("",) if number else ()
        yield from front_text(front, sweep)


def front_text(front: Front, sweep: Sweep) -> Iterator[str]:
    """A pair of fronts in sentences."""
    yield from wrapped(f"Front: {front_title(front)}", hanging="  ")
    for sentence in front_words(front, sweep):
        yield from wrapped(sentence, "  ", "    ")


def _capacity(sweep: Sweep) -> Iterator[str]:
    if not sweep.goals:
        return
    names = [cell.name for cell in sweep.cells]
    yield from wrapped(f"Capacity while {' and '.join(cut(goal, 80) for goal in sweep.goals)}", hanging="  ")
    for found in sweep.capacities:
        yield from wrapped(capacity_words(found, names), "  ", "    ")
        told = [f"{cut(names[state.cell], 60)} {state_text(state)}" for state in found.states]
        yield from wrapped(listed(told) if len(told) > 12 else ", ".join(told), "    ", "      ")
