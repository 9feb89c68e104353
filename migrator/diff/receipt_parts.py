"""The parts of a receipt beside its rows: the sides, the criteria, where distributions moved, the noise profile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from migrator.chain.names import current
from migrator.chain.requests import total
from migrator.diff.judge import shift_words
from migrator.diff.noise import Fit, Profile
from migrator.diff.pair import curve
from migrator.diff.policy import Policy
from migrator.diff.receipt import Evidence, Gate, NoiseUsed, Row, RunSummary, Shift, Side
from migrator.diff.rows import relative
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide
from migrator.jsonfile import Json

CURVES: Final = tuple(
    map(
        current,
        ("request_latency", "time_to_first_token", "inter_token_latency", "output_token_throughput_per_user"),
    )
)
"""Metrics whose change is shown at every percentile."""


def gate_of(policy: Policy, rows: Sequence[Row], today: date) -> Gate:
    """The criteria of a comparison whose rows are known."""
    return Gate(
        size=sum(row.gate == "gate" for row in rows),
        alpha=policy.alpha,
        policy=policy.source or ("--fail-on" if policy.rules else "headline metrics"),
        policy_hash=policy.digest(),
        expired_waivers=[f"{w.metric}.{w.statistic} (ended {w.until}): {w.reason}" for w in policy.expired(today)],
        max_error_percent=policy.max_error_percent,
        allowed=list(policy.vary),
    )


def side_of(side: LoadedSide, order: Sequence[int | None]) -> Side:
    """A side as the receipt names it; `order` is that of its runs."""
    requests = total(run.requests for run in side.runs)
    return Side(
        name=side.name,
        runs=[_summary(run, place) for run, place in zip(side.runs, order, strict=True)],
        migrated=side.migrated,
        succeeded=requests.succeeded,
        failed=requests.failed,
    )


def _summary(run: Run, order: int | None) -> RunSummary:
    return RunSummary(
        file=run.file,
        version=run.version,
        written_by=_text(run.facts.get("aiperf_version")),
        benchmark_id=_text(run.facts.get("benchmark_id")),
        start_time=_text(run.facts.get("start_time")),
        requests=run.requests.succeeded,
        has_records=bool(run.records),
        failed=run.requests.failed,
        order=order,
        kind=run.kind,
        runs=run.stands_for,
    )


def _text(value: Json) -> str:
    return value if type(value) is str else ""


def shifts(base: LoadedSide, candidate: LoadedSide, rows: Sequence[Row]) -> list[Shift]:
    """Where in the distribution each headline or gated metric moved."""
    units = {row.metric: row.unit for row in rows}
    wanted = dict.fromkeys([row.metric for row in rows if row.gate == "gate"] + list(CURVES))
    found = []
    for metric in wanted:
        if metric not in units:
            continue
        one, other = curve(base.runs, metric, units[metric]), curve(candidate.runs, metric, units[metric])
        moved = {name: relative(one[name], other[name]) for name in one if name in other}
        points = {name: percent for name, percent in moved.items() if percent is not None}
        if len(points) > 2:
            words = shift_words(points)
            found.append(
                Shift(metric=metric, unit=units[metric], points=points, base=one, candidate=other, words=words)
            )
    return found


def noise_used(noise: Profile | None, fit: Fit, rows: Sequence[Row]) -> NoiseUsed | None:
    """The noise profile that some rows rest on; None without one."""
    if noise is None or fit.entry is None:
        return None
    used = sum(row.evidence is Evidence.NOISE for row in rows)
    entry = fit.entry
    return NoiseUsed(file=noise.source, runs=entry.runs, requests=entry.requests, newest=entry.newest, rows=used)
