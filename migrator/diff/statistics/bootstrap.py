"""The ratio of a percentile from the requests of two single runs, which are not independent of each other.

Requests that follow one another share the queue, the batch and the cache. So whole stretches of them are drawn again
(moving blocks, around the end), about as long as the requests remember each other.

A percentile only depends on how many requests lie below each value. So a block is reduced to its counts below a few
values around the percentile, a drawn run is the sum of its blocks' counts, and the drawn percentile is read off
between them. That makes a thousand runs of 100,000 requests a matter of a second in plain Python, and gives the same
numbers on every machine.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Final

from migrator.diff.statistics.autocorrelation import Autocorrelation, autocorrelation
from migrator.diff.statistics.interval import Estimate, Refusal
from migrator.diff.statistics.percentile import minimum_requests, too_few
from migrator.diff.statistics.student import normal_quantile, t_quantile
from migrator.values import NamedTuple

REPLICATES: Final = 1000
_BLOCKS: Final = 400
"""Blocks a drawn run has at most: where there are so many, longer ones cost no precision and save time."""
_FEWEST: Final = 10
"""Blocks a drawn run has at least: fewer say too little of how runs differ."""
_STEPS: Final = range(-10, 11)
"""Where values are looked at, in half standard deviations of the percentile's rank."""


def bootstrap_percentile(
    records_a: Sequence[float],
    records_b: Sequence[float],
    p: float,
    *,
    seed: int = 0,
    level: float = 0.95,
    replicates: int = REPLICATES,
) -> Estimate | Refusal:
    """The ratio of a percentile of two single runs, from all their requests in the order they were sent.

    Says how well each run knows its own percentile, and nothing of how the next run would differ: no p-value.
    Refused where the requests count for too few independent ones.

    Args:
        records_a: one positive value per request of the baseline.
        records_b: of the candidate, in the same unit.
        p: which percentile, in percent.
        seed: fixes the draws; the same seed gives the same interval.
        level: confidence of the interval.
        replicates: how many pairs of runs are drawn.
    """
    from random import Random

    a, b = _look(records_a, p, level), _look(records_b, p, level)
    if isinstance(a, Refusal):
        return a
    if isinstance(b, Refusal):
        return b
    uniform = Random(seed).random
    drawn_a, drawn_b = a.draw(replicates, uniform, level), b.draw(replicates, uniform, level)
    drawn = sorted(y - x for x, y in zip(drawn_a, drawn_b, strict=True))
    low, high = (_at_share(drawn, share) for share in ((1 - level) / 2, (1 + level) / 2))
    mean = math.fsum(drawn) / replicates
    se = math.sqrt(math.fsum((value - mean) ** 2 for value in drawn) / (replicates - 1))
    method = f"moving-block bootstrap, {replicates} draws, blocks of {a.block} and {b.block} requests"
    ratio = b.value / a.value
    # Drawn runs may all lie on one side of the real one; its own value is not excluded by them.
    low, high = min(math.exp(low), ratio), max(math.exp(high), ratio)
    return Estimate(
        ratio=ratio,
        low=low,
        high=high,
        level=level,
        p_value=None,
        df=math.inf,
        method=method,
        kind="within run",
        se=se,
        n_base=len(records_a),
        n_candidate=len(records_b),
    )


