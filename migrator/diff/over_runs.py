"""Moments of a row over all runs of a side, single ones and those of which only a summary is left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from migrator.aiperf.units import convert
from migrator.chain.names import current
from migrator.diff.aggregates import Over
from migrator.diff.pair import by_run
from migrator.diff.policy import HEADLINE
from migrator.diff.run import Run
from migrator.diff.statistics.interval import MIN_RUNS, Estimate
from migrator.diff.statistics.moments import Counts, Moments, from_moments, together
from migrator.values import NamedTuple

_SUCCEEDED = current("request_count"), "avg"
_FAILED = current("error_request_count"), "avg"


def moments_of(runs: Sequence[Run], metric: str, statistic: str, unit: str) -> Moments | None:
    """The moments of a row over all runs of a side; None without a value.

    Args:
        runs: those of the side.
        metric: the row.
        statistic: the row.
        unit: that of the row.
    """
    parts = []
    for run, value in zip(runs, by_run(runs, metric, statistic, unit), strict=True):
        if value is None:
            continue
        over = run.summed.over.get((metric, statistic)) if run.summed else None
        if run.summed is None or over is None:
            # A single run; or what the counts of a summary tell, without a spread.
            parts.append(Moments(value, 0.0, 1, value))
            continue
        own = run.summed.units[metric]
        std, low = (over.std, over.low) if own == unit else _in_unit(over, own, unit)
        parts.append(Moments(value, std, run.stands_for if over.n is None else over.n, low))
    return together(parts) if parts else None


def _in_unit(over: Over, own: str, unit: str) -> tuple[float, float]:
    return convert(over.std, own, unit, difference=True), convert(over.low, own, unit)


def failures_of(runs: Sequence[Run]) -> list[Counts] | None:
    """The failed requests of the runs of a side, single ones and summaries; None where one does not tell them.

    Of a summary, the shares of its runs vary at most by what the counts of successes and failures do, each weighed with
    the other (first order). That is exact where each run had as many requests.
    """
    found = []
    for run in runs:
        ended, failed = run.requests.ended, run.requests.failed
        if not ended or failed is None:
            return None
        if run.summed is None:
            found.append(Counts(failed, ended, 1, 0.0))
            continue
        n, over = run.summed.runs, run.summed.over
        none = Over(0.0, 0.0, 0.0, 0.0, n)
        one, other = (over.get(name, none).with_zeros(n) for name in (_SUCCEEDED, _FAILED))
        if other.n is None and other.mean > 0:
            # All that failed are alike, and the file does not tell in how many of the runs.
            return None
        each = ended / n
        std = ((ended - failed) / n * other.std + failed / n * one.std) / each**2
        found.append(Counts(failed, ended, n, std if math.isfinite(std) else math.inf))
    return found


class Apart(NamedTuple):
    """Two summaries whose runs differ from file to file by more than within either: how much, and in what."""

    one: Run
    other: Run
    metric: str
    percent: float


def apart(runs: Sequence[Run]) -> Apart | None:
    """The summaries of a side that are surely not of repetitions of one run; None without such a pair.

    Files about several runs have no identifier of their sweep, no server and no configuration: their numbers alone tell
    that two of them are of different systems. Each is compared with the first, in the means that verdicts rest on.
    """
    summed = [run for run in runs if run.summed and run.summed.runs >= MIN_RUNS]
    metrics = [metric for metric, statistic in HEADLINE if statistic == "avg"]
    found: list[tuple[float, Apart]] = []
    for other in summed[1:]:
        for metric in metrics:
            units = {block.unit for run in (summed[0], other) if (block := run.blocks.get(metric))}
            sides = [moments_of([run], metric, "avg", unit) for unit in units for run in (summed[0], other)]
            if len(units) != 1 or None in sides:
                continue
            estimate = from_moments(*filter(None, sides))
            if isinstance(estimate, Estimate) and estimate.p_value is not None:
                found.append((estimate.p_value, Apart(summed[0], other, metric, estimate.percent)))
    if not found:
        return None
    least, pair = min(found, key=lambda one: one[0])
    return pair if least * len(found) < _SURE else None


_SURE: Final = 0.01
"""P-value, corrected for the number of comparisons, below which two summaries are not of repetitions."""
