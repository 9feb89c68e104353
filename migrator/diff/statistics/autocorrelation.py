"""How long the requests of a run remember each other, and for how many independent ones they count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


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
    """The memory of a sequence, as it shows at a value.

    How far it reaches is judged at the middle of the distribution too, where it shows best. Autocovariances within
    that reach are summed with a flat-top window; the block length is that of Politis and White (2004, corrected in
    2009) for blocks that go on at the beginning.

    Args:
        records: the requests' values, in their order.
        middle: the median of them.
        value: where the memory matters.
    """
    n = len(records)
    here, bulk = _Flags(records, value), _Flags(records, middle)
    if not 0 < here.share < 1:
        return Autocorrelation(0.0, 1.0, 1.0, float(n))
    window = max(1, min(max(2 * max(here.reach(), bulk.reach()), round(n ** (1 / 3))), n // 4))
    variance, slope = here.summed(window)
    elsewhere = bulk.summed(window)[0] / bulk.variance if bulk.variance else 1.0
    inflation = max(1.0, variance / here.variance, elsewhere)
    block = (2 * slope**2 / (4 / 3 * variance**2) * n) ** (1 / 3)
    return Autocorrelation(variance, inflation, max(1.0, block), n / (4 / 3 * window))


class _Flags:
    """Whether each request lies below a value, one bit each: autocovariances are counts of common bits."""

    def __init__(self, records: Sequence[float], value: float) -> None:
        self._size = len(records)
        self._bits = int("".join("1" if record <= value else "0" for record in records), 2)
        self.share = self._bits.bit_count() / self._size
        self.variance = self.share * (1 - self.share)

    def covariance(self, lag: int) -> float:
        """Of a request with the one `lag` later, divided by the number of requests."""
        overlap = self._size - lag
        first, last = self._bits >> lag, self._bits & ((1 << overlap) - 1)
        crossed = self.share * (first.bit_count() + last.bit_count())
        return ((first & last).bit_count() - crossed + self.share**2 * overlap) / self._size

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
