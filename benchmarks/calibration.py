"""Calibration: how often the comparison is wrong, and how often it finds what is there, on simulated runs.

`python -m benchmarks.calibration docs` writes the figures into docs/statistics.md.
"""

from __future__ import annotations

import math
import re
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from functools import cache
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from benchmarks.simulate import REQUESTS, SEED, SIGNS, STATISTICS, Noise, Run, sides, still_runs
from benchmarks.single_runs import Covered, covered, singles
from migrator.aiperf.directions import direction
from migrator.diff.judge import Criteria, decide
from migrator.diff.statistics.interval import Estimate, from_noise, from_runs
from migrator.diff.statistics.multiple import holm

PAGE: Final = Path(__file__).parent.parent / "docs" / "statistics.md"
RUNS: Final = (3, 5, 10)
NOISES: Final = (0.01, 0.02, 0.05)
_CHUNK: Final = 500


class Effort(NamedTuple):
    """How much is simulated: still runs to choose from, comparisons a cell, of single runs, and draws of each."""

    still: int = 8_000
    comparisons: int = 2_000
    singles: int = 1_200
    draws: int = 200
    requests: int = REQUESTS


FULL: Final = Effort()
T = TypeVar("T")


# --- groups of runs ------------------------------------------------------------------------------------------


class Cell(NamedTuple):
    """One setting: runs a side (0 is one run a side and a noise profile of five), noise, and the true change."""

    name: str
    runs: int
    noise: Noise
    change: float = 0.0


class Outcome(NamedTuple):
    """What came of the comparisons of a cell: verdicts of each statistic, and intervals that held the truth."""

    cell: Cell
    comparisons: int
    verdicts: tuple[Counter[str], ...]
    held: tuple[int, ...]
    any_regression: int

    def share(self, verdict: str) -> float:
        """Of all gated metrics, how many got a verdict."""
        return sum(counts[verdict] for counts in self.verdicts) / self.comparisons / len(self.verdicts)

    def of(self, place: int, verdict: str) -> float:
        """Of one gated metric, how often it got a verdict."""
        return self.verdicts[place][verdict] / self.comparisons

    def coverage(self) -> list[float]:
        """How many intervals held the true ratio, for each statistic."""
        return [held / self.comparisons for held in self.held]


def outcome(cell: Cell, still: Sequence[Run], comparisons: int) -> Outcome:
    """Simulate the comparisons of a cell and ask the real rule each time."""
    random = Random(f"{SEED} {cell}")
    verdicts: tuple[Counter[str], ...] = tuple(Counter() for _ in STATISTICS)
    held = [0] * len(STATISTICS)
    any_regression = 0
    for _ in range(comparisons):
        estimates, means = _estimates(random, cell, still)
        adjusted = holm([estimate.p_value or 0.0 for estimate in estimates])
        told = []
        for place, estimate in enumerate(estimates):
            facing = direction(STATISTICS[place][0])
            told.append(decide(facing, *means[place], estimate, Criteria(5.0), adjusted[place]).verdict)
            verdicts[place][told[-1]] += 1
            truth = (1 + cell.change) ** SIGNS[place]
            held[place] += estimate.low <= truth <= estimate.high
        any_regression += "regression" in told
    return Outcome(cell, comparisons, verdicts, tuple(held), any_regression)


def _estimates(random: Random, cell: Cell, still: Sequence[Run]) -> tuple[list[Estimate], list[tuple[float, float]]]:
    """One comparison: an estimate of each statistic, and the means of both sides."""
    base, candidate = sides(random, still, cell.runs or 1, cell.noise, cell.change)
    profile = [] if cell.runs else sides(random, still, 5, cell.noise, 0)[0]
    found, means = [], []
    for place in range(len(STATISTICS)):
        a, b = ([math.exp(run[place]) for run in side] for side in (base, candidate))
        estimate = from_noise(a, b, statistics.stdev(run[place] for run in profile), 4) if profile else from_runs(a, b)
        if not isinstance(estimate, Estimate):
            raise RuntimeError(estimate.reason)
        found.append(estimate)
        means.append((statistics.fmean(a), statistics.fmean(b)))
    return found, means


def cells() -> dict[str, list[Cell]]:
    """All settings, by the table they are for."""
    grid = [(runs, noise) for noise in NOISES for runs in RUNS]
    two = Noise(0.02, 0.02)
    return {
        "same": [Cell("", runs, Noise(noise, noise)) for runs, noise in grid],
        "slower": [Cell("", runs, Noise(noise, noise), 0.1) for runs, noise in grid],
        "margin": [Cell("", runs, two, 0.05) for runs in RUNS],
        "profile": [Cell("", 0, Noise(noise, noise), change) for change in (0.0, 0.1) for noise in NOISES],
        "hard": [
            Cell("rare bad runs (heavy tails)", 5, two._replace(heavy=True)),
            Cell("noise of 1 % against 5 %", 5, Noise(0.01, 0.05)),
            Cell("each run 1 % slower than the one before, A B A B …", 5, two._replace(drift=0.01, in_turn=True)),
            Cell("the same, but all of A before all of B", 5, two._replace(drift=0.01)),
        ],
    }


