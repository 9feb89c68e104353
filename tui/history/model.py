"""Histories as lines of tables and charts. Words and numbers are those of `history`. Knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from migrator.history.series import release_of
from migrator.history.text import CELLS, sparkline
from migrator.history.words import change_words, definitions_told, run_words, when
from migrator.render.comparison.numbers import number, pair, percent
from migrator.render.comparison.words import ARROWS, cut
from migrator.render.text import plural
from tui.common.chart import Chart, Place, Points, Upright
from tui.common.rows import Column, Line, safe_text
from tui.common.workloads import Workloads

if TYPE_CHECKING:
    from migrator.history.sections import Section
    from migrator.history.series import Series

COLUMNS: Final = (
    Column("name", "metric"),
    Column("trend", "over time", CELLS),
    Column("changes", "changes of level", 20),
    Column("levels", "first → last", 16, right=True),
    Column("unit", "unit", 12),
)
_WIDEST_NAME: Final = 48
RUNS: Final = (
    Column("run", "run", 5, right=True),
    Column("start", "start", 17),
    Column("value", "value", 9, right=True),
    Column("release", "AIPerf", 9),
    Column("what", "what"),
)
SIGNS: Final = {
    "C": "change of level",
    "U": "AIPerf upgraded",
    "D": "definition changed",
    "x": "no request succeeded",
    "-": "no value: cancelled, not complete, contradicts itself",
}
"""Letter below the axis → what it stands for; `*` is more than one."""
_MARKED: Final = 70
"""Runs up to which each has a mark; more are dots."""
_STATES: Final = {"no request succeeded": "x", "cancelled": "-", "not complete": "-", "contradicts itself": "-"}


class Shown(NamedTuple):
    """A line of the table: a workload, or one of its series."""

    section: Section
    series: Series | None = None


class HistoryTable:
    """Workloads, each with a line a metric. `shown` has what each line is."""

    def __init__(self, found: Workloads) -> None:
        self.shown: list[Shown] = []
        self.lines: list[Line] = []
        names = [len(series.name) + 2 for section in found.sections for series in section.series]
        # A name keeps its statistic where that is possible: two differ by it alone.
        self.columns = (COLUMNS[0]._replace(width=min(max([20, *names]), _WIDEST_NAME)), *COLUMNS[1:])
        for section in found.sections:
            points = section.points
            span = f"{when(section, points[0])} to {when(section, points[-1])}"
            title = f"{cut(section.name, 60)}   {plural(len(points), 'run')}, {span}"
            self._add(Shown(section), Line((title, *[""] * (len(COLUMNS) - 1)), "group"))
            for series in section.series:
                self._add(Shown(section, series), _line(section, series))

    def _add(self, shown: Shown, line: Line) -> None:
        self.shown.append(shown)
        self.lines.append(line)

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, index: int) -> Line:
        """A line."""
        return self.lines[index]

    def next(self, at: int, way: int) -> int | None:
        """The next line with a change, or the one before; None if there is none."""
        order = range(at + 1, len(self.shown)) if way > 0 else range(at - 1, -1, -1)
        return next((place for place in order if (found := self.shown[place].series) and found.changes), None)


def _line(section: Section, series: Series) -> Line:
    known = [value for value in series.values if value is not None]
    arrow = ARROWS.get(series.facing, "·")
    told = ", ".join(_short(series, place) for place in range(len(series.changes)))
    told += f"{', ' if told else ''}D" if series.redefined else ""
    worse = any(change.verdict == "worse" for change in series.changes)
    better = any(change.verdict == "better" for change in series.changes)
    return Line(
        (
            f"{arrow} {cut(series.name, 60)}",
            sparkline(section, series),
            told,
            " → ".join(pair(known[0], known[-1])),
            safe_text(series.unit),
        ),
        "bad" if worse else "good" if better else "",
    )


def _short(series: Series, place: int) -> str:
    """`+20.1% worse at 26`."""
    change = series.changes[place]
    size = "" if change.percent is None else f"{percent(change.percent)} "
    return f"{size}{change.verdict} at {change.first + 1}"


# --- the runs of one series ----------------------------------------------------------------------------------


class RunTable:
    """The runs of a series, a line each. `marked` tells which have a change, an upgrade or no success."""

    def __init__(self, section: Section, series: Series) -> None:
        self.section, self.series = section, series
        self._what = {place: list(found) for place, found in _events(section, series).items()}

    def __len__(self) -> int:
        return len(self.section.points)

    def line(self, index: int) -> Line:
        """Number, start, value, release, and what happened."""
        point, value = self.section.points[index], self.series.values[index]
        what = self._what.get(index, [])
        cells = (
            str(index + 1),
            when(self.section, point),
            "" if value is None else number(value),
            cut(release_of(point), 20),
            "; ".join(text for _, text in what),
        )
        tone = "bad" if point.state == "no request succeeded" else "warn" if what else ""
        return Line(cells, tone, what[0][0] if what else "")

    def next(self, at: int, way: int) -> int | None:
        """The next run with something to tell, or the one before; None if there is none."""
        ahead = [place for place in sorted(self._what) if (place > at) == (way > 0) and place != at]
        return (ahead[0] if way > 0 else ahead[-1]) if ahead else None


def _events(section: Section, series: Series) -> dict[int, list[tuple[str, str]]]:
    """Run → (sign, words) of what there is to tell of it."""
    found: dict[int, list[tuple[str, str]]] = {}
    for change in series.changes:
        found.setdefault(change.first, []).append(("C", change_words(series, change)))
    for step in series.redefined:
        found.setdefault(step.first, []).append(("D", f"definition changed since AIPerf {step.since}"))
    for upgrade in section.upgrades:
        found.setdefault(upgrade.first, []).append(("U", f"AIPerf {upgrade.before} → {upgrade.after}"))
    for place, point in enumerate(section.points):
        if point.state in _STATES:
            found.setdefault(place, []).append((_STATES[point.state], point.state))
    return found


def event_words(section: Section, series: Series) -> Iterator[str]:
    """Sentences on the changes, the definitions and the upgrades of a series."""
    for change in series.changes:
        yield f"{run_words(section, change.first)}: {change_words(series, change)}"
    yield from definitions_told(section, series)
    for upgrade in section.upgrades:
        yield f"{run_words(section, upgrade.first)}: AIPerf {upgrade.before} → {upgrade.after}"
    for note in section.notes:
        yield f"note: {note}"


# --- the chart -----------------------------------------------------------------------------------------------


def chart_of(section: Section, series: Series, here: int | None = None) -> Chart:
    """The line of a series: a point a run in the order of time, evenly spaced; levels, and marks.

    Args:
        section: the workload.
        series: the metric.
        here: the run that the cursor is on, which has a mark of its own.
    """
    places = [(float(place), value) for place, value in enumerate(series.values) if value is not None]
    mark = "●" if len(section.points) <= _MARKED else ""
    parts = [*_levels(series), Points("0", tuple(places), mark)]
    if here is not None and (value := series.values[here]) is not None:
        parts.append(Points("3", ((float(here), value),), "◆"))
    last = len(section.points) - 1
    ticks = tuple((float(place), when(section, section.points[place])[:10]) for place in dict.fromkeys((0, last)))
    return Chart(tuple(parts), safe_text(series.unit), ticks, tuple(_uprights(section, series)))


def _levels(series: Series) -> Iterator[Points]:
    """The level before and after each change, as far as the changes and definitions beside it."""
    ends = sorted(
        {0, len(series.values), *(c.first for c in series.changes), *(step.first for step in series.redefined)}
    )
    levels: dict[int, float] = {}
    for change in series.changes:
        place = ends.index(change.first)
        levels |= {ends[place - 1]: change.before, change.first: change.after}
    for start, end in pairwise(ends):
        if start in levels:
            yield Points("3", _flat(start, end - 1, levels[start]), joined=True)


def _flat(start: int, end: int, level: float) -> tuple[Place, ...]:
    return ((float(start), level), (float(end), level))


def _uprights(section: Section, series: Series) -> Iterator[Upright]:
    """Changes, definitions and upgrades before the run that they come with; runs without a value at their place."""
    for upgrade in section.upgrades:
        yield Upright(upgrade.first - 0.5, "2", "U", 4)
    for step in series.redefined:
        yield Upright(step.first - 0.5, "2", "D", 2)
    for change in series.changes:
        yield Upright(change.first - 0.5, "1", "C")
    for place, point in enumerate(section.points):
        if point.state in _STATES:
            yield Upright(float(place), "2", _STATES[point.state], 0)


def legend(chart: Chart) -> str:
    """The signs of a chart, explained."""
    used = dict.fromkeys(upright.sign for upright in chart.uprights)
    return "  ".join(f"{sign} {words}" for sign, words in SIGNS.items() if sign in used)


def files_of(section: Section) -> Sequence[str]:
    """The files of the runs, in the order of time."""
    return [point.file for point in section.points]
