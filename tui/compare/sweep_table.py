"""Sweeps as lines of a table, and their fronts as charts. Knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from migrator.render.comparison.numbers import number
from migrator.render.comparison.words import GLYPHS, cut
from migrator.render.sweep.words import (
    Column as CellColumn,
)
from migrator.render.sweep.words import columns, group_text, head, mean_text, means_by_name, on_front
from tui.common.canvas import MARKERS
from tui.common.chart import Chart, Points
from tui.common.rows import Column, Line

if TYPE_CHECKING:
    from migrator.diff.receipt import Cell, Front, FrontPoint, Row, Sweep
    from migrator.diff.sweep.single import OneSweep, ShownCell

HERE: Final = "◆"
"""The mark of the cell that the cursor is on."""
BEHIND: Final = ("○", "▫")
"""The marks of points that are not on the front of their side."""
_LABELLED: Final = 24
"""Points a side up to which each has the name of its cell beside it."""
_NAME: Final = 40
_TONES: Final = {"regression": "bad", "improvement": "good", "incomparable": "warn"}


class CellTable:
    """The cells of two sweeps: the change of each gated and headline statistic, or its values on both sides.

    `cells` has the cell of each line; None for the line of the means.
    """

    def __init__(self, sweep: Sweep, *, values: bool) -> None:
        held = columns(sweep)
        means = means_by_name(sweep)
        text = _values if values else CellColumn.text
        rows: list[tuple[str, ...]] = [
            (cut(cell.name, _NAME), _verdict(cell), *(text(column, cell) for column in held)) for cell in sweep.cells
        ]
        self.cells: list[Cell | None] = [*sweep.cells]
        tones = [_TONES.get(cell.verdict.value, "") for cell in sweep.cells]
        if sweep.means and not values:
            found = [mean_text(means.get((column.metric, column.statistic))) for column in held]
            rows.append(("mean of the cells", "", *found))
            self.cells.append(None)
            tones.append("group")
        self.lines = [Line(row, tone) for row, tone in zip(rows, tones, strict=True)]
        heads = ["cell", "verdict", *(column.head for column in held)]
        self.columns = fitted_columns(heads, rows, 2)

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, index: int) -> Line:
        """A line."""
        return self.lines[index]


def _verdict(cell: Cell) -> str:
    if not (cell.base and cell.candidate):
        return f"only in the {'base' if cell.base else 'candidate'}"
    return f"{GLYPHS[cell.verdict]} {cell.verdict.value}"


def _values(column: CellColumn, cell: Cell) -> str:
    row = column.row(cell)
    return _both(row) if row else ""


def _both(row: Row) -> str:
    from migrator.render.comparison.numbers import sides

    return " → ".join(filter(None, sides(row)))


class FrontTable:
    """The cells of one sweep: the mean of each metric over its runs. `*` marks the cells on the first front."""

    def __init__(self, sweep: OneSweep) -> None:
        best = {point.cell for front in sweep.fronts[:1] for point in front.base if not point.dominated}
        rows = [
            (
                cut(cell.name, _NAME),
                str(len(cell.files)),
                *(number(centre.value) if centre else "" for centre in cell.centres),
                cut(cell.unfit, 80),
            )
            for cell in sweep.cells
        ]
        self.cells: list[ShownCell | None] = [*sweep.cells]
        self.lines = [
            Line(row, "warn" if cell.unfit else "", "*" if place in best else "")
            for place, (row, cell) in enumerate(zip(rows, sweep.cells, strict=True))
        ]
        unfit = any(cell.unfit for cell in sweep.cells)
        heads = ["cell", "runs", *(head(*metric) for metric in sweep.metrics), *(["no result, because"] * unfit)]
        rows = rows if unfit else [row[:-1] for row in rows]
        self.columns = fitted_columns(heads, rows, 1, left=1 if unfit else 0)

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, index: int) -> Line:
        """A line."""
        return self.lines[index]


def fitted_columns(
    heads: Sequence[str], rows: Sequence[Sequence[str]], words: int, *, left: int = 0
) -> tuple[Column, ...]:
    """Columns as wide as what stands in them: no number is cut, and none is far from its name.

    Args:
        heads: their titles.
        rows: the cells of each line.
        words: how many of the first are text; the others are numbers, which end together.
        left: how many of the last are text, too.
    """
    widths = [max([len(title), *(len(row[place]) for row in rows)]) for place, title in enumerate(heads)]
    last = len(heads) - left
    return tuple(
        Column(title, title, width, right=words <= place < last)
        for place, (title, width) in enumerate(zip(heads, widths, strict=True))
    )


# --- fronts --------------------------------------------------------------------------------------------------


class Shown(NamedTuple):
    """A front as a drawing, with the values of what is not load, and the names of its sides for a legend."""

    group: str
    chart: Chart
    sides: tuple[str, ...]


def shown_front(front: Front, names: Sequence[str], here: int | None) -> Shown:
    """The drawing of a front.

    Args:
        front: the points of both sides, or of one.
        names: of the cells.
        here: the number of the cell that the cursor is on, which has a mark of its own.
    """
    both = ((0, front.base), (1, front.candidate))
    parts = [part for side, points in both for part in _side(side, points, names)]
    marked = tuple((point.x, point.y) for _, points in both for point in points if point.cell == here)
    if marked:
        parts.append(Points("3", marked, HERE))
    better = "right" if front.x_direction == "higher" else "left"
    x, y = (_axis(name, unit) for name, unit in ((front.x, front.x_unit), (front.y, front.y_unit)))
    chart = Chart(tuple(parts), f"{y} over {x}; better: up and to the {better}", nothing="too small to draw the front")
    return Shown(group_text(front.group), chart, ("base", "candidate") if front.candidate else ())


def _axis(name: str, unit: str) -> str:
    metric, _, statistic = name.rpartition(".")
    short = head(metric, statistic)
    return short if "/s" in short or not unit else f"{short} [{cut(unit, 20)}]"


def _side(side: int, points: Sequence[FrontPoint], names: Sequence[str]) -> Iterator[Points]:
    kind = str(side)
    behind = [point for point in points if point.dominated]
    named = len(points) <= _LABELLED

    def labels(some: Sequence[FrontPoint]) -> tuple[str, ...]:
        return tuple(short_name(names[point.cell]) for point in some) if named else ()

    if behind:
        yield Points(kind, _places(behind), BEHIND[side], labels=labels(behind))
    best = on_front(points)
    yield Points(kind, _places(best), MARKERS[side], joined=True, dashed=side > 0, labels=labels(best))


def _places(points: Sequence[FrontPoint]) -> tuple[tuple[float, float], ...]:
    return tuple((point.x, point.y) for point in points)


def short_name(name: str) -> str:
    """The values of a cell without the names of its factors, `8`: a drawing has no room for more."""
    return cut(",".join(part.rpartition(" ")[2] for part in name.split(", ")), 12)
