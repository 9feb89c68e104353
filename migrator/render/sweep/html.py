"""Two sweeps as one page: fronts plotted, a table of cells, and the gate of each cell below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from migrator.diff.receipt import receipt_of_cell
from migrator.render.comparison.footnotes import Footnotes
from migrator.render.comparison.html import changes_of, findings_of, gate_table, header_of, notes_of, page, text_of
from migrator.render.comparison.reason import headline
from migrator.render.comparison.reason import reason as reason_of_cell
from migrator.render.comparison.words import GLYPHS, cut, markup
from migrator.render.sweep.plot import fronts
from migrator.render.sweep.words import (
    about_means,
    capacity_words,
    columns,
    front_title,
    front_words,
    mean_interval,
    mean_text,
    means_by_name,
    reason,
    state_text,
    sweep_of,
    swept,
    told,
)

if TYPE_CHECKING:
    from migrator.diff.receipt import Cell, Receipt, Sweep

_RIGHT: Final = ' class="number"'
_DETAILED: Final = 200
"""Cells that have their own table below; those first that do not pass."""


def render(receipt: Receipt) -> str:
    """The comparison as a complete HTML document that ends with a newline."""
    sweep = sweep_of(receipt)
    name = f"{headline(receipt)}: {cut(receipt.base.name, 60)} → {cut(receipt.candidate.name, 60)}"
    body = [
        f'<h1 class="{_class(receipt.verdict)}">{markup(headline(receipt))}</h1>',
        f'<p class="lead">{text_of(reason(receipt), 800)}.</p>',
        *findings_of(receipt),
        *header_of(receipt),
        f'<p class="faint">Swept: {text_of(swept(receipt), 400)}.</p>',
        *_cells(sweep),
        *_fronts(sweep),
        *_capacity(sweep),
        *changes_of(receipt),
        *_details(receipt, sweep),
        *notes_of(receipt),
    ]
    return page(name, body, receipt)


def _class(verdict: str) -> str:
    return verdict.replace(" ", "-")


def _cells(sweep: Sweep) -> Iterator[str]:
    held = columns(sweep)
    shown = _detailed(sweep)
    yield "<h2>Cells</h2>"
    heads = [*sweep.factors, "verdict", "runs", *(column.head for column in held)]
    words = len(sweep.factors)
    cells = "".join(
        f'<th{"" if place == words else _RIGHT} scope="col">{text_of(head, 60)}</th>'
        for place, head in enumerate(heads)
    )
    yield f'<div class="wide"><table>\n<thead><tr>{cells}</tr></thead>\n<tbody>'
    for number, cell in enumerate(sweep.cells):
        factors = "".join(f'<td class="number">{text_of(told(value), 80)}</td>' for value in cell.factors.values())
        verdict = markup(f"{GLYPHS[cell.verdict]} {cell.verdict.value}")
        link = f'<a href="#cell-{number + 1}">{verdict}</a>' if number in shown else verdict
        changes = "".join(f'<td class="number">{markup(column.text(cell))}</td>' for column in held)
        kind = _class(cell.verdict)
        yield f'<tr>{factors}<td class="word {kind}">{link}</td><td class="number">{_runs(cell)}</td>{changes}</tr>'
    if sweep.means:
        means = means_by_name(sweep)
        of_columns = [means.get(column[:2]) for column in held]
        texts = "".join(f'<td class="number">{mean_text(mean)}<br>{mean_interval(mean)}</td>' for mean in of_columns)
        yield f'<tr><th scope="row" colspan="{len(sweep.factors) + 2}">mean</th>{texts}</tr>'
    yield "</tbody></table></div>"
    if sweep.means:
        yield f'<p class="faint">Mean: {text_of(about_means(sweep), 400)}.</p>'


def _runs(cell: Cell) -> str:
    alike = len(cell.base) == len(cell.candidate)
    return f"{len(cell.base)}" if alike else f"{len(cell.base)} / {len(cell.candidate)}"


def _fronts(sweep: Sweep) -> Iterator[str]:
    if not sweep.fronts:
        return
    names = [cell.name for cell in sweep.cells]
    yield "<h2>Fronts</h2>"
    yield '<p class="faint">Cells that no other of their side beats are joined by a line; each leads to its table.</p>'
    yield '<div class="plots">'
    for number, front in enumerate(sweep.fronts):
        yield f"<figure><figcaption>{text_of(front_title(front), 200)}</figcaption>"
        yield fronts(front, names, number) or "<p>These values cannot be drawn.</p>"
        yield "<ul>"
        yield from (f"<li>{text_of(sentence, 300)}</li>" for sentence in front_words(front, sweep))
        yield "</ul></figure>"
    yield "</div>"


def _capacity(sweep: Sweep) -> Iterator[str]:
    if not sweep.goals:
        return
    names = [cell.name for cell in sweep.cells]
    goals = " and ".join(f"<code>{text_of(goal, 80)}</code>" for goal in sweep.goals)
    yield f"<h2>Capacity while {goals}</h2>"
    yield "<ul>"
    for found in sweep.capacities:
        states = ", ".join(f"{cut(names[state.cell], 60)} {state_text(state)}" for state in found.states)
        each = f'<span class="faint">{text_of(states, 2000)}</span>'
        yield f"<li>{text_of(capacity_words(found, names), 800)}<br>{each}</li>"
    yield "</ul>"


def _detailed(sweep: Sweep) -> set[int]:
    """The places of the cells that have their own table."""
    wrong = ("regression", "incomparable", "inconclusive")
    places = sorted(range(len(sweep.cells)), key=lambda place: sweep.cells[place].verdict not in wrong)
    return set(places[:_DETAILED])


def _details(receipt: Receipt, sweep: Sweep) -> Iterator[str]:
    shown = _detailed(sweep)
    yield "<h2>Each cell</h2>"
    for number, cell in enumerate(sweep.cells):
        if number not in shown:
            continue
        alone = receipt_of_cell(receipt, cell)
        yield f'<section id="cell-{number + 1}"><h3 class="{_class(cell.verdict)}">{text_of(cell.name, 200)}</h3>'
        yield f"<p>{markup(headline(alone))}: {text_of(reason_of_cell(alone), 600)}.</p>"
        yield from findings_of(alone)
        if cell.rows:
            notes = Footnotes(cell.rows, with_margin=False, with_remarks=False)
            yield from gate_table(alone, cell.rows, notes)
        yield "</section>"
    if len(shown) < len(sweep.cells):
        yield f"<p>{len(sweep.cells) - len(shown)} more cells; the receipt has all.</p>"
