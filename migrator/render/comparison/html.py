"""A receipt as one page: nothing is loaded, nothing is run, and it reads the same in ten years.

The page forbids itself the network, so that a name out of an export could not make it fetch something even if it got
past the escaping. Rows come sorted, those that fail first; there is no script to sort them otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.footnotes import Footnotes, remarks
from migrator.render.comparison.numbers import change, interval, number, sides
from migrator.render.comparison.plot import bar, curves, dots, reach
from migrator.render.comparison.reason import headline, reason
from migrator.render.comparison.runs import in_order_of_start, run_values
from migrator.render.comparison.sections import arranged, kinds_of, one_sided
from migrator.render.comparison.style import STYLE
from migrator.render.comparison.words import (
    ARROW_WORDS,
    ARROWS,
    LISTED,
    allowed,
    compared,
    counted,
    cut,
    findings,
    gate,
    held_to,
    judged,
    label_of,
    legend,
    markup,
    noise,
    percentiles,
    policy,
    side,
    verdict_of,
)
from migrator.render.text import plural, value_text

if TYPE_CHECKING:
    from migrator.diff.receipt import FieldChange, Receipt, Row, Shift

_CHANGES: Final = 200
_SHOWN: Final = 20
"""Rows outside the gate that are in sight, the heaviest first; the others are folded."""
_HEADS: Final = ("base", "candidate", "change", "interval, %", "n a side")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def render(receipt: Receipt) -> str:
    """The comparison as a complete HTML document that ends with a newline."""
    name = f"{headline(receipt)}: {cut(receipt.base.name, 60)} → {cut(receipt.candidate.name, 60)}"
    notes = Footnotes(receipt.rows, with_margin=False, with_remarks=False)
    body = [
        *_verdict(receipt),
        *findings_of(receipt),
        *header_of(receipt),
        *_rows(receipt, notes),
        *_one_sided(receipt),
        *_shifts(receipt),
        *changes_of(receipt),
        *notes_of(receipt),
    ]
    return page(name, body, receipt)


def page(name: str, body: Iterable[str], receipt: Receipt) -> str:
    """A complete document that ends with a newline.

    Args:
        name: its title, as text.
        body: lines of HTML.
        receipt: what it shows, for the last line.
    """
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{markup(_POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{markup(name)}</title>",
        f"<style>\n{STYLE}\n</style>",
        "</head>",
        "<body>",
        "<main>",
        *body,
        "</main>",
        f"<footer>{text_of(receipt.tool, 60)}, receipt {text_of(receipt.receipt_version, 20)}</footer>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def text_of(text: str, width: int) -> str:
    """Text out of a file as HTML, of at most so many characters."""
    return markup(cut(text, width))


def _code(text: str, width: int) -> str:
    return f"<code>{text_of(text, width)}</code>"


def _verdict(receipt: Receipt) -> Iterator[str]:
    yield f'<h1 class="{_class(receipt.verdict)}">{markup(headline(receipt))}</h1>'
    yield f'<p class="lead">{text_of(reason(receipt), 600)}.</p>'


def _class(verdict: str) -> str:
    return verdict.replace(" ", "-")


def header_of(receipt: Receipt) -> Iterator[str]:
    """The sides, and what they were held to."""
    yield '<dl class="sides">'
    for label, found in (("base", receipt.base), ("candidate", receipt.candidate)):
        name = f'<dd class="name">{text_of(found.name, 200)}</dd>'
        yield f"<div><dt>{label}</dt>{name}<dd>{markup(side(found))}</dd></div>"
    expired = "".join(f"<dd>expired waiver: {_code(name, 120)}</dd>" for name in receipt.gate.expired_waivers)
    source = f"<dd>from {_code(policy(receipt), 220)}</dd>" if policy(receipt) else ""
    varied = f"<dd>varied on purpose: {markup(allowed(receipt))}</dd>" if allowed(receipt) else ""
    profile = f"<dd>noise profile {markup(noise(receipt))}</dd>" if receipt.noise else ""
    yield f"<div><dt>gate</dt><dd>{markup(gate(receipt))}</dd>{source}{varied}{profile}{expired}</div>"
    yield "</dl>"


def findings_of(receipt: Receipt) -> Iterator[str]:
    """What a reader must know before any number."""
    if not receipt.findings:
        return
    yield '<ul class="findings">'
    for found in findings(receipt):
        values = ""
        if found.base is not None or found.candidate is not None:
            values = f" <span>{_value(found.base)} → {_value(found.candidate)}</span>"
        label = label_of(found)
        code, message = _code(found.code, 40), text_of(found.message, 1000)
        yield f'<li class="{label[2:]}"><strong>{label}</strong> {code}: {message}{values}</li>'
    yield "</ul>"


def changes_of(receipt: Receipt) -> Iterator[str]:
    """Differences of the configuration."""
    if not receipt.changes and not receipt.ignored_changes:
        return
    yield "<h2>Configuration</h2>"
    yield from _change_table(receipt.changes[:LISTED])
    if more := receipt.changes[LISTED:]:
        yield f"<details><summary>{plural(len(more), 'more difference')}</summary>"
        yield from _change_table(more[:_CHANGES])
        if len(more) > _CHANGES:
            yield f"<p>and {len(more) - _CHANGES} more; the receipt has all.</p>"
        yield "</details>"
    if receipt.ignored_changes:
        yield f'<p class="faint">{plural(receipt.ignored_changes, "difference")} in volatile keys left out.</p>'


def _change_table(changes: Sequence[FieldChange]) -> Iterator[str]:
    if not changes:
        return
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("path", "what", "base", "candidate"))
    yield f'<div class="wide"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>'
    yield from map(_change, changes)
    yield "</tbody></table></div>"


def _change(found: FieldChange) -> str:
    base = "" if found.kind == "added" else _value(found.base)
    candidate = "" if found.kind == "removed" else _value(found.candidate)
    values = "".join(f'<td class="value">{cell}</td>' for cell in (base, candidate))
    return f'<tr><th scope="row">{_code(found.path, 200)}</th><td class="kind">{found.kind}</td>{values}</tr>'


def _value(value: object) -> str:
    return f"<code>{markup(value_text(value, 200))}</code>"


# --- tables --------------------------------------------------------------------------------------------------


def _rows(receipt: Receipt, notes: Footnotes) -> Iterator[str]:
    shown = arranged(receipt.rows)
    if not receipt.rows:
        yield "<p>No metric is on both sides: there is no number to compare.</p>"
        return
    if shown.gated:
        yield "<h2>In the gate</h2>"
        yield from gate_table(receipt, shown.gated, notes)
    yield f'<p class="faint">{markup(legend(receipt.rows))}. The band is the margin, the line the interval.</p>'
    if any(run_values(receipt, row) for row in shown.gated):
        order = "in the order of their start" if in_order_of_start(receipt) else "base first: starts are not known"
        yield f'<p class="faint">Each run: ● base, □ candidate, {order}.</p>'
    title, beside, others = shown.beside(_SHOWN)
    if beside:
        yield f"<h2>{title}</h2>"
        yield from gate_table(receipt, beside, notes)
    for rows in (others, shown.ignored):
        if rows:
            told = f"{plural(len(rows), 'more row')}: {kinds_of(rows)}"
            yield f"<details><summary>{markup(told)}</summary>"
            yield from gate_table(receipt, rows, notes)
            yield "</details>"
    yield from (f'<p class="faint">{markup(text)}</p>' for text in notes.common)
    if numbered := notes.texts():
        yield '<ol class="notes">'
        yield from (f'<li id="n{place}">{markup(text)}</li>' for place, (_, text) in enumerate(numbered, start=1))
        yield "</ol>"


def gate_table(receipt: Receipt, rows: Sequence[Row], notes: Footnotes) -> Iterator[str]:
    """Rows as a table, with the value of each run where a row has them.

    Args:
        receipt: the order of the runs.
        rows: what is shown.
        notes: remarks on the rows.
    """
    far = reach(rows)
    cells = [_cells(row, notes) for row in rows]
    drawn = [dots(receipt, row) for row in rows]
    used = [place for place in range(len(_HEADS)) if any(row[place] for row in cells)]
    heads = "".join(f'<th class="number" scope="col">{_HEADS[place]}</th>' for place in used)
    each_run = '<th scope="col">each run</th>' if any(drawn) else ""
    yield '<div class="wide"><table>'
    # The verdict stands where a narrow window still shows it.
    yield '<thead><tr><th scope="col">metric</th><th scope="col">verdict</th>'
    yield f'{heads}{each_run}<th scope="col">{_scale(far)}</th><th scope="col">margin</th></tr></thead>'
    yield "<tbody>"
    for row, texts, drawing in zip(rows, cells, drawn, strict=True):
        numbers = "".join(f'<td class="number">{markup(texts[place])}</td>' for place in used)
        kind = _class(row.verdict) if judged(row) else "unjudged"
        held = markup(held_to(row).removeprefix("margin ")) if compared(row) else ""
        yield f'<tr><th scope="row">{_name(row)}</th>{_verdict_cell(row, kind, notes)}{numbers}'
        runs = f"<td>{drawing}</td>" if each_run else ""
        yield f'{runs}<td class="{kind}">{bar(row, far)}</td><td class="held">{held}</td></tr>'
    yield "</tbody></table></div>"


def _verdict_cell(row: Row, kind: str, notes: Footnotes) -> str:
    """The verdict with what is to be said on this row alone below it."""
    marks = "".join(f' <sup><a href="#n{place}">{place}</a></sup>' for place in notes.numbers(row))
    told = " ".join(remarks(row))
    below = f'<span class="remark">{markup(told)}</span>' if told else ""
    return f'<td class="verdict {kind}"><span class="word">{markup(verdict_of(row))}{marks}</span>{below}</td>'


def _scale(far: float) -> str:
    return f"±{number(far, 2)}%"


def _name(row: Row) -> str:
    arrow = f'<span title="{ARROW_WORDS[row.direction]}">{ARROWS[row.direction]}</span>'
    unit = f" {text_of(row.unit, 24)}" if row.unit else ""
    return f'{arrow} {_code(f"{row.metric}.{row.statistic}", 80)}<span class="faint">{unit}</span>'


def _cells(row: Row, notes: Footnotes) -> list[str]:
    return [*sides(row), change(row), interval(row), "" if notes.count else counted(row)]


# --- what stands under them ----------------------------------------------------------------------------------


def _one_sided(receipt: Receipt) -> Iterator[str]:
    found = one_sided(receipt)
    for label in ("base", "candidate"):
        held = [one for one in found if one.side == label]
        if held:
            yield f"<details><summary>{plural(len(held), 'metric')} only in the {label}</summary>"
            yield "<ul>"
            for one in held:
                values = f": {markup(one.values)}" if one.rows else ""
                yield f"<li>{_code(one.name, 160)}{values}</li>"
            yield "</ul></details>"


def _shifts(receipt: Receipt) -> Iterator[str]:
    drawn = [found for found in receipt.shifts if percentiles(found)]
    if not drawn:
        return
    yield "<h2>Where it moved</h2>"
    yield '<div class="plots">'
    for place, found in enumerate(drawn):
        yield from _figure(found, place)
    yield "</div>"


def _figure(found: Shift, place: int) -> Iterable[str]:
    words = f"<span>{text_of(found.words, 200)}</span>" if found.words else ""
    drawing = curves(found, place) or "<p>These values are too far apart to be drawn.</p>"
    return ("<figure>", f"<figcaption>{_code(found.metric, 80)}{words}</figcaption>", drawing, "</figure>")


def notes_of(receipt: Receipt) -> Iterator[str]:
    """Caveats that hold for all rows."""
    if receipt.notes:
        yield "<h2>Notes</h2>"
        yield "<ul>"
        yield from (f"<li>{text_of(note, 1000)}</li>" for note in receipt.notes)
        yield "</ul>"
