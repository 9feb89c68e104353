"""How many runs a change of some size needs, from the noise of runs that are there or from a noise profile."""

from __future__ import annotations

import math
from collections.abc import Sequence

from migrator.diff.engine import completed, fixed_requests, require_judgeable
from migrator.diff.noise import Profile, length_of
from migrator.diff.pair import Pair, pairs
from migrator.diff.policy import Policy
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.interval import MIN_RUNS
from migrator.diff.statistics.power import runs_for
from migrator.errors import UsageError
from migrator.values import NamedTuple


class Planned(NamedTuple):
    """One gated row: its margin and spread from run to run, both in percent, and the runs a side that it needs.

    `to_find` is for calling the change a regression, `to_pass` for showing that an unchanged build is no worse; None
    where it takes more than 50. `within` tells that the change is not beyond the margin, so that no
    number of runs makes it a regression.
    """

    metric: str
    statistic: str
    margin: float
    spread: float
    rests_on: str
    to_find: int | None
    to_pass: int | None
    within: bool


def plan(
    base: LoadedSide, candidate: LoadedSide, policy: Policy, percent: float, noise: Profile | None = None
) -> list[Planned]:
    """The runs that each gated row needs for 80 % power, to be fixed before they are done.

    Args:
        base: runs of the configuration; their spread counts where there are three or more.
        candidate: the same, or the base once more.
        policy: what is gated, and to which margins.
        percent: the change for the worse that is to be found.
        noise: a profile, for fewer runs.

    Raises:
        UsageError: neither side has three runs, and no profile knows them; or no gated row has a spread.
    """
    base, candidate = completed(base, candidate, policy)
    paired, _ = pairs(base, candidate, policy.named())
    require_judgeable(base, candidate, policy, paired)
    fixed = fixed_requests(base, candidate)
    gated = []
    for pair in paired:
        rule = policy.rule(pair.metric, pair.statistic)
        direction = rule.facing(fixed_requests=fixed)
        if rule.mode != "gate" or direction not in ("lower", "higher") or not pair.base or min(pair.base) <= 0:
            continue
        if spread := _spread(pair, base, candidate, noise):
            gated.append((pair, rule.percent, direction, spread))
    if not gated:
        raise UsageError(
            "no gated row has a spread to plan by",
            expected=f"{MIN_RUNS} runs of one side, or a noise profile of their configuration",
            hint="diff RUNS --plan PERCENT, or with --noise FILE",
        )
    return [
        _planned(pair, margin, direction, spread, percent, policy.alpha, len(gated))
        for pair, margin, direction, spread in gated
    ]


def _spread(pair: Pair, base: LoadedSide, candidate: LoadedSide, noise: Profile | None) -> tuple[float, str] | None:
    """The standard deviation of the logarithm from run to run, and what tells it; None if nothing does."""
    sides = [pair.base] if base.runs == candidate.runs else [pair.base, pair.candidate]
    told = [side for side in sides if len(side) >= MIN_RUNS and min(side) > 0]
    if told:
        df = sum(len(side) - 1 for side in told)
        return math.sqrt(sum(map(_squares, told)) / df), f"{df + len(told)} runs"
    if noise is None:
        return None
    fit = noise.fit(base.runs, candidate.runs)
    row = fit.rows.get((pair.metric, pair.statistic))
    sd = row.sd_of(length_of(base.runs[0])) if row else None
    return (sd, f"a profile of {fit.entry.runs} runs") if sd is not None and fit.entry else None


def _squares(values: Sequence[float]) -> float:
    logs = [math.log(value) for value in values]
    mean = math.fsum(logs) / len(logs)
    return math.fsum((value - mean) ** 2 for value in logs)


def _planned(
    pair: Pair,
    margin: float,
    direction: str,
    spread: tuple[float, str],
    percent: float,
    alpha: float,
    family: int,
) -> Planned:
    """The plan of one row.

    Args:
        pair: which.
        margin: in percent.
        direction: `lower` or `higher`.
        spread: of one run, as a logarithm, and what tells it.
        percent: the change to be found.
        alpha: error of a test.
        family: rows that are corrected together.
    """
    sd, told = spread
    limit = math.log1p(margin / 100)
    change = math.log1p(percent / 100) if direction == "lower" else -math.log1p(-percent / 100)
    to_find = runs_for(sd, change - limit, alpha / family)
    to_pass = runs_for(sd, limit, alpha)
    return Planned(pair.metric, pair.statistic, margin, 100 * sd, told, to_find, to_pass, within=change <= limit)
