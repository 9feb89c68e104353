"""The strongest evidence that there is for each row, and what it says of the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from migrator.diff.noise import Spread
from migrator.diff.pair import Pair, values_of
from migrator.diff.policy import Policy
from migrator.diff.receipt import Evidence
from migrator.diff.requests import Requests
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.interval import (
    MIN_RUNS,
    Estimate,
    Refusal,
    Summary,
    from_noise,
    from_runs,
    from_summary,
)
from migrator.diff.statistics.percentile import POSITIONS, Curve, ratio_of

_NEEDS = "3 runs a side, or a noise profile"


class Weighed(NamedTuple):
    """What a row rests on, and what follows."""

    evidence: Evidence
    estimate: Estimate | Refusal


class Weigher:
    """Weighs the rows of one comparison: runs before noise before records before summaries before bare values."""

    def __init__(
        self,
        base: LoadedSide,
        candidate: LoadedSide,
        policy: Policy,
        spreads: Mapping[tuple[str, str], Spread],
        requests: Requests,
    ) -> None:
        self._sides = base.runs, candidate.runs
        self._policy = policy
        self._spreads = spreads
        self._requests = requests
        self._curves: dict[str, tuple[Curve, Curve]] = {}

    def weigh(self, pair: Pair) -> Weighed:
        """The evidence of one row."""
        try:
            return self._strongest(pair)
        except ArithmeticError:
            return Weighed(Evidence.VALUE, Refusal("numbers of such sizes have no interval"))

    def _strongest(self, pair: Pair) -> Weighed:
        a, b = pair.base, pair.candidate
        if not a or not b:
            return Weighed(Evidence.VALUE, Refusal("only one side has it"))
        if min(len(a), len(b)) >= MIN_RUNS:
            return Weighed(Evidence.RUNS, from_runs(a, b))
        if spread := self._spreads.get((pair.metric, pair.statistic)):
            return Weighed(Evidence.NOISE, from_noise(a, b, spread.sd, spread.df))
        if all(len(runs) == 1 for runs in self._sides):
            return self._single(pair, self._sides[0][0], self._sides[1][0])
        missing = MIN_RUNS - min(len(a), len(b))
        return Weighed(Evidence.VALUE, Refusal("too few runs", f"{missing} more run{'s' * (missing > 1)} a side"))

    def _single(self, pair: Pair, one: Run, other: Run) -> Weighed:
        counts = one.size(pair.metric), other.size(pair.metric)
        if counts[0] is None or counts[1] is None:
            return Weighed(Evidence.VALUE, Refusal("", _NEEDS))
        if pair.statistic == "avg":
            spreads = [values_of([run], pair.metric, "std", pair.unit) for run in (one, other)]
            if not all(spreads):
                return Weighed(Evidence.VALUE, Refusal("", _NEEDS))
            a = Summary(pair.base[0], spreads[0][0], counts[0])
            b = Summary(pair.candidate[0], spreads[1][0], counts[1])
            return Weighed(Evidence.SUMMARY, from_summary(a, b))
        percent = POSITIONS[pair.statistic]
        # Drawing runs from records takes far longer than all the rest, so it is for the rows that somebody asks for.
        if self._policy.asks(pair.metric, pair.statistic):
            found = self._requests.estimate(pair, one, other, percent)
            if found:
                return Weighed(Evidence.RECORDS, found)
        if pair.metric not in self._curves:
            curves = (Curve(_points(one, pair), counts[0]), Curve(_points(other, pair), counts[1]))
            self._curves[pair.metric] = curves
        return Weighed(Evidence.SUMMARY, ratio_of(*self._curves[pair.metric], percent))


def _points(run: Run, pair: Pair) -> dict[str, float]:
    block = run.blocks[pair.metric]
    if block.unit == pair.unit:
        return block.values
    return {name: values[0] for name in POSITIONS if (values := values_of([run], pair.metric, name, pair.unit))}
