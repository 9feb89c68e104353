"""The single requests of a run, from the records beside its export: when each was sent, and what it measured.

Knows nothing of Textual.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from migrator.errors import MigratorError
from migrator.jsonfile import Json
from migrator.render.comparison.numbers import number
from tui.common.chart import Chart, Histogram, Points, Upright
from tui.common.rows import safe_text

if TYPE_CHECKING:
    from migrator.check.rule import Spot

_CLOSE: Final = 1e-3
"""Relative difference of the mean of the records from the exported one, up to which they are the same run's."""
_MARKED: Final = 70
"""Requests up to which each has a mark; more are dots."""
_MEDIANS: Final = 24
"""Stretches of a run whose medians make the line through its requests."""
_RULES: Final = ("p50", "p90", "p99")
_TURN: Final = 512
"""Requests that are read between two questions whether to stop."""


class Column(NamedTuple):
    """The values of a metric, in its unit, and when the request of each was sent, in seconds from the first."""

    unit: str
    values: array[float]
    sent: array[float]


class Requests(NamedTuple):
    """What the records say: a column a metric; when the requests that failed were sent; or why they say nothing."""

    columns: Mapping[str, Column] = {}
    failed: Sequence[float] = ()
    problem: str = ""


def records_of(path: str) -> str:
    """The records beside an export; empty if there are none."""
    from migrator.backfill.beside import records_beside

    return records_beside(path) or ""


def read_requests(path: str, units: Mapping[str, str], stop: Callable[[], bool]) -> Requests:
    """Read the records of a run once.

    Args:
        path: the file of records.
        units: each metric that is wanted, with the unit of the export, which its values are converted to.
        stop: asked now and then whether to end early, with what was read so far.
    """
    from migrator.aiperf.records import numbers, requests

    columns = {tag: Column(unit, array("d"), array("d")) for tag, unit in units.items()}
    failed: list[float] = []
    odd: set[str] = set()
    try:
        for count, request in enumerate(requests(path, on_cut=lambda _: None)):
            if count % _TURN == 0 and stop():
                break
            sent = request.metadata.get("request_start_ns")
            seconds = sent / 1e9 if type(sent) is int else math.nan
            if request.error is not None:
                failed.append(seconds)
            for tag in units.keys() & request.metrics.keys():
                unit, found = numbers(request.metrics[tag], request, tag, path)
                column = columns[tag]
                known = _in_unit(found, unit, column.unit)
                if known is None:
                    odd.add(tag)
                    continue
                column.values.extend(known)
                column.sent.extend([seconds] * len(known))
    except MigratorError as error:
        error.file = ""
        return Requests(problem=f"the records cannot be read: {error}")
    kept = {tag: column for tag, column in columns.items() if column.values and tag not in odd}
    start = min((each for c in kept.values() for each in c.sent if not math.isnan(each)), default=0.0)
    moved = {tag: c._replace(sent=array("d", (each - start for each in c.sent))) for tag, c in kept.items()}
    return Requests(moved, [each - start for each in failed])


def _in_unit(values: Sequence[float], unit: str, wanted: str) -> Sequence[float] | None:
    """The values in another unit; None if it measures something else."""
    from migrator.aiperf.units import convert, same_family

    if unit == wanted:
        return values
    return [convert(each, unit, wanted) for each in values] if same_family(unit, wanted) else None


def problem_of(requests: Requests, spot: Spot) -> str:
    """Why the requests cannot be shown for a metric; empty if they can.

    They are shown only if their mean is the exported one: the records may be those of another run.
    """
    if requests.problem:
        return requests.problem
    column = requests.columns.get(spot.tag)
    if column is None:
        return "the requests do not have this metric: it is of the whole run"
    exported, found = _float(spot.block.get("avg")), math.fsum(column.values) / len(column.values)
    if exported is not None and not math.isclose(exported, found, rel_tol=_CLOSE, abs_tol=1e-9):
        told = f"their mean is {number(found)}, in the export {number(exported)}"
        return f"the records beside the export are not of this run, or not all of it: {told}"
    return ""


def _float(value: Json) -> float | None:
    is_number = isinstance(value, (int, float)) and type(value) is not bool and abs(value) < 1e300
    return float(value) if is_number else None


def histogram_of(requests: Requests, spot: Spot) -> Histogram:
    """How often each range of values occurs, with the percentiles of the export."""
    why = problem_of(requests, spot)
    if why:
        return Histogram((), nothing=why)
    column = requests.columns[spot.tag]
    low, high = min(column.values), max(column.values)
    rules = [(value, name) for name in _RULES if (value := _float(spot.block.get(name))) is not None]
    return Histogram(
        tuple(column.values),
        safe_text(column.unit),
        tuple((value, name) for value, name in reversed(rules) if low <= value <= high),
    )


def timeline_of(requests: Requests, spot: Spot) -> Chart:
    """The values over the time in which their requests were sent, a line through their medians, `x` for failures."""
    why = problem_of(requests, spot)
    if why:
        return Chart((), nothing=why)
    column = requests.columns[spot.tag]
    places = sorted((x, y) for x, y in zip(column.sent, column.values, strict=True) if not math.isnan(x))
    if not places:
        return Chart((), nothing="the records do not say when requests were sent")
    size = max(-(-len(places) // _MEDIANS), 5)
    parts = [places[start : start + size] for start in range(0, len(places), size)]
    line = [(median(x for x, _ in part), median(y for _, y in part)) for part in parts]
    mark = "●" if len(places) <= _MARKED else ""
    low, high = places[0][0], places[-1][0]
    return Chart(
        (Points("0", tuple(places), mark), Points("3", tuple(line), joined=True)),
        safe_text(column.unit),
        tuple((x, f"{number(x)} s") for x in dict.fromkeys((low, high))),
        tuple(Upright(x, "2", "x", 0) for x in requests.failed if low <= x <= high),
    )
