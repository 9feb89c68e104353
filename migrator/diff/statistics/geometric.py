"""Geometric means: of one group of runs with its interval, and of the changes of several cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from migrator.diff.statistics.interval import (
    MIN_RUNS,
    Estimate,
    Refusal,
    bounded_exp,
    from_runs,
    half_width,
    logarithms,
    ratio_of_one_value,
    ratio_with,
)
from migrator.diff.statistics.moments import NO_SPREAD, Moments
from migrator.values import NamedTuple

Runs = Sequence[float]
"""One value a run, in the order of their start."""


class Centre(NamedTuple):
    """The mean of some runs, and its interval; without an interval where there are fewer than three runs."""

    value: float
    low: float | None = None
    high: float | None = None


def centre_of(values: Runs, *, level: float = 0.95) -> Centre | None:
    """The geometric mean of runs with Student's interval on their logarithms; of values that have none, the mean.

    None without a value.
    """
    if not values:
        return None
    ratios = all(value > 0 for value in values)
    logs = [math.log(value) for value in values] if ratios else list(values)
    mean = math.fsum(value / len(logs) for value in logs)
    back = bounded_exp if ratios else float
    if len(values) < MIN_RUNS:
        return Centre(values[0] if len(values) == 1 else back(mean))
    variance = math.fsum((value - mean) ** 2 for value in logs) / (len(logs) - 1)
    half = half_width(math.sqrt(variance / len(logs)), len(logs) - 1, level)
    return Centre(back(mean), back(mean - half), back(mean + half))


WIDEST: Final = "Welch's t on the means of the cells, as if they shared every disturbance"
"""Method of an interval where it is not known which runs were of one trial."""
Side = Runs | Moments
"""A cell of one side: its runs, or mean, standard deviation and number where a summary is left of some."""


def mean_of_changes(cells: Sequence[tuple[Side, Side]], *, level: float = 0.95) -> Estimate | Refusal:
    """The geometric mean over cells of the ratio candidate / base.

    The cells are those that were chosen, not a sample of others, so that the interval is of the variation from run to
    run alone. Runs of one trial may share a disturbance over all cells. So the unit is the trial: the n-th runs of all
    cells of a side have one mean, and those of both sides are compared as runs are. Where the trials are not known, or
    not as many in each cell, the interval is the widest that they allow: as if every disturbance was shared by all
    cells.

    Args:
        cells: what is known of base and candidate in each cell, all values positive.
        level: confidence of the interval.
    """
    bases, candidates = [base for base, _ in cells], [candidate for _, candidate in cells]
    one, other = _trials(bases), _trials(candidates)
    if one is not None and other is not None and min(len(one), len(other)) >= MIN_RUNS:
        return from_runs(one, other, level=level)
    base = _of_trials(one) if one else _shared(bases)
    candidate = _of_trials(other) if other else _shared(candidates)
    if min(base.n, candidate.n) < MIN_RUNS:
        return Refusal(f"no interval: it takes {MIN_RUNS} trials a side in every cell")
    return _between(base, candidate, level)


def mean_ratio(cells: Sequence[tuple[Side, Side]]) -> float:
    """The geometric mean over cells of the ratio of the means of candidate and base; all values positive.

    The mean of runs is the geometric one, that of a summary its own.
    """
    logs = [_log(candidate) - _log(base) for base, candidate in cells]
    return bounded_exp(math.fsum(logs) / len(logs))


class _Logs(NamedTuple):
    """The mean logarithm of a side over its cells, its standard error, and the number of trials behind that."""

    mean: float
    se: float
    n: int


def _log(side: Side) -> float:
    return math.log(side.mean) if isinstance(side, Moments) else math.fsum(map(math.log, side)) / len(side)


def _trials(cells: Sequence[Side]) -> list[float] | None:
    """The geometric mean over the cells of each trial; None where they are not known, or not as many in each cell."""
    runs = [cell for cell in cells if not isinstance(cell, Moments)]
    if len(runs) < len(cells) or len({len(cell) for cell in runs}) > 1:
        return None
    return [math.exp(math.fsum(map(math.log, trial)) / len(trial)) for trial in zip(*runs, strict=True)]


def _of_trials(trials: Runs) -> _Logs:
    if len(trials) < MIN_RUNS:
        return _Logs(_log(trials), 0.0, len(trials))
    mean, variance = logarithms(tuple(trials))
    return _Logs(mean, math.sqrt(variance / len(trials)), len(trials))


def _shared(cells: Sequence[Side]) -> _Logs:
    """The largest standard error that the mean of the cells may have: the mean of theirs, whatever they share."""
    errors, fewest = [], []
    for cell in cells:
        if isinstance(cell, Moments):
            errors.append(cell.variation / math.sqrt(cell.n))
            fewest.append(cell.n)
        else:
            found = _of_trials(cell)
            errors.append(found.se)
            fewest.append(found.n)
    logs = [_log(cell) for cell in cells]
    return _Logs(math.fsum(logs) / len(logs), math.fsum(errors) / len(errors), min(fewest))


def _between(base: _Logs, candidate: _Logs, level: float) -> Estimate | Refusal:
    """The ratio of two sides: Welch's t, with the degrees of freedom of the cell that has the fewest runs."""
    effect, se = candidate.mean - base.mean, math.hypot(base.se, candidate.se)
    if not math.isfinite(se):
        return Refusal("no interval: numbers of such sizes have none")
    if se < NO_SPREAD:
        return ratio_of_one_value(effect, base.n, candidate.n, level)
    shares = (base.se / se) ** 2, (candidate.se / se) ** 2
    df = 1 / (shares[0] ** 2 / (base.n - 1) + shares[1] ** 2 / (candidate.n - 1))
    return ratio_with(effect, se, df, level, WIDEST, base.n, candidate.n)
