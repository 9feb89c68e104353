"""The runs of many files by workload, each workload in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, TypeVar

from migrator.batch.workload import load_of
from migrator.diff.setup import name_of
from migrator.diff.stand_ins import Known, admitted
from migrator.history.read import Looked, Metric, PackedValues, Point
from migrator.history.series import Series, all_series, release_of
from migrator.jsonfile import Json
from migrator.render.text import plural
from migrator.values import NamedTuple

T = TypeVar("T")

_LISTED: Final = 3
"""Files that a note names."""
_SELDOM: Final = 10
"""Of so many runs, one may be out of order by name for the names to count as an order."""


class Upgrade(NamedTuple):
    """A run that another release of AIPerf measured than the run before."""

    first: int
    before: str
    after: str


class Section(NamedTuple):
    """The runs of one workload in the order of time.

    `setup` is what was measured, by place. `differs` are the places that other sections have otherwise. `notes` tell
    what was left out or taken for granted. `by_name` has the same runs in the order of their names where that is the
    order of time but for few places: then a clock may have been set, or files may have been renamed.
    """

    name: str
    setup: Mapping[str, Json]
    points: tuple[Point, ...]
    series: tuple[Series, ...]
    upgrades: tuple[Upgrade, ...]
    notes: tuple[str, ...]
    differs: tuple[str, ...] = ()
    by_name: Section | None = None

    @property
    def zoned(self) -> bool:
        """Whether any of the times names its zone."""
        return any(point.zoned for point in self.points)


class _Group:
    def __init__(self, looked: Looked) -> None:
        self.setup, self.timed = looked.setup, looked.timed
        self.points: list[Point] = []
        self.assumed = 0


class Collected:
    """Takes runs one by one, and what stands for runs that are gone, and keeps their numbers.

    Attributes:
        untimed: the files of runs that do not tell when they started, which are left out.
        not_needed: the files about several runs that are there in others, known with the sections.
    """

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics
        self._known, self._instead = Known(), list[Looked]()
        self.not_needed: list[str] = []
        self._groups: dict[bytes, dict[tuple[bytes, ...], _Group]] = {}
        self._shared: dict[Any, Any] = {}
        self.untimed: list[str] = []

    def add(self, looked: Looked) -> None:
        """One more run, or what stands for some."""
        if looked.mark is None:
            self._instead.append(looked)
            return
        self._known.add(looked.results)
        self._place(looked)

    def _place(self, looked: Looked) -> None:
        if looked.point.time is None:
            self.untimed.append(looked.point.file)
            return
        of_workload = self._groups.setdefault(looked.workload, {})
        if looked.optional not in of_workload:
            of_workload[looked.optional] = _Group(looked)
        of_workload[looked.optional].points.append(self._small(looked.point))

    def _small(self, point: Point) -> Point:
        """The point with one object for what many runs have alike: each comes from another process."""
        alike = {name: self._one(getattr(point, name)) for name in ("release", "era", "state", "touched")}
        return point._replace(values=PackedValues(point.values, self._one), **alike)

    def _one(self, value: T) -> T:
        found: T = self._shared.setdefault(value, value)
        return found

    def sections(self) -> list[Section]:
        """A section for each workload, in the order that they were met."""
        instead, self._instead = self._instead, []
        kept, self.not_needed = admitted(self._known, instead, lambda found: found.results)
        for looked in kept:
            self._place(looked)
        groups = [group for found in self._groups.values() for group in _merged(found)]
        setups = [group.setup for group in groups]
        places = dict.fromkeys(place for setup in setups for place in setup)
        differs = [place for place in places if any(setup.get(place) != setups[0].get(place) for setup in setups)]
        # What is called by a name is told before the fields that one release writes and another does not.
        differs.sort(key=lambda place: name_of(place) == place)
        return [self._section(group, tuple(differs)) for group in groups]

    def _section(self, group: _Group, differs: tuple[str, ...]) -> Section:
        points = tuple(sorted(group.points, key=lambda point: (point.time, point.file)))
        named = tuple(sorted(points, key=lambda point: point.file))
        found = self._in_order(group, points, differs)
        backwards = sum(_start(one) > _start(other) for one, other in pairwise(named))
        if 0 < backwards <= max(1, len(points) // _SELDOM):
            found = found._replace(by_name=self._in_order(group, named, differs))
        notes = (*_of_order(points, backwards), *_of_runs(points, group.assumed), *_of_series(points, found.series))
        return found._replace(notes=notes)

    def _in_order(self, group: _Group, points: tuple[Point, ...], differs: tuple[str, ...]) -> Section:
        """The runs of a workload in an order, without notes."""
        series = all_series(points, self._metrics, timed=group.timed)
        upgrades = tuple(
            Upgrade(place, old, new)
            for place in range(1, len(points))
            for old, new in [(release_of(points[place - 1]), release_of(points[place]))]
            if old != new
        )
        return Section(_name(group.setup), group.setup, points, series, upgrades, (), differs)


def _merged(groups: dict[tuple[bytes, ...], _Group]) -> Iterator[_Group]:
    """The groups of one workload, with runs that leave out a place among those that tell it, where these are of one."""
    kept = dict(groups)
    for told in sorted(groups, key=lambda told: sum(map(bool, told))):
        fitting = [other for other in kept if other != told and _tells_more(other, told)]
        if len(fitting) == 1:
            group, other = kept.pop(told), kept[fitting[0]]
            other.points += group.points
            other.assumed += len(group.points) + group.assumed
    yield from kept.values()


def _tells_more(other: Sequence[bytes], told: Sequence[bytes]) -> bool:
    return all(not mine or mine == its for mine, its in zip(told, other, strict=True))


def _name(setup: Mapping[str, Json]) -> str:
    """`mock-model c=4 64→16`."""
    plan = {name_of(place): value for place, value in setup.items()}
    model = plan.get("model")
    models = [str(name) for name in model] if type(model) is list else [str(model)] if model else []
    return " ".join([*models, load_of(plan)]).strip() or "runs that do not say how they were measured"


# --- notes ---------------------------------------------------------------------------------------------------


def _of_order(points: Sequence[Point], backwards: int) -> Iterator[str]:
    """What is to be said of the order.

    Args:
        points: in the order of time.
        backwards: how many would start before the one before them in the order of names.
    """
    if backwards:
        yield f"in order of their start, not of their names: by name, {plural(backwards, 'run')} would be out of order"
    equal = [other for one, other in pairwise(points) if one.time == other.time]
    if equal:
        yield f"{_files(equal)}: started when the run before did; these are in order of their names"
    if jumped := [point for point in points if point.backwards]:
        yield f"{_files(jumped)}: ended before the start, so its clock was set back during the run"
    local = sum(not point.zoned for point in points)
    if 0 < local < len(points):
        yield f"{plural(local, 'run')} of {len(points)} name no time zone: their times are taken for UTC"


def _start(point: Point) -> float:
    return point.time or 0.0


def _of_runs(points: Sequence[Point], assumed: int) -> Iterator[str]:
    several = [point for point in points if point.evidence != "run"]
    if several:
        yield (
            f"{_files(several)}: the means of {plural(sum(point.runs for point in several), 'run')} that are gone;"
            " a percentile is the mean of those of the runs, and how they were measured is not told"
        )
    if undated := [point for point in points if point.by_file]:
        yield f"{_files(undated)}: no start; in order of the time at which the file was last changed"
    if assumed:
        left_out = "GPU telemetry, number of requests or, as a later trial, warm-up"
        yield f"{plural(assumed, 'run')} without {left_out}, otherwise of this workload"
    for state in dict.fromkeys(point.state for point in points if point.state != "measured"):
        yield f"{_files([point for point in points if point.state == state])}: {state}; marked, and not a value"


def _of_series(points: Sequence[Point], every: Sequence[Series]) -> Iterator[str]:
    measured = [place for place, point in enumerate(points) if point.state == "measured"]
    for series in every:
        without = sum(series.values[place] is None for place in measured) - series.odd_units
        if without:
            yield f"{series.name}: not in {plural(without, 'run')}"
        if series.odd_units:
            yield f"{series.name}: left out of {plural(series.odd_units, 'run')}, whose unit is not of {series.unit}"


def _files(points: Sequence[Point]) -> str:
    shown = ", ".join(point.file for point in points[:_LISTED])
    return f"{shown} and {len(points) - _LISTED} more" if len(points) > _LISTED else shown
