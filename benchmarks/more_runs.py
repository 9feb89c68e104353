"""Following "about k more runs a side": how often that many runs decide the row that asked for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Final, NamedTuple

from benchmarks.simulate import SEED, STATISTICS, Noise, Run, machine, sides
from migrator.aiperf.directions import direction
from migrator.diff.evidence import Weighed
from migrator.diff.pair import Pair
from migrator.diff.policy import ALPHA, MARGINS, GateRule, Policy
from migrator.diff.receipt import Evidence, Row, Verdict
from migrator.diff.rows import corrected, row_of, weighing
from migrator.diff.statistics.interval import from_runs
from migrator.diff.statistics.power import MOST_RUNS

_POLICY: Final = Policy()
_TODAY: Final = date(2026, 11, 27)


class Setting(NamedTuple):
    """Runs of each side at first, noise from run to run as in the other tables, and the true change."""

    runs: int
    noise: float
    change: float


class Followed(NamedTuple):
    """Of the comparisons of a setting that named a number of runs: how many rows those runs decided.

    `asked` had an open row that named a number, `more` is how many runs they named in all. `wrong` were decided
    against the truth: a regression where the change is within the margin, or "no worse" where it is not.
    """

    setting: Setting
    comparisons: int
    asked: int
    more: int
    decided: int
    wrong: int


def settings() -> list[Setting]:
    """All settings: no change, a change within the margin of a mean, and one beyond it."""
    return [
        Setting(runs, noise, change)
        for change in (0.0, 0.02, 0.08, 0.1)
        for runs, noise in ((3, 0.01), (3, 0.02), (5, 0.02), (5, 0.05))
    ]


def followed(setting: Setting, still: Sequence[Run], comparisons: int) -> Followed:
    """Compare, take one of the open rows that name a number, add that many runs to both sides, and compare again."""
    random = Random(f"{SEED} {setting}")
    noise = Noise(machine(setting.noise), machine(setting.noise))
    asked = more = decided = wrong = 0
    for _ in range(comparisons):
        size = setting.runs + MOST_RUNS
        base, candidate = sides(random, still, (size, size), noise, setting.change)
        rows = _compared(base[: setting.runs], candidate[: setting.runs])
        named = [(place, row.more_runs) for place, row in enumerate(rows) if row.more_runs]
        if not named:
            continue
        place, count = random.choice(named)
        verdict = _compared(base[: setting.runs + count], candidate[: setting.runs + count])[place].verdict
        asked += 1
        more += count
        decided += verdict is not Verdict.INCONCLUSIVE
        # Of a throughput the change is 1 / (1 + change), and both margins are the same as logarithms.
        beyond = math.log1p(setting.change) > math.log1p(MARGINS[STATISTICS[place][1]] / 100)
        wrong += verdict is Verdict.REGRESSION if not beyond else verdict in (Verdict.NO_WORSE, Verdict.EQUIVALENT)
    return Followed(setting, comparisons, asked, more, decided, wrong)


def _compared(base: Sequence[Run], candidate: Sequence[Run]) -> list[Row]:
    """The rows of the default gate."""
    weighings = []
    for place, (metric, statistic) in enumerate(STATISTICS):
        a, b = (tuple(math.exp(run[place]) for run in side) for side in (base, candidate))
        weighed = Weighed(Evidence.RUNS, from_runs(a, b))
        rule = GateRule(metric, statistic)
        weighings.append(
            weighing(Pair(metric, statistic, "", a, b), rule, direction(metric), weighed, weighed.estimate)
        )
    p_values, families = corrected(weighings, ALPHA)
    return [
        row_of(one, found, families["gate"], _POLICY, _TODAY) for one, found in zip(weighings, p_values, strict=True)
    ]
