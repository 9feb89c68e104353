"""What decides a verdict, piece by piece: against SciPy where it has the same test, and against brute force."""

from __future__ import annotations

import math
import statistics
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from migrator.diff.judge import Criteria, Zone, decide, shown, zone_of
from migrator.diff.statistics.autocorrelation import long_run
from migrator.diff.statistics.difference import Counted, Difference, from_differences, from_shares
from migrator.diff.statistics.drift import drift, run_apart, two_clusters
from migrator.diff.statistics.interval import Estimate, Refusal, from_runs, is_apart, more_than
from migrator.diff.statistics.mean import from_records
from migrator.diff.statistics.multiple import benjamini_hochberg, holm, hommel
from migrator.diff.statistics.one_sided import p_above, p_below
from migrator.diff.statistics.percentile import request_variance
from migrator.diff.statistics.power import runs_for

VALUES = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=8)
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=6)


def known(found: Difference | Refusal) -> Difference:
    assert isinstance(found, Difference), found
    return found


def ratio(found: Estimate | Refusal) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


# --- one-sided tests -----------------------------------------------------------------------------------------


@given(VALUES, VALUES, st.floats(-100, 100))
def test_differences_are_welchs(a: list[float], b: list[float], limit: float) -> None:
    found = known(from_differences(a, b))
    if min(statistics.stdev(a), statistics.stdev(b)) < 1e-3:
        return
    theirs = stats.ttest_ind(b, a, equal_var=False)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
    low, high = theirs.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6, abs=1e-6)
    shifted = stats.ttest_ind([value - limit for value in b], a, equal_var=False, alternative="greater")
    assert p_above(found, limit) == pytest.approx(shifted.pvalue, rel=1e-6, abs=1e-9)
    assert p_above(found, limit) + p_below(found, limit) == pytest.approx(1)


def test_ratios_of_as_many_runs_are_welchs_on_logarithms() -> None:
    random = Random(8)
    a, b = ([random.lognormvariate(0, 0.02) for _ in range(5)] for _ in range(2))
    found = ratio(from_runs(a, b))
    limit = math.log(1.05)
    theirs = stats.ttest_ind([math.log(x) - limit for x in b], list(map(math.log, a)), equal_var=False)
    expected = theirs.pvalue / 2 if theirs.statistic > 0 else 1 - theirs.pvalue / 2
    assert p_above(found, limit) == pytest.approx(expected, rel=1e-9)


def test_runs_that_do_not_differ_are_held_to_their_order() -> None:
    five = known(from_differences([0.0] * 5, [3.0] * 5))
    theirs = stats.permutation_test(
        ([3.0] * 5, [0.0] * 5), lambda x, y, axis: x.mean(axis) - y.mean(axis), alternative="greater", vectorized=True
    )
    assert p_above(five, 0.0) == pytest.approx(theirs.pvalue) == pytest.approx(1 / 252)
    assert p_above(five, 3.0) == 1
    assert p_below(five, 5.0) == pytest.approx(1 / 252)
    same = known(from_differences([0.0] * 3, [0.0] * 3))
    assert (same.difference, same.p_value) == (0, 1)
    for limit, expected in ((math.inf, 1.0), (-math.inf, 0.0)):
        assert p_above(five, limit) == expected


def test_differences_that_are_none_are_refused() -> None:
    assert "2 runs" in from_differences([1, 2], [1, 2, 3]).reason  # type: ignore[union-attr]
    assert isinstance(from_differences([1, 2, math.nan], [1, 2, 3]), Refusal)
    assert isinstance(from_differences([1e308, -1e308, 0.0], [1e308, 0, -1e308]), Refusal)


def test_the_zone_is_the_margin_or_the_floor_and_symmetric_for_ratios() -> None:
    found = ratio(from_runs([10, 10.1, 9.9], [10, 10.1, 9.9]))
    assert zone_of(found, Criteria(5), 10.0) == pytest.approx(Zone(math.log(1.05), math.log(1.05)))
    assert zone_of(found, Criteria(5, 2.0), 10.0) == pytest.approx(Zone(-math.log(0.8), math.log(1.2)))
    assert zone_of(found, Criteria(5, 20.0), 10.0).down == math.inf, "nothing is 20 ms less than 10 ms"
    zero = known(from_differences([0, 0, 0.1], [0, 0, 0.1]))
    assert zone_of(zero, Criteria(5, 2.0), 0.0) == Zone(2.0, 2.0)
    assert zone_of(zero, Criteria(5, 2.0), 100.0) == Zone(5.0, 5.0)


