"""The cells of two sweeps: the runs of each side with the same value of each factor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from migrator.diff.setup import Setup, setups_of
from migrator.diff.sides import LoadedSide
from migrator.diff.sweep.factors import Factors, Measured, Values
from migrator.jsonfile import Json, fingerprint
from migrator.values import NamedTuple

_MOST_HOLES: Final = 0.5
"""Share of the combinations of all factors up to which those that are missing are holes: more, and it is no grid."""


class CellRuns(NamedTuple):
    """One cell: the value of each factor, and the places of its runs in each side; an empty side did not measure it."""

    values: Values
    sides: tuple[tuple[int, ...], ...]

    @property
    def paired(self) -> bool:
        """Whether every side measured it."""
        return all(self.sides)


def measured(side: LoadedSide, known: dict[bytes, Setup] | None = None) -> list[Measured]:
    """The runs of a side with their set-ups, each read once.

    Args:
        side: the runs.
        known: what the runs of other sides said, which is added to.
    """
    return list(map(Measured, side.runs, setups_of(side.runs, known)))


def cells_of(sides: Sequence[Sequence[Measured]], factors: Factors) -> list[CellRuns]:
    """The cells of one or two sides, in the order of their values: numbers by size, other values by name."""
    found: dict[bytes, tuple[Values, tuple[list[int], ...]]] = {}
    for number, side in enumerate(sides):
        for place, one in enumerate(side):
            values = factors.of(one)
            _, places = found.setdefault(fingerprint(list(values)), (values, tuple([] for _ in sides)))
            places[number].append(place)
    cells = [CellRuns(values, tuple(map(tuple, places))) for values, places in found.values()]
    return sorted(cells, key=lambda cell: list(map(_rank, cell.values)))


def _rank(value: Json) -> tuple[int, float, str]:
    """Sorts numbers by size before everything else."""
    if isinstance(value, (int, float)) and type(value) is not bool:
        return 0, float(value), ""
    return (2, 0.0, "") if value is None else (1, 0.0, fingerprint(value).decode("ascii", "replace"))


def side_of_cell(side: LoadedSide, places: Sequence[int]) -> LoadedSide:
    """The runs of a side at some places, without the files that the side left out."""
    return LoadedSide(side.name, tuple(side.runs[place] for place in places))


def name_of_cell(factors: Factors, values: Values) -> str:
    """`concurrency 8, input length 512`."""
    return ", ".join(f"{factor.name} {told(value)}" for factor, value in zip(factors.factors, values, strict=True))


def told(value: Json) -> str:
    """A value of a factor in a name: text without quotes, lists by their members, `not told` for none."""
    if value is None:
        return "not told"
    if type(value) is list:
        return "+".join(map(told, value))
    return value if type(value) is str else fingerprint(value).decode()


def holes(cells: Sequence[CellRuns]) -> tuple[int, int] | None:
    """How many combinations of the values of all factors nobody measured, and how many there are; None for no grid."""
    values = [{fingerprint(value) for value in column} for column in zip(*(cell.values for cell in cells), strict=True)]
    every = math.prod(map(len, values))
    missing = every - len(cells)
    return (missing, every) if len(values) > 1 and 0 < missing <= _MOST_HOLES * every else None