class _Run(NamedTuple):
    """One run, ready to be drawn from.

    `counts(j)[i]` of the requests in the block that starts at the i-th cell are at most the j-th mark, and `ranks[j]`
    is the rank of that mark among all requests.
    """

    ordered: list[float]
    rank: float
    block: int
    blocks: int
    ranks: list[int]
    counts: Callable[[int], list[int]]
    autocorrelation: Autocorrelation

    @property
    def value(self) -> float:
        return at_rank(self.ordered, self.rank)

    def draw(self, replicates: int, uniform: Callable[[], float], level: float) -> list[float]:
        """The logarithm of the percentile of each of many drawn runs, spread out as far as the memory asks for."""
        blocks, starts, middle = range(self.blocks), len(self.counts(0)), math.log(self.value)
        wider = self._widening(level)
        drawn = []
        for _ in range(replicates):
            value = self.percentile([int(uniform() * starts) for _ in blocks])
            drawn.append(middle + wider * (math.log(value) - middle))
        return drawn

    def _widening(self, level: float) -> float:
        """How much farther drawn runs should spread.

        Blocks cut what they do not hold, so drawn runs differ less than real ones; and how much those differ is itself
        only known from so many stretches of the run, which is what Student's t is for.
        """
        counts = self.counts(bisect_right(self.ranks, math.ceil(self.rank)) - 1)
        mean = sum(counts) / len(counts)
        drawn = sum((count - mean) ** 2 for count in counts) / len(counts) / self.block
        tail = (1 + level) / 2
        student = t_quantile(tail, self.autocorrelation.df) / normal_quantile(tail)
        return student * math.sqrt(self.autocorrelation.variance / drawn if drawn > 0 else 1.0)

    def percentile(self, chosen: list[int]) -> float:
        """The percentile of the run made of two or more blocks: between which marks it lies, then at what rank."""
        take = itemgetter(*chosen)
        size = self.blocks * self.block
        wanted = (self.rank + 1) / len(self.ordered) * size
        low, high, below, above = 0, len(self.ranks), 0, 0
        while low < high:
            middle = (low + high) // 2
            count = sum(take(self.counts(middle)))
            if count < wanted:
                low, below = middle + 1, count
            else:
                high, above = middle, count
        if low in (0, len(self.ranks)):
            return self.ordered[self.ranks[min(low, len(self.ranks) - 1)]]
        share = (wanted - below) / (above - below)
        return at_rank(self.ordered, self.ranks[low - 1] + share * (self.ranks[low] - self.ranks[low - 1]))


def _look(records: Sequence[float], p: float, level: float) -> _Run | Refusal:
    """Find the percentile of a run, how long its requests remember each other, and where drawn ones may lie."""
    n = len(records)
    if refusal := too_few(p, n, level):
        return refusal
    if not all(0 < value < math.inf for value in records):
        return Refusal("a value that is not positive has no ratio")
    ordered = sorted(records)
    rank = p / 100 * (n - 1)
    found = autocorrelation(records, at_rank(ordered, (n - 1) / 2), at_rank(ordered, rank))
    least = minimum_requests(p, level=level)
    if n / found.inflation < least:
        return Refusal(
            f"p{p:g} of {n} requests that count as {n / found.inflation:.0f} independent ones has no interval",
            f"about {math.ceil(least * found.inflation)} requests a side",
        )
    cell = max(1, n // (10 * _BLOCKS))
    block = max(1, round(min(max(found.block, n / _BLOCKS), n / _FEWEST) / cell)) * cell
    spread = max(2.0, math.sqrt(n * found.variance))
    marks = sorted({ordered[min(max(round(rank + step / 2 * spread), 0), n - 1)] for step in _STEPS})
    known: dict[int, list[int]] = {}

    def counts(j: int) -> list[int]:
        if j not in known:
            known[j] = _block_counts(records, marks[j], block, cell)
        return known[j]

    ranks = [bisect_right(ordered, mark) - 1 for mark in marks]
    return _Run(ordered, rank, block, max(2, round(n / block)), ranks, counts, found)


def _block_counts(records: Sequence[float], mark: float, block: int, cell: int) -> list[int]:
    """How many of the `block` requests from each cell's first one on are ≤ the mark, going on at the beginning."""
    below = list(accumulate(map(mark.__ge__, records), initial=0))
    n, total = len(records), below[-1]
    below += [total + count for count in below[1 : block + 1]]
    return [below[start + block] - below[start] for start in range(0, n, cell)]


def _at_share(drawn: Sequence[float], share: float) -> float:
    """Where a draw more would fall below with this chance: n draws leave n + 1 places."""
    return at_rank(drawn, min(max(share * (len(drawn) + 1) - 1, 0.0), len(drawn) - 1.0))


def at_rank(ordered: Sequence[float], rank: float) -> float:
    """The value at a rank from 0, linear between two neighbours, as AIPerf's percentiles are."""
    below = math.floor(rank)
    if below >= len(ordered) - 1:
        return ordered[-1]
    return ordered[below] + (rank - below) * (ordered[below + 1] - ordered[below])
