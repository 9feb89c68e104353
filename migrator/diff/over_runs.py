"""Moments of a row over all runs of a side, single ones and those of which only a summary is left."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.aiperf.units import convert
from migrator.diff.aggregates import Over
from migrator.diff.pair import by_run
from migrator.diff.run import Run
from migrator.diff.statistics.moments import Moments, together


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
