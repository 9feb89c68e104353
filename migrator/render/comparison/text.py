"""A receipt for a terminal: 80 columns, no colour; verdict and findings first, then rows, then what explains them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.footnotes import Footnotes
from migrator.render.comparison.numbers import change, interval, percent, sides
from migrator.render.comparison.reason import headline, reason
from migrator.render.comparison.sections import OneSided, arranged, by_metric, kinds_of, one_sided
from migrator.render.comparison.words import (
    ARROWS,
    LISTED,
    MARKS,
    allowed,
    counted,
    cut,
    findings,
    gate,
    label_of,
    legend,
    margins,
    noise,
    percentiles,
    policy,
    side,
    signs,
    span,
    verdict_of,
)
from migrator.render.text import in_the_middle, line_width, plural, value_text, wrapped

if TYPE_CHECKING:
    from migrator.diff.receipt import FieldChange, Receipt, Row, Shift

_NAME: Final = 60
_SHOWN: Final = 10
"""Rows outside the gate that are shown unless all are asked for; the heaviest come first."""
_SCREEN: Final = 24
"""Lines after which the first may have scrolled away: the verdict is said again at the end."""
_MARKS: Final = 4
"""Columns kept for the marks of footnotes behind a verdict."""
_LEANING: Final = 20
"""Columns of the longest leaning that numbers stand closer for; a longer one is a footnote."""
_HEADS: Final = ("", "base", "candidate", "change", "interval, %", "n a side")
_RIGHT: Final = (1, 2, 3, 4, 5)
"""Columns of numbers, which end alike rather than begin alike."""


def render(receipt: Receipt, *, verbose: bool = False) -> str:
    """The comparison as text that ends with a newline; `verbose` shows all rows."""
    blocks = (
        [*_verdict(receipt), *findings_of(receipt)],
        header_of(receipt),
        _rows(receipt, verbose=verbose),
        _one_sided(receipt, verbose=verbose),
        _shifts(receipt, verbose=verbose),
        changes_of(receipt),
        notes_of(receipt),
    )
    text = "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block)))
    if text.count("\n") >= _SCREEN:
        text += "\n\n" + "\n".join(_verdict(receipt))
    return text + "\n"


def _verdict(receipt: Receipt) -> Iterable[str]:
    return wrapped(f"{headline(receipt)}: {reason(receipt)}.", hanging="  ")


def findings_of(receipt: Receipt) -> Iterator[str]:
    """What a reader must know before any number."""
    for found in findings(receipt):
        told = f"{cut(found.code, 24)}: {cut(found.message, 500)}"
        yield from wrapped(told, f"{label_of(found):<10}", " " * 10)
        if found.base is not None or found.candidate is not None:
            yield f"{'':<10}{value_text(found.base, 30)} → {value_text(found.candidate, 30)}"


def header_of(receipt: Receipt) -> Iterator[str]:
    """The sides, and what they were held to."""
    for label, found in (("base", receipt.base), ("candidate", receipt.candidate)):
        yield f"{label:<11}{in_the_middle(cut(found.name, 4096), line_width() - 11)}"
        yield from wrapped(side(found), indent=" " * 11)
    yield from labelled("gate", f"{gate(receipt)}, from {policy(receipt)}" if policy(receipt) else gate(receipt))
    for name in receipt.gate.expired_waivers:
        yield from labelled("", f"expired waiver: {cut(name, 200)}")
    yield from labelled("varied", allowed(receipt))
    yield from labelled("noise", noise(receipt))


def labelled(label: str, text: str) -> Iterator[str]:
    """A line of the header, wrapped under its label."""
    first = True
    for line in wrapped(text, indent=" " * 11):
        yield f"{label:<11}{line[11:]}" if first else line
        first = False


# --- the table -----------------------------------------------------------------------------------------------


def _rows(receipt: Receipt, *, verbose: bool) -> Iterator[str]:
    shown = arranged(receipt.rows)
    if not receipt.rows:
        yield "No metric is on both sides: there is no number to compare."
        return
    title, beside, others = shown.beside(len(receipt.rows) if verbose else _SHOWN)
    rest = [*others, *shown.ignored]
    listed, hidden = (rest, []) if verbose else ([], rest)
    notes = Footnotes([*shown.gated, *beside, *listed])
    sections = [
        (f"In the gate ({notes.gate})" if notes.gate else "In the gate", shown.gated),
        (title, beside),
        ("Outside the gate, the rest", listed),
    ]
    grouped = [(title, by_metric(rows)) for title, rows in sections if rows]
    rows = [row for _, groups in grouped for group in groups for row in group]
    if rows:
        yield legend(rows)
        yield ""
    aligned = iter(_aligned(rows, notes))
    for place, (title, groups) in enumerate(grouped):
        yield from ("",) if place else (next(aligned),)
        yield title
        for group in groups:
            yield f"  {_heading(group[0])}"
            yield from (next(aligned) for _ in group)
    if hidden:
        yield from ("",) if rows else ()
        yield from wrapped(f"Not shown: {kinds_of(hidden)} (--verbose has all).", hanging="  ")
    yield from _footnotes(notes)


def _heading(row: Row) -> str:
    name = cut(row.metric, _NAME)
    unit = f", {cut(row.unit, line_width() - 6 - len(name))}" if row.unit else ""
    return f"{ARROWS[row.direction]} {name}{unit}"


def _aligned(rows: Sequence[Row], notes: Footnotes) -> Iterator[str]:
    """The head and the rows, as lines; columns that are empty throughout are left out."""
    if not rows:
        return
    cells = [_cells(row, notes) for row in rows]
    used = [place for place in range(len(_HEADS)) if place == 0 or any(row[place] for row in cells)]
    lines = [[row[place] for place in used] for row in (_HEADS, *cells)]
    widths = [max(len(row[column]) for row in lines) for column in range(len(used))]
    gap = "  " if 4 + sum(widths) + 2 * len(used) + max(map(_verdict_width, rows)) <= line_width() else " "
    for row, line in zip((None, *rows), lines, strict=True):
        padded = (
            cell.rjust(width) if place in _RIGHT else cell.ljust(width)
            for place, cell, width in zip(used, line, widths, strict=True)
        )
        start = f"    {gap.join(padded)}{gap}"
        yield start + ("verdict" if row is None else _with_leaning(row, notes, line_width() - len(start)))


def _verdict_width(row: Row) -> int:
    leaning = len(row.leaning) + 2 if 0 < len(row.leaning) <= _LEANING else 0
    return len(verdict_of(row)) + leaning + _MARKS


def _cells(row: Row, notes: Footnotes) -> list[str]:
    count = "" if notes.count else counted(row)
    return [cut(row.statistic, 8), *sides(row), change(row), interval(row), count]


def _with_leaning(row: Row, notes: Footnotes, room: int) -> str:
    """The verdict of a row with its marks, and where it leans if there is room for that: else a footnote tells it."""
    told = f"{verdict_of(row)}, {cut(row.leaning, 60)}" if row.leaning else verdict_of(row)
    beside = len(told) + _MARKS <= room
    return f"{told if beside else verdict_of(row)} {notes.marks(row, leaning=not beside)}".rstrip()


def _footnotes(notes: Footnotes) -> Iterator[str]:
    numbered = notes.texts()
    if notes.common or numbered:
        yield ""
    for text in notes.common:
        yield from wrapped(text, hanging="  ")
    for mark, text in numbered:
        yield from wrapped(text, f"{mark} ", "  ")


# --- what stands under it ------------------------------------------------------------------------------------


def _one_sided(receipt: Receipt, *, verbose: bool) -> Iterator[str]:
    found = one_sided(receipt)
    for label in ("base", "candidate"):
        held = [one for one in found if one.side == label]
        if held and verbose:
            yield f"Only in the {label}"
            yield from (line for one in held for line in wrapped(_valued(one), "  ", "    "))
        elif held:
            more = f" and {len(held) - LISTED} more (--verbose has all)" if len(held) > LISTED else ""
            listed = ", ".join(one.name for one in held[:LISTED])
            yield from wrapped(f"Only in the {label}: {listed}{more}", hanging="  ")


def _valued(found: OneSided) -> str:
    return f"{found.name}: {found.values}" if found.rows else found.name


def _shifts(receipt: Receipt, *, verbose: bool) -> Iterator[str]:
    """Where distributions moved; those that nowhere moved by more than the margin only if `verbose`."""
    margin = margins(receipt)
    drawn = [(found, signs(found, margin.get(found.metric, 0.0))) for found in receipt.shifts]
    drawn = [(found, drawing) for found, drawing in drawn if drawing.strip("=") or (drawing and verbose)]
    if not drawn:
        return
    yield "Where it moved (= within the margin, + above, - below)"
    for found, drawing in drawn:
        names = percentiles(found)
        yield f"  {cut(found.metric, _NAME)}"
        line = f"{names[0]} {drawing} {names[-1]}"
        words = f"; {cut(found.words, 120)}" if found.words else ""
        yield from wrapped(f"{_extremes(found)}{words}", f"    {line}  ", " " * (len(line) + 6))


def _extremes(found: Shift) -> str:
    ends = span(found)
    if ends is None:
        return ""
    low, high = (f"{percent(found.points[name])} at {name}" for name in ends)
    return low if low == high else f"{low} to {high}"


def changes_of(receipt: Receipt) -> Iterator[str]:
    """Differences of the configuration."""
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
    if len(path) + 2 + len(values) <= line_width():
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


def notes_of(receipt: Receipt) -> Iterator[str]:
    """Caveats that hold for all rows."""
    for note in receipt.notes:
        yield from wrapped(f"Note: {cut(note, 500)}", hanging="  ")
