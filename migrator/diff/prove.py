"""Prove a policy: inject a change just beyond and just within every gate, both ways, and see that each reacts rightly.

A gate that cannot fail looks exactly like one that has nothing to report. So the baseline is repeated with a spread
of a twentieth of a percent, one statistic of the copy is changed, and the real comparison is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from statistics import fmean
from typing import Final

from migrator.diff.blocks import Block
from migrator.diff.engine import compare, completed, fixed_requests, require_judgeable
from migrator.diff.outcomes import ERROR_COUNT, ERROR_RATE, GOOD_COUNT, OVERFLOWS, REQUEST_COUNT, shares
from migrator.diff.pair import Pair, pairs
from migrator.diff.policy import GateRule, Policy
from migrator.diff.receipt import Verdict
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide
from migrator.values import NamedTuple

_SPREAD: Final = (0.9995, 0.9998, 1.0, 1.0002, 1.0005)
"""Factors of the five runs that stand in for one: steady enough that only the injected change decides."""
_UNMOVED: Final = (Verdict.NO_WORSE, Verdict.EQUIVALENT, Verdict.INCONCLUSIVE)
_HALF: Final = 50.0
"""Percent of the requests that are made to fail, or to miss their objectives, of a gate on a share of requests."""

Injection = Callable[[Run, float], Run]
"""A copy of a run, by its factor of the spread."""


class Proof(NamedTuple):
    """One injected change, what the gate had to say to it, and what it said."""

    metric: str
    statistic: str
    injected: str
    expected: tuple[Verdict, ...]
    got: Verdict

    @property
    def holds(self) -> bool:
        """Whether the gate reacted rightly."""
        return self.got in self.expected


class Unproved(NamedTuple):
    """A gate that cannot be proved with this baseline, and why."""

    metric: str
    statistic: str
    reason: str


def prove(base: LoadedSide, policy: Policy) -> Iterator[Proof | Unproved]:
    """For each gated row four proofs, worse and better, beyond and within; or why there are none.

    Raises:
        UsageError: the policy names a metric that the baseline does not have, or one without a direction.
    """
    base, _ = completed(base, base, policy)
    paired, _ = pairs(base, base, policy.named())
    require_judgeable(base, base, policy, paired)
    fixed = fixed_requests(base, base)
    bare = Policy(policy.rules, (), policy.alpha, policy.margin, policy.source, "", policy.max_error_percent)
    for pair in paired:
        rule = bare.rule(pair.metric, pair.statistic)
        if rule.mode == "gate":
            yield from _proofs(base.runs[0], pair, rule, bare, rule.facing(fixed_requests=fixed))


def _proofs(run: Run, pair: Pair, rule: GateRule, policy: Policy, direction: str) -> Iterator[Proof | Unproved]:
    """The proofs of one gate, or why there are none."""
    if pair.statistic == "avg" and shares([run], pair.metric):
        yield from _of_shares(run, pair, rule, policy)
        return
    block = run.blocks.get(pair.metric)
    if block is None or pair.statistic not in block.values:
        yield Unproved(pair.metric, pair.statistic, "the first run of the baseline does not have it")
        return
    value = fmean(pair.base)
    if min(pair.base) <= 0:
        yield from _of_differences(run, pair, rule, policy, direction)
        return
    # Both must be passed: the relative margin, and the floor in the metric's unit.
    floor = rule.floor / value * 100
    up = max(rule.percent, floor, 0.2)
    # The margin is a ratio, so the decrease that undoes an increase is a little smaller; a floor is the same both ways.
    down = max(100 - 100 / (1 + up / 100), floor)
    for sign in _signs(direction):
        for share in (1.1, 0.8):
            percent = sign * (up if sign > 0 else down) * share
            if percent > -100:
                expected = _expected(direction, sign, beyond=share > 1)
                change = _scaled(pair, 1 + percent / 100)
                yield _proof(run, pair, f"{percent:+.2f} %", expected, change, policy)


def _signs(direction: str) -> tuple[int, int]:
    """The bad direction first."""
    return (-1, 1) if direction == "higher" else (1, -1)


def _expected(direction: str, sign: int, *, beyond: bool) -> tuple[Verdict, ...]:
    if direction == "parity":
        return (Verdict.INCOMPARABLE,) if beyond else (Verdict.EQUIVALENT,)
    if not beyond:
        return _UNMOVED
    return (Verdict.REGRESSION,) if sign == _signs(direction)[0] else (Verdict.IMPROVEMENT,)


def _of_differences(run: Run, pair: Pair, rule: GateRule, policy: Policy, direction: str) -> Iterator[Proof | Unproved]:
    """A gate whose baseline is zero or less: the floor is all that it can be proved against."""
    limit = max(rule.floor, rule.percent / 100 * abs(fmean(pair.base)))
    if not limit or direction == "parity":
        reason = "the baseline is zero, and the rule has no floor" if not limit else "the baseline is not positive"
        yield Unproved(pair.metric, pair.statistic, reason)
        return
    for sign in _signs(direction):
        for share in (1.1, 0.8):
            delta = sign * limit * share
            if fmean(pair.base) + delta < 0 <= min(pair.base):
                continue  # Nothing is better than none.
            expected = _expected(direction, sign, beyond=share > 1)
            change = _moved(pair, delta, limit)
            yield _proof(run, pair, f"{delta:+.4g} {pair.unit}", expected, change, policy)


def _of_shares(run: Run, pair: Pair, rule: GateRule, policy: Policy) -> Iterator[Proof | Unproved]:
    """A gate on a share of requests: half of them fail, or miss their objectives, and as many as in the baseline."""
    wrong = "fail" if pair.metric in (ERROR_RATE, ERROR_COUNT) else "count against it"
    yield _proof(run, pair, f"{_HALF:g} % {wrong}", (Verdict.REGRESSION,), _half_wrong(pair.metric), policy)
    yield _proof(run, pair, "no change", _UNMOVED, lambda one, factor: one, policy)


def _proof(
    run: Run, pair: Pair, injected: str, expected: tuple[Verdict, ...], change: Injection, policy: Policy
) -> Proof:
    """Ask the comparison what it says to a change.

    Args:
        run: what both sides are copies of.
        pair: the gated row.
        injected: the change, in words.
        expected: what the gate has to say.
        change: makes the candidate's copies.
        policy: what the comparison is held to.
    """
    spread: Injection = _moved(pair, 0.0, 0.0) if min(pair.base) <= 0 else _scaled(pair, 1.0)
    one = LoadedSide("baseline", tuple(spread(run, factor) for factor in _SPREAD))
    other = LoadedSide("injected", tuple(change(run, factor) for factor in reversed(_SPREAD)))
    rows = compare(one, other, policy).rows
    got = next(row.verdict for row in rows if (row.metric, row.statistic) == (pair.metric, pair.statistic))
    return Proof(pair.metric, pair.statistic, injected, expected, got)


def _scaled(pair: Pair, by: float) -> Injection:
    def copy(run: Run, factor: float) -> Run:
        return _with(run, pair, run.blocks[pair.metric].values[pair.statistic] * factor * by)

    return copy


def _moved(pair: Pair, delta: float, limit: float) -> Injection:
    def copy(run: Run, factor: float) -> Run:
        return _with(run, pair, run.blocks[pair.metric].values[pair.statistic] + delta + (factor - _SPREAD[0]) * limit)

    return copy


def _half_wrong(metric: str) -> Injection:
    """Half of the requests that were right are not."""

    def copy(run: Run, factor: float) -> Run:
        right = shares([run], metric)
        assert right is not None
        part, whole = right[0].part, right[0].of
        if metric in (ERROR_RATE, ERROR_COUNT):
            failed = part + round((whole - part) * _HALF / 100)
            found = run.requests._replace(succeeded=whole - failed, failed=failed)
            return _counted(run, {REQUEST_COUNT: whole - failed, ERROR_COUNT: failed})._replace(requests=found)
        if metric == OVERFLOWS:
            return _counted(run, {metric: part + round((whole - part) * _HALF / 100)})
        return _counted(run, {GOOD_COUNT: round(part * _HALF / 100)})

    return copy


def _counted(run: Run, counts: Mapping[str, int]) -> Run:
    blocks = {tag: Block("requests", {"avg": float(count)}) for tag, count in counts.items()}
    return run._replace(blocks={**run.blocks, **blocks})


def _with(run: Run, pair: Pair, value: float) -> Run:
    block = run.blocks[pair.metric]
    # Without the statistics that the new value would contradict.
    values = {name: number for name, number in block.values.items() if name == "count"} | {pair.statistic: value}
    return run._replace(blocks={**run.blocks, pair.metric: block._replace(values=values)})
