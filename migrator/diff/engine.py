"""Compare two sides: whether they can be compared, and the verdict of each row and of the whole."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

from migrator._version import __version__
from migrator.diff.blocks import tags_of
from migrator.diff.changes import changes
from migrator.diff.comparable import LESS_WORK, Setups, faster, findings
from migrator.diff.evidence import Weigher, without_drift
from migrator.diff.failures import CODES as FAILURE_CODES
from migrator.diff.failures import findings as failure_findings
from migrator.diff.failures import missing
from migrator.diff.noise import Fit, Profile, age_in_days
from migrator.diff.order import Order, Values, drift_of, order_of, values_by_run
from migrator.diff.order import findings as order_findings
from migrator.diff.outcomes import ERROR_RATE
from migrator.diff.outcomes import completed as with_zeros
from migrator.diff.pair import Pair, UnitChange, pairs
from migrator.diff.policy import ERRORS, GateRule, Policy
from migrator.diff.receipt import Evidence, Finding, Receipt, Row, Verdict
from migrator.diff.receipt_parts import gate_of, noise_used, shifts, side_of
from migrator.diff.redefined import settled
from migrator.diff.requests import Requests
from migrator.diff.rows import Corrected, Weighing, corrected, row_of, weighing
from migrator.diff.run import Run, count_of
from migrator.diff.setup import Allowance, bounded_by_time, setup_of
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.drift import Drift
from migrator.diff.statistics.interval import MIN_RUNS, is_apart
from migrator.diff.unsound import contradiction_findings, contradictions
from migrator.values import NamedTuple

TOOL: Final = f"aiperf-migrate {__version__}"
_TOO_GOOD: Final = 25.0
"""Percent of improvement from which a finding asks whether the workload was the same: that is the more usual cause."""
_WELL_KNOWN: Final = 10
"""Runs of a noise profile from which its standard deviation is accurate to about a quarter."""


def compare(
    base: LoadedSide,
    candidate: LoadedSide,
    policy: Policy,
    *,
    noise: Profile | None = None,
    everything: bool = False,
    today: date | None = None,
    setups: Setups | None = None,
) -> Receipt:
    """The receipt of a comparison.

    Args:
        base: the baseline.
        candidate: what is compared with it.
        policy: rules and waivers.
        noise: a profile of run-to-run variation, for sides of fewer than three runs.
        everything: whether volatile differences (identifiers, times, folders) are shown, too.
        today: the day that waivers are judged by; the present one if not given.
        setups: the set-up of each run, if the caller knows it already.

    Raises:
        UsageError: the policy names a metric that neither side has, or gates one that has no direction.
    """
    today = today or datetime.now(UTC).date()
    weighed = weigh(base, candidate, policy, noise=noise, setups=setups)
    policy.require_known(weighed.known)
    p_values, families = corrected(weighed.weighings, policy.alpha)
    judged = judge(weighed, p_values, families, policy, today)
    return _receipt(weighed, judged, policy, today, everything=everything)


class WeighedSides(NamedTuple):
    """Two sides with the evidence of every row, before p-values are corrected for their number.

    `base` and `candidate` have the metrics that a release leaves out where they are zero. `tags` are those that the
    files of each side have.
    """

    base: LoadedSide
    candidate: LoadedSide
    tags: tuple[set[str], set[str]]
    pairs: Sequence[Pair]
    weighings: Sequence[Weighing]
    order: Order
    findings: Sequence[Finding]
    notes: Sequence[str]
    noise: tuple[Profile | None, Fit]

    @property
    def known(self) -> list[tuple[str, str]]:
        """(metric, statistic) of every row."""
        return [(pair.metric, pair.statistic) for pair in self.pairs]


def weigh(
    base: LoadedSide,
    candidate: LoadedSide,
    policy: Policy,
    *,
    noise: Profile | None = None,
    setups: Setups | None = None,
    rows: Collection[tuple[str, str]] | None = None,
) -> WeighedSides:
    """Ask whether two sides can be compared, and find the evidence for every row.

    Args:
        base: the baseline.
        candidate: what is compared with it.
        policy: rules and waivers.
        noise: a profile of run-to-run variation.
        setups: the set-up of each run, if the caller knows it already.
        rows: (metric, statistic) of the rows that are wanted beside those of the gate; None for all.

    Raises:
        UsageError: the policy gates a metric that has no direction.
    """
    tags = _tags(base.runs), _tags(candidate.runs)
    setups = setups or Setups([setup_of(run) for run in base.runs], [setup_of(run) for run in candidate.runs])
    allowed = Allowance(policy.vary, [*setups.base, *setups.candidate])
    redefined = settled(base, candidate)
    base, candidate = completed(redefined.base, redefined.candidate, policy)
    paired, odd_units = pairs(base, candidate, policy.named(), None if rows is None else [*rows, *policy.gated()])
    odd = contradictions(base, candidate, dict.fromkeys(pair.metric for pair in paired))
    stops = {**odd, **redefined.stops}
    paired = [pair._replace(refused=stops[pair.metric]) if pair.metric in stops else pair for pair in paired]
    require_directions(base, candidate, policy, paired)
    order = order_of(base, candidate)
    fit = noise.fit(base.runs, candidate.runs) if noise else Fit({})
    ruled = [(pair, rule) for pair in paired if (rule := _rule(pair, policy)).mode != "ignore"]
    requests = Requests({pair.metric: pair.unit for pair, _ in ruled if policy.asks(pair.metric, pair.statistic)})
    weighings, drifts = _weighings(ruled, order, Weigher(base, candidate, policy, fit, requests), base, candidate)
    found = [
        *failure_findings(base, candidate, policy.max_error_percent, faster=faster(base, candidate)),
        *missing([pair for pair, rule in ruled if rule.mode == "gate"], base, candidate),
        *findings(base, candidate, setups, allowed, redefined.stops),
        *redefined.findings,
        *contradiction_findings(odd, {pair.metric for pair, rule in ruled if rule.mode == "gate"}),
        *map(_unit_finding, odd_units),
        *order_findings(base, candidate, order, drifts),
    ]
    notes = [*requests.refused, *redefined.notes, *_notes(base, candidate, noise, fit)]
    return WeighedSides(base, candidate, tags, paired, weighings, order, found, notes, (noise, fit))


class Judged(NamedTuple):
    """Rows, findings and verdict of two sides."""

    rows: list[Row]
    findings: list[Finding]
    verdict: Verdict


def judge(
    weighed: WeighedSides, p_values: Sequence[Corrected], families: Mapping[str, int], policy: Policy, today: date
) -> Judged:
    """The verdict of each row and of the whole, from corrected p-values.

    Args:
        weighed: the sides and their evidence.
        p_values: corrected, one for each of its weighings.
        families: for how many rows each mode was corrected.
        policy: rules and waivers.
        today: the day that waivers are judged by.
    """
    rows = [
        row_of(one, found, families[one.rule.mode], policy, today)
        for one, found in zip(weighed.weighings, p_values, strict=True)
    ]
    noise, fit = weighed.noise
    found = [*weighed.findings, *_noise_findings(noise, fit, weighed.weighings, today), *_too_good(rows)]
    return Judged(rows, sorted(found, key=lambda one: (not one.blocks, not one.warns)), overall(found, rows))


def _receipt(weighed: WeighedSides, judged: Judged, policy: Policy, today: date, *, everything: bool) -> Receipt:
    base, candidate, order, rows = weighed.base, weighed.candidate, weighed.order, judged.rows
    changed, left_out = changes(base.runs[0], candidate.runs[0], everything=everything)
    tags_a, tags_b = weighed.tags
    return Receipt(
        tool=TOOL,
        base=side_of(base, order.base),
        candidate=side_of(candidate, order.candidate),
        verdict=judged.verdict,
        gate=gate_of(policy, rows, today),
        findings=judged.findings,
        changes=changed,
        ignored_changes=left_out,
        rows=rows,
        shifts=shifts(base, candidate, rows),
        only_base=sorted(tags_a - tags_b),
        only_candidate=sorted(tags_b - tags_a),
        notes=list(weighed.notes),
        noise=noise_used(*weighed.noise, rows),
    )


def completed(base: LoadedSide, candidate: LoadedSide, policy: Policy) -> tuple[LoadedSide, LoadedSide]:
    """The sides with the metrics that a release leaves out where they are zero, as far as the counts tell them.

    Of those, the ones that another run has, that a rule names, and the rate of errors.
    """
    tags = {*_tags(base.runs), *_tags(candidate.runs), *(metric for metric, _ in policy.named()), ERROR_RATE}
    return (
        base._replace(runs=with_zeros(base.runs, tags)),
        candidate._replace(runs=with_zeros(candidate.runs, tags)),
    )


def require_judgeable(base: LoadedSide, candidate: LoadedSide, policy: Policy, paired: Sequence[Pair]) -> None:
    """Refuse a policy that names what no row has, or gates what has no direction.

    Raises:
        UsageError: with what to do.
    """
    policy.require_known([(pair.metric, pair.statistic) for pair in paired])
    require_directions(base, candidate, policy, paired)


def require_directions(base: LoadedSide, candidate: LoadedSide, policy: Policy, paired: Sequence[Pair]) -> None:
    """Refuse a policy that gates what has no direction.

    Raises:
        UsageError: with what to do.
    """
    known = [(pair.metric, pair.statistic) for pair in paired]
    policy.require_directions(known, fixed_requests=fixed_requests(base, candidate))


def _rule(pair: Pair, policy: Policy) -> GateRule:
    """What a row must meet. Failures of which one side does not know are only reported, unless a rule names them."""
    rule = policy.rule(pair.metric, pair.statistic)
    known = (pair.base and pair.candidate) or (pair.metric, pair.statistic) != ERRORS
    return rule if known or policy.asks(pair.metric, pair.statistic) else rule._replace(mode="report")


def _weighings(
    ruled: Sequence[tuple[Pair, GateRule]],
    order: Order,
    weigher: Weigher,
    base: LoadedSide,
    candidate: LoadedSide,
) -> tuple[list[Weighing], list[tuple[Values, Drift | None]]]:
    """Every row with its evidence, and the values by run of each gated one with the drift that they show.

    Args:
        ruled: the rows, and what each must meet.
        order: that of the runs.
        weigher: finds the evidence.
        base: the baseline.
        candidate: what is compared with it.
    """
    fixed = fixed_requests(base, candidate)
    found, drifts = [], []
    for pair, rule in ruled:
        weighed, values, drift = weigher.weigh(pair), None, None
        if rule.mode == "gate" and not (pair.other_unit or pair.refused):
            values = values_by_run(base, candidate, pair.metric, pair.statistic, pair.unit, rule.percent)
            drift = drift_of(order, values)
            drifts.append((values, drift))
        estimate = without_drift(weighed.estimate, drift) if drift else weighed.estimate
        found.append(weighing(pair, rule, rule.facing(fixed_requests=fixed), weighed, estimate, values))
    return found, drifts


def fixed_requests(base: LoadedSide, candidate: LoadedSide) -> bool:
    """Whether the number of requests was chosen. Sums over a run that was bounded by time follow its throughput."""
    return not any(bounded_by_time(run) for side in (base, candidate) for run in side.runs)


def _unit_finding(change: UnitChange) -> Finding:
    return Finding(
        code="unit",
        blocks=False,
        message=f"{change.metric} is measured in another kind of unit: no number says what changed",
        base=change.base,
        candidate=change.candidate,
    )


def _too_good(rows: Sequence[Row]) -> list[Finding]:
    """Improvements so large that a reader should ask first whether the work was the same."""
    return [
        Finding(
            code="large improvement",
            blocks=False,
            message=f"{row.metric}.{row.statistic} got {abs(row.percent or 0):.0f} % better: was the work the same?",
            base=row.base,
            candidate=row.candidate,
        )
        for row in rows
        if row.gate == "gate" and row.verdict is Verdict.IMPROVEMENT and abs(row.percent or 0) > _TOO_GOOD
    ]


def _tags(runs: Sequence[Run]) -> set[str]:
    return tags_of(run.blocks for run in runs)


# --- the whole ------------------------------------------------------------------------------------------------


def overall(found: Sequence[Finding], rows: Sequence[Row]) -> Verdict:
    """The verdict of the gated rows together; what makes the sides incomparable goes before.

    Failed requests make latencies worthless, but not the failures themselves: a regression stays one. So does one that
    was found with less work.
    """
    blocking = [finding for finding in found if finding.blocks]
    if any(finding.code not in (*FAILURE_CODES, LESS_WORK) for finding in blocking):
        return Verdict.INCOMPARABLE
    gated = [row for row in rows if row.gate == "gate"]
    counting = [row.verdict for row in gated if row.waiver is None]
    if Verdict.REGRESSION in counting:
        return Verdict.REGRESSION
    if blocking:
        return Verdict.INCOMPARABLE
    for verdict in (Verdict.INCOMPARABLE, Verdict.INCONCLUSIVE, Verdict.IMPROVEMENT):
        if verdict in counting:
            return verdict
    if not gated:
        return Verdict.INCONCLUSIVE
    # A gate with waived rows, too, passes as "no worse".
    same = all(row.verdict is Verdict.EQUIVALENT for row in gated)
    return Verdict.EQUIVALENT if same else Verdict.NO_WORSE


# --- the noise profile, and notes ----------------------------------------------------------------------------


def _noise_findings(noise: Profile | None, fit: Fit, weighings: Sequence[Weighing], today: date) -> Iterator[Finding]:
    """How many runs the noise profile in use was learnt from, and whether the baseline lies where they predict it."""
    used = [one for one in weighings if one.evidence is Evidence.NOISE]
    if noise is None or fit.entry is None or not used:
        return
    entry = fit.entry
    age = age_in_days(entry.newest, today)
    told = f"{entry.runs} runs" + (f" of {entry.requests:,} requests" if entry.requests else "")
    aged = f", {age} days ago" if age is not None and age >= 0 else ""
    name = os.path.basename(noise.source)
    few = ": too few to know it well" if entry.runs < _WELL_KNOWN else ""
    yield Finding(
        code="noise profile",
        blocks=False,
        warns=bool(few),
        message=f"{name} stands in for repeated runs; it was learnt from {told}{aged}{few}",
    )
    for one in used:
        spread = fit.rows[one.pair.metric, one.pair.statistic]
        if one.rule.mode == "gate" and is_apart(one.pair.base, spread.mean, spread.sd, spread.df):
            where = f"{one.pair.metric}.{one.pair.statistic}"
            yield Finding(
                code="noise profile",
                blocks=False,
                warns=True,
                message=f"the base is unlike the runs of {name} in {where}: learn the noise again",
                base=one.base,
                candidate=math.exp(spread.mean),
            )
            return


def _notes(base: LoadedSide, candidate: LoadedSide, noise: Profile | None, fit: Fit) -> list[str]:
    notes = [f"left out: {told}" for told in (*base.left_out, *candidate.left_out)]
    if min(count_of(base.runs), count_of(candidate.runs)) < MIN_RUNS and not fit.rows:
        notes.append("fewer than three runs a side: nothing here tells a change of the system from a change of the day")
    if noise and not fit.rows:
        notes.append(f"{os.path.basename(noise.source)} is not used: {fit.reason or 'it has no row of these runs'}")
    return notes
