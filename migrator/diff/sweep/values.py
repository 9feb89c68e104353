"""The numbers of the cells of one side: a metric over its trials, and whether a cell is fit to be shown as a result."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.chain.requests import total
from migrator.diff.comparable import within
from migrator.diff.order import start_of
from migrator.diff.over_runs import moments_of
from migrator.diff.pair import by_run
from migrator.diff.run import count_of, is_summed
from migrator.diff.setup import Allowance, Setup
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.geometric import Centre, centre_of
from migrator.diff.statistics.moments import interval_of
from migrator.diff.sweep.factors import Values
from migrator.jsonfile import fingerprint
from migrator.values import NamedTuple

Metric = tuple[str, str]
"""A metric and a statistic of it."""


class SideCell(NamedTuple):
    """The runs of one side in one cell, in the order of their start. `unfit` says why they are no result."""

    number: int
    values: Values
    side: LoadedSide
    unfit: str = ""

    def runs(self, metric: Metric, unit: str) -> list[float | None]:
        """A statistic of each run, in a unit."""
        return by_run(self.side.runs, *metric, unit)

    def centre(self, metric: Metric, unit: str) -> Centre | None:
        """The mean over the runs with its interval; None unless each of them has a value."""
        if is_summed(self.side.runs):
            found = moments_of(self.side.runs, *metric, unit)
            if found is None or found.n < count_of(self.side.runs):
                return None
            return Centre(found.mean, *(interval_of(found) or (None, None)))
        values = self.runs(metric, unit)
        known = [value for value in values if value is not None]
        return centre_of(known) if len(known) == len(values) else None


def side_cell(
    number: int, values: Values, measured: tuple[LoadedSide, Sequence[Setup]], allowed: Allowance, most_errors: float
) -> SideCell:
    """One side of a cell.

    Args:
        number: the place of the cell in the list of cells.
        values: of the factors.
        measured: its runs, and the set-up of each.
        allowed: what may differ on purpose; a run that is marked invalid is fit only if that is allowed.
        most_errors: percentage of failed requests from which a cell is no result.
    """
    side, setups = measured
    return SideCell(number, values, in_order(side), _unfit(side, setups, allowed, most_errors))


def in_order(side: LoadedSide) -> LoadedSide:
    """A side with its runs in the order of their start, where all starts are known; else as it is."""
    starts = [start_of(run) for run in side.runs]
    known = [(start, place) for place, start in enumerate(starts) if start is not None]
    if len(known) < len(starts):
        return side
    return side._replace(runs=tuple(side.runs[place] for _, place in sorted(known)))


def _unfit(side: LoadedSide, setups: Sequence[Setup], allowed: Allowance, most_errors: float) -> str:
    for finding in within(side, setups, "cell", allowed):
        if finding.blocks:
            return finding.message
    every = [run.requests for run in side.runs]
    whole = total(every)
    # Of all runs together, if each of them tells; else of the one that tells of most failures.
    worst = whole if whole.failed_percent is not None else max(every, key=lambda one: one.failed_percent or 0.0)
    return f"{worst.failed} of {worst.ended} requests failed" if (worst.failed_percent or 0.0) > most_errors else ""


def unit_of(metric: str, cells: Sequence[SideCell]) -> str | None:
    """The unit of a metric in the first run that has it; None if no run does."""
    blocks = (run.blocks.get(metric) for cell in cells for run in cell.side.runs)
    return next((block.unit for block in blocks if block), None)


def groups(cells: Sequence[SideCell], load: Sequence[bool]) -> list[tuple[Values, list[SideCell]]]:
    """The cells by the factors that are not load: each group is one workload, worked harder and harder.

    Args:
        cells: of one side or of both.
        load: of each factor, whether it is load.
    """
    found: dict[bytes, tuple[Values, list[SideCell]]] = {}
    for cell in cells:
        values = tuple(value for value, is_load in zip(cell.values, load, strict=True) if not is_load)
        found.setdefault(fingerprint(list(values)), (values, []))[1].append(cell)
    return list(found.values())