@pytest.mark.parametrize(
    ("factor", "lower", "higher"),
    [
        (1.2, "regression", "improvement"),
        (1.0, "equivalent", "equivalent"),
        (1 / 1.2, "improvement", "regression"),
        (1.05, "inconclusive", "no worse"),
    ],
)
def test_the_words_of_a_row(factor: float, lower: str, higher: str) -> None:
    base = [100.0, 100.2, 99.8, 100.1, 99.9]
    found = ratio(from_runs(base, [factor * value for value in base]))
    for direction, word in (("lower", lower), ("higher", higher)):
        decision = decide(direction, 100.0, 100.0 * factor, found, Criteria(5))
        assert decision.verdict == word
        assert bool(decision.leaning) == (word == "inconclusive")


def test_what_is_shown_of_one_direction_is_the_mirror_of_the_other() -> None:
    found = ratio(from_runs([100, 102, 99, 101], [103, 106, 104, 105]))
    zone = Zone(0.03, 0.03)
    worse, better, no_worse, no_better = shown(found, zone, "lower")
    assert shown(found, zone, "higher") == (better, worse, no_better, no_worse)


# --- many rows -----------------------------------------------------------------------------------------------


def closed(p_values: list[float]) -> list[float]:
    """Hommel's correction by its definition: every set of hypotheses, each tested by Simes's test."""
    places = range(len(p_values))
    found = [0.0] * len(p_values)
    for size in range(1, len(p_values) + 1):
        for chosen in combinations(places, size):
            ordered = sorted(p_values[place] for place in chosen)
            simes = min(size * value / rank for rank, value in enumerate(ordered, 1))
            for place in chosen:
                found[place] = max(found[place], min(1.0, simes))
    return found


@given(SHARES)
def test_hommel_is_the_closed_test_of_all_sets(p_values: list[float]) -> None:
    found = hommel(p_values)
    assert found == pytest.approx(closed(p_values))
    assert all(mine <= theirs + 1e-12 for mine, theirs in zip(found, holm(p_values), strict=True))
    assert hommel([]) == []


@given(SHARES)
def test_the_false_discovery_rate_is_scipys(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(list(stats.false_discovery_control(p_values)))


# --- shares of requests --------------------------------------------------------------------------------------


def test_shares_of_independent_requests_have_a_binomial_variance() -> None:
    base, candidate = [Counted(10, 1000)] * 3, [Counted(30, 1000), Counted(28, 1000), Counted(33, 1000)]
    found = known(from_shares(base, candidate, scale=100))
    added = [(31 / 3002), (92 / 3002)]
    expected = 100 * math.sqrt(sum(share * (1 - share) / 3002 for share in added))
    assert found.se == pytest.approx(expected)
    assert found.difference == pytest.approx(100 * (91 - 30) / 3000)
    assert found.confirm is not None
    assert found.low == min(found.low, found.confirm.low)


def test_runs_whose_shares_differ_widen_them() -> None:
    even = known(from_shares([Counted(20, 1000)] * 5, [Counted(20, 1000)] * 5))
    wild = known(from_shares([Counted(20, 1000)] * 5, [Counted(k, 1000) for k in (0, 0, 100, 0, 0)]))
    assert wild.se > 3 * even.se
    assert p_above(wild, 0.0) > 0.05


def test_none_of_none_is_no_certainty() -> None:
    few = known(from_shares([Counted(0, 10)] * 3, [Counted(0, 10)] * 3))
    assert few.se > 0.03
    assert p_below(few, 0.01) > 0.05


# --- how many runs -------------------------------------------------------------------------------------------


def test_the_planned_runs_have_the_power() -> None:
    """Against the noncentral t distribution."""
    for sd, distance, alpha in ((0.02, 0.045, 0.05), (0.03, 0.045, 0.007), (0.05, 0.1, 0.05)):
        runs = runs_for(sd, distance, alpha)
        assert runs is not None

        def power(n: int, sd: float = sd, distance: float = distance, alpha: float = alpha) -> float:
            df = 2 * n - 2
            beyond = distance / (sd * math.sqrt(2 / n))
            return float(stats.nct.sf(stats.t.ppf(1 - alpha, df), df, beyond))

        assert power(runs) >= 0.78
        assert runs == 3 or power(runs - 2) < 0.8
    assert runs_for(0.5, 0.01, 0.05) is None
    assert runs_for(0.01, 0.0, 0.05) is None


# --- order and outliers --------------------------------------------------------------------------------------


def test_a_slope_within_the_sides_is_that_of_a_linear_model() -> None:
    random = Random(3)
    base = [(float(place), 0.01 * place + random.gauss(0, 0.01)) for place in range(1, 7)]
    candidate = [(float(place), 0.3 + 0.01 * place + random.gauss(0, 0.01)) for place in range(7, 13)]
    found = drift(base, candidate)
    assert found is not None
    import numpy

    rows = numpy.array([[1.0, 0.0, place] for place, _ in base] + [[1.0, 1.0, place] for place, _ in candidate])
    values = numpy.array([value for _, value in base + candidate])
    solved, rest, *_ = numpy.linalg.lstsq(rows, values, rcond=None)
    covariance = float(rest[0]) / 9 * numpy.linalg.inv(rows.T @ rows)
    assert (found.difference, found.slope) == pytest.approx((solved[1], solved[2]))
    assert (found.se, found.df) == pytest.approx((math.sqrt(covariance[1, 1]), 9))
    t = solved[2] / math.sqrt(covariance[2, 2])
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), 9))
    assert drift(base[:3], candidate) is None


