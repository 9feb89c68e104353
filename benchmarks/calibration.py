"""Calibration: how often the comparison is wrong, and how often it finds what is there, on simulated runs.

Every share is one of comparisons, not of rows. `python -m benchmarks.calibration docs` writes the figures into
docs/statistics.md.
"""

from __future__ import annotations

import math
import re
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from benchmarks.failures import Failed, failed, failings
from benchmarks.more_runs import Followed, followed, settings
from benchmarks.simulate import (
    REQUESTS,
    SEED,
    SHAPES,
    SIGNS,
    STATISTICS,
    Noise,
    Run,
    curve_of,
    machine,
    sides,
    still_runs,
)
from benchmarks.single_runs import Covered, covered, singles
from migrator.aiperf.directions import direction
from migrator.diff.evidence import Weighed, without_drift
from migrator.diff.judge import Known
from migrator.diff.order import Order, Values, drift_of
from migrator.diff.pair import Pair
from migrator.diff.policy import ALPHA, MARGINS, GateRule, Policy
from migrator.diff.receipt import Evidence
from migrator.diff.rows import Weighing, corrected, row_of, weighing
from migrator.diff.statistics.interval import Estimate, Refusal, from_noise, from_runs
from migrator.diff.statistics.student import t_quantile

PAGE: Final = Path(__file__).parent.parent / "docs" / "statistics.md"
RUNS: Final = (3, 5, 10)
NOISES: Final = (0.01, 0.02, 0.05, 0.15)
PASSING: Final = ("no worse", "equivalent", "improvement")
_LENGTHS: Final = (1000, 300)
"""Requests of the runs that the margins are chosen by."""
_CHUNK: Final = 500
_TODAY: Final = date(2026, 11, 27)
_POLICY: Final = Policy()


class Effort(NamedTuple):
    """How much is simulated: still runs to choose from, comparisons a cell, of single runs, and draws of each."""

    still: int = 2_000
    comparisons: int = 500
    singles: int = 400
    draws: int = 200
    requests: int = REQUESTS


FULL: Final = Effort()
T = TypeVar("T")


# --- groups of runs ------------------------------------------------------------------------------------------


class Cell(NamedTuple):
    """One setting: runs of each side, noise from run to run, and the true change.

    `noise` is the standard deviation of `request_latency.avg`, all told. With a `profile` of so many runs there is one
    run a side; `longer` is how many times as many requests the profile's runs had.
    """

    name: str
    runs: tuple[int, int]
    noise: Noise
    change: float = 0.0
    profile: int = 0


class Outcome(NamedTuple):
    """What came of the comparisons of a cell, each of the default gate."""

    cell: Cell
    comparisons: int
    regression: int
    passed: int
    held: tuple[int, ...]

    def share(self, count: int) -> float:
        """Of all comparisons."""
        return count / self.comparisons

    def coverage(self) -> list[float]:
        """How many intervals held the true ratio, for each statistic."""
        return [held / self.comparisons for held in self.held]


def outcome(cell: Cell, still: Sequence[Run], comparisons: int) -> Outcome:
    """Simulate the comparisons of a cell and ask the real rule each time."""
    random = Random(f"{SEED} {cell}")
    noise = cell.noise._replace(base=machine(cell.noise.base), candidate=machine(cell.noise.candidate))
    regression = passed = 0
    held = [0] * len(STATISTICS)
    for _ in range(comparisons):
        base, candidate = sides(random, still, cell.runs, noise, cell.change)
        profile = sides(random, still, (cell.profile, 0), noise, 0)[0] if cell.profile else []
        weighings = [_weighed(place, base, candidate, profile, noise) for place in range(len(STATISTICS))]
        verdicts = judged(weighings)
        regression += "regression" in verdicts
        passed += all(verdict in PASSING for verdict in verdicts)
        for place, one in enumerate(weighings):
            truth = (1 + cell.change) ** SIGNS[place]
            assert isinstance(one.estimate, Estimate)
            held[place] += one.estimate.low <= truth <= one.estimate.high
    return Outcome(cell, comparisons, regression, passed, tuple(held))


def judged(weighings: Sequence[Weighing]) -> list[str]:
    """The verdict of each row of a gate."""
    p_values, families = corrected(weighings, ALPHA)
    return [
        row_of(one, found, families["gate"], _POLICY, _TODAY).verdict.value
        for one, found in zip(weighings, p_values, strict=True)
    ]


