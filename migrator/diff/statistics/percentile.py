"""Percentiles of single runs: how many requests one needs, and its interval from a summary's eleven points.

A percentile of a run is the value of one of its requests, or lies between two. Its bounds are the values at the lowest
and the highest rank that it could have: no distribution is assumed, and the standard deviation is not used.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import sub, truediv
from typing import Final

from migrator.diff.statistics.autocorrelation import autocorrelation
from migrator.diff.statistics.interval import Estimate, Refusal
from migrator.diff.statistics.student import normal_quantile
from migrator.values import NamedTuple

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
"""Each point of a summary's distribution and its place in it, in percent."""
_NAMES: Final = {place: name for name, place in POSITIONS.items()}

GAP: Final = 4.0
"""How many times steeper than the median piece a piece of the curve is that counts as a gap; see docs/statistics.md."""


@lru_cache(maxsize=64)
def minimum_requests(p: float, *, level: float = 0.95) -> int:
    """How many independent requests bound the `p`-th percentile on both sides: 6, 36, 72, 368 for p50, p90, p95, p99.

    All n requests lie below a percentile with probability (p/100)ⁿ, and then nothing bounds it from above; that may
    happen at most as often as one tail of the interval allows.

    Args:
        p: in percent.
        level: confidence of the two-sided interval.

    Raises:
        ValueError: `p` is not strictly between 0 and 100: a minimum or a maximum has no bounds.
    """
    if not 0 < p < 100:
        raise ValueError(f"p{p:g} has no bounds, however many requests there are: expected 0 < p < 100")
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

    Values at the ranks between which the percentile may lie are interpolated: linearly between the points, with the
    logarithms of the values over the normal quantiles of their places. Requests count as independent. Refused where
    there are too few of them, and where the curve has a gap near the percentile (between cache hits and misses, say),
    as interpolation across a gap means nothing.

    Args:
        points_a: values of the baseline by name; at least the percentile, one point below and one above.
        n_a: its requests.
        points_b: values of the candidate, in the same unit.
        n_b: its requests.
        p: which percentile, in percent.
        level: confidence of the interval.
    """
    return ratio_of(Curve(points_a, n_a), Curve(points_b, n_b), p, level=level)


def ratio_of(one: Curve, other: Curve, p: float, *, level: float = 0.95) -> Estimate | Refusal:
    """[`percentile_from_summary`][] of two curves, which serve for several percentiles."""
    if refusal := too_few(p, min(one.n, other.n), level):
        return refusal
    a, b = one.read(p, level), other.read(p, level)
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
    return Estimate(
        ratio=ratio,
        low=low,
        high=high,
        level=level,
        p_value=None,
        df=math.inf,
        method=method,
        kind="within run, approximate",
        se=se,
        n_base=one.n,
        n_candidate=other.n,
    )


def request_variance(records: Sequence[float], p: float, *, level: float = 0.95) -> float | None:
    """The variance that one request alone would have for the logarithm of a percentile, correlations included.

    The variance of the percentile of n requests is this divided by n. It is the long-run variance of "the request lies
    below the percentile", over the square of the density of the logarithm there.

    Args:
        records: one positive value per request, in the order they were sent.
        p: which percentile, in percent.
        level: confidence of the interval that there must be enough requests for.

    Returns:
        The variance; None with too few requests.
    """
    n = len(records)
    if too_few(p, n, level):
        return None
    ordered = sorted(records)
    rank = round(p / 100 * (n - 1))
    found = autocorrelation(records, ordered[n // 2], ordered[rank])
    step = max(2, round(2 * math.sqrt(n * found.variance)))
    low, high = max(0, rank - step), min(n - 1, rank + step)
    slope = math.log(ordered[high] / ordered[low]) / ((high - low) / n)
    return found.variance * slope**2


def too_few(p: float, n: int, level: float) -> Refusal | None:
    """Why n requests do not bound a percentile; None if they do."""
    if not 0 < p < 100:
        return Refusal("a minimum or a maximum has no interval")
    if n < (least := minimum_requests(p, level=level)):
        return Refusal(f"p{p:g} of {n} requests has no interval", f"{least} requests a side")
    return None


class _Reading(NamedTuple):
    """The logarithms of a percentile and of its bounds."""

    low: float
    middle: float
    high: float


class Curve:
    """The distribution of one run through the points of its summary: logarithms over normal quantiles."""

    def __init__(self, points: Mapping[str, float], n: int) -> None:
        """
        Args:
            points: values by name, `min`, `p1` … `p99`, `max`, as many as there are.
            n: how many requests they stand for.
        """
        self.n = n
        self._names = tuple([name for name in POSITIONS if name in points])
        values = [points[name] for name in self._names]
        self._refusal: Refusal | None = None
        ordered = sorted(values)
        if not values or not 0 < ordered[0] <= ordered[-1] < math.inf:
            self._refusal = Refusal("a value that is not positive has no ratio")
            return
        if values != ordered:
            self._refusal = Refusal("the percentiles are not in order")
            return
        self._places, widths = _places(self._names, n)
        self._logs = list(map(math.log, values))
        self._slopes: list[float] = list(map(truediv, map(sub, self._logs[1:], self._logs), widths))
        self._usual = sorted(self._slopes)[len(self._slopes) // 2] if self._slopes else 0.0

    def read(self, p: float, level: float) -> _Reading | Refusal:
        """A percentile and its bounds; refused where the points do not tell them."""
        place = _place_of(self._names, self.n, p, level)
        if place is None:
            return Refusal(f"a side has no p{p:g}")
        if self._refusal:
            return self._refusal
        if place.outside:
            return Refusal(f"a side has too few points around p{p:g}", "an export with min and max")
        if self._has_gap(place.first, place.last):
            return Refusal(
                f"the values have a gap near p{p:g}, which a summary cannot show", "the records of both runs"
            )
        logs, slopes = self._logs, self._slopes
        (i, below), (j, middle), (k, above) = place.low, place.middle, place.high
        return _Reading(logs[i] + slopes[i] * below, logs[j] + slopes[j] * middle, logs[k] + slopes[k] * above)

    def _has_gap(self, first: int, last: int) -> bool:
        """Whether the curve is far steeper in one of some pieces than in most, and than in those next to them."""
        slopes = self._slopes
        steepest = max(slopes[first : last + 1])
        if steepest <= GAP * self._usual:
            return False
        beside = [slopes[i] for i in (first - 1, last + 1) if 0 <= i < len(slopes)]
        return steepest > GAP / 2 * max(beside, default=0.0)


class _Place(NamedTuple):
    """Where a percentile and its bounds stand on every curve through the same points, whatever their values.

    `low`, `middle` and `high` are the number of a piece of the curve and how far into it; `first` and `last` are the
    pieces between the bounds. `outside`: a bound lies beyond the points, and nothing else holds.
    """

    outside: bool = True
    first: int = 0
    last: int = 0
    low: tuple[int, float] = (0, 0.0)
    middle: tuple[int, float] = (0, 0.0)
    high: tuple[int, float] = (0, 0.0)


@lru_cache(maxsize=1024)
def _place_of(names: tuple[str, ...], n: int, p: float, level: float) -> _Place | None:
    """The place of a percentile on a curve through some points of n requests; None if it is not one of them."""
    if _NAMES.get(p) not in names:
        return None
    places, _ = _places(names, n)
    below, middle, above = _bounds(p / 100, n, level)
    if not places[0] <= below or not above <= places[-1]:
        return _Place()
    pieces = len(places) - 1
    first, last = bisect_right(places, below) - 1, min(bisect_left(places, above), pieces)

    def piece(place: float) -> tuple[int, float]:
        # The first piece has its left end, too; behind the last one there is no place.
        number = bisect_left(places, place, 1, pieces) - 1
        return number, place - places[number]

    return _Place(False, min(first, pieces - 1), last - 1, piece(below), piece(middle), piece(above))


@lru_cache(maxsize=256)
def _places(names: tuple[str, ...], n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Where the points of a summary stand, and how far each is from the next."""
    places = tuple(_normal_place(POSITIONS[name] / 100, n) for name in names)
    return places, tuple(map(sub, places[1:], places))


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
