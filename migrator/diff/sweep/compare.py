"""Compare two sweeps: a list of ordinary comparisons, one correction of p-values over all of them, and one verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final

from migrator.diff.changes import changes
from migrator.diff.comparable import Setups
from migrator.diff.engine import TOOL, Judged, WeighedSides, judge, weigh
from migrator.diff.noise import Profile
from migrator.diff.order import order_of
from migrator.diff.outcomes import completed as with_zeros
from migrator.diff.over_runs import moments_of
from migrator.diff.pair import by_run
from migrator.diff.policy import HEADLINE, MARGINS, Policy
from migrator.diff.receipt import Cell, Direction, Finding, Interval, MeanChange, Receipt, Row, Sweep, Verdict
from migrator.diff.receipt_parts import gate_of, noise_used, side_of
from migrator.diff.rows import corrected
from migrator.diff.run import Run, count_of, is_summed
from migrator.diff.setup import Allowance
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.geometric import WIDEST, Side, mean_of_changes, mean_ratio
from migrator.diff.statistics.interval import Refusal
from migrator.diff.stood_in import MIXED_FILES
from migrator.diff.sweep.capacity import Limit, capacities, require_known
from migrator.diff.sweep.cells import (
    CellRuns,
    cells_of,
    holes,
    name_of_cell,
    side_of_cell,
)
from migrator.diff.sweep.factors import Factors, Measured
from migrator.diff.sweep.fronts import fronts
from migrator.diff.sweep.mixed import MIXED, mixed
from migrator.diff.sweep.values import SideCell, in_order, side_cell

_SIDES: Final = ("base", "candidate")
_LISTED: Final = 4
"""Cells, or folders, that a message names."""
_WIDE: Final = "it is the widest that the cells allow, as the files do not tell the same trials of each"
"""What is said of an interval that allows for disturbances that all cells share."""


def compare_sweeps(
    sides: tuple[LoadedSide, LoadedSide],
    runs: tuple[Sequence[Measured], Sequence[Measured]],
    factors: Factors,
    policy: Policy,
    goals: Sequence[Limit],
    *,
    noise: Profile | None = None,
    everything: bool = False,
    today: date | None = None,
) -> Receipt:
    """The receipt of two sweeps.

    Args:
        sides: baseline and candidate.
        runs: those of each side with their set-ups.
        factors: what they vary.
        policy: rules and waivers.
        goals: what a cell must meet to count as capacity.
        noise: a profile of run-to-run variation, for cells of fewer than three runs.
        everything: whether volatile differences are shown, too.
        today: the day that waivers are judged by; the present one if not given.

    Raises:
        UsageError: as [`compare`][migrator.diff.engine.compare] raises; or a goal that no run has.
    """
    allowed = Allowance(policy.vary, [one.setup for side in runs for one in side])
    found = _Comparison(*sides, policy, runs, factors, allowed, noise)
    return found.receipt(goals, today or datetime.now(UTC).date(), everything=everything)


class _Comparison:
    """One comparison of two sweeps.

    Args:
        base: the baseline.
        candidate: what is compared with it.
        policy: rules and waivers.
        sides: the runs of both with their set-ups.
        factors: what they vary.
        allowed: what may differ within a cell.
        noise: a profile of run-to-run variation.
    """

    def __init__(
        self,
        base: LoadedSide,
        candidate: LoadedSide,
        policy: Policy,
        sides: tuple[Sequence[Measured], Sequence[Measured]],
        factors: Factors,
        allowed: Allowance,
        noise: Profile | None,
    ) -> None:
        self._base, self._candidate, self._policy = base, candidate, policy
        self._sides, self._factors, self._allowed, self._noise = sides, factors, allowed, noise
        self._cells = cells_of(sides, factors)
        self._names = [name_of_cell(factors, cell.values) for cell in self._cells]

    def receipt(self, goals: Sequence[Limit], today: date, *, everything: bool) -> Receipt:
        policy, base, candidate = self._policy, self._base, self._candidate
        weighed = [self._weigh(cell) if cell.paired else None for cell in self._cells]
        known = {name for one in weighed if one for name in one.known}
        if known:
            policy.require_known(known)
        judged = self._judge(weighed, today)
        cells = [
            self._cell(number, one, found, known)
            for number, (one, found) in enumerate(zip(weighed, judged, strict=True))
        ]
        rows = [row for cell in cells for row in cell.rows]
        found = sorted(
            [*self._findings(), *_told_once(cells)], key=lambda finding: (not finding.blocks, not finding.warns)
        )
        order = order_of(base, candidate)
        first = next((cell for cell in self._cells if cell.paired), None)
        changed, left_out = (
            changes(base.runs[first.sides[0][0]], candidate.runs[first.sides[1][0]], everything=everything)
            if first
            else ([], 0)
        )
        profile = next((noise_used(*one.noise, rows) for one in weighed if one and one.noise[1].entry), None)
        notes = [*_left_out(base, "base"), *_left_out(candidate, "candidate")]
        return Receipt(
            tool=TOOL,
            base=side_of(base, order.base),
            candidate=side_of(candidate, order.candidate),
            verdict=_overall(cells, found),
            gate=gate_of(policy, rows, today),
            findings=found,
            changes=changed,
            ignored_changes=left_out,
            notes=notes,
            noise=profile,
            sweep=self._sweep(cells, weighed, goals),
        )

    # --- cells -----------------------------------------------------------------------------------------------

    def _weigh(self, cell: CellRuns) -> WeighedSides:
        one, other = cell.sides
        return weigh(
            side_of_cell(self._base, one),
            side_of_cell(self._candidate, other),
            self._policy,
            noise=self._noise,
            setups=Setups(
                [self._sides[0][place].setup for place in one], [self._sides[1][place].setup for place in other]
            ),
            rows=HEADLINE,
        )

    def _judge(self, weighed: Sequence[WeighedSides | None], today: date) -> list[Judged | None]:
        """The verdicts of all cells, their p-values corrected together."""
        every = [one for cell in weighed if cell for one in cell.weighings]
        p_values, families = corrected(every, self._policy.alpha)
        found: list[Judged | None] = []
        start = 0
        for cell in weighed:
            if cell is None:
                found.append(None)
                continue
            end = start + len(cell.weighings)
            found.append(judge(cell, p_values[start:end], families, self._policy, today))
            start = end
        return found

    def _cell(
        self, number: int, weighed: WeighedSides | None, judged: Judged | None, known: set[tuple[str, str]]
    ) -> Cell:
        runs, factors = self._cells[number], self._factors.factors
        rows = judged.rows if judged else []
        findings = list(judged.findings) if judged else list(self._not_measured(runs))
        verdict = judged.verdict if judged else Verdict.INCOMPARABLE
        # A gate that other cells have and no side of this one: judged by the rest, the cell would pass.
        lacking = [".".join(name) for name in self._gated(known) if weighed and name not in weighed.known]
        if lacking:
            message = (
                f"neither side has {', '.join(lacking[:3])}{', …' if len(lacking) > 3 else ''}, as other cells have"
            )
            findings.insert(0, Finding(code="missing values", blocks=True, message=message))
            verdict = verdict if verdict is Verdict.REGRESSION else Verdict.INCOMPARABLE
        return Cell(
            name=self._names[number],
            factors={factor.name: value for factor, value in zip(factors, runs.values, strict=True)},
            verdict=verdict,
            base=list(runs.sides[0]),
            candidate=list(runs.sides[1]),
            findings=findings,
            rows=rows,
            notes=[note for note in weighed.notes if note] if weighed else [],
        )

    def _gated(self, known: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        return (name for name in sorted(known) if self._policy.rule(*name).mode == "gate")

    # --- the whole -------------------------------------------------------------------------------------------

    def _findings(self) -> Iterator[Finding]:
        """What is to be said of the sweeps, beside what is said of their cells."""
        yield from self._unpaired()
        for number, name in enumerate(_SIDES):
            yield from mixed(self._sides[number], self._cells, number, name, self._allowed)
            yield from _trials(self._cells, (self._base, self._candidate)[number].runs, number, name)
        if missing := holes(self._cells):
            message = f"{missing[0]} of {missing[1]} combinations of the factors were measured on neither side"
            yield Finding(code="holes", blocks=False, message=message)

    def _unpaired(self) -> Iterator[Finding]:
        for number, name in enumerate(_SIDES):
            missing = [self._names[place] for place, cell in enumerate(self._cells) if not cell.sides[number]]
            if missing:
                yield self._missing(name, _listed(missing))

    def _not_measured(self, cell: CellRuns) -> Iterator[Finding]:
        for name, places in zip(_SIDES, cell.sides, strict=True):
            if not places:
                yield self._missing(name, "it")

    def _missing(self, name: str, what: str) -> Finding:
        """What the candidate did not measure blocks, unless that is allowed: it may be what broke."""
        free = self._allowed.covers("cells")
        blocks = name == "candidate" and not free
        message = f"the {name} did not measure {what}" + (", as asked for" if free else "")
        return Finding(code="missing cells", blocks=blocks, warns=not blocks, message=message)

    def _sweep(self, cells: Sequence[Cell], weighed: Sequence[WeighedSides | None], goals: Sequence[Limit]) -> Sweep:
        names = [factor.name for factor in self._factors.factors]
        load = [factor.is_load for factor in self._factors.factors]
        margin = MARGINS["avg"] if self._policy.margin is None else self._policy.margin
        base, candidate = (self._side_cells(number, goals) for number in (0, 1))
        require_known(goals, [*base, *candidate])
        return Sweep(
            factors=names,
            found_by=self._factors.found_by,
            cells=list(cells),
            means=list(_means(cells, weighed)),
            fronts=list(fronts((base, candidate), names, load, margin)),
            goals=[goal.text for goal in goals],
            capacities=[
                *(capacities("base", base, names, load, goals) if goals else ()),
                *(capacities("candidate", candidate, names, load, goals) if goals else ()),
            ],
        )

    def _side_cells(self, number: int, goals: Sequence[Limit]) -> list[SideCell]:
        side = (self._base, self._candidate)[number]
        tags = [goal.metric for goal in goals]
        found = []
        for place, cell in enumerate(self._cells):
            if cell.sides[number]:
                runs = side_of_cell(side, cell.sides[number])
                if tags:
                    runs = runs._replace(runs=with_zeros(runs.runs, tags))
                setups = [self._sides[number][run].setup for run in cell.sides[number]]
                most = self._policy.max_error_percent
                found.append(side_cell(place, cell.values, (runs, setups), self._allowed, most))
        return found


def _overall(cells: Sequence[Cell], found: Sequence[Finding]) -> Verdict:
    """The verdict of all cells that both sides measured.

    A regression in one stays a regression where another was not measured or cannot be compared; without one, a finding
    that blocks lets nothing pass. Where a side mixes sweeps, no cell says anything.
    """
    verdicts = [cell.verdict for cell in cells if cell.base and cell.candidate]
    if any(finding.code in (MIXED, MIXED_FILES) for finding in found):
        return Verdict.INCOMPARABLE
    if Verdict.REGRESSION in verdicts:
        return Verdict.REGRESSION
    if not verdicts or any(finding.blocks for finding in found):
        return Verdict.INCOMPARABLE
    for verdict in (Verdict.INCOMPARABLE, Verdict.INCONCLUSIVE, Verdict.IMPROVEMENT):
        if verdict in verdicts:
            return verdict
    return Verdict.EQUIVALENT if all(verdict is Verdict.EQUIVALENT for verdict in verdicts) else Verdict.NO_WORSE


def _told_once(cells: Sequence[Cell]) -> Iterator[Finding]:
    """The findings of the cells that both sides measured, each code once, with the cells that it is of."""
    paired = [cell for cell in cells if cell.base and cell.candidate]
    found: dict[tuple[str, bool, bool], list[tuple[str, Finding]]] = {}
    for cell in paired:
        for finding in cell.findings:
            found.setdefault((finding.code, finding.blocks, finding.warns), []).append((cell.name, finding))
    for (code, blocks, warns), told in found.items():
        names = list(dict.fromkeys(name for name, _ in told))
        where = "in every cell" if len(names) == len(paired) > 1 else f"in {_listed(names)}"
        first = told[0][1]
        same = all(finding == first for _, finding in told)
        message = f"{where}: {first.message}" + ("" if same else f" (of {told[0][0]}; the cells have their own)")
        values = (first.base, first.candidate) if same else (None, None)
        yield Finding(code=code, blocks=blocks, warns=warns, message=message, base=values[0], candidate=values[1])


def _left_out(side: LoadedSide, name: str) -> Iterator[str]:
    """The files of a side that are not runs, a note a reason: a sweep has several beside each run."""
    reasons = Counter(told.partition(": ")[2] for told in side.left_out)
    for reason, count in reasons.items():
        first = next(told for told in side.left_out if told.partition(": ")[2] == reason)
        told = first if count == 1 else f"{count} files, each {reason}"
        yield f"left out of the {name}: {told}"


def _listed(names: Sequence[str]) -> str:
    """`concurrency 4, concurrency 8 and 3 more cells`."""
    more = f" and {len(names) - _LISTED} more cells" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _trials(cells: Sequence[CellRuns], runs: Sequence[Run], number: int, name: str) -> Iterator[Finding]:
    """Whether some cells of a side have more runs than others."""
    counts = sorted({count_of(runs[place] for place in cell.sides[number]) for cell in cells if cell.sides[number]})
    if len(counts) > 1:
        message = f"the cells of the {name} have {counts[0]} to {counts[-1]} runs"
        yield Finding(code="trials", blocks=False, message=message)


# --- the mean change -----------------------------------------------------------------------------------------


def _means(cells: Sequence[Cell], weighed: Sequence[WeighedSides | None]) -> Iterator[MeanChange]:
    """The geometric mean change of each gated row that is a ratio, over the cells where it can be compared."""
    both = [(cell, one) for cell, one in zip(cells, weighed, strict=True) if one is not None]
    names = dict.fromkeys((row.metric, row.statistic) for cell, _ in both for row in cell.rows if row.gate == "gate")
    for name in dict.fromkeys((*(name for name in HEADLINE if name in names), *names)):
        used = [(row, one) for cell, one in both if (row := _ratio(cell, *name))]
        if not used:
            continue
        values = [(_side_of(one.base, row), _side_of(one.candidate, row)) for row, one in used]
        found = mean_of_changes(values)
        interval = None
        if not isinstance(found, Refusal):
            low, high = found.interval_percent
            interval = Interval(low=low, high=high, level=found.level, kind="between runs")
        yield MeanChange(
            metric=name[0],
            statistic=name[1],
            direction=used[0][0].direction,
            percent=100 * (mean_ratio(values) - 1),
            interval=interval,
            cells=len(used),
            of=len(both),
            note=found.reason if isinstance(found, Refusal) else _WIDE if found.method == WIDEST else "",
        )


def _ratio(cell: Cell, metric: str, statistic: str) -> Row | None:
    """The row of a statistic, where it is a ratio and the cell can be compared; else None."""
    row = next((row for row in cell.rows if (row.metric, row.statistic) == (metric, statistic)), None)
    if row is None or row.verdict is Verdict.INCOMPARABLE or any(finding.blocks for finding in cell.findings):
        return None
    positive = row.base is not None and row.candidate is not None and min(row.base, row.candidate) > 0
    judged = row.direction in (Direction.LOWER, Direction.HIGHER)
    return row if positive and judged and row.measure == "ratio" else None


def _side_of(side: LoadedSide, row: Row) -> Side:
    """The values of a row, run by run, in the order of their start; their moments where a summary stands for some."""
    if is_summed(side.runs) and (found := moments_of(side.runs, row.metric, row.statistic, row.unit)):
        return found
    values = by_run(in_order(side).runs, row.metric, row.statistic, row.unit)
    return [value for value in values if value is not None]
