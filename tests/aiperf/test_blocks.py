"""What is told by the shape of a stats block."""

from __future__ import annotations

import pytest

from migrator.aiperf.metrics import STATISTICS, is_block, is_scalar

ONLY = {"unit": "ms", "avg": 1.5}


def test_a_block_of_an_average_alone_is_a_single_value() -> None:
    assert is_scalar(ONLY)
    assert is_scalar(ONLY | {"count": 1, "sum": 1.5})
    assert is_scalar(ONLY | dict.fromkeys(STATISTICS[1:]))


@pytest.mark.parametrize("name", ["min", "max", "std", "p50"])
def test_a_block_that_has_a_spread_is_none(name: str) -> None:
    """Its count is not 1, and must not be made up."""
    assert not is_scalar(ONLY | {name: 0.5})


@pytest.mark.parametrize("value", [None, 1.5, "ms", ["unit"], {"avg": 1.5}])
def test_a_block_is_an_object_with_a_unit(value: object) -> None:
    assert not is_block(value)
    assert is_block(ONLY)