def _weighed(
    place: int, base: Sequence[Run], candidate: Sequence[Run], profile: Sequence[Run], noise: Noise
) -> Weighing:
    """A row of the default gate, as the comparison weighs it."""
    metric, statistic = STATISTICS[place]
    a, b = (tuple(math.exp(run[place]) for run in side) for side in (base, candidate))
    estimate: Known | Refusal
    if profile:
        sd = statistics.stdev(run[place] for run in profile)
        estimate = from_noise(a, b, (sd, sd), len(profile) - 1)
    else:
        estimate = from_runs(a, b)
        values = Values(metric, list(a), list(b), math.log1p(MARGINS[statistic] / 100))
        if drift := drift_of(_order(len(a), len(b), noise), values):
            estimate = without_drift(estimate, drift)
    weighed = Weighed(Evidence.NOISE if profile else Evidence.RUNS, estimate)
    pair = Pair(metric, statistic, "", a, b)
    return weighing(pair, GateRule(metric, statistic), direction(metric), weighed, estimate)


def _order(base: int, candidate: int, noise: Noise) -> Order:
    """In turn, or with a drift that is not in turn the base first."""
    apart = bool(noise.drift) and not noise.in_turn
    if apart:
        return Order(tuple(range(1, base + 1)), tuple(range(base + 1, base + candidate + 1)), apart=True)
    return Order(tuple(range(1, 2 * base, 2)), tuple(range(2, 2 * candidate + 1, 2)), apart=False)


def cells() -> dict[str, list[Cell]]:
    """All settings, by the table they are for."""
    both = [(runs, runs) for runs in RUNS]
    usual = [(runs, noise) for noise in NOISES[:3] for runs in both]
    two = Noise(0.02, 0.02)
    unlike = [(3, 10), (10, 3), (3, 5), (5, 10)]
    return {
        "same": [
            Cell(shape, runs, Noise(noise, noise, shape)) for shape in SHAPES for noise in NOISES for runs in both
        ],
        "unlike": [
            Cell(shape, runs, Noise(*noise, shape))
            for shape in SHAPES
            for runs in (*both, *unlike)
            for noise in ((0.15, 0.02), (0.02, 0.15))
        ],
        **{
            name: [Cell("", runs, Noise(noise, noise), change) for runs, noise in usual]
            for name, change in (("four", 0.04), ("slower", 0.1), ("faster", -0.1))
        },
        "margin": [Cell("", runs, two, 0.05) for runs in both],
        "profile": [
            Cell("", (1, 1), Noise(noise, noise), change, profile)
            for change in (0.0, 0.1)
            for noise in NOISES[:3]
            for profile in (5, 20)
        ],
        "drift": [
            Cell("each run 1 % slower than the one before, A B A B …", runs, two._replace(drift=0.01, in_turn=True))
            for runs in both[1:]
        ]
        + [Cell("the same, but all of A before all of B", runs, two._replace(drift=0.01)) for runs in both[1:]],
    }


# --- all of it -----------------------------------------------------------------------------------------------


class Figures(NamedTuple):
    """Everything that was simulated."""

    effort: Effort
    spreads: dict[int, dict[str, float]]
    groups: dict[str, list[Outcome]]
    failures: list[Failed]
    more: list[Followed]
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
        failures = pool.map(failed, failings(), [effort.comparisons] * len(failings()))
        made = pool.map(still_runs, range(SEED, SEED + chunks), [size] * chunks, [effort.requests] * chunks)
        still = list(chain.from_iterable(made))
        count = min(effort.still, 1000)
        curves = {size: list(pool.map(curve_of, range(count), [size] * count)) for size in _LENGTHS}
        told = pool.map(
            outcome, [cell for _, cell in wanted], [still] * len(wanted), [effort.comparisons] * len(wanted)
        )
        more = pool.map(followed, settings(), [still] * len(settings()), [effort.comparisons] * len(settings()))
        groups: dict[str, list[Outcome]] = {name: [] for name in cells()}
        for (name, _), found in zip(wanted, told, strict=True):
            groups[name].append(found)
        spreads = {
            size: {name: statistics.stdev(math.log(curve[name]) for curve in found) for name in found[0]}
            for size, found in curves.items()
        }
        return Figures(effort, spreads, groups, list(failures), list(more), list(single))


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
        yield f"{what:<84}{figure:>20}  {'reached' if reached else 'missed'}"


