"""A receipt for a pull request: the verdict and the findings first, then the numbers, then what changed around them.

Names and values out of files stand in code spans, where no mention, reference, link, emoji or formula is made of them.
In prose, which may quote them, what starts such a thing is broken with a zero-width space and the rest becomes
character references: a backslash would stop the markup, but not what GitHub looks for in the finished text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.footnotes import Footnotes, remarks
from migrator.render.comparison.numbers import change, interval, percent, sides
from migrator.render.comparison.reason import headline, reason
from migrator.render.comparison.sections import arranged, kinds_of, one_sided
from migrator.render.comparison.words import (
    ARROWS,
    LISTED,
    allowed,
    counted,
    cut,
    findings,
    gate,
    label_of,
    legend,
    loud,
    margins,
    name_of,
    noise,
    percentiles,
    policy,
    side,
    signs,
    span,
    verdict_of,
)
from migrator.render.text import plural, value_text

if TYPE_CHECKING:
    from migrator.diff.receipt import FieldChange, Receipt, Row, Shift

MARKER: Final = "<!-- aiperf-migrate: comparison -->"
"""Stands in every comment, so that a workflow finds its own and updates it in place of adding another."""

_ROWS: Final = 10
_LIMIT: Final = 60_000
"""Characters; a comment on GitHub may have 65,536, and is refused whole where it has more."""
_SHARE: Final = 5_000
"""Characters of one block, so that no block leaves nothing for the others."""
_TABLE: Final = 18_000
"""The same for the table: ten rows fit, whatever their names."""
_REMARKS: Final = 240
"""Characters of the remarks on a row, which stand in its last cell."""
_HEAD: Final = (
    "| metric | unit | base | candidate | change | interval, % | n a side | verdict, and what would decide it |"
)
_RULE: Final = "|---|---|--:|--:|--:|--:|--:|---|"


def render(receipt: Receipt) -> str:
    """The comparison as GitHub-flavoured markdown that ends with a newline, at most 60,000 characters long."""
    shown = arranged(receipt.rows)
    _, beside, others = shown.beside(_ROWS)
    told = [*shown.gated, *beside]
    notes = Footnotes(receipt.rows, with_remarks=False)
    blocks = [
        f"### {prose(f'{headline(receipt)}: {reason(receipt)}', 400)} {MARKER}",
        block(findings_of(receipt)),
        block(sides_of(receipt)),
        block(_table(told[:_ROWS], notes, margin=bool(shown.gated)), _TABLE),
        block(_footnotes(notes)),
        block(_one_sided(receipt)),
        _shifts(receipt),
        block(changes_of(receipt)),
        block(f"- {prose(note, 500)}" for note in receipt.notes),
    ]
    left = _LIMIT - sum(map(len, blocks))
    blocks.insert(5, _rest([*told[_ROWS:], *others, *shown.ignored], notes, left))
    return "\n\n".join(filter(None, blocks)) + "\n"


def block(lines: Iterable[str], size: int = _SHARE) -> str:
    """Lines joined, as many as fit; what was left out is said."""
    held = list(lines)
    for place, line in enumerate(held):
        size -= len(line) + 1
        if size < 0:
            return "\n".join([*held[:place], "", f"*{plural(len(held) - place, 'more line')}: the receipt has all.*"])
    return "\n".join(held)


# --- text out of files ---------------------------------------------------------------------------------------


def code(text: str, *, cell: bool = False) -> str:
    """Text as a code span, which nothing is read into; with `cell`, fit to stand in a table."""
    if not text:
        return "(empty)"
    if cell:
        # A pipe is escaped even in code. Behind a backslash readers disagree on which of the two is escaped.
        text = text.replace("\\|", "\\\\x7c").replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def prose(text: str, width: int) -> str:
    """A sentence that may quote anything, as text that markdown and GitHub leave as it is."""
    text = _COMMITS.sub(lambda found: "\u200b".join(re.findall(".{1,6}", found[0])), cut(text, width))
    text = _STARTS.sub("\\g<0>\u200b", text)
    return _MARKUP.sub(lambda found: "".join(f"&#{ord(sign)};" for sign in found[0]), text)


_STARTS: Final = re.compile(
    r"[@#:](?=\S)"  # a mention, an issue, an emoji, the scheme of an address
    r"|www\.(?=\S)"
    r"|[A-Za-z]-(?=\d)",  # GH-12, and the references that a repository may define
    re.IGNORECASE,
)
_COMMITS: Final = re.compile(r"\b[0-9a-f]{7,40}\b", re.IGNORECASE)
_MARKUP: Final = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|[\\`*{}\[\]<>#|&~@$!\u200b]|^[-+=]|^\d+(?=[.)])")


# --- blocks --------------------------------------------------------------------------------------------------


def sides_of(receipt: Receipt) -> Iterator[str]:
    """The sides, and what they were held to, an item a line."""
    for label, found in (("base", receipt.base), ("candidate", receipt.candidate)):
        yield f"- **{label}** {code(cut(found.name, 200))}: {prose(side(found), 400)}"
    source = f", from {code(policy(receipt))}" if policy(receipt) else ""
    yield f"- **gate** {prose(gate(receipt), 400)}{source}"
    if allowed(receipt):
        yield f"- **varied on purpose** {prose(allowed(receipt), 400)}"
    if receipt.noise:
        yield f"- **noise** {prose(noise(receipt), 400)}"
    for name in receipt.gate.expired_waivers:
        yield f"- **expired waiver** {code(cut(name, 120))}"


def findings_of(receipt: Receipt) -> Iterator[str]:
    """What a reader must know before any number, an item a line."""
    for found in findings(receipt):
        values = ""
        if found.base is not None or found.candidate is not None:
            values = f" ({code(value_text(found.base))} → {code(value_text(found.candidate))})"
        label = f"**{label_of(found)}**" if loud(found) else label_of(found)
        yield f"- {label} {code(cut(found.code, 40))}: {prose(found.message, 300)}{values}"


def changes_of(receipt: Receipt) -> Iterator[str]:
    """Differences of the configuration, an item a line."""
    if not receipt.changes and not receipt.ignored_changes:
        return
    yield "**Configuration**\n"
    yield from map(_change, receipt.changes[:LISTED])
    if (more := len(receipt.changes) - LISTED) > 0:
        yield f"- and {more} more (the receipt has all)"
    if receipt.ignored_changes:
        yield f"- {plural(receipt.ignored_changes, 'difference')} in volatile keys left out"


def _change(found: FieldChange) -> str:
    values = [(found.base, found.kind != "added"), (found.candidate, found.kind != "removed")]
    told = " → ".join(code(value_text(value)) for value, there in values if there)
    return f"- {found.kind} {code(cut(found.path, 120))}: {told}"


def _table(rows: Sequence[Row], notes: Footnotes, *, margin: bool = False) -> Iterator[str]:
    if not rows:
        yield "No metric is on both sides: there is no number to compare."
        return
    held = f"; in the gate: {notes.gate}" if margin and notes.gate else ""
    yield prose(f"{legend(rows)}{held}", 400) + "\n"
    yield from (_HEAD, _RULE)
    for row in rows:
        name = f"{ARROWS[row.direction]} {code(name_of(row), cell=True)}"
        cells = [name, prose(row.unit, 24), *sides(row), change(row), interval(row), counted(row)]
        yield f"| {' | '.join(cells)} | {_verdict(row, notes)} |"


def _verdict(row: Row, notes: Footnotes) -> str:
    """The verdict, the marks of its footnotes, and what is to be said on this row alone."""
    verdict = f"**{verdict_of(row)}**" if row.gate == "gate" else verdict_of(row)
    told = prose(" ".join(remarks(row)), _REMARKS)
    marked = f"{verdict} {notes.marks(row)}".rstrip()
    return f"{marked}: {told}" if told else marked


def _footnotes(notes: Footnotes) -> Iterator[str]:
    yield from (f"- {prose(text, 400)}" for text in notes.common)
    yield from _numbered(notes.texts())


def _numbered(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"- {mark} {prose(text, 400)}" for mark, text in texts)


def _rest(rows: Sequence[Row], notes: Footnotes, size: int) -> str:
    if not rows:
        return ""
    before = len(notes.texts())
    table = block(_table(rows, notes), size - _SHARE)
    numbered = block(_numbered(notes.texts(before)), _SHARE // 2)
    told = f"{plural(len(rows), 'more row')}: {kinds_of(rows)}"
    return folded(told, "\n\n".join(filter(None, [table, numbered])))


def folded(summary: str, inside: str) -> str:
    """Markdown that a reader opens by its summary."""
    return f"<details><summary>{summary}</summary>\n\n{inside}\n\n</details>"


def _one_sided(receipt: Receipt) -> Iterator[str]:
    found = one_sided(receipt)
    for label in ("base", "candidate"):
        names = [one.name for one in found if one.side == label]
        if names:
            listed = ", ".join(code(name) for name in names[:LISTED])
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            yield f"- only in the {label}: {listed}{more}"


def _shifts(receipt: Receipt) -> str:
    drawn = [found for found in receipt.shifts if percentiles(found)]
    if not drawn:
        return ""
    margin = margins(receipt)
    lines = ["| metric | p1 to p99 | smallest and largest change | |", "|---|---|---|---|"]
    lines += (_shift(found, margin.get(found.metric, 0.0)) for found in drawn[:LISTED])
    if len(drawn) > LISTED:
        lines.append(f"\nand {len(drawn) - LISTED} more (the receipt has all)")
    return folded("Where it moved (= within the margin, + above, - below)", block(lines))


def _shift(found: Shift, margin: float) -> str:
    low, high = span(found) or ("", "")
    ends = " to ".join(
        f"{percent(found.points[name])} at {code(name, cell=True)}" for name in dict.fromkeys((low, high))
    )
    metric, words = code(cut(found.metric, 60), cell=True), prose(found.words, 120)
    return f"| {metric} | {code(signs(found, margin), cell=True)} | {ends} | {words} |"
