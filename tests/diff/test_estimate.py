"""Intervals and verdicts against tables, against brute force, and against simulated truth."""

from __future__ import annotations

import json
import math
import os
import re
import statistics
from bisect import bisect
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import calibration
from benchmarks.failures import failed, failings
from benchmarks.more_runs import Setting, followed
from benchmarks.simulate import REQUESTS, Noise, correlated, sides, still_runs
from benchmarks.single_runs import Single, covered
from migrator.diff.records import read_values
from migrator.diff.statistics import bootstrap
from migrator.diff.statistics.autocorrelation import autocorrelation
from migrator.diff.statistics.bootstrap import at_rank, bootstrap_percentile
from migrator.diff.statistics.interval import (
    Estimate,
    Refusal,
    Summary,
    equivalent,
    from_noise,
    from_runs,
    from_summary,
    p_not_equivalent,
)
from migrator.diff.statistics.percentile import POSITIONS, minimum_requests, percentile_from_summary
from migrator.diff.statistics.student import incomplete_beta, normal_cdf, normal_quantile, t_quantile, t_two_sided
from migrator.errors import MigratorError, NotAnExportError, NotJsonError, UnreadableError

ROOT = Path(__file__).parents[2]
VALUES = st.floats(0.01, 1e6)


def known(found: Estimate | Refusal) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def refused(found: Estimate | Refusal) -> Refusal:
    assert isinstance(found, Refusal), found
    return found


# --- distributions: the numbers are SciPy's ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("df", "quantiles"),
    [
        (1, (3.0776835371752544, 12.706204736174694, 89.15869457809578)),
        (2.3, (1.7819239901184767, 3.807163208232131, 9.29842446909008)),
        (4, (1.533206274058944, 2.7764451051977934, 5.0680817980475945)),
        (7.7, (1.4017109346113592, 2.3217367528308643, 3.629347991372717)),
        (18, (1.3303909435699093, 2.1009220402410382, 3.0338149434835104)),
        (58, (1.2963188904044196, 2.0017174841452356, 2.7890162942628467)),
        (999, (1.2823995700373971, 1.9623414611334493, 2.695799440367801)),
        (250000, (1.2815549518928033, 1.9599734736701353, 2.6902651927909758)),
    ],
)
def test_quantiles_of_students_t(df: float, quantiles: tuple[float, ...]) -> None:
    for p, expected in zip((0.9, 0.975, 0.99643), quantiles, strict=True):
        assert t_quantile(p, df) == pytest.approx(expected, rel=1e-9)
        assert t_quantile(1 - p, df) == pytest.approx(-expected, rel=1e-9)
    assert t_quantile(0.5, df) == 0


@pytest.mark.parametrize(
    ("t", "df", "expected"),
    [
        (0.5, 1, 0.7048327646991335),
        (2.776, 4, 0.05002277831997642),
        (5.8, 2.3, 0.0204087878204748),
        (3, 17.2, 0.007976753039736073),
        (1.5, 300.5, 0.13466428451391035),
        (12, 8, 2.143866747688769e-06),
        (0, 3, 1.0),
        (math.inf, 3, 0.0),
    ],
)
def test_p_values_of_students_t(t: float, df: float, expected: float) -> None:
    assert t_two_sided(t, df) == pytest.approx(expected, rel=1e-9)
    assert t_two_sided(-t, df) == t_two_sided(t, df)


def test_the_normal_distribution_and_the_beta_function() -> None:
    for p, z in ((1e-9, -5.9978070150076865), (0.025, -1.9599639845400545), (0.3, -0.5244005127080409), (0.5, 0)):
        assert normal_quantile(p) == pytest.approx(z, rel=1e-11)
        assert normal_cdf(z) == pytest.approx(p, rel=1e-11)
        assert normal_quantile(1 - p) == pytest.approx(-z, rel=1e-7)
    for a, b, x, expected in ((0.5, 0.5, 0.3, 0.36901011956554536), (1000, 2, 0.999, 0.7353908495416881)):
        assert incomplete_beta(a, b, x) == pytest.approx(expected, rel=1e-10)
        assert incomplete_beta(b, a, 1 - x) == pytest.approx(1 - expected, rel=1e-9)
    assert (incomplete_beta(2, 3, 0), incomplete_beta(2, 3, 1)) == (0, 1)
    assert t_two_sided(1.7, 1e12) == pytest.approx(2 * normal_cdf(-1.7), rel=1e-12)


