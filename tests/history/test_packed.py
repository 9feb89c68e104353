"""The values of a run in little room are those that were read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migrator.history.read import PackedValues, Value

_VALUES = st.lists(
    st.none() | st.builds(Value, st.floats(-1e100, 1e100), st.sampled_from(["ms", "requests/sec", ""])), max_size=8
)


@given(_VALUES, st.slices(8))
def test_they_are_the_same(values: list[Value | None], some: slice) -> None:
    shared: dict[object, object] = {}
    packed = PackedValues(values, lambda one: shared.setdefault(one, one))
    assert list(packed) == values
    assert packed[some] == values[some]
    assert [packed[place] for place in range(len(values))] == values
    again = PackedValues(values, lambda one: shared.setdefault(one, one))
    assert packed._units is again._units
