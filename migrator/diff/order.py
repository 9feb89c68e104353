"""The order of the runs of two sides, drift from run to run, outliers and clusters."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from migrator.diff.pair import by_run
from migrator.diff.receipt import Finding
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.drift import Drift, drift, run_apart, two_clusters
from migrator.diff.statistics.interval import MIN_RUNS
from migrator.values import NamedTuple

_SEEN: Final = 0.1
"""P-value of "no slope" up to which a drift is allowed for. Lenient, as to overlook a drift is the worse error."""


class Order(NamedTuple):
    """The place in time of every run among those of both sides, from 1; None where a start is not known.

    `apart` tells that one side ran before the other.
    """

    base: tuple[int | None, ...]
    candidate: tuple[int | None, ...]
    apart: bool


def order_of(base: LoadedSide, candidate: LoadedSide) -> Order:
    """The order in which the runs of two sides started."""
    starts = [start_of(run) for run in (*base.runs, *candidate.runs)]
    known = [start for start in starts if start is not None]
    size = len(base.runs)
    if len(known) < len(starts):
        return Order((None,) * size, (None,) * len(candidate.runs), apart=False)
    ordered = sorted(known)
    places = [1 + bisect_left(ordered, start) for start in known]
    one, other = places[:size], places[size:]
    return Order(tuple(one), tuple(other), apart=max(one) < min(other) or max(other) < min(one))


def start_of(run: Run) -> datetime | None:
    """When a run started; None where it does not say."""
    text = run.facts.get("start_time")
    return _moment(text) if type(text) is str else None


@lru_cache(maxsize=2**14)
def _moment(text: str) -> datetime | None:
    """A time; in UTC where it does not say. The runs of a sweep are put in order for each of its tables."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


class Values(NamedTuple):
    """A gated row with a value for each run of both sides, and the change that is still none, as a logarithm."""

    name: str
    base: list[float | None]
    candidate: list[float | None]
    margin: float


def values_by_run(
    base: LoadedSide, candidate: LoadedSide, metric: str, statistic: str, unit: str, margin: float
) -> Values:
    """The values of a row, run by run."""
    one, other = (by_run(side.runs, metric, statistic, unit) for side in (base, candidate))
    return Values(f"{metric}.{statistic}", one, other, math.log1p(margin / 100))


def drift_of(order: Order, row: Values) -> Drift | None:
    """The drift of a row within the sides, where one side ran before the other and a slope is seen; else None."""
    if not order.apart:
        return None
    base, candidate = _placed(order.base, row.base), _placed(order.candidate, row.candidate)
    found = drift(base, candidate) if base and candidate else None
    return found if found and found.p_value <= _SEEN else None


def _placed(places: Sequence[int | None], values: Sequence[float | None]) -> list[tuple[float, float]]:
    """(place, logarithm) of each run; none where one is not positive."""
    found = [
        (float(place), math.log(value))
        for place, value in zip(places, values, strict=True)
        if place is not None and value is not None and value > 0
    ]
    return found if len(found) == len(values) else []


def findings(
    base: LoadedSide, candidate: LoadedSide, order: Order, rows: Sequence[tuple[Values, Drift | None]]
) -> Iterator[Finding]:
    """Findings on order, drift, outliers and clusters.

    Args:
        base: the baseline.
        candidate: what is compared with it.
        order: that of their runs.
        rows: the gated rows, each with its drift as [`drift_of`][] tells.
    """
    sizes = len(base.runs), len(candidate.runs)
    if order.apart and min(sizes) >= MIN_RUNS:
        names = ("base", "candidate") if 1 in order.base else ("candidate", "base")
        yield _warning(
            "order",
            f"all runs of the {names[0]} started before those of the {names[1]}: what drifted meanwhile looks like a"
            " change; run the sides in turn",
        )
    seen = [(row, found) for row, found in rows if found is not None and abs(found.between) > row.margin / 2]
    if seen:
        row, found = min(seen, key=lambda one: one[1].p_value)
        yield _warning(
            "drift",
            f"{row.name} drifts by {_percent(found.slope)} a run within the sides, {_percent(found.between)} from one"
            f" side to the other{_more(len(seen) - 1)}: a change must show beyond that",
        )
    for name, side, place in (("base", base, 0), ("candidate", candidate, 1)):
        yield from _apart(name, side, [(row, (row.base, row.candidate)[place]) for row, _ in rows])


def _apart(name: str, side: LoadedSide, rows: Sequence[tuple[Values, Sequence[float | None]]]) -> Iterator[Finding]:
    """Runs of a side that lie apart, and sides in two clusters: each told once, with the row that shows it most."""
    apart: dict[int, list[tuple[float, str]]] = {}
    clusters: list[tuple[float, str, int, int]] = []
    for row, values in rows:
        logs = [math.log(value) for value in values if value is not None and value > 0]
        if len(logs) < len(values):
            continue
        if (place := run_apart(logs)) is not None:
            others = [value for number, value in enumerate(logs) if number != place]
            distance = logs[place] - math.fsum(others) / len(others)
            if abs(distance) > row.margin:
                apart.setdefault(place, []).append((distance, row.name))
        elif found := two_clusters(logs):
            gap = found[1][0] - found[0][-1]
            if gap > row.margin:
                clusters.append((gap, row.name, len(found[0]), len(found[1])))
    for place, told in apart.items():
        distance, metric = max(told, key=lambda one: abs(one[0]))
        yield _warning(
            "run apart",
            f"one run of the {name} ({side.runs[place].file}) lies {_percent(distance)} from the others in"
            f" {metric}{_more(len(told) - 1)}",
        )
    if clusters:
        gap, metric, low, high = max(clusters)
        yield _warning(
            "two clusters",
            f"the runs of the {name} fall into two clusters in {metric}, {low} and {high} runs with a gap of"
            f" {_percent(gap)} between{_more(len(clusters) - 1)}: their mean is that of neither",
        )


def _percent(log: float) -> str:
    return f"{100 * math.expm1(log):+.1f} %"


def _more(count: int) -> str:
    return f", and {count} more row{'s' * (count > 1)}" if count else ""


def _warning(code: str, message: str) -> Finding:
    return Finding(code=code, blocks=False, warns=True, message=message)
