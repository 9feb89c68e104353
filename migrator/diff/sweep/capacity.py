"""The capacity of a sweep under goals: the most throughput that a measured cell gives while it meets all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, Literal

from migrator.chain.names import current, near
from migrator.diff.policy import split_name
from migrator.diff.receipt import Capacity, GoalState
from migrator.diff.statistics.geometric import Centre
from migrator.diff.sweep.values import Metric, SideCell, groups, unit_of
from migrator.errors import UsageError
from migrator.jsonfile import Json
from migrator.values import NamedTuple

_THROUGHPUT: Final[Metric] = (current("request_throughput"), "avg")
_GOAL: Final = re.compile(r"\s*(?P<name>[^<>=\s]+)\s*(?P<sign><=|>=|<|>)\s*(?P<limit>[0-9.eE+-]+)\s*")
Side = Literal["base", "candidate"]


class Limit(NamedTuple):
    """A goal: a statistic of a metric, and what it may be at most or must be at least, in the metric's unit."""

    metric: str
    statistic: str
    sign: str
    limit: float

    @property
    def text(self) -> str:
        """As it is given: `time_to_first_token.p99<=200`."""
        return f"{self.metric}.{self.statistic}{self.sign}{self.limit:g}"

    def met(self, value: float) -> bool:
        """Whether a value meets it."""
        if self.sign.startswith("<"):
            return value < self.limit or (value == self.limit and self.sign == "<=")
        return value > self.limit or (value == self.limit and self.sign == ">=")


def limits(options: Sequence[str]) -> list[Limit]:
    """The goals of `--goal METRIC[.STAT]<=NUMBER`.

    Raises:
        UsageError: it cannot be read.
    """
    return list(map(_limit, options))


def _limit(option: str) -> Limit:
    found = _GOAL.fullmatch(option)
    try:
        value = float(found["limit"]) if found else -1.0
    except ValueError:
        value = -1.0
    if found is None or not 0 <= value < float("inf"):
        raise UsageError(
            f'cannot read --goal "{option}"',
            expected="METRIC[.STAT]<=NUMBER or >=NUMBER, in the unit of the metric",
            hint="in quotes, as a shell takes < for something else: --goal 'time_to_first_token.p99<=200'",
        )
    metric, statistic = split_name(found["name"])
    if statistic == "*":
        raise UsageError(f'--goal "{option}" names no statistic', expected="such as time_to_first_token.p99")
    return Limit(metric, statistic, found["sign"], value)


def require_known(goals: Sequence[Limit], cells: Sequence[SideCell]) -> None:
    """Refuse a goal on what no run has: every cell would miss it.

    Raises:
        UsageError: with the metrics that are near.
    """
    tags = {tag for cell in cells for run in cell.side.runs for tag in run.blocks}
    for goal in goals:
        values = (value for cell in cells for value in cell.runs((goal.metric, goal.statistic), _unit(goal, cells)))
        if all(value is None for value in values):
            meant = [name for name in near(goal.metric, sorted(tags)) if name in tags]
            raise UsageError(
                f'--goal names "{goal.metric}.{goal.statistic}", which no run has',
                expected=f"a metric of the runs{': ' + ', '.join(meant) if meant else ''}",
            )


def _unit(goal: Limit, cells: Sequence[SideCell]) -> str:
    return unit_of(goal.metric, cells) or ""


def capacities(
    side: Side, cells: Sequence[SideCell], names: Sequence[str], load: Sequence[bool], goals: Sequence[Limit]
) -> Iterator[Capacity]:
    """The capacity of a side for each workload.

    Args:
        side: which.
        cells: its cells.
        names: of the factors.
        load: of each factor, whether it is load.
        goals: what a cell must meet, all of them.
    """
    other_names = [name for name, is_load in zip(names, load, strict=True) if not is_load]
    for values, group in groups(cells, load):
        yield _capacity(side, dict(zip(other_names, values, strict=True)), group, load, goals)


def _capacity(
    side: Side, group: dict[str, Json], cells: Sequence[SideCell], load: Sequence[bool], goals: Sequence[Limit]
) -> Capacity:
    unit = unit_of(_THROUGHPUT[0], cells) or ""
    throughput = {cell.number: cell.centre(_THROUGHPUT, unit) for cell in cells}
    ordered = _by_load(cells, load, throughput)
    states = {cell.number: _state(cell, cells, goals) for cell in ordered}
    meeting = [
        (found.value, cell.number)
        for cell in ordered
        if states[cell.number].state == "meets" and (found := throughput[cell.number])
    ]
    capacity = partial(Capacity, side=side, group=group, goals=[goal.text for goal in goals], unit=unit)
    listed = [states[cell.number] for cell in ordered]
    if not meeting:
        sure = all(state.sure for state in listed)
        return capacity(sure=sure, states=listed)
    value, number = max(meeting)
    best = throughput[number] or Centre(value)
    places = [cell.number for cell in ordered]
    after = places.index(number) + 1
    next_number = places[after] if after < len(places) else None
    next_centre = throughput[next_number] if next_number is not None else None
    return capacity(
        value=best.value,
        low=best.low,
        high=best.high,
        cell=number,
        next=next_number,
        next_value=next_centre.value if next_centre else None,
        sure=states[number].sure and (next_number is None or states[next_number].sure),
        states=listed,
    )


def _by_load(cells: Sequence[SideCell], load: Sequence[bool], throughput: dict[int, Centre | None]) -> list[SideCell]:
    """The cells of a workload from the lowest load to the highest: of several factors of load, by their throughput."""
    if sum(load) == 1:
        return list(cells)
    return sorted(cells, key=lambda cell: found.value if (found := throughput[cell.number]) else 0.0)


def _state(cell: SideCell, cells: Sequence[SideCell], goals: Sequence[Limit]) -> GoalState:
    """Whether a cell meets all goals: by the means of its trials, and for sure by their intervals."""
    found = [(goal, cell.centre((goal.metric, goal.statistic), _unit(goal, cells))) for goal in goals]
    values = [centre.value if centre else None for _, centre in found]
    if cell.unfit:
        return GoalState(cell=cell.number, state="misses", sure=True, values=values, note=cell.unfit)
    missing = [goal.text for goal, centre in found if centre is None]
    if missing:
        note = f"not every run has {missing[0].partition('<')[0].partition('>')[0]}"
        return GoalState(cell=cell.number, state="misses", sure=False, values=values, note=note)
    known = [(goal, centre) for goal, centre in found if centre]
    missed = [(goal, centre) for goal, centre in known if not goal.met(centre.value)]
    if missed:
        return GoalState(cell=cell.number, state="misses", sure=any(_sure(*one) for one in missed), values=values)
    return GoalState(cell=cell.number, state="meets", sure=all(_sure(*one) for one in known), values=values)


def _sure(goal: Limit, centre: Centre) -> bool:
    """Whether the whole interval is on the same side of the goal as the mean."""
    if centre.low is None or centre.high is None:
        return False
    return goal.met(centre.low) == goal.met(centre.high)
