"""How long the requests of a run remember each other, and for how many independent ones they count."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from operator import mul
from typing import Final

from migrator.values import NamedTuple

_MOST_FLAGS: Final = 2**16
"""Requests from which on those below a value are counted in batches."""
_MOST_VALUES: Final = 2**14
"""The same of the values themselves, which take longer."""
_BATCHES: Final = 2**13
"""Batches at most; the longest block of requests that is drawn again, and any reach that matters, has many of them."""


class Autocorrelation(NamedTuple):
    """What follows from the correlation of "this request lies below the value" from one request to later ones.

    `variance` is that of the count below, for each request, with its correlations, and `df` how many degrees of
    freedom it is known with. `inflation` is how many requests count as one, at the value or at the middle, whichever
    is more, and at least one. `block` is the best length of a block.
    """

    variance: float
    inflation: float
    block: float
    df: float


def autocorrelation(records: Sequence[float], middle: float, value: float) -> Autocorrelation:
    """The autocorrelation of a sequence, as it shows at a value.

    How far it reaches is judged at the middle of the distribution too, where it shows best. Autocovariances within
    that reach are summed with a flat-top window; the block length is that of Politis and White (2004, corrected in
    2009) for blocks that go on at the beginning.

    Args:
        records: the requests' values, in their order.
        middle: the median of them.
        value: where the correlation matters.
    """
    n = len(records)
    here, bulk = (_flags(records, mark) for mark in (value, middle))
    if not 0 < here.share < 1:
        return Autocorrelation(0.0, 1.0, 1.0, float(n))
    terms = len(here.terms)
    window = _window(max(here.terms.reach(), bulk.terms.reach()), terms)
    variance, slope = here.summed(window)
    elsewhere = bulk.summed(window)[0] / bulk.variance if bulk.variance else 1.0
    inflation = max(1.0, variance / here.variance, elsewhere)
    block = (2 * slope**2 / (4 / 3 * variance**2) * n) ** (1 / 3)
    return Autocorrelation(variance, inflation, max(1.0, block), _df(terms, window))


class LongRun(NamedTuple):
    """The mean of a sequence, the variance that one of its values alone would have for it, and degrees of freedom.

    The variance of the mean of n values is `variance` / n, correlations included.
    """

    mean: float
    variance: float
    df: float


def long_run(records: Sequence[float]) -> LongRun:
    """The mean of a sequence and its long-run variance, summed as in [`autocorrelation`][].

    Args:
        records: the requests' values, in their order; at least four.
    """
    n = len(records)
    if n > _MOST_VALUES:
        size, means = _batches(records)
        found, mean = long_run(means), math.fsum(records) / n
        least = math.dist(records, [mean] * n) ** 2 / n / 2
        return LongRun(mean, max(size * found.variance, least), found.df)
    values = _Values(records)
    if values.variance <= 0:
        return LongRun(values.mean, 0.0, float(n - 1))
    window = _window(max(values.reach(), _Flags(records, sorted(records)[n // 2]).reach()), n)
    return LongRun(values.mean, values.summed(window)[0], _df(n, window))


class _Marked(NamedTuple):
    """Which requests lie below a value: their share, and terms whose covariances are asked for.

    A term is a request, or the share in a batch of so many.
    """

    share: float
    variance: float
    terms: _Covariances
    size: int = 1

    def summed(self, window: int) -> tuple[float, float]:
        """The autocovariances within a window of terms, summed, and summed with their lags: those of requests."""
        total, slope = self.terms.summed(window)
        # What is correlated within a batch, and never beyond it, counts for no less than half.
        return max(self.size * total, self.variance / 2), self.size**2 * slope


def _flags(records: Sequence[float], value: float) -> _Marked:
    """Which requests lie below a value, in batches where there are too many to look at each lag of them."""
    if len(records) <= _MOST_FLAGS:
        flags = _Flags(records, value)
        return _Marked(flags.share, flags.variance, flags)
    below = list(map(value.__ge__, records))
    share = sum(below) / len(below)
    size, means = _batches(below)
    return _Marked(share, share * (1 - share), _Values(means), size)


def _batches(records: Sequence[float]) -> tuple[int, list[float]]:
    """The means of batches of requests that follow each other, and how many each has; what is left over is left out.

    The long-run variance of a sequence is that of its batches, times their size: what requests of one batch remember
    of each other is in its mean. So the time does not grow with the square of the requests, as correlations may reach
    through a fourth of the run.
    """
    size = math.ceil(len(records) / _BATCHES)
    return size, [math.fsum(records[end - size : end]) / size for end in range(size, len(records) + 1, size)]


def _window(reach: int, n: int) -> int:
    usual = round(math.cbrt(n))
    return max(1, min(max(2 * reach, usual), n // 4))


def _df(n: int, window: int) -> float:
    return n / (4 / 3 * window)


class _Covariances(ABC):
    """A sequence of so many values with a variance, whose autocovariances are asked for one by one."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.variance = 0.0

    def __len__(self) -> int:
        return self._size

    @abstractmethod
    def covariance(self, lag: int) -> float:
        """Of a value with the one `lag` later, divided by the number of values."""

    def reach(self) -> int:
        """The last lag whose correlation is clearly not noise, followed by at least five that are."""
        limit = 2 * math.sqrt(math.log10(self._size) / self._size) * self.variance
        reach, lag = 0, 1
        while lag <= reach + 5 and lag < self._size // 4:
            if abs(self.covariance(lag)) >= limit:
                reach = lag
            lag += 1
        return reach

    def summed(self, window: int) -> tuple[float, float]:
        """The autocovariances within a window, summed, and summed with their lags as weights."""
        weights = [min(1.0, 2 * (1 - lag / window)) for lag in range(window)]
        weighted = [weight * self.covariance(lag) for lag, weight in enumerate(weights)]
        total = 2 * math.fsum(weighted) - weighted[0]
        slope = 2 * math.fsum(lag * product for lag, product in enumerate(weighted))
        # Each is a little too small, as the mean is that of the same requests.
        return max(total, self.variance / 2) / (1 - 1.5 * window / self._size), slope


class _Flags(_Covariances):
    """Whether each request lies below a value, one bit each: autocovariances are counts of common bits."""

    def __init__(self, records: Sequence[float], value: float) -> None:
        super().__init__(len(records))
        self._bits = int("".join("1" if record <= value else "0" for record in records), 2)
        self.share = self._bits.bit_count() / self._size
        self.variance = self.share * (1 - self.share)

    def covariance(self, lag: int) -> float:
        overlap = self._size - lag
        first, last = self._bits >> lag, self._bits & ((1 << overlap) - 1)
        crossed = self.share * (first.bit_count() + last.bit_count())
        return ((first & last).bit_count() - crossed + self.share**2 * overlap) / self._size


class _Values(_Covariances):
    """The values themselves."""

    def __init__(self, records: Sequence[float]) -> None:
        super().__init__(len(records))
        self.mean = math.fsum(records) / self._size
        self._centred = [record - self.mean for record in records]
        self._known: dict[int, float] = {}
        self.variance = self.covariance(0)

    def covariance(self, lag: int) -> float:
        if lag not in self._known:
            self._known[lag] = sum(map(mul, self._centred, self._centred[lag:])) / self._size
        return self._known[lag]