def claims(found: Figures) -> Iterator[tuple[str, str, bool]]:
    """Each promise of the comparison, the figure it is judged by, and whether it is kept."""
    yield _at_most("no change: any regression, worst of 60 settings", _worst(found, "same"), 0.05)
    unlike = [one for one in found.groups["unlike"] if one.cell.runs[0] != one.cell.runs[1]]
    worst = max(one.share(one.regression) for one in unlike)
    yield _at_most("no change, unlike numbers of runs and unlike noise: any regression, worst", worst, 0.05)
    for runs, noise, least in ((5, 0.02, 0.65), (5, 0.01, 0.9), (10, 0.02, 0.9)):
        cell = _cell(found, "same", runs, noise)
        what = f"no change, {runs} runs, {100 * noise:.0f} % noise: passes"
        yield _at_least(what, cell.share(cell.passed), least)
    yield _at_most("4 % slower: any regression, worst setting", _worst(found, "four"), 0.05)
    cell = _cell(found, "slower", 5, 0.02)
    yield _at_least("10 % slower, 5 runs, 2 % noise: found", cell.share(cell.regression), 0.9)
    cell = _cell(found, "faster", 5, 0.02)
    yield _at_least("10 % faster, 5 runs, 2 % noise: passes", cell.share(cell.passed), 0.95)
    sure = next(one for one in found.failures if one.failing == failings()[0])
    yield _at_least("failed requests 0 → 2 % of 5 × 1,000: found", sure.regression / sure.comparisons, 0.95)
    same = [one for one in found.failures if one.failing.base == one.failing.candidate]
    worst = max(one.regression / one.comparisons for one in same)
    yield _at_most("as many failed requests: a regression, worst setting", worst, 0.05)
    worst = max(one.share(one.regression) for one in found.groups["profile"] if not one.cell.change)
    yield _at_most("noise profile, no change: any regression, worst setting", worst, 0.05)
    asked, decided, wrong = (sum(getattr(one, name) for one in found.more) for name in ("asked", "decided", "wrong"))
    yield _at_least('an open row, after "about k more runs a side": decided', decided / asked, 0.8)
    yield _at_most("the same: decided against the truth", wrong / asked, 0.05)
    for name, far in _distances(found):
        yield f"{name}: coverage farthest from 95 %", f"{_percent(far)}, aim 93–97 %", abs(far - 0.95) <= 0.02


def _at_most(what: str, figure: float, aim: float) -> tuple[str, str, bool]:
    return what, f"{_percent(figure)}, aim ≤ {100 * aim:.0f} %", figure <= aim


def _at_least(what: str, figure: float, aim: float) -> tuple[str, str, bool]:
    return what, f"{_percent(figure)}, aim ≥ {100 * aim:.0f} %", figure >= aim


def _worst(found: Figures, name: str) -> float:
    return max(one.share(one.regression) for one in found.groups[name])


def _cell(found: Figures, name: str, runs: int, noise: float) -> Outcome:
    """The lognormal cell of a table with so many runs a side and so much noise."""
    return next(
        one
        for one in found.groups[name]
        if one.cell.runs == (runs, runs) and one.cell.noise == Noise(noise, noise) and one.cell.noise.base == noise
    )