def test_a_run_apart_is_named_and_noise_is_not() -> None:
    assert run_apart([1.0, 1.01, 0.99, 1.0, 1.5]) == 4
    assert run_apart([1.0, 1.01, 1.5]) is None, "which of three it is, three do not tell"
    random = Random(11)
    wrong = sum(run_apart([random.gauss(0, 1) for _ in range(5)]) is not None for _ in range(1000))
    assert wrong <= 10
    assert two_clusters([1.0, 1.01, 1.5, 1.51, 1.02]) == ([1.0, 1.01, 1.02], [1.5, 1.51])
    assert two_clusters([1.0, 1.01, 1.5, 1.51]) is None
    wrong = sum(two_clusters([random.gauss(0, 1) for _ in range(6)]) is not None for _ in range(1000))
    assert wrong <= 30


# --- the noise of earlier runs -------------------------------------------------------------------------------


def test_runs_that_differ_more_than_a_profile_says_contradict_it() -> None:
    a, b = [100.0, 110.0, 91.0], [100.0, 112.0]
    squares = sum((len(side) - 1) * statistics.variance(map(math.log, side)) for side in (a, b))
    for sd in (0.01, 0.03, 0.1):
        assert more_than(a, b, sd, 4) is bool(stats.f.sf(squares / 3 / sd**2, 3, 4) < 0.01)
    assert not more_than([100.0], [200.0], 0.001, 4), "one run a side has no spread"
    assert is_apart([130.0], math.log(100), 0.02, 4)
    assert not is_apart([103.0], math.log(100), 0.02, 4)


# --- means of requests ---------------------------------------------------------------------------------------


def correlated(random: Random, count: int, memory: float) -> list[float]:
    state, found = random.gauss(0, 1), []
    for _ in range(count):
        found.append(100 + 10 * state)
        state = memory * state + math.sqrt(1 - memory**2) * random.gauss(0, 1)
    return found


def test_a_long_run_variance_counts_what_requests_remember() -> None:
    random = Random(2)
    alone, bound = correlated(random, 20_000, 0.0), correlated(random, 20_000, 0.8)
    assert long_run(alone).variance == pytest.approx(100, rel=0.15)
    assert long_run(bound).variance == pytest.approx(900, rel=0.3), "(1 + 0.8) / (1 - 0.8) times as much"
    assert long_run([5.0] * 50).variance == 0


def test_means_of_correlated_requests_hold_the_truth() -> None:
    random = Random(4)
    held = 0
    for _ in range(150):
        found = from_records(correlated(random, 600, 0.8), correlated(random, 600, 0.8))
        assert isinstance(found, Estimate)
        assert (found.kind, found.p_value) == ("within run", None)
        held += found.low <= 1 <= found.high
    assert 0.9 <= held / 150 <= 1
    assert isinstance(from_records([1.0] * 30, [1.0] * 100), Refusal)
    assert isinstance(from_records([0.0] * 50, [1.0] * 50), Refusal)


def test_the_variance_of_one_request_gives_that_of_a_percentile() -> None:
    random = Random(6)
    percentiles = []
    for _ in range(300):
        ordered = sorted(random.lognormvariate(0, 0.3) for _ in range(200))
        percentiles.append(math.log(ordered[round(0.9 * 199)]))
    alone = [request_variance([random.lognormvariate(0, 0.3) for _ in range(2000)], 90) or 0.0 for _ in range(5)]
    assert math.sqrt(statistics.fmean(alone) / 200) == pytest.approx(statistics.stdev(percentiles), rel=0.2)
    assert request_variance([1.0] * 30, 90) is None, "too few requests"
