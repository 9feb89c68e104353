"""The single requests behind two runs, as evidence for their percentiles, where the files beside them tell it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from migrator.diff.pair import Pair, values_of
from migrator.diff.run import Run
from migrator.diff.statistics.interval import Estimate
from migrator.errors import MigratorError

_CLOSE: Final = 1e-3
"""Relative difference of a percentile of the records from the exported one, up to which they are the same run's."""


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

    def estimate(self, pair: Pair, one: Run, other: Run, percent: float) -> Estimate | None:
        """The ratio of a percentile of two runs, or None where their records do not tell it."""
        if not one.records or not other.records:
            return None
        a, b = self._values(one, pair, percent), self._values(other, pair, percent)
        if a is None or b is None:
            return None
        from migrator.diff.statistics.bootstrap import bootstrap_percentile

        found = bootstrap_percentile(a, b, percent)
        return found if isinstance(found, Estimate) else None

    def _values(self, run: Run, pair: Pair, percent: float) -> list[float] | None:
        values = self._of(run.records).get(pair.metric)
        # Records of another run, or of half of one, would be evidence for something else.
        if not values or len(values) != run.size(pair.metric):
            return None
        from migrator.diff.statistics.bootstrap import at_rank

        exported = values_of([run], pair.metric, pair.statistic, pair.unit)
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
