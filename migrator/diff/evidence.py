"""The strongest evidence that there is for each row, and what it says of the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from migrator.diff.judge import NEEDS_RUNS, Known
from migrator.diff.noise import Fit, Spread, length_of
from migrator.diff.outcomes import ERROR_RATE, SHARES, scale_of, shares
from migrator.diff.over_runs import failures_of, moments_of
from migrator.diff.pair import Pair, values_of
from migrator.diff.policy import Policy
from migrator.diff.receipt import Evidence
from migrator.diff.requests import Requests
from migrator.diff.run import Run, is_summed
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.difference import Counted, from_differences, from_shares
from migrator.diff.statistics.drift import Drift
from migrator.diff.statistics.interval import (
    MIN_RUNS,
    Estimate,
    Refusal,
    Summary,
    bounded_exp,
    from_noise,
    from_runs,
    from_summary,
    half_width,
    more_runs,
    more_than,
)
from migrator.diff.statistics.moments import Moments, from_counts, from_moments
from migrator.diff.statistics.percentile import POSITIONS, Curve, ratio_of
from migrator.diff.statistics.student import t_two_sided
from migrator.values import NamedTuple, replace


class Weighed(NamedTuple):
    """What a row rests on, and what follows.

    `shares` are the requests of each run, of a row that counts requests. `moments` are those of both sides, where
    a summary of runs is behind one of them.
    """

    evidence: Evidence
    estimate: Known | Refusal
    shares: tuple[list[Counted], list[Counted]] | None = None
    moments: tuple[Moments, Moments] | None = None


_ONE_VALUE: Final = Weighed(Evidence.VALUE, Refusal("", NEEDS_RUNS))
"""A row of which each side has one number, and nothing of how much it varies."""


class Weigher:
    """Finds the strongest evidence for each row: runs, a noise profile, records, summaries, single values."""

    def __init__(
        self,
        base: LoadedSide,
        candidate: LoadedSide,
        policy: Policy,
        noise: Fit,
        requests: Requests,
    ) -> None:
        self._sides = base.runs, candidate.runs
        self._single_runs = len(base.runs) == len(candidate.runs) == 1
        self._summed = is_summed((*base.runs, *candidate.runs))
        self._policy = policy
        self._noise = noise
        self._requests = requests
        self._sizes: dict[str, tuple[int | None, int | None]] = {}
        self._curves: dict[str, tuple[Curve, Curve]] = {}

    def weigh(self, pair: Pair) -> Weighed:
        """The evidence of one row."""
        if pair.refused:
            return Weighed(Evidence.VALUE, Refusal(pair.refused))
        try:
            return self._strongest(pair)
        except (ArithmeticError, ValueError):
            # ValueError: a quantile for degrees of freedom that overflowed to NaN.
            return Weighed(Evidence.VALUE, Refusal("numbers of such sizes have no interval"))

    def _strongest(self, pair: Pair) -> Weighed:
        a, b = pair.base, pair.candidate
        if not a or not b:
            return Weighed(Evidence.VALUE, Refusal("only one side has it"))
        if pair.statistic == "avg" and (counted := self._shares(pair.metric)):
            scale = scale_of(pair.metric, *counted)
            if self._summed:
                return Weighed(Evidence.AGGREGATE, self._failures(scale), counted)
            if min(map(len, counted)) < MIN_RUNS:
                return Weighed(Evidence.VALUE, Refusal("", "3 runs a side"), counted)
            return Weighed(Evidence.RUNS, from_shares(*counted, scale=scale), counted)
        if self._summed:
            return self._of_summaries(pair)
        touches_zero = a[0] <= 0 or b[0] <= 0 if self._single_runs else min(*a, *b) <= 0
        if min(len(a), len(b)) >= MIN_RUNS:
            return Weighed(Evidence.RUNS, from_differences(a, b) if touches_zero else from_runs(a, b))
        if touches_zero:
            return Weighed(Evidence.VALUE, Refusal("a value that is not positive has no ratio", "3 runs a side"))
        rows = self._noise.rows
        if rows and (spread := rows.get((pair.metric, pair.statistic))):
            return self._by_noise(pair, spread)
        if self._single_runs:
            return self._single(pair, self._sides[0][0], self._sides[1][0])
        return Weighed(Evidence.VALUE, Refusal("too few runs", more_runs(MIN_RUNS - min(len(a), len(b)))))

    def _of_summaries(self, pair: Pair) -> Weighed:
        """What mean, standard deviation and number of the runs say, where a summary is behind one of the sides."""
        one, other = (moments_of(side, pair.metric, pair.statistic, pair.unit) for side in self._sides)
        if one is None or other is None:
            return Weighed(Evidence.VALUE, Refusal("only one side has it"))
        return Weighed(Evidence.AGGREGATE, from_moments(one, other), moments=(one, other))

    def _failures(self, scale: float) -> Known | Refusal:
        """The difference of the shares of failed requests, where a summary is behind one of the sides."""
        one, other = map(failures_of, self._sides)
        if one is None or other is None:
            return Refusal("", "single runs")
        return from_counts(one, other, scale=scale)

    def _by_noise(self, pair: Pair, spread: Spread) -> Weighed:
        """What a noise profile says of a row, where it fits the length and the spread of these runs."""
        lengths = [[length_of(run) for run in side] for side in self._sides]
        deviations = [[spread.sd_of(length) for length in side] for side in lengths]
        known = [[sd for sd in side if sd is not None] for side in deviations]
        if len(known[0]) < len(lengths[0]) or len(known[1]) < len(lengths[1]):
            fewest = min((length for side in lengths for length in side if length), default=None)
            told = f"these have {fewest:,}" if fewest else "how many these have is not known"
            reason = f"the noise profile was learnt on runs of {spread.requests or 'unknown'} requests, {told}"
            return Weighed(Evidence.VALUE, Refusal(reason, "3 runs a side, or a profile of runs as long"))
        if more_than(pair.base, pair.candidate, spread.sd, spread.df):
            reason = "these runs differ from each other more than the noise profile says"
            return Weighed(Evidence.VALUE, Refusal(reason, "3 runs a side, or a profile learnt again"))
        found = from_noise(pair.base, pair.candidate, (max(known[0]), max(known[1])), spread.df)
        return Weighed(Evidence.NOISE, found)

    def _shares(self, metric: str) -> tuple[list[Counted], list[Counted]] | None:
        """The requests that a metric counts, run by run; None for one that counts none, or where a run says not."""
        if metric not in SHARES or (self._summed and metric != ERROR_RATE):
            # Of other counts a summary has means and their spread.
            return None
        one, other = shares(self._sides[0], metric), shares(self._sides[1], metric)
        return (one, other) if one and other else None

    def _single(self, pair: Pair, one: Run, other: Run) -> Weighed:
        if pair.metric not in self._sizes:
            self._sizes[pair.metric] = one.size(pair.metric), other.size(pair.metric)
        counts = self._sizes[pair.metric]
        if counts[0] is None or counts[1] is None:
            return _ONE_VALUE
        if self._policy.asks(pair.metric, pair.statistic) and (pair.statistic == "avg" or pair.statistic in POSITIONS):
            # Reading all requests of a run takes longer than everything else: only for rows that a rule names.
            found = self._requests.estimate(pair, one, other, POSITIONS.get(pair.statistic))
            if found:
                return Weighed(Evidence.RECORDS, found)
        if pair.statistic == "avg":
            spreads = [values_of([run], pair.metric, "std", pair.unit) for run in (one, other)]
            if not all(spreads):
                return _ONE_VALUE
            a = Summary(pair.base[0], spreads[0][0], counts[0])
            b = Summary(pair.candidate[0], spreads[1][0], counts[1])
            return Weighed(Evidence.SUMMARY, from_summary(a, b))
        if pair.statistic not in POSITIONS:
            return _ONE_VALUE
        if pair.metric not in self._curves:
            curves = (Curve(_points(one, pair), counts[0]), Curve(_points(other, pair), counts[1]))
            self._curves[pair.metric] = curves
        return Weighed(Evidence.SUMMARY, ratio_of(*self._curves[pair.metric], POSITIONS[pair.statistic]))


def without_drift(found: Known | Refusal, drift: Drift) -> Known | Refusal:
    """An estimate together with that of the change that is left without the drift: a claim must hold by both."""
    if not isinstance(found, Estimate):
        return found
    half = half_width(drift.se, drift.df, found.level)
    ends = (bounded_exp(drift.difference + end) for end in (-half, 0.0, half))
    low, ratio, high = ends
    left = replace(
        found,
        ratio=ratio,
        low=low,
        high=high,
        p_value=t_two_sided(drift.difference / drift.se, drift.df),
        df=drift.df,
        method="change without the drift within the sides",
        se=drift.se,
        least_p=0.0,
    )
    method = f"{found.method}, and without the drift within the sides (analysis of covariance)"
    return replace(found, method=method, confirm=left)


def _points(run: Run, pair: Pair) -> Mapping[str, float]:
    block = run.blocks[pair.metric]
    if block.unit == pair.unit:
        return block.values
    return {name: values[0] for name in POSITIONS if (values := values_of([run], pair.metric, name, pair.unit))}
