"""Where a run stands among the runs of its workload. Knows nothing of Textual."""

from __future__ import annotations

import os
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.numbers import number, percent
from migrator.render.comparison.words import ARROWS, cut
from migrator.render.text import plural
from tui.common.rows import Column, Line, safe_text
from tui.common.workloads import Workloads

if TYPE_CHECKING:
    from migrator.history.sections import Section
    from migrator.history.series import Series

_STRIP: Final = 20
COLUMNS: Final = (
    Column("name", "metric", 29),
    Column("value", "this run", 9, right=True),
    Column("rank", "rank", 8, right=True),
    Column("strip", "lowest to highest", _STRIP),
    Column("change", "to median", 9, right=True),
    Column("median", "median", 9, right=True),
    Column("unit", "unit", 16),
)


def peers_of(found: Workloads, path: str) -> tuple[Section, int] | None:
    """The workload that has the run of a file, and its place there; None if none has."""
    wanted = os.path.realpath(path)
    for section in found.sections:
        for place, point in enumerate(section.points):
            if os.path.realpath(point.file) == wanted:
                return section, place
    return None


def headline(found: Workloads, path: str) -> str:
    """What the run is compared with, or why it is not."""
    there = peers_of(found, path)
    if there is None:
        return "not among the runs that were read: a phase of a run, a copy of one, or without the time of its start"
    section, place = there
    others = len(section.points) - 1
    if not others:
        return f"no other run of this workload here: {safe_text(section.name)}"
    return f"run {place + 1} of {plural(others + 1, 'run')} of {safe_text(section.name)}, by their start"


def lines(found: Workloads, path: str) -> list[Line]:
    """A line a metric: the value of the run, its rank from the best, the median of all, and all as a strip."""
    there = peers_of(found, path)
    if there is None or len(there[0].points) < 2:
        return []
    return [_line(series, there[1]) for series in there[0].series]


def _line(series: Series, place: int) -> Line:
    name = f"{ARROWS.get(series.facing, '·')} {cut(series.name, 60)}"
    known = [value for value in series.values if value is not None]
    value, middle = series.values[place], median(known)
    if value is None:
        return Line((name, "", "", _strip(known, None), "", number(middle), safe_text(series.unit)), "dim")
    change = percent(100 * (value / middle - 1)) if middle > 0 else ""
    cells = (
        name,
        number(value),
        _rank(series, value, known),
        _strip(known, value),
        change,
        number(middle),
        safe_text(series.unit),
    )
    return Line(cells)


def _rank(series: Series, value: float, known: Sequence[float]) -> str:
    """`3 of 12`, from the best; runs with the same value share the best of their ranks. Empty without a direction."""
    if series.facing not in ("lower", "higher"):
        return ""
    better = sum(other < value if series.facing == "lower" else other > value for other in known)
    return f"{better + 1} of {len(known)}"


def _strip(known: Sequence[float], value: float | None) -> str:
    """All runs between the lowest and the highest value: `·` one, `:` several, `●` this one."""
    low, high = min(known), max(known)
    counts = [0] * _STRIP

    def cell(each: float) -> int:
        share = (each / 2 - low / 2) / (high / 2 - low / 2) if high / 2 > low / 2 else 0.5
        return round(share * (_STRIP - 1))

    for each in known:
        counts[cell(each)] += 1
    strip = ["·" if count == 1 else ":" if count else " " for count in counts]
    if value is not None:
        strip[cell(value)] = "●"
    return "".join(strip).rstrip()
