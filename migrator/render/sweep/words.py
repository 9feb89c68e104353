"""What all renderings of two sweeps share: the table of cells, and words for means, fronts and capacity."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.numbers import change, number, percent
from migrator.render.comparison.reason import movement
from migrator.render.comparison.sections import row_rank
from migrator.render.comparison.words import GLYPHS, cut, name_of, waived
from migrator.render.text import plural, value_text
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from migrator.diff.receipt import Capacity, Cell, Front, FrontPoint, GoalState, MeanChange, Receipt, Row, Sweep
    from migrator.jsonfile import Json

_SHORT: Final = {
    "request_latency": "latency",
    "time_to_first_token": "TTFT",
    "inter_token_latency": "ITL",
    "output_token_throughput": "tokens/s",
    "output_token_throughput_per_user": "tokens/s/user",
    "request_throughput": "requests/s",
    "request_error_rate": "errors",
    "good_request_fraction": "good",
}
"""Metrics whose name in the head of a column is shorter."""
_LISTED: Final = 4
"""Cells that a sentence names."""


def sweep_of(receipt: Receipt) -> Sweep:
    """The sweep of a receipt that has one."""
    assert receipt.sweep is not None
    return receipt.sweep


def reason(receipt: Receipt) -> str:
    """Why the verdict is what it is, without a full stop: in which cells, and the row that moved most there."""
    sweep = sweep_of(receipt)
    paired = [cell for cell in sweep.cells if cell.base and cell.candidate]
    size = f"{plural(receipt.gate.size, 'row')} in the gate of {plural(len(paired), 'cell')}"
    if receipt.verdict == "incomparable" and (blocking := [found for found in receipt.findings if found.blocks]):
        more = f", and {plural(len(blocking) - 1, 'more finding')}" if len(blocking) > 1 else ""
        return f"{cut(blocking[0].message, 300).rstrip('.')}{more}; {size}"
    alike = [cell for cell in paired if cell.verdict == receipt.verdict]
    if not alike:
        return size
    where = f"in {len(alike)} of {plural(len(paired), 'cell')}"
    told = [f"{where} ({listed([cell.name for cell in alike])})" if len(alike) < len(paired) else where]
    if top := _top(receipt, alike):
        told.append(top)
    missing = [found.message for found in receipt.findings if found.blocks]
    if missing:
        told.append(cut(missing[0], 200))
    return "; ".join([*told, size])


def _top(receipt: Receipt, cells: Sequence[Cell]) -> str:
    """The heaviest row behind the verdict, with its cell; nothing for a sweep that passes."""
    rows = [
        (row, cell.name)
        for cell in cells
        for row in cell.rows
        if row.gate == "gate" and row.verdict == receipt.verdict and not waived(row)
    ]
    if not rows or receipt.verdict not in ("regression", "improvement", "inconclusive"):
        return ""
    row, name = min(rows, key=lambda one: row_rank(one[0]))
    moved = f"{name_of(row)} {movement(row)}" if receipt.verdict != "inconclusive" else f"{name_of(row)} is not decided"
    return f"{moved} at {cut(name, 120)}"


def listed(names: Sequence[str]) -> str:
    """`concurrency 4, concurrency 8 and 3 more`."""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(cut(name, 120) for name in names[:_LISTED]) + more


def swept(receipt: Receipt) -> str:
    """`concurrency (told by run_info.variation_values): 4 cells on both sides, 3 runs each`."""
    sweep = sweep_of(receipt)
    paired = [cell for cell in sweep.cells if cell.base and cell.candidate]
    counts = sorted(
        {
            sum(side.runs[place].runs for place in places)
            for cell in paired
            for side, places in ((receipt.base, cell.base), (receipt.candidate, cell.candidate))
        }
    )
    runs = f", {plural(counts[0], 'run')} each" if len(counts) == 1 else ""
    runs = runs or (f", {counts[0]} to {counts[-1]} runs each" if counts else "")
    alone = [
        f"{plural(count, 'cell')} only in the {name}"
        for name, count in (
            ("base", sum(not cell.candidate for cell in sweep.cells)),
            ("candidate", sum(not cell.base for cell in sweep.cells)),
        )
        if count
    ]
    factors = ", ".join(cut(name, 60) for name in sweep.factors)
    both = f"{plural(len(paired), 'cell')} on both sides{runs}"
    return f"{factors} (told by {cut(sweep.found_by, 60)}): {'; '.join([both, *alone])}"


def kinds(cells: Sequence[Cell]) -> str:
    """`3 regression, 1 no worse`."""
    return ", ".join(f"{count} {word}" for word, count in Counter(cell.verdict.value for cell in cells).most_common())


def told(value: Json) -> str:
    """The value of a factor: text without quotes, else as JSON."""
    return cut(value, 60) if type(value) is str else value_text(value, 60)


# --- the table of cells --------------------------------------------------------------------------------------


class Column(NamedTuple):
    """One statistic of one metric over the cells."""

    metric: str
    statistic: str
    head: str

    def row(self, cell: Cell) -> Row | None:
        """Its row in a cell; None if the cell has none."""
        return next((row for row in cell.rows if (row.metric, row.statistic) == self[:2]), None)

    def text(self, cell: Cell) -> str:
        """`+18.6% ✗`: the change, and the verdict of a gated row; a row that passes has no sign."""
        row = self.row(cell)
        if row is None:
            return ""
        sign = GLYPHS[row.verdict] if row.gate == "gate" and row.verdict not in ("equivalent", "no worse") else ""
        return f"{change(row)} {sign}".strip()


def columns(sweep: Sweep) -> list[Column]:
    """The gated statistics, and the headline ones, in the order in which the cells have them.

    A rate of errors that is zero everywhere is left out.
    """
    found: dict[tuple[str, str], list[Row]] = {}
    for cell in sweep.cells:
        for row in cell.rows:
            found.setdefault((row.metric, row.statistic), []).append(row)
    told = {
        name: rows
        for name, rows in found.items()
        if name[0] != "request_error_rate" or any(row.base or row.candidate for row in rows)
    }
    return [Column(*name, head(*name)) for name in told]


def head(metric: str, statistic: str) -> str:
    """The head of a column: a short name, and the statistic unless it is the mean."""
    name = _SHORT.get(metric, cut(metric, 24))
    return name if statistic == "avg" and metric in _SHORT else f"{name} {cut(statistic, 8)}"


def mean_text(mean: MeanChange | None) -> str:
    """`+18.6%`; nothing where there is none."""
    return percent(mean.percent) if mean else ""


def mean_interval(mean: MeanChange | None) -> str:
    """`[+16.7, +20.5]`; nothing without one."""
    found = mean.interval if mean else None
    return f"[{found.low:+.1f}, {found.high:+.1f}]" if found and math.isfinite(found.low + found.high) else ""


def means_by_name(sweep: Sweep) -> dict[tuple[str, str], MeanChange]:
    """(metric, statistic) → the mean change over the cells."""
    return {(mean.metric, mean.statistic): mean for mean in sweep.means}


def about_means(sweep: Sweep) -> str:
    """What the row of means is; why it has no interval, or leaves cells out; nothing without means."""
    if not sweep.means:
        return ""
    first = sweep.means[0]
    fewest = min(mean.cells for mean in sweep.means)
    over = f"{first.of} cells" if fewest == first.of else f"{fewest} of {first.of} cells"
    known = ", with its 95% interval between trials" if any(mean.interval for mean in sweep.means) else ""
    notes = dict.fromkeys(mean.note for mean in sweep.means if mean.note)
    return "; ".join((f"the geometric mean of the changes of {over}, each of the same weight{known}", *notes))


# --- fronts --------------------------------------------------------------------------------------------------


def front_title(front: Front) -> str:
    """`output_token_throughput.avg against request_latency.avg, input length 512`."""
    group = group_text(front.group)
    return f"{cut(front.y, 60)} against {cut(front.x, 60)}{', ' + group if group else ''}"


def front_words(front: Front, sweep: Sweep) -> Iterator[str]:
    """Sentences on two fronts: which is ahead and where, where they cross, and which cells are beaten."""
    for name, points, other in (("base", front.base, "candidate"), ("candidate", front.candidate, "base")):
        if not points:
            yield f"no cell of the {name} can be shown"
            continue
        best = [sweep.cells[point.cell].name for point in points if not point.dominated]
        yield f"front of the {name}: {listed(best)}"
        beaten = sum(point.beaten for point in points)
        if beaten:
            cells = f"{beaten} of {plural(len(points), 'cell')} of the {name} {'is' if beaten == 1 else 'are'}"
            yield f"{cells} beaten in both by a cell of the {other}"
    unit = cut(front.x_unit, 24)
    for stretch in front.stretches:
        if stretch.ahead != "neither":
            span = _span(stretch.low, stretch.high)
            yield f"the {stretch.ahead} is ahead at {span} {unit}".rstrip()
    if front.stretches and all(stretch.ahead == "neither" for stretch in front.stretches):
        low, high = front.stretches[0].low, front.stretches[-1].high
        yield f"neither is ahead by more than the margin at {_span(low, high)} {unit}".rstrip()
    for found in front.crossings:
        yield f"the fronts cross between {_span(found.low, found.high, ' and ')} {unit}".rstrip()
    if front.base and front.candidate and not front.stretches:
        yield f"no {cut(front.x, 60)} was measured on both fronts: they do not meet"


def _span(low: float, high: float, between: str = " to ") -> str:
    return number(low) if low == high else f"{number(low)}{between}{number(high)}"


def on_front(points: Sequence[FrontPoint]) -> list[FrontPoint]:
    """The points that no other of their side beats, from left to right."""
    return sorted((point for point in points if not point.dominated), key=lambda point: point.x)


# --- capacity ------------------------------------------------------------------------------------------------


def capacity_words(found: Capacity, names: Sequence[str], *, alone: bool = False) -> str:
    """`base 12.1 requests/sec [11.9, 12.3] at concurrency 4; concurrency 8, at 24.3, misses it`.

    Args:
        found: the capacity of a side.
        names: of the cells.
        alone: whether there is no other side, so that this one has no name.
    """
    group = group_text(found.group)
    side = ", ".join(filter(None, ["" if alone else found.side, group])) + (":" if group else "")
    unit = cut(found.unit, 24)
    if found.value is None or found.cell is None:
        lowest = found.states[0] if found.states else None
        why = f"; {_missed(lowest, names, found.goals)}" if lowest else ""
        return f"{side} no measured cell meets {_goals(found)}{why}{_doubt(found)}".strip()
    interval = (
        f" [{number(found.low)}, {number(found.high)}]" if found.low is not None and found.high is not None else ""
    )
    text = f"{side} {number(found.value)}{interval} {unit} at {cut(names[found.cell], 120)}".strip()
    if found.next is None:
        return f"{text}; no higher load was measured{_others(found, names)}{_doubt(found)}"
    state = next(state for state in found.states if state.cell == found.next)
    at = f" at {number(found.next_value)} {unit}" if found.next_value is not None else ""
    if state.state == "misses":
        why = f" ({cut(state.note, 120)})" if state.note else f" ({_valued(state, found.goals)})"
        text += f"; the next cell, {cut(names[found.next], 120)}{at}, misses it{why}"
    else:
        text += f"; the next cell, {cut(names[found.next], 120)}, meets it with less throughput"
    return f"{text}{_others(found, names)}{_doubt(found)}"


def _goals(found: Capacity) -> str:
    return " and ".join(cut(goal, 80) for goal in found.goals)


def _missed(state: GoalState, names: Sequence[str], goals: Sequence[str]) -> str:
    why = cut(state.note, 120) if state.note else _valued(state, goals)
    return f"{cut(names[state.cell], 120)}: {why}"


def _valued(state: GoalState, goals: Sequence[str]) -> str:
    """The values of the goals of a cell: `time_to_first_token.p99 240.1`."""
    told = [
        f"{cut(goal.partition('<')[0].partition('>')[0], 60)} {number(value)}"
        for goal, value in zip(goals, state.values, strict=True)
    ]
    return ", ".join(told)


def _others(found: Capacity, names: Sequence[str]) -> str:
    """Cells of a lower load that miss the goals though a higher one meets them."""
    places = [state.cell for state in found.states]
    before = found.states[: places.index(found.cell)] if found.cell in places else []
    missed = [names[state.cell] for state in before if state.state == "misses"]
    return f"; of lower load, {listed(missed)} missed it" if missed else ""


def _doubt(found: Capacity) -> str:
    return (
        ""
        if found.sure
        else "; not sure: by the 95% intervals of the runs, a cell could be on the other side of the goal"
    )


def state_text(state: GoalState) -> str:
    """`meets`, `meets?`, `misses`, `misses?`."""
    return state.state if state.sure else f"{state.state}?"


def group_text(group: Mapping[str, Json]) -> str:
    """`input length 512`; may be empty."""
    return ", ".join(f"{cut(name, 60)} {told(value)}" for name, value in group.items())
