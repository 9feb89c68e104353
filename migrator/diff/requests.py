"""The requests of two single runs, from the records beside their exports, as evidence for means and percentiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from migrator.diff.pair import Pair, values_of
from migrator.diff.run import Run
from migrator.diff.statistics.interval import Estimate
from migrator.errors import MigratorError

_PERCENTILES: Final = (50, 90, 95, 99)
_CLOSE: Final = 1e-3
"""Relative difference of a percentile of the records from the exported one, up to which they are the same run's."""


def request_variances(runs: Sequence[Run]) -> dict[tuple[str, str], float]:
    """(metric, statistic) → the variance that one request alone would have for its logarithm, correlations included.

    From the records beside the runs, the mean over those that have them; of means and percentiles. Empty without any.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        for name, variance in _variances_of(run).items():
            found.setdefault(name, []).append(variance)
    return {name: math.fsum(variances) / len(variances) for name, variances in found.items()}


def _variances_of(run: Run) -> dict[tuple[str, str], float]:
    counted = [tag for tag in run.blocks if run.size(tag)]
    if not run.records or not counted:
        return {}
    from migrator.diff.records import read_values
    from migrator.diff.statistics.autocorrelation import long_run
    from migrator.diff.statistics.mean import FEWEST
    from migrator.diff.statistics.percentile import request_variance

    try:
        read = read_values(run.records, {tag: run.blocks[tag].unit for tag in counted})
    except MigratorError:
        return {}
    found = {}
    for tag, values in read.items():
        if len(values) != run.size(tag) or len(values) < FEWEST or not all(0 < value < math.inf for value in values):
            continue
        whole = long_run(values)
        found[tag, "avg"] = whole.variance / whole.mean**2
        for percent in _PERCENTILES:
            if (variance := request_variance(values, percent)) is not None:
                found[tag, f"p{percent}"] = variance
    return found


class Requests:
    """Reads each file of records once, and only when the first row needs it.

    Records that are damaged, or of another run than the export beside them, are no evidence; `refused` says why.
    """

    def __init__(self, units: Mapping[str, str]) -> None:
        """
        Args:
            units: every metric that may be asked for, with the unit that both sides are compared in.
        """
        self._units = dict(units)
        self._read: dict[str, dict[str, list[float]]] = {}
        self.refused: list[str] = []

    def estimate(self, pair: Pair, one: Run, other: Run, percent: float | None) -> Estimate | None:
        """The ratio of a percentile, or of a mean, of two runs, or None where their records do not tell it.

        Args:
            pair: the row.
            one: the run of the baseline.
            other: that of the candidate.
            percent: which percentile; None for the mean.
        """
        if not one.records or not other.records:
            return None
        a, b = self._values(one, pair, percent), self._values(other, pair, percent)
        if a is None or b is None:
            return None
        if percent is None:
            from migrator.diff.statistics.mean import from_records

            found = from_records(a, b)
        else:
            from migrator.diff.statistics.bootstrap import bootstrap_percentile

            found = bootstrap_percentile(a, b, percent)
        return found if isinstance(found, Estimate) else None

    def _values(self, run: Run, pair: Pair, percent: float | None) -> list[float] | None:
        values = self._of(run.records).get(pair.metric)
        # The records may be those of another run, or incomplete.
        if not values or len(values) != run.size(pair.metric):
            return None
        from migrator.diff.statistics.bootstrap import at_rank

        exported = values_of([run], pair.metric, pair.statistic, pair.unit)
        if percent is None:
            recorded = math.fsum(values) / len(values)
        else:
            recorded = at_rank(sorted(values), percent / 100 * (len(values) - 1))
        return values if exported and math.isclose(exported[0], recorded, rel_tol=_CLOSE) else None

    def _of(self, path: str) -> dict[str, list[float]]:
        if path not in self._read:
            from migrator.diff.records import read_values

            try:
                self._read[path] = read_values(path, self._units)
            except MigratorError as error:
                self._read[path] = {}
                self.refused.append(f"the records are not used: {error}")
        return self._read[path]
