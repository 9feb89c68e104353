"""Change points: the statistic of the paper, few false alarms, and a step that is found soon."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.diff.statistics.change_points import LEVEL, SHORTEST, change_points, divergences

Noise = Callable[[random.Random], float]
NOISES: dict[str, Noise] = {
    "normal": lambda chance: chance.gauss(0, 1),
    "lognormal": lambda chance: chance.lognormvariate(0, 0.3),
    "heavy tails": lambda chance: chance.gauss(0, 1) / chance.gammavariate(1.5, 1 / 1.5) ** 0.5,
    "two clusters": lambda chance: chance.gauss(3.0 * (chance.random() < 0.2), 1),
}


def series(
    seed: int, size: int, noise: Noise = NOISES["normal"], *, steps: dict[int, float] | None = None
) -> list[float]:
    """Values of one level, or with steps: place → what is added from there on."""
    chance = random.Random(seed)
    return [noise(chance) + sum(step for at, step in (steps or {}).items() if index >= at) for index in range(size)]


def as_in_the_paper(values: list[float], split: int) -> float:
    one, other = values[:split], values[split:]

    def mean(pairs: list[float]) -> float:
        return sum(pairs) / len(pairs) if pairs else 0.0

    between = mean([abs(x - y) for x in one for y in other])
    inside = [mean([abs(x - y) for i, x in enumerate(part) for y in part[:i]]) for part in (one, other)]
    return (2 * between - sum(inside)) * len(one) * len(other) / len(values)


@given(st.lists(st.integers(-50, 50).map(float) | st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_the_statistic_is_that_of_the_paper(values: list[float]) -> None:
    expected = [as_in_the_paper(values, split) for split in range(1, len(values))]
    assert divergences(values) == pytest.approx(expected, rel=1e-6, abs=1e-6 * max(map(abs, values), default=0) + 1e-9)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(("size", "count"), [(12, 600), (40, 400), (120, 150)])
def test_flat_noise_is_seldom_called_a_change(size: int, count: int, noise: str) -> None:
    """At most 5 % of the series; 600, 400 and 150 of them tell that from 10 %."""
    called = sum(bool(change_points(series(seed, size, NOISES[noise]))) for seed in range(count))
    assert called <= LEVEL * count


@pytest.mark.parametrize("before", [25, 45, 95])
def test_a_step_of_5_percent_at_2_percent_noise_is_found_within_five_runs(before: int) -> None:
    """In nine of ten series, and where it is."""
    found = 0
    for seed in range(200):
        values = [100 * (1 + 0.02 * value) for value in series(seed, before + 5, steps={before: 2.5})]
        points = change_points(values)
        found += any(abs(point.first - before) <= 2 for point in points)
    assert found >= 0.85 * 200


def test_changes_that_hide_each_other_are_found() -> None:
    """Up and down again: the halves of the series are nearly equal."""
    found = [[p.first for p in change_points(series(seed, 100, steps={40: 3.0, 60: -3.0}))] for seed in range(60)]
    near = [abs(each[0] - 40) <= 2 and abs(each[1] - 60) <= 2 for each in found if len(each) == 2]
    assert sum(near) >= 0.9 * 60


def test_a_change_says_where_it_is_and_how_large() -> None:
    values = [100.0, 101.0, 99.0, 100.5, 99.5, 100.0, 110.0, 111.0, 109.0, 110.5, 109.5, 110.0]
    (point,) = change_points(values)
    assert (point.first, point.before, point.after) == (6, 100.0, 110.0)
    assert point.p_value < 1e-6
    assert [point.first for point in change_points([5.0] * 6 + [6.0] * 6)] == [6], "without any noise"


@given(st.lists(st.floats(-1e9, 1e9), max_size=40), st.sampled_from([-2.0, 0.5, 4.0]), st.integers(-1000, 1000))
def test_any_series_has_changes_apart_from_each_other(values: list[float], factor: float, offset: int) -> None:
    places = [0, *(point.first for point in change_points(values)), len(values)]
    assert len(places) == 2 or all(after - before >= SHORTEST for before, after in pairwise(places))
    # The level and the unit say nothing; whole numbers, so that they do not round.
    whole = [float(round(value / 1e6)) for value in values]
    moved = [point.first for point in change_points([factor * value + offset for value in whole])]
    assert moved == [point.first for point in change_points(whole)]


def test_what_has_no_change_point() -> None:
    assert (
        change_points([]) == change_points([1.0]) == change_points([1.0, 2.0] * 3) == change_points([7.0] * 100) == []
    )
    with pytest.raises(ValueError, match="not finite"):
        change_points([1.0] * 20 + [float("nan")])


def test_a_small_change_in_a_long_series_is_found() -> None:
    values = series(1, 10_000, steps={5000: 1.0})
    assert [abs(point.first - 5000) < 20 for point in change_points(values)] == [True]
