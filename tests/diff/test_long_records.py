"""How long very many requests remember each other: told by batches of them, in a time that does not grow squared."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest

from migrator.diff.statistics import autocorrelation as module
from migrator.diff.statistics.autocorrelation import autocorrelation, long_run

SIZE = 12_000


def remembering(seed: int, correlation: float) -> list[float]:
    """Lognormal values, each correlated with the one before."""
    random, state, found = Random(seed), 0.0, []
    for _ in range(SIZE):
        state = correlation * state + math.sqrt(1 - correlation**2) * random.gauss(0, 1)
        found.append(math.exp(0.3 * state))
    return found


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_batches_tell_the_variance_of_all_requests(correlation: float, monkeypatch: pytest.MonkeyPatch) -> None:
    values = remembering(3, correlation)
    ordered = sorted(values)
    marks = ordered[SIZE // 2], ordered[SIZE * 9 // 10]
    exact, shown = long_run(values), autocorrelation(values, *marks)
    monkeypatch.setattr(module, "_MOST_VALUES", 10_000)
    monkeypatch.setattr(module, "_MOST_FLAGS", 10_000)
    batched, counted = long_run(values), autocorrelation(values, *marks)
    assert batched.mean == exact.mean
    assert batched.variance == pytest.approx(exact.variance, rel=0.25)
    assert counted.variance == pytest.approx(shown.variance, rel=0.25)
    assert counted.inflation == pytest.approx(shown.inflation, rel=0.25)
    assert min(counted.df, batched.df) > 50
    if correlation == 0.9:
        assert counted.block == pytest.approx(shown.block, rel=0.25)


def test_a_correlation_through_the_whole_run_takes_no_squared_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that come again and again are correlated as far as one looks: each lag was as long as the run."""
    values = [100.0 + number % 40 for number in range(80_000)]
    sizes = []
    real = module._Values.__init__

    def noted(self: Any, records: list[float]) -> None:
        sizes.append(len(records))
        real(self, records)

    monkeypatch.setattr(module._Values, "__init__", noted)
    monkeypatch.setattr(module, "_BATCHES", 1000)
    assert long_run(values).mean == pytest.approx(119.5)
    assert autocorrelation(values, 120.0, 130.0).inflation < 1.1
    assert max(sizes) <= 1000
    assert len(sizes) == 3


def test_fewer_requests_are_looked_at_one_by_one() -> None:
    """The numbers of all receipts so far."""
    values = remembering(1, 0.5)
    ordered = sorted(values)
    assert long_run(values).df == pytest.approx(SIZE / (4 / 3 * 23), rel=0.3)
    assert autocorrelation(values, ordered[6000], ordered[10_800]).df == pytest.approx(SIZE / (4 / 3 * 23), rel=0.3)
