"""Prove a policy: inject a change just beyond and just within every gate, both ways, and see that each reacts rightly.

A gate that cannot fail looks exactly like one that has nothing to report. So the baseline is repeated with a spread
of a twentieth of a percent, one statistic of the copy is scaled, and the real comparison is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Final, NamedTuple

from migrator.diff.engine import compare
from migrator.diff.pair import Pair, pairs
from migrator.diff.policy import GateRule, Policy
from migrator.diff.receipt import Verdict
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide

_SPREAD: Final = (0.9995, 0.9998, 1.0, 1.0002, 1.0005)
"""Factors of the five runs that stand in for one: steady enough that only the injected change decides."""


class Proof(NamedTuple):
    """One injected change, in percent, what the gate had to say to it, and what it said."""

    metric: str
    statistic: str
    percent: float
    expected: tuple[Verdict, ...]
    got: Verdict

    @property
    def holds(self) -> bool:
        """Whether the gate reacted rightly."""
        return self.got in self.expected


_UNMOVED: Final = (Verdict.EQUIVALENT, Verdict.INCONCLUSIVE)


def prove(base: LoadedSide, policy: Policy) -> Iterator[Proof]:
    """Four proofs for each gated row that has a positive value: worse and better, beyond and within.

    Raises:
        UsageError: the policy names a metric that the baseline does not have.
    """
    paired, _ = pairs(base, base)
    policy.require_known((pair.metric, pair.statistic) for pair in paired)
    bare = Policy(policy.rules, (), policy.alpha, policy.margin, policy.source)
    for pair in paired:
        rule = bare.rule(pair.metric, pair.statistic)
        if rule.mode != "gate" or rule.facing() not in ("lower", "higher") or not pair.base or min(pair.base) <= 0:
            continue
        yield from _proofs(base.runs[0], pair, rule, bare)


def _proofs(run: Run, pair: Pair, rule: GateRule, policy: Policy) -> Iterator[Proof]:
    value = fmean(pair.base)
    # Both must be passed: the relative margin, and the floor in the metric's unit.
    floor = rule.floor / value * 100
    up = max(rule.margin, floor, 0.2)
    # The margin is a ratio, so the decrease that undoes an increase is a little smaller; a floor is the same both ways.
    down = max(100 - 100 / (1 + up / 100), floor)
    worse = 1 if rule.facing() == "lower" else -1
    for sign in (worse, -worse):
        beyond = Verdict.REGRESSION if sign == worse else Verdict.IMPROVEMENT
        for share, expected in ((1.1, (beyond,)), (0.8, _UNMOVED)):
            percent = sign * (up if sign > 0 else down) * share
            if percent <= -100:
                continue
            got = _verdict(run, pair, percent, policy)
            yield Proof(pair.metric, pair.statistic, percent, expected, got)


def _verdict(run: Run, pair: Pair, percent: float, policy: Policy) -> Verdict:
    one = LoadedSide("baseline", tuple(_scaled(run, pair, factor) for factor in _SPREAD))
    other = LoadedSide(
        "injected", tuple(_scaled(run, pair, factor * (1 + percent / 100)) for factor in reversed(_SPREAD))
    )
    receipt = compare(one, other, policy)
    return next(row.verdict for row in receipt.rows if (row.metric, row.statistic) == (pair.metric, pair.statistic))


def _scaled(run: Run, pair: Pair, factor: float) -> Run:
    block = run.blocks[pair.metric]
    values = {**block.values, pair.statistic: block.values[pair.statistic] * factor}
    return run._replace(blocks={**run.blocks, pair.metric: block._replace(values=values)})