def _distances(found: Figures) -> Iterator[tuple[str, float]]:
    alike = [one for name in ("same", "slower") for one in found.groups[name] if one.cell.noise.shape == "lognormal"]
    runs = [statistics.fmean(one.coverage()) for one in alike]
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
        "margins": _margins_table(found),
        "same": _same_table(found),
        "passes": _passes_table(found),
        "changed": _changed_table(found),
        "unlike": _unlike_table(found),
        "failures": _failures_table(found),
        "more": _more_table(found),
        "single": _single_table(found),
        "profile": _profile_table(found),
        "drift": _drift_table(found),
    }


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rule = "|".join(["---"] + ["---:"] * (len(head) - 1))
    return [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _whole(share: float) -> str:
    return f"{100 * share:.0f} %"


def _runs(cell: Cell) -> str:
    return str(cell.runs[0]) if cell.runs[0] == cell.runs[1] else f"{cell.runs[0]} / {cell.runs[1]}"


def _claims_table(found: Figures) -> list[str]:
    rows = [(what, figure.replace(", aim", " | aim").split(" | "), kept) for what, figure, kept in claims(found)]
    return _table(
        ["promise", "found", "aim", "kept"],
        [[what, value, aim.removeprefix("aim "), "yes" if kept else "**no**"] for what, (value, aim), kept in rows],
    )


def _margins_table(found: Figures) -> list[str]:
    """How much each statistic of `time_to_first_token` varies at 2 % noise, and the margin it needs, beside its own."""
    rows = []
    for statistic in found.spreads[_LENGTHS[0]]:
        told = [f"`{statistic}`", f"{MARGINS[statistic]:g} %"]
        for spreads in found.spreads.values():
            deviation = math.hypot(spreads[statistic], machine(0.02))
            # No worse at 5 runs a side: the reach of the one-sided test and of its power (8 degrees of freedom).
            needed = math.expm1(deviation * math.sqrt(2 / 5) * (t_quantile(0.95, 8) + t_quantile(0.8, 8)))
            told += [_percent(deviation), _percent(needed)]
        rows.append(told)
    sizes = [f"{size:,} requests" for size in _LENGTHS]
    head = ["statistic", "margin", *(part for size in sizes for part in (f"spread, {size}", f"needs, {size}"))]
    return _table(head, rows)


def _same_table(found: Figures) -> list[str]:
    rows = []
    for shape in SHAPES:
        for noise in NOISES:
            cells = [one for one in found.groups["same"] if one.cell.name == shape and one.cell.noise.base == noise]
            rows.append([shape, _whole(noise), *(_percent(one.share(one.regression)) for one in cells)])
    return _table(["shape", "noise", *(f"{runs} runs" for runs in RUNS)], rows)


def _passes_table(found: Figures) -> list[str]:
    rows = []
    for shape in SHAPES:
        for noise in NOISES[:3]:
            cells = [one for one in found.groups["same"] if one.cell.name == shape and one.cell.noise.base == noise]
            rows.append([shape, _whole(noise), *(_percent(one.share(one.passed)) for one in cells)])
    return _table(["shape", "noise", *(f"{runs} runs" for runs in RUNS)], rows)


def _changed_table(found: Figures) -> list[str]:
    head = ["noise", "runs", "+4 %: regression", "+10 %: regression", "+4 %: passes", "−10 %: passes"]
    rows = []
    for four, slower, faster in zip(*(found.groups[name] for name in ("four", "slower", "faster")), strict=True):
        shares = four.share(four.regression), slower.share(slower.regression), four.share(four.passed)
        rows.append(
            [
                _whole(four.cell.noise.base),
                _runs(four.cell),
                *map(_percent, (*shares, faster.share(faster.passed))),
            ]
        )
    return _table(head, rows)


def _unlike_table(found: Figures) -> list[str]:
    rows = []
    for one in found.groups["unlike"]:
        noise = f"{_whole(one.cell.noise.base)} / {_whole(one.cell.noise.candidate)}"
        rows.append([one.cell.name, _runs(one.cell), noise, _percent(one.share(one.regression))])
    return _table(["shape", "runs", "noise of base / candidate", "any regression"], rows)


def _failures_table(found: Figures) -> list[str]:
    rows = []
    for failing, comparisons, regression, passed in found.failures:
        shares = f"{100 * failing.base:g} → {100 * failing.candidate:g} %"
        size = f"{failing.runs} × {failing.requests:,}"
        told = _percent(regression / comparisons), _percent(passed / comparisons)
        rows.append([shares, size, failing.told, *told])
    return _table(["share that fails", "runs × requests", "from run to run", "regression", "passes"], rows)


def _more_table(found: Figures) -> list[str]:
    rows = []
    for setting, comparisons, asked, more, decided, wrong in found.more:
        told = [f"{more / asked:.0f}", _percent(decided / asked), _percent(wrong / asked)] if asked else ["none"] * 3
        rows.append(
            [_whole(setting.change), _whole(setting.noise), str(setting.runs), _percent(asked / comparisons), *told]
        )
    head = ["true change", "noise", "runs", "names a number", "its mean", "then decided", "against the truth"]
    return _table(head, rows)


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
    rows = [
        [
            _whole(one.cell.noise.base),
            str(one.cell.profile),
            _whole(one.cell.change),
            _percent(one.share(one.regression)),
            _percent(one.share(one.passed)),
            _percent(statistics.fmean(one.coverage())),
        ]
        for one in found.groups["profile"]
    ]
    return _table(["noise", "runs of the profile", "true change", "any regression", "passes", "coverage"], rows)


def _drift_table(found: Figures) -> list[str]:
    rows = [
        [one.cell.name, _runs(one.cell), _percent(one.share(one.regression)), _percent(one.share(one.passed))]
        for one in found.groups["drift"]
    ]
    return _table(["setting, no change of the build", "runs", "any regression", "passes"], rows)


def write(folder: Path) -> None:
    """Write the page into a documentation folder."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE.parent)
