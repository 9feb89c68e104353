"""Compare two sides: cell by cell if they are sweeps, else as repeated runs of one configuration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from migrator.diff.comparable import Setups
from migrator.diff.engine import compare
from migrator.diff.noise import Profile
from migrator.diff.policy import Policy
from migrator.diff.receipt import Receipt
from migrator.diff.setup import Allowance, Setup
from migrator.diff.sides import LoadedSide
from migrator.diff.sweep.cells import measured
from migrator.diff.sweep.factors import factors_of
from migrator.errors import UsageError
from migrator.values import NamedTuple


class Ask(NamedTuple):
    """What is asked of sweeps: names of their factors, empty to find them, and goals for their capacity, as given."""

    by: Sequence[str] = ()
    goals: Sequence[str] = ()


def compare_any(
    base: LoadedSide,
    candidate: LoadedSide,
    policy: Policy,
    ask: Ask,
    *,
    noise: Profile | None = None,
    everything: bool = False,
    today: date | None = None,
) -> Receipt:
    """The receipt of two sweeps, or of two sides of repeated runs if they are none.

    Args:
        base: the baseline.
        candidate: what is compared with it.
        policy: rules and waivers.
        ask: what is asked of sweeps.
        noise: a profile of run-to-run variation, for sides of fewer than three runs.
        everything: whether volatile differences (identifiers, times, folders) are shown, too.
        today: the day that waivers are judged by; the present one if not given.

    Raises:
        UsageError: as [`compare`][migrator.diff.engine.compare] raises; a factor or a goal that no run has; or a goal
            for what is not a sweep.
    """
    known: dict[bytes, Setup] = {}
    sides = measured(base, known), measured(candidate, known)
    allowed = Allowance(policy.vary, [one.setup for side in sides for one in side])
    factors = factors_of(sides, ask.by, allowed)
    if factors.factors:
        # Slow to import, and only for sweeps.
        from migrator.diff.sweep.capacity import limits
        from migrator.diff.sweep.compare import compare_sweeps

        goals = limits(ask.goals)
        return compare_sweeps(
            (base, candidate), sides, factors, policy, goals, noise=noise, everything=everything, today=today
        )
    if ask.goals:
        raise UsageError(
            "--goal is for sweeps, and the runs of these sides do not differ in what a sweep varies",
            expected="runs of several concurrencies, request rates or lengths",
            hint="--by names what they differ in",
        )
    setups = Setups(*([one.setup for one in side] for side in sides))
    return compare(base, candidate, policy, noise=noise, everything=everything, today=today, setups=setups)


def require_one_cell(sides: Sequence[LoadedSide], policy: Policy, what: str) -> None:
    """Refuse sweeps where runs of one configuration are asked for: the spread over cells is not that of repetitions.

    Args:
        sides: the runs.
        policy: what may differ between repetitions.
        what: the option that asks.

    Raises:
        UsageError: the runs of a side are those of a sweep, or only a file about several is left of some.
    """
    for side in sides:
        gone = next((run for run in side.runs if run.kind != "run"), None)
        if gone:
            raise UsageError(
                f"{what} takes single runs, and only a file about several is left of some",
                expected="the exports of the runs",
                file=gone.file,
            )
        runs = measured(side)
        factors = factors_of([runs], (), Allowance(policy.vary, [one.setup for one in runs]))
        if factors.factors:
            names = ", ".join(factor.name for factor in factors.factors)
            raise UsageError(
                f"{what} takes repetitions of one configuration, and these runs differ in {names}",
                expected="the runs of one cell",
                hint="name them after --base",
                file=side.name,
            )
