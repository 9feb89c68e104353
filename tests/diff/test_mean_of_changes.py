"""The mean change over cells, where the trials are known and where only their moments are left."""

from __future__ import annotations

import math
from itertools import product
from random import Random
from statistics import fmean, stdev

import pytest

from migrator.diff.statistics.geometric import Side, mean_of_changes, mean_ratio
from migrator.diff.statistics.interval import Estimate, Refusal, from_runs
from migrator.diff.statistics.moments import Moments


def summary(runs: Side) -> Moments:
    assert not isinstance(runs, Moments)
    return Moments(fmean(runs), stdev(runs), len(runs), min(runs))


def drawn(
    chance: Random, cells: int, trials: tuple[int, int], noise: float, shared: float, change: float
) -> list[tuple[list[float], list[float]]]:
    """Cells of two sides; `shared` is the share of the variance that the n-th runs of all cells have alike."""
    sides = []
    for number, count in enumerate(trials):
        common = [chance.gauss(0, math.sqrt(shared)) for _ in range(count)]
        sides.append(
            [
                [
                    100.0
                    * (cell + 1)
                    * (change if number else 1.0)
                    * math.exp(noise * (common[trial] + chance.gauss(0, math.sqrt(1 - shared))))
                    for trial in range(count)
                ]
                for cell in range(cells)
            ]
        )
    return list(zip(*sides, strict=True))


def test_one_cell_of_moments_says_what_the_runs_say() -> None:
    cells = drawn(Random(1), 1, (5, 5), 0.02, 0.0, 1.1)
    runs = from_runs(*cells[0])
    found = mean_of_changes([(summary(cells[0][0]), summary(cells[0][1]))])
    assert isinstance(runs, Estimate)
    assert isinstance(found, Estimate)
    assert found.effect == pytest.approx(runs.effect, abs=2e-4)
    assert (found.low, found.high) == pytest.approx((runs.low, runs.high), rel=2e-3)


def test_disturbances_of_a_trial_that_all_cells_share_leave_the_interval_as_wide() -> None:
    """Summaries of cells whose trials go up and down together: as sure as one cell, and no surer."""
    cells = drawn(Random(2), 40, (4, 4), 0.03, 1.0, 1.0)
    trials = mean_of_changes(cells)
    found = mean_of_changes([(summary(base), candidate) for base, candidate in cells])
    assert isinstance(trials, Estimate)
    assert isinstance(found, Estimate)
    assert (found.low, found.high) == pytest.approx((trials.low, trials.high), rel=2e-3)
    independent = mean_of_changes(drawn(Random(2), 40, (4, 4), 0.03, 0.0, 1.0))
    assert isinstance(independent, Estimate)
    assert independent.se < found.se / 3


def test_it_takes_three_runs_in_every_cell() -> None:
    cells = drawn(Random(3), 4, (3, 3), 0.02, 0.5, 1.0)
    some = [(summary(base), summary(candidate)) for base, candidate in cells]
    assert isinstance(mean_of_changes(some), Estimate)
    few = [*some[:-1], (cells[3][0][:2], cells[3][1])]
    assert isinstance(mean_of_changes(few), Refusal)
    assert mean_ratio(few) == pytest.approx(mean_ratio(some), rel=0.05)
    assert isinstance(mean_of_changes([(Moments(100.0, math.inf, 3, 1.0), cells[0][1])]), Refusal)


def test_summaries_without_any_spread_are_told_as_runs_without_it_are() -> None:
    base, candidate = Moments(100.0, 0.0, 4, 100.0), Moments(110.0, 0.0, 4, 110.0)
    found = mean_of_changes([(base, candidate)] * 3)
    assert isinstance(found, Estimate)
    assert found.ratio == pytest.approx(1.1)
    assert found.least_p > 0


@pytest.mark.slow
@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("cells", [1, 4, 12])
def test_intervals_of_simulated_sweeps_hold_the_truth(cells: int, shared: float) -> None:
    """Of summaries, of trials that are not as many in each cell, and of one beside the other: 95 % at least."""
    cases = 600
    for trials, noise, kind in product(((3, 3), (5, 3), (10, 10)), (0.01, 0.05, 0.15), ("summaries", "mixed")):
        chance = Random(f"{cells} {shared} {trials} {noise} {kind}")
        held = 0
        for _ in range(cases):
            runs = drawn(chance, cells, trials, noise, shared, 1.07)
            told = [(summary(base), summary(other) if kind == "summaries" else other) for base, other in runs]
            found = mean_of_changes(told)
            assert isinstance(found, Estimate)
            held += found.low <= 1.07 <= found.high
        # 0.95 with four standard errors of 600 cases.
        assert held / cases > 0.95 - 0.0356, (trials, noise, kind, held / cases)
