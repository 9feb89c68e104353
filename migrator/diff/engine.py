"""Compare two sides: what they are, whether they can be compared, row by row what the evidence allows to say."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from migrator._version import __version__
from migrator.diff.changes import changes
from migrator.diff.comparable import findings
from migrator.diff.evidence import Weigher
from migrator.diff.judge import Criteria, decide, shift_words
from migrator.diff.noise import Profile, Spread
from migrator.diff.pair import Pair, UnitChange, centre, curve, pairs, spread
from migrator.diff.policy import GateRule, Policy
from migrator.diff.receipt import (
    Direction,
    Evidence,
    Finding,
    Gate,
    Interval,
    Receipt,
    Row,
    RunSummary,
    Shift,
    Side,
    Verdict,
    Waiver,
)
from migrator.diff.requests import Requests
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.interval import MIN_RUNS, Estimate, Refusal
from migrator.diff.statistics.multiple import benjamini_hochberg, holm
from migrator.diff.workload import workload
from migrator.jsonfile import Json

_TOO_GOOD: Final = 25.0
"""Percent. Real improvements of this size are rare between two builds; a workload that changed unnoticed is not."""
_CURVES: Final = ("request_latency", "time_to_first_token", "inter_token_latency", "output_token_throughput_per_user")
"""Metrics whose distribution is looked at as a whole."""


class _Judged(NamedTuple):
    """A row in the making: what is held against what, and what is known of its change."""

    pair: Pair
    rule: GateRule
    evidence: Evidence
    estimate: Estimate | Refusal
    fixed_requests: bool


def compare(
    base: LoadedSide,
    candidate: LoadedSide,
    policy: Policy,
    *,
    noise: Profile | None = None,
    everything: bool = False,
    today: date | None = None,
) -> Receipt:
    """The receipt of a comparison.

    Args:
        base: the baseline.
        candidate: what is held against it.
        policy: rules and waivers.
        noise: a profile of run-to-run variation, for sides of fewer than three runs.
        everything: whether volatile differences (identifiers, times, folders) are shown, too.
        today: the day that waivers are judged by; the present one if not given.

    Raises:
        UsageError: the policy names a metric that neither side has.
    """
    today = today or datetime.now(UTC).date()
    paired, odd_units = pairs(base, candidate)
    policy.require_known((pair.metric, pair.statistic) for pair in paired)
    found = [*findings(base, candidate), *map(_unit_finding, odd_units)]
    changed, left_out = changes(base.runs[0], candidate.runs[0], everything=everything)
    spreads = noise.spreads(base.runs[0]) if noise else {}
    # Sums over a run that was bounded by time follow its throughput.
    fixed = all(workload(side.runs[0].facts).get("duration") is None for side in (base, candidate))
    ruled = [(pair, rule) for pair in paired if (rule := policy.rule(pair.metric, pair.statistic)).mode != "ignore"]
    requests = Requests({pair.metric: pair.unit for pair, _ in ruled if policy.asks(pair.metric, pair.statistic)})
    weigher = Weigher(base, candidate, policy, spreads, requests)
    judged = [_Judged(pair, rule, *weigher.weigh(pair), fixed) for pair, rule in ruled]
    adjusted, families = _adjusted(judged)
    rows = [_row(one, adjusted.get(index), families, policy, today) for index, one in enumerate(judged)]
    found += _too_good(rows)
    tags_a, tags_b = _tags(base.runs), _tags(candidate.runs)
    return Receipt(
        tool=f"aiperf-migrate {__version__}",
        base=_side(base),
        candidate=_side(candidate),
        verdict=_overall(found, rows),
        gate=_gate(policy, rows, today),
        findings=found,
        changes=changed,
        ignored_changes=left_out,
        rows=rows,
        shifts=_shifts(base, candidate, rows),
        only_base=sorted(tags_a - tags_b),
        only_candidate=sorted(tags_b - tags_a),
        notes=[*requests.refused, *_notes(base, candidate, noise, spreads)],
    )


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
    return {tag for run in runs for tag in run.blocks}


# --- verdicts ------------------------------------------------------------------------------------------------


def _adjusted(judged: Sequence[_Judged]) -> tuple[dict[int, float], dict[str, int]]:
    """Index → corrected p-value of each row that has one, and how many rows each correction was for.

    The gate is one family, what is only reported another.
    """
    found: dict[int, float] = {}
    sizes: dict[str, int] = {}
    for mode, correct in (("gate", holm), ("report", benjamini_hochberg)):
        rows = [
            (index, one.estimate.p_value)
            for index, one in enumerate(judged)
            if one.rule.mode == mode and isinstance(one.estimate, Estimate) and one.estimate.p_value is not None
        ]
        found |= dict(zip((index for index, _ in rows), correct([p for _, p in rows]), strict=True))
        sizes[mode] = max(1, len(rows))
    return found, sizes


def _row(judged: _Judged, adjusted: float | None, families: Mapping[str, int], policy: Policy, today: date) -> Row:
    pair, rule, estimate = judged.pair, judged.rule, judged.estimate
    a = centre(pair.base) if pair.base else None
    b = centre(pair.candidate) if pair.candidate else None
    facing = Direction(rule.facing(fixed_requests=judged.fixed_requests))
    decision = decide(
        facing.value,
        a,
        b,
        estimate,
        Criteria(rule.margin, rule.floor, policy.alpha, rule.min_n, families[rule.mode]),
        adjusted,
    )
    waived = policy.waiver(pair.metric, pair.statistic, today) if decision.verdict == "regression" else None
    until = waived.until.isoformat() if waived and waived.until else ""
    known = estimate if isinstance(estimate, Estimate) else None
    return Row(
        metric=pair.metric,
        statistic=pair.statistic,
        unit=pair.unit,
        direction=facing,
        gate=rule.mode,
        base=a,
        candidate=b,
        delta=b - a if a is not None and b is not None else None,
        percent=known.percent if known else _percent(a, b),
        interval=_interval(known),
        p_value=adjusted if adjusted is not None else known.p_value if known else None,
        evidence=judged.evidence,
        n_base=known.n_base if known else _runs(judged, pair.base),
        n_candidate=known.n_candidate if known else _runs(judged, pair.candidate),
        margin=rule.margin,
        floor=rule.floor,
        spread_base=spread(pair.base),
        spread_candidate=spread(pair.candidate),
        verdict=Verdict(decision.verdict),
        needs=decision.needs,
        note=decision.note,
        waiver=Waiver(reason=waived.reason, until=until) if waived else None,
    )


def _percent(base: float | None, candidate: float | None) -> float | None:
    """The relative change; None where a baseline of nothing, or of next to nothing, gives it no meaning."""
    if base is None or candidate is None or base <= 0:
        return None
    percent = (candidate / base - 1) * 100
    return percent if math.isfinite(percent) else None


_COUNTED_IN_RUNS: Final = (Evidence.RUNS, Evidence.NOISE, Evidence.VALUE)


def _runs(judged: _Judged, values: Sequence[float]) -> int | None:
    """How many runs a refused row has; where its evidence counts requests, the refusal itself says what is missing."""
    return len(values) if values and judged.evidence in _COUNTED_IN_RUNS else None


def _interval(estimate: Estimate | None) -> Interval | None:
    if estimate is None:
        return None
    low, high = estimate.interval_percent
    return Interval(low=low, high=high, level=estimate.level, kind=estimate.kind)


def _overall(found: Sequence[Finding], rows: Sequence[Row]) -> Verdict:
    """The verdict of the gated rows together; what makes the sides incomparable goes before."""
    if any(finding.blocks for finding in found):
        return Verdict.INCOMPARABLE
    gated = [row for row in rows if row.gate == "gate" and row.waiver is None]
    for verdict in (Verdict.REGRESSION, Verdict.INCOMPARABLE, Verdict.INCONCLUSIVE, Verdict.IMPROVEMENT):
        if any(row.verdict is verdict for row in gated):
            return verdict
    return Verdict.EQUIVALENT if gated else Verdict.INCONCLUSIVE


def _gate(policy: Policy, rows: Sequence[Row], today: date) -> Gate:
    return Gate(
        size=sum(row.gate == "gate" for row in rows),
        alpha=policy.alpha,
        policy=policy.source or ("--fail-on" if policy.rules else "headline metrics"),
        policy_hash=policy.digest(),
        expired_waivers=[f"{w.metric}.{w.statistic} (ended {w.until}): {w.reason}" for w in policy.expired(today)],
    )


# --- the rest of the receipt ---------------------------------------------------------------------------------


def _side(side: LoadedSide) -> Side:
    return Side(name=side.name, runs=[_summary(run) for run in side.runs], migrated=side.migrated)


def _summary(run: Run) -> RunSummary:
    requests = run.blocks.get("request_count")
    average = requests.values.get("avg") if requests else None
    return RunSummary(
        file=run.file,
        version=run.version,
        written_by=_text(run.facts.get("aiperf_version")),
        benchmark_id=_text(run.facts.get("benchmark_id")),
        start_time=_text(run.facts.get("start_time")),
        requests=int(average) if average is not None else None,
        has_records=bool(run.records),
    )


def _text(value: Json) -> str:
    return value if type(value) is str else ""


def _shifts(base: LoadedSide, candidate: LoadedSide, rows: Sequence[Row]) -> list[Shift]:
    """Where in the distribution each headline or gated metric moved."""
    units = {row.metric: row.unit for row in rows}
    wanted = dict.fromkeys([row.metric for row in rows if row.gate == "gate"] + list(_CURVES))
    found = []
    for metric in wanted:
        if metric not in units:
            continue
        one, other = curve(base.runs, metric, units[metric]), curve(candidate.runs, metric, units[metric])
        moved = {name: _percent(one[name], other[name]) for name in one if name in other}
        points = {name: percent for name, percent in moved.items() if percent is not None}
        if len(points) > 2:
            words = shift_words(points)
            found.append(
                Shift(metric=metric, unit=units[metric], points=points, base=one, candidate=other, words=words)
            )
    return found


def _notes(
    base: LoadedSide, candidate: LoadedSide, noise: Profile | None, spreads: Mapping[tuple[str, str], Spread]
) -> list[str]:
    notes = [f"left out: {told}" for told in (*base.left_out, *candidate.left_out)]
    if min(len(base.runs), len(candidate.runs)) < MIN_RUNS and not spreads:
        notes.append("fewer than three runs a side: nothing here tells a change of the system from a change of the day")
    if noise and not spreads:
        notes.append(f"{os.path.basename(noise.source)} knows nothing of this model, GPU and load: not used")
    if order := _order(base, candidate):
        notes.append(order)
    return notes


def _order(base: LoadedSide, candidate: LoadedSide) -> str:
    """Runs of one side all before the other: whatever drifted meanwhile looks like a change."""
    a = sorted(_text(run.facts.get("start_time")) for run in base.runs)
    b = sorted(_text(run.facts.get("start_time")) for run in candidate.runs)
    if min(len(a), len(b)) < MIN_RUNS or not a[0] or not b[0] or not (a[-1] < b[0] or b[-1] < a[0]):
        return ""
    return "one side ran before the other, not in turn: what drifted meanwhile looks like a change"
