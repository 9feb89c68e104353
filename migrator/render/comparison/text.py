"""A receipt for a terminal: 80 columns, no colour, the verdict on the last line where the eye and the prompt are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.footnotes import Footnotes
from migrator.render.comparison.numbers import change, interval, percent, sides
from migrator.render.comparison.reason import headline, reason
from migrator.render.comparison.words import (
    ARROWS,
    LISTED,
    MARKS,
    arranged,
    by_metric,
    counted,
    cut,
    findings,
    gate,
    legend,
    margins,
    percentiles,
    policy,
    side,
    signs,
    span,
    verdict_of,
)
from migrator.render.text import WIDTH, plural, value_text, wrapped

if TYPE_CHECKING:
    from migrator.diff.receipt import FieldChange, Receipt, Row, Shift

_NAME: Final = 60
_REPORTED: Final = 20
"""Reported rows that are shown unless all are asked for; the heaviest come first."""
_HEADS: Final = ("", "base", "candidate", "change", "interval, %", "n a side", "verdict")
_RIGHT: Final = (1, 2, 3, 4, 5)
"""Columns of numbers, which end alike rather than begin alike."""


def render(receipt: Receipt, *, verbose: bool = False) -> str:
    """The comparison as text that ends with a newline; `verbose` unfolds the rows that did not change."""
    blocks = (
        _header(receipt),
        _findings(receipt),
        _changes(receipt),
        _rows(receipt, verbose=verbose),
        _only(receipt),
        _shifts(receipt),
        _notes(receipt),
        _verdict(receipt),
    )
    return "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block))) + "\n"


def _header(receipt: Receipt) -> Iterator[str]:
    for label, found in (("base", receipt.base), ("candidate", receipt.candidate)):
        yield f"{label:<11}{cut(found.name, WIDTH - 11)}"
        yield from wrapped(side(found), indent=" " * 11)
    yield from _labelled("gate", f"{gate(receipt)}, from {policy(receipt)}" if policy(receipt) else gate(receipt))
    for name in receipt.gate.expired_waivers:
        yield from _labelled("", f"expired waiver: {cut(name, 200)}")


def _labelled(label: str, text: str) -> Iterator[str]:
    first = True
    for line in wrapped(text, indent=" " * 11):
        yield f"{label:<11}{line[11:]}" if first else line
        first = False


def _findings(receipt: Receipt) -> Iterator[str]:
    if receipt.findings:
        yield "Findings"
    for found in findings(receipt):
        label = "! blocks" if found.blocks else "· notice"
        yield from wrapped(f"{cut(found.code, 24)}: {cut(found.message, 500)}", f"  {label}  ", " " * 12)
        if found.base is not None or found.candidate is not None:
            yield f"{'':<12}{value_text(found.base, 30)} → {value_text(found.candidate, 30)}"


def _changes(receipt: Receipt) -> Iterator[str]:
    if not receipt.changes and not receipt.ignored_changes:
        return
    yield "Configuration"
    for found in receipt.changes[:LISTED]:
        yield from _change(found)
    if (more := len(receipt.changes) - LISTED) > 0:
        yield f"  and {more} more (--json has all)"
    if receipt.ignored_changes:
        yield f"  {plural(receipt.ignored_changes, 'difference')} in volatile keys left out"


def _change(found: FieldChange) -> Iterator[str]:
    path, values = f"  {MARKS[found.kind]} {cut(found.path, _NAME)}", _values(found)
    if len(path) + 2 + len(values) <= WIDTH:
        yield f"{path}  {values}"
    else:
        yield path
        yield f"      {values}"


def _values(found: FieldChange) -> str:
    if found.kind == "added":
        return value_text(found.candidate, 34)
    if found.kind == "removed":
        return value_text(found.base, 34)
    return f"{value_text(found.base, 34)} → {value_text(found.candidate, 34)}"


# --- the table -----------------------------------------------------------------------------------------------


def _rows(receipt: Receipt, *, verbose: bool) -> Iterator[str]:
    if not receipt.rows:
        yield "No metric is on both sides: there is no number to compare."
        return
    shown = arranged(receipt.rows)
    changed = shown.changed if verbose else shown.changed[:_REPORTED]
    rest = [*shown.unchanged, *shown.ignored] if verbose else []
    notes = Footnotes([*shown.gated, *changed, *rest])
    sections = [
        (f"In the gate ({notes.margin})" if notes.margin else "In the gate", shown.gated),
        ("Reported, changed", changed),
        ("Unchanged, or ignored by the policy", rest),
    ]
    grouped = [(title, by_metric(rows)) for title, rows in sections if rows]
    cells = [_cells(row, notes) for _, groups in grouped for group in groups for row in group]
    if cells:
        yield legend(row for _, groups in grouped for group in groups for row in group)
        yield ""
    aligned = iter(_aligned(cells))
    for place, (title, groups) in enumerate(grouped):
        yield from ("",) if place else (next(aligned),)
        yield title
        for group in groups:
            yield f"  {_heading(group[0])}"
            yield from (next(aligned) for _ in group)
    yield from _folded(receipt, len(shown.changed) - len(changed), verbose=verbose)
    yield from _footnotes(notes)


def _heading(row: Row) -> str:
    name = cut(row.metric, _NAME)
    unit = f", {cut(row.unit, WIDTH - 6 - len(name))}" if row.unit else ""
    return f"{ARROWS[row.direction]} {name}{unit}"


def _cells(row: Row, notes: Footnotes) -> list[str]:
    marks = notes.marks(row)
    verdict = f"{verdict_of(row)} {marks}" if marks else verdict_of(row)
    return [cut(row.statistic, 8), *sides(row), change(row), interval(row.interval), counted(row), verdict]


def _aligned(cells: Sequence[list[str]]) -> Iterator[str]:
    """The head and the rows, as lines; columns that are empty throughout are left out."""
    if not cells:
        return
    used = [place for place in range(len(_HEADS)) if place == 0 or any(row[place] for row in cells)]
    rows = [[row[place] for place in used] for row in (_HEADS, *cells)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(used))]
    gap = "  " if 4 + sum(widths) + 2 * (len(used) - 1) <= WIDTH else " "
    for row in rows:
        padded = (
            cell.rjust(width) if place in _RIGHT else cell.ljust(width)
            for place, cell, width in zip(used, row, widths, strict=True)
        )
        yield f"    {gap.join(padded)}".rstrip()


def _folded(receipt: Receipt, more: int, *, verbose: bool) -> Iterator[str]:
    shown = arranged(receipt.rows)
    told = [
        (more, "more that changed"),
        (len(shown.unchanged), "unchanged"),
        (len(shown.ignored), "ignored by the policy"),
    ]
    listed = ", ".join(f"{count} {words}" for count, words in told if count)
    if listed and not verbose:
        yield ""
        yield f"Not shown: {listed} (--verbose has all)."


def _footnotes(notes: Footnotes) -> Iterator[str]:
    numbered = notes.texts()
    if notes.common or numbered:
        yield ""
    for text in notes.common:
        yield from wrapped(text, hanging="  ")
    for mark, text in numbered:
        yield from wrapped(text, f"{mark} ", "  ")


# --- what stands under it ------------------------------------------------------------------------------------


def _only(receipt: Receipt) -> Iterator[str]:
    for label, names in (("base", receipt.only_base), ("candidate", receipt.only_candidate)):
        if names:
            listed = ", ".join(cut(name, _NAME) for name in names[:LISTED])
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            yield from wrapped(f"Only in the {label}: {listed}{more}", hanging="  ")


def _shifts(receipt: Receipt) -> Iterator[str]:
    drawn = [(found, percentiles(found)) for found in receipt.shifts]
    drawn = [(found, names) for found, names in drawn if names]
    if not drawn:
        return
    margin = margins(receipt)
    yield "Where it moved (= within the margin, + above, - below)"
    for found, names in drawn:
        yield f"  {cut(found.metric, _NAME)}"
        line = f"{names[0]} {signs(found, margin.get(found.metric, 0.0))} {names[-1]}"
        words = f"; {cut(found.words, 120)}" if found.words else ""
        yield from wrapped(f"{_extremes(found)}{words}", f"    {line}  ", " " * (len(line) + 6))


def _extremes(found: Shift) -> str:
    ends = span(found)
    if ends is None:
        return ""
    low, high = (f"{percent(found.points[name])} at {name}" for name in ends)
    return low if low == high else f"{low} to {high}"


def _notes(receipt: Receipt) -> Iterator[str]:
    for note in receipt.notes:
        yield from wrapped(f"Note: {cut(note, 500)}", hanging="  ")


def _verdict(receipt: Receipt) -> Iterable[str]:
    return wrapped(f"{headline(receipt)}: {reason(receipt)}.", hanging="  ")
