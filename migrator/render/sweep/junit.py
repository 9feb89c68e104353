"""Two sweeps as a JUnit report: a test case for each cell, one that a side did not measure included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from migrator.diff.receipt import receipt_of_cell
from migrator.render.comparison.junit import OUTCOMES, finding_text, properties, row_lines
from migrator.render.comparison.reason import headline
from migrator.render.comparison.reason import reason as reason_of_cell
from migrator.render.comparison.sections import arranged
from migrator.render.comparison.words import cut, findings, markup
from migrator.render.sweep.words import reason, sweep_of, swept

if TYPE_CHECKING:
    from migrator.diff.receipt import Cell, Receipt

_ROWS: Final = 20
"""Rows of a cell that its test case tells."""


def render(receipt: Receipt) -> str:
    """The comparison as an XML document that ends with a newline.

    Beside the cells there is a case `comparison` where no cell explains the verdict of the whole, such as where a side
    mixes sweeps: a report must not be green where the verdict is not.
    """
    sweep = sweep_of(receipt)
    outcomes = Counter(map(_outcome, sweep.cells))
    whole = OUTCOMES.get(receipt.verdict, "")
    alone = bool(whole) and not outcomes[whole]
    outcomes.update([whole] if alone else [])
    counts = " ".join(
        f'{name}="{count}"'
        for name, count in (
            ("tests", len(sweep.cells) + alone),
            ("failures", outcomes["failure"]),
            ("errors", outcomes["error"]),
            ("skipped", outcomes["skipped"]),
        )
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="aiperf-migrate diff" {counts}>',
        f'  <testsuite name="sweep" {counts}>',
        *properties(receipt, reason(receipt), [("swept", swept(receipt))]),
        *(_whole(receipt, whole) if alone else ()),
        *(line for cell in sweep.cells for line in _case(receipt, cell)),
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _outcome(cell: Cell) -> str:
    """The element of a cell; one that a side may leave out is skipped."""
    alone = not (cell.base and cell.candidate)
    return "skipped" if alone and not any(found.blocks for found in cell.findings) else OUTCOMES.get(cell.verdict, "")


def _whole(receipt: Receipt, outcome: str) -> Iterator[str]:
    yield '    <testcase classname="aiperf-migrate" name="comparison">'
    message = markup(f"{headline(receipt)}: {cut(reason(receipt), 600)}")
    yield f'      <{outcome} message="{message}" type="{receipt.verdict.value}">'
    yield from (markup(finding_text(found)) for found in findings(receipt))
    yield f"      </{outcome}>"
    yield "    </testcase>"


def _case(receipt: Receipt, cell: Cell) -> Iterator[str]:
    open_tag = f'    <testcase classname="sweep" name="{markup(cut(cell.name, 200))}"'
    outcome = _outcome(cell)
    if not outcome:
        yield f"{open_tag}/>"
        return
    alone = receipt_of_cell(receipt, cell)
    message = markup(f"{headline(alone)}: {cut(reason_of_cell(alone), 600)}")
    yield f"{open_tag}>"
    yield f'      <{outcome} message="{message}" type="{cell.verdict.value}">'
    yield from (markup(finding_text(found)) for found in findings(alone))
    rows = [row for row in arranged(cell.rows).gated if row.verdict in OUTCOMES]
    for row in rows[:_ROWS]:
        yield from map(markup, row_lines(row))
    yield f"      </{outcome}>"
    yield "    </testcase>"
