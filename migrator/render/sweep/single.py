"""One sweep as text, or as JSON: its cells, its front, and its capacity under goals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from migrator.render.comparison.numbers import number
from migrator.render.comparison.words import cut
from migrator.render.sweep.words import capacity_words, group_text, head, listed, state_text
from migrator.render.text import line_width, table, wrapped

if TYPE_CHECKING:
    from migrator.diff.receipt import Capacity, Finding, Front
    from migrator.diff.sweep.single import OneSweep, ShownCell
    from migrator.jsonfile import Json


def render(sweep: OneSweep) -> Iterator[str]:
    """The sweep in lines of at most 80 columns, as far as names allow."""
    told_by = f"{', '.join(cut(name, 60) for name in sweep.factors)} (told by {sweep.found_by})"
    yield from wrapped(f"{cut(sweep.name, 200)}: {len(sweep.cells)} cells of {told_by}", hanging="  ")
    for finding in _findings(sweep):
        label = "! blocks  " if finding.blocks else "! warns   "
        yield from wrapped(f"{cut(finding.code, 24)}: {cut(finding.message, 500)}", label, " " * 10)
    yield ""
    yield from _table(sweep)
    for front in sweep.fronts:
        yield ""
        yield from _front(front, sweep)
    if sweep.goals:
        yield ""
        yield from wrapped(f"Capacity while {' and '.join(sweep.goals)}", hanging="  ")
        for found in sweep.capacities:
            yield from _capacity(found, sweep.cells)


def _findings(sweep: OneSweep) -> list[Finding]:
    """What blocks; then what warns, told once for all cells that it is of."""
    every = [*sweep.findings, *(finding for cell in sweep.cells for finding in cell.findings)]
    warning = {(finding.code, finding.message): finding for finding in every if finding.warns and not finding.blocks}
    return [*(finding for finding in every if finding.blocks), *warning.values()]


def _table(sweep: OneSweep) -> Iterator[str]:
    best = {point.cell for front in sweep.fronts[:1] for point in front.base if not point.dominated}
    heads = [head(*metric) for metric in sweep.metrics]
    columns = [
        [text, *(number(one.value) if (one := cell.centres[place]) else "" for cell in sweep.cells)]
        for place, text in enumerate(heads)
    ]
    first = ["", *(f"{'*' if place in best else ' '} {cut(cell.name, 30)}" for place, cell in enumerate(sweep.cells))]
    runs = ["runs", *(str(cell.runs) for cell in sweep.cells)]
    for number_of_part, part in enumerate(_parts(first, [runs, *columns])):
        yield from ("",) if number_of_part else ()
        yield from table(list(zip(first, *part, strict=True)))
    if best:
        yield "* on the front: no other cell is as good in both and better in one"
    for cell in sweep.cells:
        if cell.unfit:
            yield from wrapped(f"{cut(cell.name, 120)} is not on the front: {cut(cell.unfit, 300)}", hanging="  ")


def _parts(first: Sequence[str], columns: Sequence[list[str]]) -> Iterator[list[list[str]]]:
    """The columns in tables of at most 80 characters, their numbers to the right."""
    room = line_width() - max(map(len, first))
    part: list[list[str]] = []
    left = room
    for column in columns:
        width = max(map(len, column))
        if part and width + 2 > left:
            yield part
            part, left = [], room
        part.append([text.rjust(width) for text in column])
        left -= width + 2
    if part:
        yield part


def _front(front: Front, sweep: OneSweep) -> Iterator[str]:
    group = group_text(front.group)
    yield from wrapped(f"Front: {front.y} against {front.x}{', ' + group if group else ''}", hanging="  ")
    points = sorted((point for point in front.base if not point.dominated), key=lambda point: point.x)
    rows = [
        (cut(sweep.cells[one.cell].name, 40), f"{number(one.x)} {front.x_unit}", f"{number(one.y)} {front.y_unit}")
        for one in points
    ]
    yield from table(rows, "  ")
    beaten = [sweep.cells[point.cell].name for point in front.base if point.dominated]
    if beaten:
        yield from wrapped(f"behind it: {listed(beaten)}", "  ", "    ")


def _capacity(found: Capacity, cells: Sequence[ShownCell]) -> Iterator[str]:
    names = [cell.name for cell in cells]
    yield from wrapped(capacity_words(found, names, alone=True), "  ", "    ")
    states = [f"{cut(names[state.cell], 60)} {state_text(state)}" for state in found.states]
    yield from wrapped(", ".join(states), "    ", "      ")


# --- JSON ----------------------------------------------------------------------------------------------------


def document(sweep: OneSweep, tool: str) -> dict[str, Json]:
    """The sweep as a JSON object."""
    names = [cell.name for cell in sweep.cells]
    return {
        "tool": tool,
        "name": sweep.name,
        "factors": list(sweep.factors),
        "found_by": sweep.found_by,
        "findings": [_finding(found) for found in sweep.findings],
        "cells": [_cell(cell, sweep) for cell in sweep.cells],
        "fronts": [
            {
                "group": front.group,
                "x": front.x,
                "x_unit": front.x_unit,
                "y": front.y,
                "y_unit": front.y_unit,
                "points": [
                    {"cell": names[point.cell], "x": point.x, "y": point.y, "dominated": point.dominated}
                    for point in front.base
                ],
            }
            for front in sweep.fronts
        ],
        "capacities": [_capacity_of(found, names) for found in sweep.capacities],
    }


def _cell(cell: ShownCell, sweep: OneSweep) -> dict[str, Json]:
    return {
        "name": cell.name,
        "factors": dict(zip(sweep.factors, cell.values, strict=True)),
        "files": list(cell.files),
        "runs": cell.runs,
        "unfit": cell.unfit,
        "findings": [_finding(found) for found in cell.findings],
        "metrics": {
            ".".join(metric): {"unit": unit, "value": centre.value, "low": centre.low, "high": centre.high}
            for metric, unit, centre in zip(sweep.metrics, sweep.units, cell.centres, strict=True)
            if centre
        },
    }


def _finding(found: Finding) -> dict[str, Json]:
    return {"code": found.code, "blocks": found.blocks, "message": found.message}


def _capacity_of(found: Capacity, names: Sequence[str]) -> dict[str, Json]:
    return {
        "group": found.group,
        "goals": found.goals,
        "unit": found.unit,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "cell": None if found.cell is None else names[found.cell],
        "next": None if found.next is None else names[found.next],
        "next_value": found.next_value,
        "sure": found.sure,
        "states": [
            {"cell": names[one.cell], "state": one.state, "sure": one.sure, "values": one.values, "note": one.note}
            for one in found.states
        ],
    }
