"""One sweep alone: its cells with their headline metrics, its front, and its capacity under goals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from migrator.chain.names import current
from migrator.diff.comparable import within
from migrator.diff.outcomes import ERROR_RATE
from migrator.diff.outcomes import completed as with_zeros
from migrator.diff.policy import HEADLINE, MARGINS, MAX_ERROR_PERCENT
from migrator.diff.receipt import Capacity, Finding, Front
from migrator.diff.run import count_of
from migrator.diff.setup import Allowance
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.geometric import Centre
from migrator.diff.sweep.capacity import Limit, capacities, require_known
from migrator.diff.sweep.cells import CellRuns, cells_of, measured, name_of_cell, side_of_cell
from migrator.diff.sweep.factors import Measured, Values, factors_of
from migrator.diff.sweep.fronts import fronts
from migrator.diff.sweep.mixed import mixed
from migrator.diff.sweep.values import Metric, SideCell, side_cell, unit_of
from migrator.errors import UsageError
from migrator.values import NamedTuple

_THROUGHPUTS: Final = ("request_throughput", "output_token_throughput", "output_token_throughput_per_user")
SHOWN: Final[tuple[Metric, ...]] = (
    *((current(metric), "avg") for metric in _THROUGHPUTS),
    *((metric, statistic) for metric, statistic in HEADLINE if metric.endswith(("latency", "token"))),
)
"""Metrics of the table, where the runs have them."""


class ShownCell(NamedTuple):
    """A cell of one sweep: the mean of each metric over its runs, None where not each run has it.

    `runs` is how many there are: a file about several stands for them where they are gone.
    """

    name: str
    values: Values
    files: tuple[str, ...]
    unfit: str
    centres: tuple[Centre | None, ...]
    findings: tuple[Finding, ...]
    runs: int = 1


class OneSweep(NamedTuple):
    """One sweep: its factors, the metrics that it has with their units, its cells, fronts and capacities."""

    name: str
    factors: tuple[str, ...]
    found_by: str
    metrics: tuple[Metric, ...]
    units: tuple[str, ...]
    cells: tuple[ShownCell, ...]
    findings: tuple[Finding, ...]
    fronts: tuple[Front, ...]
    goals: tuple[str, ...]
    capacities: tuple[Capacity, ...]


def one_sweep(
    side: LoadedSide,
    by: Sequence[str] = (),
    goals: Sequence[Limit] = (),
    *,
    vary: Sequence[str] = (),
    max_error_percent: float = MAX_ERROR_PERCENT,
) -> OneSweep:
    """What one sweep measured.

    Args:
        side: its runs.
        by: names of its factors; empty to find them.
        goals: what a cell must meet to count as capacity.
        vary: what may differ within a cell.
        max_error_percent: percentage of failed requests from which a cell is no result.

    Raises:
        UsageError: the runs do not differ in what a sweep varies; or a factor or a goal that no run has.
    """
    runs = measured(side)
    allowed = Allowance(vary, [one.setup for one in runs])
    factors = factors_of([runs], by, allowed)
    if not factors.factors:
        raise UsageError(
            "the runs do not differ in what a sweep varies",
            expected="runs of several concurrencies, request rates or lengths",
            hint="--by names what they differ in",
        )
    names = [factor.name for factor in factors.factors]
    load = [factor.is_load for factor in factors.factors]
    found = cells_of([runs], factors)
    cells, problems = _side_cells(side, runs, found, goals, allowed, max_error_percent)
    require_known(goals, cells)
    metrics = [metric for metric in SHOWN if _has(metric, cells)]
    units = [unit_of(metric[0], cells) or "" for metric in metrics]
    return OneSweep(
        name=side.name,
        factors=tuple(names),
        found_by=factors.found_by,
        metrics=tuple(metrics),
        units=tuple(units),
        cells=tuple(
            ShownCell(
                name_of_cell(factors, cell.values),
                cell.values,
                tuple(run.file for run in cell.side.runs),
                cell.unfit,
                tuple(cell.centre(metric, unit) for metric, unit in zip(metrics, units, strict=True)),
                told,
                count_of(cell.side.runs),
            )
            for cell, told in zip(cells, problems, strict=True)
        ),
        findings=tuple(mixed(runs, found, 0, "sweep", allowed)),
        fronts=tuple(fronts((cells, []), names, load, MARGINS["avg"])),
        goals=tuple(goal.text for goal in goals),
        capacities=tuple(capacities("base", cells, names, load, goals)) if goals else (),
    )


def _side_cells(
    side: LoadedSide,
    runs: Sequence[Measured],
    found: Sequence[CellRuns],
    goals: Sequence[Limit],
    allowed: Allowance,
    max_error_percent: float,
) -> tuple[list[SideCell], list[tuple[Finding, ...]]]:
    """The cells of a sweep, and what must be known of each.

    Args:
        side: all runs.
        runs: the same with their set-ups.
        found: the cells.
        goals: metrics that are wanted even where a release leaves them out.
        allowed: what may differ within a cell.
        max_error_percent: percentage of failed requests from which a cell is no result.
    """
    tags = [ERROR_RATE, *(goal.metric for goal in goals)]
    cells, problems = [], []
    for number, cell in enumerate(found):
        part = side_of_cell(side, cell.sides[0])
        setups = [runs[place].setup for place in cell.sides[0]]
        problems.append(tuple(within(part, setups, "cell", allowed)))
        part = part._replace(runs=with_zeros(part.runs, tags))
        cells.append(side_cell(number, cell.values, (part, setups), allowed, max_error_percent))
    return cells, problems


def _has(metric: Metric, cells: Sequence[SideCell]) -> bool:
    unit = unit_of(metric[0], cells)
    return unit is not None and any(value is not None for cell in cells for value in cell.runs(metric, unit))


def blocking(found: OneSweep) -> Iterator[Finding]:
    """The findings that make the sweep, or a cell of it, no result."""
    yield from (finding for finding in found.findings if finding.blocks)
    for cell in found.cells:
        yield from (finding for finding in cell.findings if finding.blocks)
