"""Percentiles of single runs: how many requests one needs, and its interval from a summary's eleven points.

The percentile of a run is one of its requests (or lies between two), so what bounds it are the requests at the ranks
where it could have fallen: no distribution is assumed, and the standard deviation is of no use.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from migrator.diff.interval import Estimate, Refusal
from migrator.diff.student import normal_quantile

POSITIONS: Final = {
    "min": 0.0,
    "p1": 1.0,
    "p5": 5.0,
    "p10": 10.0,
    "p25": 25.0,
    "p50": 50.0,
    "p75": 75.0,
    "p90": 90.0,
    "p95": 95.0,
    "p99": 99.0,
    "max": 100.0,
}
"""The points of a summary's distribution and where they stand in it, in percent."""

GAP: Final = 4.0
"""How many times steeper than elsewhere the curve must be to be taken for a gap; see docs/statistics.md."""


@lru_cache(maxsize=64)
def minimum_requests(p: float, *, level: float = 0.95) -> int:
    """How many independent requests bound the `p`-th percentile on both sides: 6, 36, 72, 368 for p50, p90, p95, p99.

    All n requests lie below a percentile with probability (p/100)ⁿ, and then nothing bounds it from above; that may
    happen at most as often as one tail of the interval allows.

    Args:
        p: in percent.
        level: confidence of the two-sided interval.

    Raises:
        ValueError: `p` is not strictly between 0 and 100: nothing bounds a minimum or a maximum.
    """
    if not 0 < p < 100:
        raise ValueError(f"p{p:g} is no percentile that requests bound")
    farther = max(p, 100 - p) / 100
    n = max(1, math.floor(math.log((1 - level) / 2) / math.log(farther)))
    while farther**n > (1 - level) / 2:
        n += 1
    return n


def percentile_from_summary(
    points_a: Mapping[str, float],
    n_a: int,
    points_b: Mapping[str, float],
    n_b: int,
    p: float,
    *,
    level: float = 0.95,
) -> Estimate | Refusal:
    """The ratio of a percentile of two single runs, from the points of their summaries (`min`, `p1` … `p99`, `max`).

    The ranks between which the percentile may lie are read off a curve through the points: straight lines between the
    logarithms of the values, over the normal quantiles of their places. Requests count as independent. Refused where
    there are too few of them, and where the curve has a gap at that place (cache hits and misses, say): between two
    points on either side of a gap, a straight line knows nothing.

    Args:
        points_a: values of the baseline by name; at least the percentile, one point below and one above.
        n_a: its requests.
        points_b: values of the candidate, in the same unit.
        n_b: its requests.
        p: which percentile, in percent.
        level: confidence of the interval.
    """
    if refusal := too_few(p, min(n_a, n_b), level):
        return refusal
    a, b = _read(points_a, n_a, p, level), _read(points_b, n_b, p, level)
    if isinstance(a, Refusal):
        return a
    if isinstance(b, Refusal):
        return b
    difference = b.middle - a.middle
    low = difference - math.hypot(b.middle - b.low, a.high - a.middle)
    high = difference + math.hypot(b.high - b.middle, a.middle - a.low)
    se = (high - low) / 2 / normal_quantile((1 + level) / 2)
    ratio, low, high = math.exp(difference), math.exp(low), math.exp(high)
    method = "ranks of the percentile, read off the summary's points"
    return Estimate(ratio, low, high, level, None, math.inf, method, "within run, approximate", se, n_a, n_b)


def too_few(p: float, n: int, level: float) -> Refusal | None:
    """Why n requests do not bound a percentile; None if they do."""
    if not 0 < p < 100:
        return Refusal("nothing bounds a minimum or a maximum")
    if n < (least := minimum_requests(p, level=level)):
        return Refusal(f"p{p:g} of {n} requests has no interval", f"{least} requests a side")
    return None


class _Reading(NamedTuple):
    """Logarithms of a percentile and of its bounds."""

    low: float
    middle: float
    high: float


def _read(points: Mapping[str, float], n: int, p: float, level: float) -> _Reading | Refusal:
    names = tuple(name for name in POSITIONS if name in points)
    values = [points[name] for name in names]
    if f"p{p:g}" not in points:
        return Refusal(f"a side has no p{p:g}")
    if not all(0 < value < math.inf for value in values):
        return Refusal("a value that is not positive has no ratio")
    if values != sorted(values):
        return Refusal("the percentiles are not in order")
    places = _places(names, n)
    below, middle, above = _bounds(p / 100, n, level)
    if not places[0] <= below or not above <= places[-1]:
        return Refusal(f"a side has too few points around p{p:g}", "an export with min and max")
    logs = [math.log(value) for value in values]
    if _has_gap(places, logs, below, above):
        return Refusal(f"the values have a gap near p{p:g}, which a summary cannot show", "the records of both runs")
    return _Reading(*(_on_line(places, logs, place) for place in (below, middle, above)))


@lru_cache(maxsize=256)
def _places(names: tuple[str, ...], n: int) -> tuple[float, ...]:
    return tuple(_normal_place(POSITIONS[name] / 100, n) for name in names)


@lru_cache(maxsize=256)
def _bounds(share: float, n: int, level: float) -> tuple[float, float, float]:
    """Where the percentile stands, between the places where it may (Wilson's interval of a share)."""
    z = normal_quantile((1 + level) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return _normal_place(low, n), _normal_place(share, n), _normal_place(high, n)


def _normal_place(share: float, n: int) -> float:
    """The normal quantile of a place; the smallest of n requests stands at half a request, not at none."""
    return normal_quantile((share * (n - 1) + 0.5) / n)


def _has_gap(places: Sequence[float], logs: Sequence[float], low: float, high: float) -> bool:
    """Whether the curve between two places is far steeper than in most of its pieces and than those next to it."""
    steps = range(len(places) - 1)
    slopes = [(logs[i + 1] - logs[i]) / (places[i + 1] - places[i]) for i in steps]
    touched = [i for i in steps if places[i] < high and places[i + 1] > low]
    beside = [slopes[i] for i in (touched[0] - 1, touched[-1] + 1) if i in steps]
    steepest = max(slopes[i] for i in touched)
    usual = sorted(slopes)[len(slopes) // 2]
    return steepest > GAP * usual and steepest > GAP / 2 * max(beside, default=0.0)


def _on_line(places: Sequence[float], logs: Sequence[float], place: float) -> float:
    """The curve's height at a place between its first and its last."""
    i = next((i for i in range(len(places) - 2) if place <= places[i + 1]), len(places) - 2)
    return logs[i] + (logs[i + 1] - logs[i]) * (place - places[i]) / (places[i + 1] - places[i])