# --- all of it -----------------------------------------------------------------------------------------------


class Figures(NamedTuple):
    """Everything that was simulated."""

    effort: Effort
    spreads: tuple[float, ...]
    groups: dict[str, list[Outcome]]
    singles: list[Covered]


def figures(effort: Effort = FULL, *, workers: int | None = None) -> Figures:
    """Simulate all of it, in several processes; the same numbers whatever their number.

    Args:
        effort: how much.
        workers: processes; 0 for none beside this one, None for one a core.
    """
    wanted = [(name, cell) for name, group in cells().items() for cell in group]
    chunks = -(-effort.still // _CHUNK)
    size = min(_CHUNK, effort.still)
    pool: Executor = _Here() if workers == 0 else ProcessPoolExecutor(workers)
    with pool:
        single = pool.map(covered, singles(), *zip(*[(effort.singles, effort.draws)] * len(singles()), strict=True))
        made = pool.map(still_runs, range(SEED, SEED + chunks), [size] * chunks, [effort.requests] * chunks)
        still = list(chain.from_iterable(made))
        told = pool.map(
            outcome, [cell for _, cell in wanted], [still] * len(wanted), [effort.comparisons] * len(wanted)
        )
        groups: dict[str, list[Outcome]] = {name: [] for name in cells()}
        for (name, _), found in zip(wanted, told, strict=True):
            groups[name].append(found)
        spreads = tuple(statistics.stdev(run[place] for run in still) for place in range(len(STATISTICS)))
        return Figures(effort, spreads, groups, list(single))


class _Here(Executor):
    """A pool of no processes: what is submitted is done at once."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@cache
def _full() -> Figures:
    return figures()


def run() -> Iterator[str]:
    """What was promised, and what came out."""
    for what, figure, reached in claims(_full()):
        yield f"{what:<76}{figure:>20}  {'reached' if reached else 'missed'}"


def claims(found: Figures) -> Iterator[tuple[str, str, bool]]:
    """Each promise of the comparison, the figure it is judged by, and whether it is kept."""
    worst = max(cell.share("regression") for cell in found.groups["same"])
    yield "no change: gated metrics called regression, worst setting", f"{_percent(worst)}, aim ≤ 5 %", worst <= 0.05
    worst = max(cell.any_regression / cell.comparisons for cell in found.groups["same"])
    yield "no change: comparisons with any regression, worst setting", f"{_percent(worst)}, aim ≤ 5 %", worst <= 0.05
    cell = next(one for one in found.groups["slower"] if one.cell.runs == 5 and one.cell.noise.base == 0.02)
    averages = [place for place, (_, statistic) in enumerate(STATISTICS) if statistic == "avg"]
    least = min(cell.of(place, "regression") for place in averages)
    yield "10 % slower: found with 5 runs at 2 % noise, worst average", f"{_percent(least)}, aim ≥ 95 %", least >= 0.95
    most = max(cell.share("equivalent") for cell in found.groups["margin"])
    # Equivalence errs in 5 % there by design, so half of all simulations of it come out above.
    yield "5 % slower, margin 5 %: called equivalent, worst setting", f"{_percent(most)}, aim 5 ± 1 %", most <= 0.06
    for name, far in _distances(found):
        yield f"{name}: coverage farthest from 95 %", f"{_percent(far)}, aim 93–97 %", abs(far - 0.95) <= 0.02


def _distances(found: Figures) -> Iterator[tuple[str, float]]:
    runs = [statistics.fmean(cell.coverage()) for name in ("same", "slower") for cell in found.groups[name]]
    yield "intervals between runs", max(runs, key=lambda share: abs(share - 0.95))
    records = [one.held / one.given for one in found.singles if one.single.method == "records"]
    yield "intervals from records", max(records, key=lambda share: abs(share - 0.95))


# --- the page ------------------------------------------------------------------------------------------------

_MARK: Final = r"(<!-- figures: {name} -->\n).*?(<!-- end -->)"


def pages(found: Figures | None = None) -> dict[str, str]:
    """The page with its tables made anew, by its name below the documentation folder."""
    found = found or _full()
    text = PAGE.read_text(encoding="utf-8")
    for name, lines in tables(found).items():
        table = "\n".join(lines)
        text, count = re.subn(_MARK.format(name=name), rf"\g<1>\n{table}\n\n\g<2>", text, count=1, flags=re.DOTALL)
        if not count:
            raise RuntimeError(f"the page has no place for the table {name!r}")
    return {PAGE.name: text}


def tables(found: Figures) -> dict[str, list[str]]:
    """The generated tables of the page, by name."""
    return {
        "claims": _claims_table(found),
        "spread": _spread_table(found),
        "same": _same_table(found),
        "slower": _slower_table(found),
        "margin": _margin_table(found),
        "coverage": _coverage_table(found),
        "single": _single_table(found),
        "profile": _profile_table(found),
        "hard": _hard_table(found),
    }


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rule = "|".join(["---"] + ["---:"] * (len(head) - 1))
    return [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _setting(cell: Cell) -> list[str]:
    return [f"{100 * cell.noise.base:.0f} %", str(cell.runs)]


def _claims_table(found: Figures) -> list[str]:
    rows = [(what, figure.replace(", aim", " | aim").split(" | "), kept) for what, figure, kept in claims(found)]
    return _table(
        ["promise", "found", "aim", "kept"],
        [[what, value, aim.removeprefix("aim "), "yes" if kept else "**no**"] for what, (value, aim), kept in rows],
    )


def _name(place: int) -> str:
    metric, statistic = STATISTICS[place]
    return f"`{metric}.{statistic}`"


def _spread_table(found: Figures) -> list[str]:
    rows = [
        [_name(place), _percent(own), *(_percent(math.hypot(own, noise)) for noise in NOISES)]
        for place, own in enumerate(found.spreads)
    ]
    return _table(["statistic", "from the requests alone", *(f"noise of {100 * n:.0f} %" for n in NOISES)], rows)


def _same_table(found: Figures) -> list[str]:
    head = ["noise", "runs", "regression", "improvement", "equivalent", "inconclusive", "any regression"]
    rows = [
        [
            *_setting(one.cell),
            *(_percent(one.share(verdict)) for verdict in head[2:6]),
            _percent(one.any_regression / one.comparisons),
        ]
        for one in found.groups["same"]
    ]
    return _table(head, rows)


def _slower_table(found: Figures) -> list[str]:
    head = ["noise", "runs", *(_name(place) for place in range(len(STATISTICS)))]
    rows = [
        [*_setting(one.cell), *(_percent(one.of(place, "regression")) for place in range(len(STATISTICS)))]
        for one in found.groups["slower"]
    ]
    return _table(head, rows)


def _margin_table(found: Figures) -> list[str]:
    head = ["noise", "runs", "regression", "equivalent", "inconclusive"]
    rows = [
        [*_setting(one.cell), *(_percent(one.share(verdict)) for verdict in head[2:])] for one in found.groups["margin"]
    ]
    return _table(head, rows)


def _coverage_table(found: Figures) -> list[str]:
    rows = []
    for same, slower in zip(found.groups["same"], found.groups["slower"], strict=True):
        shares = [*same.coverage(), *slower.coverage()]
        rows.append([*_setting(same.cell), *map(_percent, (min(shares), statistics.fmean(shares), max(shares)))])
    return _table(["noise", "runs", "least", "mean", "most"], rows)


def _single_table(found: Figures) -> list[str]:
    rows = []
    for single, comparisons, given, held in found.singles:
        what = f"p{single.percent:g}" if single.percent else "mean"
        kept = _percent(held / given) if given else "none"
        rows.append(
            [
                f"{single.method}, {what}",
                str(single.requests),
                f"{single.memory:g}",
                kept,
                _percent(1 - given / comparisons),
            ]
        )
    return _table(["interval from", "requests", "correlation", "coverage", "refused"], rows)


def _profile_table(found: Figures) -> list[str]:
    head = ["noise", "true change", "regression", "equivalent", "inconclusive", "coverage"]
    rows = [
        [
            f"{100 * one.cell.noise.base:.0f} %",
            f"{100 * one.cell.change:.0f} %",
            *(_percent(one.share(verdict)) for verdict in head[2:5]),
            _percent(statistics.fmean(one.coverage())),
        ]
        for one in found.groups["profile"]
    ]
    return _table(head, rows)


def _hard_table(found: Figures) -> list[str]:
    rows = [
        [
            one.cell.name,
            _percent(one.share("regression")),
            _percent(one.any_regression / one.comparisons),
            _percent(statistics.fmean(one.coverage())),
        ]
        for one in found.groups["hard"]
    ]
    return _table(["setting, 5 runs a side, no change", "regression", "any regression", "coverage"], rows)


def write(folder: Path) -> None:
    """Write the page into a documentation folder."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE.parent)
