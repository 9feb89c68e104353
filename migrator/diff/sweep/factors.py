"""What a sweep varies: its factors, and the value of each in a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from migrator.batch.workload import whole
from migrator.diff.run import Run
from migrator.diff.setup import Allowance, Setup, name_of
from migrator.errors import UsageError
from migrator.jsonfile import Json, Object, fingerprint
from migrator.values import NamedTuple

SWEPT: Final = (
    "profiling.concurrency",
    "profiling.rate",
    "dataset.prompts.isl.mean",
    "dataset.prompts.osl.mean",
    "dataset.turns.mean",
    "dataset.path",
    "models.items",
)
"""Places of a set-up that make a sweep of runs that do not say so themselves, the usual first.

Others that differ follow one of these, as a warm-up follows the concurrency, or are a mistake: then the cell has runs
of different workloads, and is not compared.
"""
_LOAD: Final = "profiling."
"""Beginning of the places that say how hard a server is worked: of those, a front is made."""
_LABEL: Final = "variation"
"""Name of the factor where what varied has no place in a set-up; its value is the label that AIPerf gave."""

Values = tuple[Json, ...]
"""The value of each factor."""


class Measured(NamedTuple):
    """A run and its set-up."""

    run: Run
    setup: Setup

    @property
    def info(self) -> Object:
        """What the run says of its place in a sweep."""
        info = self.run.facts.get("run_info")
        return info if type(info) is dict else {}


class Factor(NamedTuple):
    """One thing that a sweep varies: what reports call it, and its place in a set-up; empty for a label of AIPerf."""

    name: str
    place: str

    @property
    def is_load(self) -> bool:
        """Whether it is how hard the server is worked, and not what it is asked."""
        return self.place.startswith(_LOAD)

    def of(self, measured: Measured) -> Json:
        """The value in a run; None where it does not say."""
        return measured.setup.get(self.place) if self.place else measured.info.get("variation_label")


class Factors(NamedTuple):
    """The factors of two sides, or of one, and what told them."""

    factors: tuple[Factor, ...]
    found_by: str

    def of(self, measured: Measured) -> Values:
        """The values in a run."""
        return tuple(factor.of(measured) for factor in self.factors)


def factors_of(sides: Sequence[Sequence[Measured]], by: Sequence[str], allowed: Allowance) -> Factors:
    """What the runs of a side differ in: named, told by `run_info.variation_values`, or read off the configuration.

    Args:
        sides: one or two sides.
        by: names of factors, as a user gives them; empty to find them.
        allowed: what may differ between repetitions, and makes no cells.

    Raises:
        UsageError: a name that nothing is called, or that no run says anything of.
    """
    if by:
        return Factors(tuple(_named(sides, by)), "--by")
    declared = [_declared(side, allowed) for side in sides]
    configured = [[] if told else _configured(side, allowed) for told, side in zip(declared, sides, strict=True)]
    if any(declared):
        found = [*(factor for told in declared for factor in told), *(f for side in configured for f in side)]
        return Factors(tuple(dict.fromkeys(found)), "run_info.variation_values")
    if not all(configured):
        # One side alone has runs that differ: more likely a mistake than a sweep.
        return Factors((), "")
    return Factors(tuple(dict.fromkeys(f for side in configured for f in side)), "input_config")


def _named(sides: Sequence[Sequence[Measured]], by: Sequence[str]) -> Iterator[Factor]:
    every = [measured for side in sides for measured in side]
    setups = [measured.setup for measured in every]
    varied = set(_varied(every))
    for name in by:
        named = Allowance([name], setups)
        places = sorted({place for setup in setups for place in setup if named.covers(place)})
        found = [place for place in places if place in varied] or places[:1]
        if not found:
            raise UsageError(
                f'no run says anything of "{name}"',
                expected=", ".join(sorted(map(name_of, varied))) or "a field that the runs differ in",
                hint="--by names what the cells of a sweep differ in",
            )
        yield from (Factor(name_of(place), place) for place in found)


def _varied(side: Sequence[Measured]) -> Iterator[str]:
    """The places of a set-up in which the runs of a side differ, in the order of the documents."""
    # Set-ups that are alike are one object.
    setups = list({id(measured.setup): measured.setup for measured in side}.values())
    for place in dict.fromkeys(place for setup in setups for place in setup):
        if len({fingerprint(setup.get(place)) for setup in setups}) > 1:
            yield place


def _column(side: Sequence[Measured], place: str) -> tuple[bytes, ...]:
    return tuple(fingerprint(measured.setup.get(place)) for measured in side)


def _declared(side: Sequence[Measured], allowed: Allowance) -> list[Factor]:
    """The factors that AIPerf itself wrote down, where they differ from run to run."""
    told = [_variation(measured) for measured in side]
    # A file about several runs that says nothing of a sweep does not say either that its runs were another cell.
    saying = [values for values, measured in zip(told, side, strict=True) if values or measured.run.kind == "run"]
    keys = [key for key in dict.fromkeys(key for values in told for key in values) if _differs(saying, key)]
    if not keys:
        return []
    places = {place: _column(side, place) for place in _varied(side)}
    found = []
    for key in keys:
        column = tuple(fingerprint(whole(values.get(key))) for values in told)
        same = [place for place, values in places.items() if values == column]
        last = key.rpartition(".")[2]
        place = min(same, key=lambda place: (place.rpartition(".")[2] != last, len(place)), default="")
        found.append(Factor(name_of(place) if place else _LABEL, place))
    return [factor for factor in dict.fromkeys(found) if not (factor.place and allowed.covers(factor.place))]


def _variation(measured: Measured) -> Object:
    values = measured.info.get("variation_values")
    return values if type(values) is dict else {}


def _differs(told: Iterable[Object], key: str) -> bool:
    return len({fingerprint(values.get(key)) for values in told}) > 1


def _configured(side: Sequence[Measured], allowed: Allowance) -> list[Factor]:
    """The usual factors in which runs differ; one that follows those before it is left out."""
    found: list[Factor] = []
    cells: list[Sequence[Measured]] = [side]
    for place in SWEPT:
        if allowed.covers(place) or all(len(set(_column(_telling(cell, place), place))) <= 1 for cell in cells):
            continue
        found.append(Factor(name_of(place), place))
        cells = [part for cell in cells for part in _parted(cell, place)]
    return found


def _telling(cell: Sequence[Measured], place: str) -> list[Measured]:
    """The runs of a cell without the files about several that do not say what stood at a place."""
    return [measured for measured in cell if measured.run.kind == "run" or place in measured.setup]


def _parted(cell: Sequence[Measured], place: str) -> list[Sequence[Measured]]:
    parts: dict[bytes, list[Measured]] = {}
    for measured in cell:
        parts.setdefault(fingerprint(measured.setup.get(place)), []).append(measured)
    return list(parts.values())
