"""The cells of two sweeps: the runs of each side with the same value of each factor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from migrator.diff.run import Run
from migrator.diff.setup import setups_of
from migrator.diff.sides import LoadedSide
from migrator.diff.sweep.factors import Factors, Measured, Values
from migrator.jsonfile import Json, fingerprint

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


def measured(side: LoadedSide) -> list[Measured]:
    """The runs of a side with their set-ups, each read once."""
    return list(map(Measured, side.runs, setups_of(side.runs)))


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


# --- several sweeps in one side ------------------------------------------------------------------------------


class OneOfSeveral(NamedTuple):
    """One of several sweeps that a side holds: its identifier, its folder, how many runs, and the servers it asked."""

    identifier: str
    folder: str
    runs: int
    servers: frozenset[str]


def sweeps_of(side: Sequence[Measured]) -> list[OneOfSeveral]:
    """The sweeps that the runs of a side belong to, by the identifier that AIPerf gives each; without one, to none."""
    parts: dict[str, list[Run]] = {}
    for one in side:
        identifier = one.info.get("sweep_id")
        if type(identifier) is str and identifier:
            parts.setdefault(identifier, []).append(one.run)
    return [
        OneOfSeveral(identifier, _folder(runs), len(runs), frozenset(url for run in runs for url in _servers(run)))
        for identifier, runs in parts.items()
    ]


def _folder(runs: Sequence[Run]) -> str:
    """The deepest folder that holds all of some runs."""
    parts = [run.file.split("/")[:-1] for run in runs]
    same = 0
    for names in zip(*parts, strict=False):
        if len(set(names)) > 1:
            break
        same += 1
    return "/".join(parts[0][:same]) or "."


def _servers(run: Run) -> Iterator[str]:
    config = run.facts.get("input_config")
    endpoint = config.get("endpoint") if type(config) is dict else None
    urls = endpoint.get("urls") if type(endpoint) is dict else None
    yield from map(str, urls if type(urls) is list else ())


def differing(
    side: Sequence[Measured], cells: Sequence[CellRuns], number: int, free: Callable[[str], bool]
) -> list[str]:
    """The places of a set-up in which the sweeps of a side differ within a cell.

    Args:
        side: its runs.
        cells: those of the comparison.
        number: which side of the cells it is, from 0.
        free: whether a place may differ.
    """
    found: dict[str, None] = {}
    for cell in cells:
        by_sweep: dict[object, Measured] = {}
        for place in cell.sides[number]:
            by_sweep.setdefault(side[place].info.get("sweep_id"), side[place])
        if len(by_sweep) > 1:
            first, *others = by_sweep.values()
            for other in others:
                places = first.setup.keys() | other.setup.keys()
                found |= dict.fromkeys(
                    place
                    for place in sorted(places)
                    if not free(place) and fingerprint(first.setup.get(place)) != fingerprint(other.setup.get(place))
                )
    return list(found)