@given(st.floats(1e-8, 0.4999), st.floats(0.5, 1e6))
def test_quantile_and_p_value_are_inverse(tail: float, df: float) -> None:
    assert t_two_sided(t_quantile(1 - tail, df), df) / 2 == pytest.approx(tail, rel=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: t_quantile(0, 3),
        lambda: t_quantile(0.5, 0),
        lambda: t_quantile(math.nan, 3),
        lambda: t_two_sided(1, -1),
        lambda: t_two_sided(math.nan, 3),
        lambda: normal_quantile(1),
        lambda: minimum_requests(100),
    ],
)
def test_what_has_no_answer_is_an_error(wrong: Callable[[], float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        wrong()


# --- groups of runs ------------------------------------------------------------------------------------------

LAB_BASE = (287.93, 282.22, 282.13)
LAB_SLOW = (337.21, 345.57, 339.39)


def test_welch_on_the_logarithms_agrees_with_scipy() -> None:
    found = known(from_runs(LAB_BASE, LAB_SLOW))
    assert (found.ratio, found.low, found.high) == pytest.approx((1.1993258159, 1.1665527510, 1.2330196055))
    assert (found.p_value, found.df) == pytest.approx((5.5693424299e-05, (3.9713187579 + 2) / 2))
    assert found.interval_percent == pytest.approx((16.65527510, 23.30196055))
    assert (found.kind, found.n_base, found.n_candidate) == ("between runs", 3, 3)
    ninety = known(from_runs(LAB_BASE, LAB_SLOW, level=0.9))
    assert (ninety.low, ninety.high) == pytest.approx((1.174100162198, 1.225093445263))
    unlike = known(from_runs([10, 10.4, 9.7, 10.1], [10.2, 10.3, 10.0, 10.5, 9.9, 10.1]))
    assert (unlike.p_value, unlike.df) == pytest.approx((0.5168133273745, 3.0)), "of the smaller side alone"
    five = [9.9, 10.3, 10.1, 10.6, 10.0]
    assert known(from_runs([10, 10.4, 9.7, 10.1, 10.2], five)).df == pytest.approx(7.981482281145683)


@given(st.lists(VALUES, min_size=3, max_size=8), st.lists(VALUES, min_size=3, max_size=8), st.floats(1e-3, 1e3))
def test_swapping_the_sides_inverts_and_a_unit_changes_nothing(a: list[float], b: list[float], unit: float) -> None:
    one, other = known(from_runs(a, b)), known(from_runs(b, a))
    assert (other.ratio, other.low, other.high) == pytest.approx((1 / one.ratio, 1 / one.high, 1 / one.low), rel=1e-6)
    assert other.p_value == pytest.approx(one.p_value, rel=1e-6, abs=1e-12)
    scaled = known(from_runs([unit * x for x in a], [unit * x for x in b]))
    assert scaled.ratio == pytest.approx(one.ratio, rel=1e-9)
    assert one.low <= one.ratio <= one.high
    # The interval leaves out "no change" exactly where the p-value is below its error.
    if one.se > 0 and abs((one.p_value or 0) - 0.05) > 1e-6:
        assert (not one.low <= 1 <= one.high) == ((one.p_value or 0) < 0.05)


def test_three_positive_runs_a_side_or_the_reason_why_not() -> None:
    assert refused(from_runs([1, 2], [1, 2, 3])) == ("2 runs on a side, at least 3 needed", "1 more run a side")
    assert refused(from_runs([], [1, 2, 3])).needs == "3 more runs a side"
    for odd in (0.0, -1.0, math.nan, math.inf):
        assert "not positive" in refused(from_runs([1, 2, odd], [1, 2, 3])).reason
        assert refused(from_runs([1, 2, odd], [1, 2, 3])).needs == "", "more runs would not help"


def test_runs_that_do_not_differ_are_no_certainty() -> None:
    same = known(from_runs([64.0] * 3, [64.0] * 3))
    assert (same.ratio, same.low, same.high, same.p_value) == (1, 1, 1, 1)
    assert equivalent(same, 5), "three and three in any order: one in twenty on each side"
    three = known(from_runs([10.0] * 3, [12.0] * 3))
    assert three.p_value == pytest.approx(2 / 20)
    four = known(from_runs([10.0] * 4, [12.0] * 4))
    assert four.p_value == pytest.approx(2 / 70)
    assert not equivalent(four, 5)
    rounded = known(from_runs([0.3, 0.1 + 0.2, 0.3], [0.3, 0.3, 0.3]))
    assert (rounded.ratio, rounded.p_value) == (1, 1), "a spread of rounding errors is none"
    one_sided = known(from_runs([10.0] * 3, [10.1, 10.2, 10.3]))
    assert one_sided.df == pytest.approx(2)


def test_the_zone_of_equivalence_is_symmetric_for_ratios() -> None:
    steady = known(from_runs([100, 100.1, 99.9, 100, 100.05], [101, 101.1, 100.9, 101, 101.05]))
    assert equivalent(steady, 5)
    assert not equivalent(steady, 1), "the change is as large as the margin"
    assert not equivalent(steady, 0)
    for factor, expected in ((1.049, True), (1.051, False), (1 / 1.049, True), (1 / 1.051, False), (0.951, False)):
        sharp = known(from_runs([99.99, 100, 100.01], [99.99 * factor, 100 * factor, 100.01 * factor]))
        assert equivalent(sharp, 5) is expected, factor


def test_equivalence_is_the_ninety_percent_interval_inside_the_zone() -> None:
    random = Random(5)
    seen = set()
    for _ in range(200):
        a, b = ([random.lognormvariate(0, 0.03) for _ in range(5)] for _ in range(2))
        found = known(from_runs(a, b, level=0.9))
        inside = found.low > 1 / 1.05 and found.high < 1.05
        assert equivalent(found, 5) is inside
        seen.add(inside)
        assert p_not_equivalent(found, 50) < p_not_equivalent(found, 5)
    assert seen == {True, False}


def test_a_noise_profile_predicts_how_far_runs_may_lie_apart() -> None:
    one = known(from_noise([100.0], [110.0], (0.02, 0.02), 4))
    half = 2.7764451051977934 * 0.02 * math.sqrt(2)
    assert (one.low, one.high) == pytest.approx((1.1 * math.exp(-half), 1.1 * math.exp(half)))
    assert one.p_value == pytest.approx(t_two_sided(math.log(1.1) / (0.02 * math.sqrt(2)), 4))
    two = known(from_noise([100.0, 100.0], [110.0, 110.0], (0.02, 0.02), 4))
    assert two.se == pytest.approx(0.02)
    assert "noise profile" in refused(from_noise([1.0], [1.0], (math.nan, 0.1), 4)).reason
    assert refused(from_noise([1.0], [1.0], (0.1, 0.1), 0)).needs
    assert refused(from_noise([], [1.0], (0.1, 0.1), 3)).needs == "1 more run a side"
    silent = known(from_noise([10.0], [12.0], (0.0, 0.0), 2))
    assert silent.p_value == pytest.approx(2 / 4), "one new run among four can come last by chance"
    assert not equivalent(known(from_noise([10.0], [10.0], (0.0, 0.0), 2)), 5)


# --- single runs ---------------------------------------------------------------------------------------------


def test_a_summary_is_welch_with_the_spread_put_right() -> None:
    random = Random(3)
    a, b = ([random.gauss(mean, 3) for _ in range(12)] for mean in (20, 22))
    found = known(
        from_summary(
            Summary(statistics.fmean(a), statistics.pstdev(a), 12),
            Summary(statistics.fmean(b), statistics.pstdev(b), 12),
        )
    )
    relative = [statistics.variance(side) / 12 / statistics.fmean(side) ** 2 for side in (a, b)]
    assert found.se == pytest.approx(math.sqrt(sum(relative)))
    assert found.df == pytest.approx(sum(relative) ** 2 / sum(part**2 / 11 for part in relative))
    assert found.p_value is None, "nothing of the next run is known"
    assert found.kind == "within run, approximate"
    assert not equivalent(known(from_summary(Summary(10, 0.001, 10**6), Summary(10, 0.001, 10**6))), 5)


def test_a_summary_without_a_ratio_or_a_spread_is_refused() -> None:
    for numbers in ((0, 1, 9, 5, 1, 9), (5, 1, 9, -5, 1, 9), (5, math.nan, 9, 5, 1, 9), (5, -1, 9, 5, 1, 9)):
        assert "ratio" in refused(from_summary(Summary(*numbers[:3]), Summary(*numbers[3:]))).reason
    assert refused(from_summary(Summary(5, 0, 1), Summary(5, 0, 100))).needs == "more requests"
    steady = known(from_summary(Summary(64, 0, 40), Summary(64, 0, 40)))
    assert (steady.low, steady.high) == (1, 1)


def test_the_fewest_requests_come_from_the_binomial_distribution() -> None:
    for p, expected in ((50, 6), (75, 13), (90, 36), (95, 72), (99, 368), (99.9, 3688), (1, 368), (10, 36)):
        share = Fraction(str(p)) / 100

        def bounded(n: int, share: Fraction = share) -> bool:
            """Whether the smallest and the largest of n each miss the percentile in at most 1 of 40 runs."""
            return max(share**n, (1 - share) ** n) <= Fraction(1, 40)

        assert minimum_requests(p) == expected
        assert bounded(expected)
        assert not bounded(expected - 1)
    assert minimum_requests(99, level=0.9) == 299


def points(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {name: at_rank(ordered, place / 100 * (len(values) - 1)) for name, place in POSITIONS.items()}


def lognormal(seed: int, count: int, sigma: float = 0.3) -> list[float]:
    random = Random(seed)
    return [math.exp(sigma * random.gauss(0, 1)) for _ in range(count)]


def test_a_percentile_from_a_summary_lies_between_the_ranks_that_may_hold_it() -> None:
    def place(share: float, n: int = 1000) -> float:
        return 0.3 * normal_quantile(((n - 1) * share + 0.5) / n)

    # The points of an ideal lognormal run; of 1000 requests, 880 to 917 may lie below the true p90 (Wilson).
    ideal = {name: math.exp(place(percent / 100)) for name, percent in POSITIONS.items()}
    one = known(percentile_from_summary(ideal, 1000, ideal, 1000, 90))
    half = math.hypot(place(0.91713) - place(0.9), place(0.9) - place(0.87985))
    assert one.ratio == 1
    assert (math.log(one.low), math.log(one.high)) == pytest.approx((-half, half), rel=3e-3)
    assert one.p_value is None
    assert known(percentile_from_summary(ideal, 10**6, ideal, 10**6, 90)).se < one.se / 10
    few = {name: math.exp(place(percent / 100, 400)) for name, percent in POSITIONS.items()}
    tail = known(percentile_from_summary(few, 400, few, 400, 99))
    half = math.hypot(place(0.99610, 400) - place(0.99, 400), place(0.99, 400) - place(0.97457, 400))
    assert math.log(tail.high) == pytest.approx(half, rel=3e-3)
    slower = {name: 1.2 * value for name, value in ideal.items()}
    two = known(percentile_from_summary(ideal, 1000, slower, 1000, 90))
    assert (two.ratio, two.low, two.high) == pytest.approx((1.2, 1.2 * one.low, 1.2 * one.high))


def test_a_percentile_needs_enough_requests_points_and_order() -> None:
    good = points(lognormal(1, 400))
    assert refused(percentile_from_summary(good, 367, good, 400, 99)) == (
        "p99 of 367 requests has no interval",
        "368 requests a side",
    )
    assert "order" in refused(percentile_from_summary(good, 400, good | {"p90": 99.0}, 400, 95)).reason
    assert "ratio" in refused(percentile_from_summary(good | {"min": 0.0}, 400, good, 400, 95)).reason
    assert "no p95" in refused(percentile_from_summary({"p50": 1.0, "p99": 2.0}, 400, good, 400, 95)).reason
    bare = {name: good[name] for name in ("p90", "p95", "p99")}
    assert "too few points" in refused(percentile_from_summary(bare, 400, good, 400, 99)).reason
    assert known(percentile_from_summary(bare, 4000, good, 4000, 95)).low < 1
    for p in (0, 100):
        assert "minimum or a maximum" in refused(percentile_from_summary(good, 400, good, 400, p)).reason
    flat = dict.fromkeys(POSITIONS, 64.0)
    assert known(percentile_from_summary(flat, 400, flat, 400, 99)).interval_percent == (0, 0)


def two_humps(seed: int, share: float, count: int = 1000) -> list[float]:
    random = Random(seed)
    return [random.lognormvariate(0, 0.1) * (1 if random.random() < share else 5) for _ in range(count)]


def test_a_gap_in_the_distribution_is_seen_and_only_there() -> None:
    for seed in range(20):
        hits = points(two_humps(seed, 0.9))
        assert "gap" in refused(percentile_from_summary(hits, 1000, hits, 1000, 90)).reason
        assert known(percentile_from_summary(hits, 1000, hits, 1000, 50))
        assert known(percentile_from_summary(hits, 1000, hits, 1000, 99))
        plain = points(lognormal(seed, 1000, 0.8))
        for p in (50, 90, 95, 99):
            assert known(percentile_from_summary(plain, 1000, plain, 1000, p))


# --- bootstrap -----------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_interval() -> None:
    a, b = lognormal(1, 300), lognormal(2, 300)
    first = bootstrap_percentile(a, b, 90, seed=7, replicates=200)
    assert first == bootstrap_percentile(a, b, 90, seed=7, replicates=200)
    other = known(bootstrap_percentile(a, b, 90, seed=8, replicates=200))
    assert (other.low, other.high) != (known(first).low, known(first).high)
    assert other.ratio == known(first).ratio
    assert (other.kind, other.p_value) == ("within run", None)


def test_a_drawn_percentile_is_that_of_the_blocks_laid_end_to_end() -> None:
    random = Random(11)
    values = [random.uniform(1, 2) for _ in range(60)]
    run = bootstrap._look(values, 50, 0.95)
    assert not isinstance(run, Refusal)
    ordered = sorted(values)
    for _ in range(50):
        chosen = [random.randrange(60) for _ in range(run.blocks)]
        laid = sorted(values[(start + step) % 60] for start in chosen for step in range(run.block))
        exact = at_rank(laid, 0.5 * (len(laid) - 1))
        # It is read off between marks that are two ranks apart.
        assert abs(bisect(ordered, run.percentile(chosen)) - bisect(ordered, exact)) <= 2
    assert math.exp(statistics.fmean(run.draw(300, random.random, 0.95))) == pytest.approx(run.value, rel=0.03)


def test_requests_that_remember_each_other_count_for_fewer() -> None:
    random = Random(4)
    alone, bound = (correlated(random, 4000, strength, 0.3) for strength in (0.0, 0.8))
    shuffled = random.sample(bound, len(bound))
    wide = known(bootstrap_percentile(bound, bound, 50, replicates=300))
    narrow = known(bootstrap_percentile(shuffled, shuffled, 50, replicates=300))
    assert 1.8 < wide.se / narrow.se < 3.2, "in truth √6.4"
    found = [autocorrelation(values, statistics.median(values), statistics.median(values)) for values in (alone, bound)]
    assert found[0].inflation < 1.5
    assert 100 < found[0].df < 4000 / 16, "the noise of some lags is always taken in"
    assert 4.5 < found[1].inflation < 9
    assert found[1].block > 10
    reason = refused(bootstrap_percentile(bound[:1500], alone, 99)).reason
    assert re.fullmatch(r"p99 of 1500 requests that count as \d+ independent ones has no interval", reason)


def test_drawn_runs_spread_as_far_as_the_memory_asks_for() -> None:
    run = bootstrap._look(lognormal(5, 500), 90, 0.95)
    assert not isinstance(run, Refusal)

    def spread(**changes: float) -> float:
        changed = run._replace(autocorrelation=run.autocorrelation._replace(**changes))
        return statistics.stdev(changed.draw(200, Random(1).random, 0.95))

    plain = spread(df=1e9)
    assert spread(df=1e9, variance=4 * run.autocorrelation.variance) == pytest.approx(2 * plain)
    assert spread(df=4.0) == pytest.approx(plain * 2.7764451051977934 / 1.9599639845400545)
    sd = math.sqrt(run.autocorrelation.variance / 500)
    low, high = (at_rank(run.ordered, run.rank + step * sd * 500) for step in (-1, 1))
    assert plain == pytest.approx(math.log(high / low) / 2, rel=0.25)


def test_autocovariances_are_counts_of_common_bits() -> None:
    from migrator.diff.statistics.autocorrelation import _Flags

    random = Random(6)
    values = [random.random() for _ in range(50)]
    flags = [float(value <= 0.4) for value in values]
    mean = statistics.fmean(flags)
    for lag in (0, 1, 7, 30):
        direct = sum((x - mean) * (y - mean) for x, y in zip(flags, flags[lag:], strict=False)) / 50
        assert _Flags(values, 0.4).covariance(lag) == pytest.approx(direct, abs=1e-12)


def test_a_bootstrap_without_a_ratio_or_with_too_few_is_refused() -> None:
    good = lognormal(1, 100)
    assert refused(bootstrap_percentile(good[:35], good, 90)).needs == "36 requests a side"
    assert refused(bootstrap_percentile(good, good[:35], 90)).needs == "36 requests a side"
    assert "ratio" in refused(bootstrap_percentile(good, [0.0, *good], 90)).reason
    assert "maximum" in refused(bootstrap_percentile(good, good, 100)).reason
    same = known(bootstrap_percentile([5.0] * 40, [5.0] * 40, 50, replicates=50))
    assert (same.low, same.high, same.se) == (1, 1, 0)
    ties = known(bootstrap_percentile([20.0, 21.0] * 100, [20.0, 21.0, 21.0] * 70, 50, replicates=100))
    assert ties.low <= ties.ratio <= ties.high


def test_a_hundred_thousand_requests_a_side_are_no_matter() -> None:
    a, b = lognormal(1, 100_000), [1.02 * value for value in lognormal(2, 100_000)]
    found = known(bootstrap_percentile(a, b, 95, replicates=100))
    assert found.low < 1.02 < found.high
    assert found.high / found.low < 1.03


# --- calibration ---------------------------------------------------------------------------------------------


def test_the_rule_is_calibrated_on_a_few_simulated_runs() -> None:
    still = still_runs(1, 150)
    cells = calibration.cells()

    def asked(name: str, place: int, comparisons: int = 60) -> calibration.Outcome:
        return calibration.outcome(cells[name][place], still, comparisons)

    for place in (4, 40, 58):
        same = asked("same", place)
        assert same.share(same.regression) <= 0.05, same.cell
        assert 0.85 <= statistics.fmean(same.coverage()) <= 1
    assert asked("same", 1).passed >= 50, "5 runs, 1 % noise"
    slower = asked("slower", 1, 40)
    assert slower.regression >= 36
    assert slower.passed == 0
    assert asked("faster", 4, 40).passed >= 36
    assert asked("four", 4).regression <= 3
    profile = asked("profile", 0)
    assert 0.85 <= statistics.fmean(profile.coverage()) <= 1
    assert asked("drift", 3, 40).regression <= 4, "without a look at the drift all of them are"


def test_failing_requests_are_found_in_simulated_runs() -> None:
    settings = failings()
    found = failed(settings[0], 60)
    assert found.regression >= 52
    for one in settings[-2:]:
        assert failed(one, 60).regression <= 3


def test_the_runs_that_an_open_row_asks_for_decide_it() -> None:
    still = still_runs(1, 150)
    found = [followed(Setting(*one), still, 40) for one in ((3, 0.02, 0.0), (3, 0.02, 0.1), (5, 0.02, 0.02))]
    assert all(one.asked for one in found)
    assert sum(one.decided for one in found) >= 0.75 * sum(one.asked for one in found)
    assert sum(one.wrong for one in found) <= 0.05 * sum(one.asked for one in found)
    sure = followed(Setting(5, 0.01, -0.2), still, 5)
    assert (sure.asked, sure.decided) == (0, 0), "a row that is decided asks for none"


@pytest.mark.parametrize(
    ("single", "least", "most"),
    [
        (Single("records", 50, 300, 0.5), 0.87, 1.0),
        (Single("summary", 90, 500, 0.0), 0.87, 1.0),
        # What the page warns of: a summary does not know that its requests are correlated.
        (Single("summary", 0, 500, 0.8), 0.3, 0.75),
    ],
    ids=str,
)
def test_intervals_of_single_runs_are_calibrated(single: Single, least: float, most: float) -> None:
    found = covered(single, 80, 100)
    assert found.given == found.comparisons
    assert least <= found.held / found.given <= most


def test_simulated_runs_are_what_they_say() -> None:
    values = [math.log(value) for value in correlated(Random(2), 20_000, 0.5, 0.3)]
    assert statistics.stdev(values) == pytest.approx(0.3, rel=0.05)
    assert statistics.correlation(values[:-1], values[1:]) == pytest.approx(0.5, abs=0.05)
    assert still_runs(3, 4, 50) == still_runs(3, 4, 50)
    still = still_runs(3, 4, 50)
    base, candidate = sides(Random(1), still, (2, 2), Noise(0, 0), 0.1)
    assert set(base) <= set(still)
    for run in candidate:
        latency, throughput = run[0] - math.log(1.1), run[-1] + math.log(1.1)
        assert (latency, throughput) in [pytest.approx((one[0], one[-1])) for one in still if one not in base]
    (one, *_), (other, *_) = sides(Random(1), still, (1, 1), Noise(0, 0, drift=0.5, in_turn=True), 0)
    steps = [other[0] - run[0] for run in still if run not in (one,)]
    assert any(step == pytest.approx(0.5) for step in steps)


def test_the_figures_of_the_page_keep_the_promises() -> None:
    page = (ROOT / "docs" / "statistics.md").read_text()
    tables = dict(re.findall(r"<!-- figures: (\w+) -->\n\n(.*?)\n\n<!-- end -->", page, re.DOTALL))
    small = calibration.figures(calibration.Effort(120, 4, 4, 20, 100), workers=0)
    made = calibration.tables(small)
    assert tables.keys() == made.keys()
    for name, lines in made.items():
        shown = tables[name].splitlines()
        assert shown[0] == lines[0], f"{name}: run `python -m benchmarks.calibration docs`"
        assert len(shown) == len(lines), f"{name}: run `python -m benchmarks.calibration docs`"
    promises = tables["claims"].splitlines()[2:]
    assert len(promises) == len(list(calibration.claims(small)))
    assert all(line.endswith("| yes |") for line in promises)
    for line in tables["same"].splitlines()[2:]:
        assert all(float(cell.removesuffix(" % ")) <= 5 for cell in line.split("|")[3:-1])
    for p in (50, 75, 90, 95, 99, 99.9):
        assert f"| p{p} | {minimum_requests(p)} |" in page
    assert f"has {calibration.FULL.comparisons:,} comparisons; of single runs, {calibration.FULL.singles:,}." in page
    assert f"A simulated run has {REQUESTS:,} requests" in page


def test_the_page_is_made_anew_without_touching_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = calibration.figures(calibration.Effort(120, 4, 4, 20, 100), workers=0)
    before = calibration.PAGE.read_text()
    (name, after), *rest = calibration.pages(small).items()
    assert (name, rest) == ("statistics.md", [])
    block = re.compile(r"(<!-- figures: \w+ -->).*?(<!-- end -->)", re.DOTALL)
    assert block.sub(r"\1\2", after) == block.sub(r"\1\2", before)
    assert after != before
    short = tmp_path / "statistics.md"
    short.write_text("# no place")
    monkeypatch.setattr(calibration, "PAGE", short)
    with pytest.raises(RuntimeError, match="no place"):
        calibration.pages(small)


def test_the_benchmark_prints_a_line_for_each_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    small = calibration.figures(calibration.Effort(120, 4, 4, 20, 100), workers=0)
    monkeypatch.setattr(calibration, "_full", lambda: small)
    lines = list(calibration.run())
    assert len(lines) == len(list(calibration.claims(small)))
    assert all(re.search(r"aim .* (reached|missed)$", line) for line in lines)


# --- records -------------------------------------------------------------------------------------------------


def record(value: Any, start: int = 0, phase: str | None = "profiling", unit: str = "ms") -> str:
    metadata: dict[str, Any] = {"request_start_ns": start}
    if phase is not None:
        metadata["benchmark_phase"] = phase
    return json.dumps({"metadata": metadata, "metrics": {"latency": {"value": value, "unit": unit}}, "error": None})


def written(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "profile_export.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def test_records_of_the_profiling_phase_in_the_order_they_were_sent(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        record(9.0, 1795486928055577487, "warmup"),
        record(3.0, 1795486928055577499),
        record([1.0, 1.5], 1795486928055577488),
        "",
        record(2, 1795486928055577490),
        json.dumps({"metadata": {"benchmark_phase": "profiling"}, "metrics": {"error_isl": {"value": 4}}}),
        record(None, 1795486928055577500),
    )
    assert read_values(path, frozenset({"latency", "absent"})) == {"latency": [1.0, 1.5, 2.0, 3.0]}
    assert read_values(path, frozenset()) == {}


def test_records_without_a_phase_all_count(tmp_path: Path) -> None:
    path = written(tmp_path, record(2.0, phase=None), record(1.0, phase=None), '{"metrics": {"latency": {"value": 5}}}')
    with pytest.raises(NotAnExportError, match='is in ""'):
        read_values(path, ["latency"])
    path = written(tmp_path, record(2.0, phase=None), record(1.0, phase=None))
    assert read_values(path, ["latency"]) == {"latency": [2.0, 1.0]}, "sent at the same time: as they stand"


def test_records_are_brought_to_one_unit(tmp_path: Path) -> None:
    path = written(tmp_path, record(1500.0, 1), record(2.0, 2, unit="sec"))
    assert read_values(path, ["latency"]) == {"latency": [1500.0, 2000.0]}
    assert read_values(path, {"latency": "sec"}) == {"latency": [1.5, 2.0]}
    with pytest.raises(NotAnExportError, match="line 1, latency"):
        read_values(path, {"latency": "tokens"})


@pytest.mark.parametrize(
    ("line", "error", "place"),
    [
        ('{"metadata": {}, "metr', NotJsonError, "line 2"),
        ("[]", NotAnExportError, "line 2"),
        ('{"metadata": {}}', NotAnExportError, "line 2"),
        (record("fast"), NotAnExportError, "line 2, latency"),
        (record(True), NotAnExportError, "line 2, latency"),
        (record([1.0, {}]), NotAnExportError, "line 2, latency"),
        ('{"metrics": {"latency": 5}}', NotAnExportError, "line 2, latency"),
        ('{"metrics": {"latency": {"value": NaN}}}', NotJsonError, "line 2"),
    ],
)
def test_a_broken_record_is_named_by_file_and_line(
    line: str, error: type[MigratorError], place: str, tmp_path: Path
) -> None:
    path = written(tmp_path, record(1.0), line)
    with pytest.raises(error) as caught:
        read_values(path, ["latency"])
    assert (caught.value.file, caught.value.place) == (path, place)


def test_files_that_are_none_and_lines_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="does not exist"):
        read_values(str(tmp_path / "missing.jsonl"), ["latency"])
    with pytest.raises(UnreadableError, match="is not a regular file"):
        read_values(str(tmp_path), ["latency"])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableError, match="is not a regular file"):
        read_values(str(tmp_path / "pipe"), ["latency"])
    endless = tmp_path / "endless.jsonl"
    with endless.open("wb") as file:
        file.truncate(2**26 + 10)
    with pytest.raises(UnreadableError, match="more than 64 MB"):
        read_values(str(endless), ["latency"])
    cut = tmp_path / "cut.jsonl"
    cut.write_text(record(1.0)[:-9])
    with pytest.raises(NotJsonError, match="cut off"):
        read_values(str(cut), ["latency"])
