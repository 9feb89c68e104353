"""A history in a terminal: a line a metric, in 80 columns and without colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from migrator.diff.setup import name_of
from migrator.history.sections import Section
from migrator.history.series import Series
from migrator.history.words import change_words, definitions_told, run_words, when
from migrator.render.comparison.numbers import pair
from migrator.render.comparison.words import cut
from migrator.render.safe import printable
from migrator.render.text import line_width, plural, value_text, wrapped

_BARS: Final = "▁▂▃▄▅▆▇█"
_EMPTY: Final = "·"
_FAILED: Final = "x"
CELLS: Final = 20
"""Cells of a sparkline."""
_NAME: Final = 28
_LISTED: Final = 12
"""Upgrades that are listed."""
_PLACES: Final = 8
"""Places of the set-up that are listed."""
_LEAST_RANGE: Final = 0.1
"""Share of a value that the height of a sparkline stands for at least, so that noise does not look like changes."""


def lines(section: Section) -> Iterator[str]:
    """The section, line by line."""
    points = section.points
    yield f"{cut(section.name, 60)}: {plural(len(points), 'run')}"
    first, last = when(section, points[0]), when(section, points[-1])
    yield f"  {first} to {last}" + ("" if section.zoned else ", local times without a zone")
    if told := [place for place in section.differs if place in section.setup]:
        shown = [f"{cut(name_of(place), 40)} {value_text(section.setup[place])}" for place in told[:_PLACES]]
        more = f"; and {len(told) - _PLACES} more" if len(told) > _PLACES else ""
        yield from _wrapped(f"set-up, where workloads differ: {'; '.join(shown)}{more}", "  ")
    for series in section.series:
        yield from _of_series(section, series)
    if section.upgrades:
        yield f"  {'AIPerf upgraded':<{_NAME}}  {_marks([found.first for found in section.upgrades], len(points))}"
    for found in section.upgrades[:_LISTED]:
        yield from _wrapped(f"^ {run_words(section, found.first)}: AIPerf {found.before} → {found.after}", "  ")
    if len(section.upgrades) > _LISTED:
        yield f"    and {len(section.upgrades) - _LISTED} more upgrades"
    for note in section.notes:
        yield from _wrapped(f"note: {note}", "  ")


def _wrapped(text: str, indent: str) -> Iterator[str]:
    yield from wrapped(printable(text), indent, indent + "  ")


def _of_series(section: Section, series: Series) -> Iterator[str]:
    name = cut(series.name, 76)
    known = [value for value in series.values if value is not None]
    levels = f"{' → '.join(pair(known[0], known[-1]))} {cut(series.unit, 20)}"
    if len(name) > _NAME:
        yield f"  {name}"
        name = ""
    line = f"  {name:<{_NAME}}  {sparkline(section, series):<{CELLS}}"
    if len(line) + 2 + len(levels) <= line_width():
        yield f"{line}  {levels}"
    else:
        yield from (line.rstrip(), f"    {levels}")
    for change in series.changes:
        point = section.points[change.first]
        yield from _wrapped(f"{run_words(section, change.first)}: {change_words(series, change)}: {point.file}", "    ")
    for told in definitions_told(section, series):
        yield from _wrapped(told, "    ")


def sparkline(section: Section, series: Series) -> str:
    """A cell a run, or several runs a cell, each their mean; `x` for runs of which one has no successful request."""
    cells: list[float | str] = []
    for start, end in _cells(len(section.points)):
        values = [value for value in series.values[start:end] if value is not None]
        if any(point.state == "no request succeeded" for point in section.points[start:end]):
            cells.append(_FAILED)
        else:
            cells.append(sum(value / len(values) for value in values) if values else _EMPTY)
    numbers = [cell for cell in cells if not isinstance(cell, str)]
    return "".join(cell if isinstance(cell, str) else _bar(cell, numbers) for cell in cells)


def _bar(value: float, values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    span = max(high - low, _LEAST_RANGE * max(abs(low), abs(high)))
    share = 0.5 + (value - (low + high) / 2) / span if span else 0.0
    return _BARS[min(int(share * len(_BARS)), len(_BARS) - 1)]


def _cells(runs: int) -> Iterator[tuple[int, int]]:
    """The first run of each cell, and the one after its last."""
    count = min(runs, CELLS)
    for cell in range(count):
        yield cell * runs // count, (cell + 1) * runs // count


def _marks(places: Sequence[int], runs: int) -> str:
    """`^` below the cells of some runs."""
    return "".join(
        "^" if any(start <= place < end for place in places) else " " for start, end in _cells(runs)
    ).rstrip()
