"""The value of each run of a row, in the order in which the runs started."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from migrator.render.comparison.numbers import number
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from migrator.diff.receipt import Receipt, Row


class RunValue(NamedTuple):
    """One run: the side that it is of, `base` or `candidate`, and its value in the row's unit."""

    side: str
    value: float


def run_values(receipt: Receipt, row: Row) -> list[RunValue]:
    """The runs of both sides that have a value, by start; those of the base first where starts are not known.

    Empty for one run a side: its value is in the row already.
    """
    placed = []
    for side, found, values in (
        ("base", receipt.base, row.values_base),
        ("candidate", receipt.candidate, row.values_candidate),
    ):
        for run, value in zip(found.runs, values, strict=False):
            if value is not None and math.isfinite(value):
                placed.append((run.order, RunValue(side, value)))
    if all(order is not None for order, _ in placed):
        placed.sort(key=lambda one: one[0] or 0)
    return [value for _, value in placed] if len(placed) > 2 else []


def in_order_of_start(receipt: Receipt) -> bool:
    """Whether the starts of all runs are known."""
    return all(run.order is not None for side in (receipt.base, receipt.candidate) for run in side.runs)


def described(values: list[RunValue]) -> str:
    """The values as words: `base 284.1, candidate 340.7, base 283.9`."""
    return ", ".join(f"{found.side} {number(found.value)}" for found in values)
