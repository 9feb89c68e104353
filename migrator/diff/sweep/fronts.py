"""The front of a sweep: the cells that no other cell beats in throughput and interactivity, or latency, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final, Literal

from migrator.aiperf.directions import direction
from migrator.chain.names import current
from migrator.diff.receipt import Bracket, Direction, Front, FrontPoint, Stretch
from migrator.diff.sweep.values import Metric, SideCell, groups, unit_of
from migrator.jsonfile import Json
from migrator.values import NamedTuple

AXES: Final[tuple[tuple[Metric, Metric], ...]] = (
    ((current("output_token_throughput_per_user"), "avg"), (current("output_token_throughput"), "avg")),
    ((current("request_latency"), "avg"), (current("request_throughput"), "avg")),
)
"""(x, y) of each front: interactivity or latency, against throughput, of which more is better."""

Ahead = Literal["base", "candidate", "neither"]


class _Point(NamedTuple):
    cell: int
    x: float
    y: float


def fronts(
    sides: tuple[Sequence[SideCell], Sequence[SideCell]],
    names: Sequence[str],
    load: Sequence[bool],
    margin: float,
) -> Iterator[Front]:
    """The fronts of each workload, for each pair of axes that two or more cells have.

    Args:
        sides: the cells of base and candidate; those of one sweep alone stand first, and the other is empty.
        names: of the factors.
        load: of each factor, whether it is load; without any, the cells are no front.
        margin: change in percent within which neither side is ahead.
    """
    if not any(load):
        return
    other_names = [name for name, is_load in zip(names, load, strict=True) if not is_load]
    of_base = {id(cell) for cell in sides[0]}
    for values, cells in groups([*sides[0], *sides[1]], load):
        group = dict(zip(other_names, values, strict=True))
        base = [cell for cell in cells if id(cell) in of_base]
        candidate = [cell for cell in cells if id(cell) not in of_base]
        for axes in AXES:
            found = _front(group, base, candidate, axes, margin)
            if found is not None:
                yield found


def _front(
    group: dict[str, Json],
    base: Sequence[SideCell],
    candidate: Sequence[SideCell],
    axes: tuple[Metric, Metric],
    margin: float,
) -> Front | None:
    """The fronts of one workload on a pair of axes; None where no side has two points.

    Args:
        group: the factors that are not load.
        base: its cells.
        candidate: those of the candidate.
        axes: x and y.
        margin: in percent.
    """
    x, y = axes
    units = tuple(unit_of(metric, [*base, *candidate]) or "" for metric, _ in axes)
    one, other = (list(_points(side, axes, units)) for side in (base, candidate))
    if max(len(one), len(other)) < 2:
        return None
    lower = direction(x[0]) == "lower"
    better = _better(lower=lower)
    ends = [
        sorted((point for point in side if not _beaten(point, side, better)), key=lambda point: point.x)
        for side in (one, other)
    ]
    stretches = list(_stretches(ends[0], ends[1], margin))
    return Front(
        group=group,
        x=".".join(x),
        x_unit=units[0],
        x_direction=Direction.LOWER if lower else Direction.HIGHER,
        y=".".join(y),
        y_unit=units[1],
        base=list(_placed(one, other, better)),
        candidate=list(_placed(other, one, better)),
        stretches=stretches,
        crossings=list(_crossings(stretches)),
    )


def _points(cells: Sequence[SideCell], axes: tuple[Metric, Metric], units: Sequence[str]) -> Iterator[_Point]:
    for cell in cells:
        if cell.unfit:
            continue
        x, y = (cell.centre(metric, unit) for metric, unit in zip(axes, units, strict=True))
        if x and y and x.value > 0 and y.value > 0:
            yield _Point(cell.number, x.value, y.value)


_Better = Callable[[_Point, _Point], bool]


def _better(*, lower: bool) -> _Better:
    """Whether the second point is as good as the first in both metrics, and better in one."""

    def better(point: _Point, than: _Point) -> bool:
        x = point.x <= than.x if lower else point.x >= than.x
        return x and point.y >= than.y and (point.x, point.y) != (than.x, than.y)

    return better


def _beaten(point: _Point, by: Sequence[_Point], better: _Better) -> bool:
    return any(better(other, point) for other in by)


def _placed(side: Sequence[_Point], other: Sequence[_Point], better: _Better) -> Iterator[FrontPoint]:
    for point in side:
        yield FrontPoint(
            cell=point.cell,
            x=point.x,
            y=point.y,
            dominated=_beaten(point, side, better),
            beaten=_beaten(point, other, better),
        )


# --- which front is ahead ------------------------------------------------------------------------------------


def _stretches(base: Sequence[_Point], candidate: Sequence[_Point], margin: float) -> Iterator[Stretch]:
    """Where both fronts were measured, which of them is ahead by more than the margin, over the range of x.

    Between two cells a front is taken to be a straight line, so that both are known at each measured x.

    Args:
        base: the front of the base, by x.
        candidate: that of the candidate.
        margin: in percent.
    """
    if not base or not candidate:
        return
    low, high = max(base[0].x, candidate[0].x), min(base[-1].x, candidate[-1].x)
    start, last, ahead = low, low, ""
    for x in sorted({point.x for point in (*base, *candidate) if low <= point.x <= high}):
        now = _ahead(_height(base, x), _height(candidate, x), margin)
        if ahead and now != ahead:
            yield Stretch(low=start, high=last, ahead=_named(ahead))
            start = x
        ahead, last = now, x
    if ahead:
        yield Stretch(low=start, high=last, ahead=_named(ahead))


def _ahead(base: float, candidate: float, margin: float) -> str:
    if candidate > base * (1 + margin / 100):
        return "candidate"
    return "base" if base > candidate * (1 + margin / 100) else "neither"


def _named(ahead: str) -> Ahead:
    return "base" if ahead == "base" else "candidate" if ahead == "candidate" else "neither"


def _height(front: Sequence[_Point], x: float) -> float:
    """The throughput of a front at a place between its ends."""
    for left, right in pairwise(front):
        if left.x <= x <= right.x:
            share = (x - left.x) / (right.x - left.x) if right.x > left.x else 0.0
            return left.y + share * (right.y - left.y)
    return front[0].y if x <= front[0].x else front[-1].y


def _crossings(stretches: Sequence[Stretch]) -> Iterator[Bracket]:
    """The ranges of x between a stretch where one side is ahead and the next where the other is."""
    ahead = [stretch for stretch in stretches if stretch.ahead != "neither"]
    for left, right in pairwise(ahead):
        if left.ahead != right.ahead:
            yield Bracket(low=left.high, high=right.low)
