"""A receipt as a JUnit report: one test case for each row in the gate, for what lists tests but reads no receipt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.footnotes import remarks
from migrator.render.comparison.numbers import change, interval, sides
from migrator.render.comparison.reason import decided_by, headline, reason
from migrator.render.comparison.sections import arranged
from migrator.render.comparison.words import (
    EVIDENCE,
    allowed,
    compared,
    counted,
    cut,
    findings,
    gate,
    held_to,
    label_of,
    loud,
    markup,
    name_of,
    noise,
    policy,
    shown_by,
    side,
    verdict_of,
    waived,
)
from migrator.render.text import value_text

if TYPE_CHECKING:
    from migrator.diff.receipt import Finding, Receipt, Row

OUTCOMES: Final = {"regression": "failure", "incomparable": "error", "inconclusive": "skipped"}
"""Element of a test case; a row with another verdict passed."""


def render(receipt: Receipt) -> str:
    """The comparison as an XML document that ends with a newline.

    Beside the rows there is a case `comparison` where the verdict of the whole is one that no row explains, such as a
    different model: a report must not be green where the verdict is not.
    """
    rows = arranged(receipt.rows).gated
    outcomes = Counter(_outcome(row) for row in rows)
    whole = OUTCOMES.get(receipt.verdict)
    blocked = any(found.blocks for found in receipt.findings)
    alone = whole is not None and (blocked or not (receipt.gate.size and decided_by(receipt)))
    outcomes.update([whole] if alone and whole else [])
    counts = " ".join(
        f'{name}="{count}"'
        for name, count in (
            ("tests", len(rows) + alone),
            ("failures", outcomes["failure"]),
            ("errors", outcomes["error"]),
            ("skipped", outcomes["skipped"]),
        )
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="aiperf-migrate diff" {counts}>',
        f'  <testsuite name="comparison" {counts}>',
        *properties(receipt, reason(receipt)),
        *(_whole(receipt, whole) if alone and whole else ()),
        *(line for row in rows for line in _case(row)),
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _outcome(row: Row) -> str:
    return "skipped" if waived(row) else OUTCOMES.get(row.verdict, "")


def properties(receipt: Receipt, why: str, more: Sequence[tuple[str, str]] = ()) -> Iterator[str]:
    """The properties of a test suite.

    Args:
        receipt: what is told.
        why: why the verdict is what it is.
        more: further names and values.
    """
    told = [
        ("tool", cut(receipt.tool, 60)),
        ("verdict", receipt.verdict.value),
        ("reason", cut(why, 600)),
        *more,
        ("gate", gate(receipt)),
        ("policy", policy(receipt)),
        ("base", f"{cut(receipt.base.name, 200)}: {side(receipt.base)}"),
        ("candidate", f"{cut(receipt.candidate.name, 200)}: {side(receipt.candidate)}"),
        ("varied on purpose", allowed(receipt)),
        ("noise", noise(receipt)),
        *(("expired waiver", cut(name, 120)) for name in receipt.gate.expired_waivers),
        *((label_of(found)[2:], finding_text(found)) for found in findings(receipt) if loud(found)),
    ]
    yield "    <properties>"
    yield from (f'      <property name="{name}" value="{markup(value)}"/>' for name, value in told if value)
    yield "    </properties>"


def _whole(receipt: Receipt, outcome: str) -> Iterator[str]:
    message = markup(f"{headline(receipt)}: {cut(reason(receipt), 600)}")
    yield '    <testcase classname="aiperf-migrate" name="comparison">'
    yield f'      <{outcome} message="{message}" type="{receipt.verdict.value}">'
    yield from (markup(finding_text(found)) for found in findings(receipt))
    yield f"      </{outcome}>"
    yield "    </testcase>"


def finding_text(found: Finding) -> str:
    """A finding in a line."""
    values = ""
    if found.base is not None or found.candidate is not None:
        values = f" ({value_text(found.base)} → {value_text(found.candidate)})"
    return f"{cut(found.code, 40)}: {cut(found.message, 500)}{values}"


def _case(row: Row) -> Iterator[str]:
    open_tag = f'    <testcase classname="{markup(cut(row.metric, 120))}" name="{markup(cut(row.statistic, 40))}"'
    outcome = _outcome(row)
    if not outcome:
        yield f"{open_tag}/>"
        return
    message = markup(_changed(row))
    yield f"{open_tag}>"
    yield f'      <{outcome} message="{message}" type="{row.verdict.value}">'
    yield from map(markup, _detail(row))
    yield f"      </{outcome}>"
    yield "    </testcase>"


def row_lines(row: Row) -> Iterator[str]:
    """A row of a longer text: what changed, and what explains it."""
    yield f"{name_of(row)}: {_changed(row)}"
    yield from (f"  {line}" for line in _detail(row))


def _changed(row: Row) -> str:
    base, candidate = sides(row)
    return f"{verdict_of(row)}: {base} → {candidate} {cut(row.unit, 24)} ({change(row)})"


def _detail(row: Row) -> Iterator[str]:
    found = row.delta_interval or row.interval
    if found:
        unit = cut(row.unit, 24) if row.delta_interval else "%"
        yield f"interval of the change, {found.kind}: {interval(row)} {unit}".rstrip()
    yield from shown_by(row)
    if compared(row):
        yield f"held to: {held_to(row)}"
        yield f"evidence: {EVIDENCE[row.evidence]}"
    if n := counted(row):
        yield f"a side: {n}"
    yield from remarks(row)
