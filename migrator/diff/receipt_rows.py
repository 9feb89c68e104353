"""The parts of a receipt that every comparison has: verdicts, sides, findings, rows, the gate.

They are plain data classes, because importing pydantic takes longer than the rest of a comparison.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Literal

from migrator.jsonfile import Json
from migrator.values import dataclass, field


class Verdict(StrEnum):
    """The result of a row, or of the whole comparison."""

    REGRESSION = "regression"
    """Worse, and shown to be worse by more than the margin."""
    INCOMPARABLE = "incomparable"
    """The two sides did not measure the same thing."""
    INCONCLUSIVE = "inconclusive"
    """The evidence allows no answer; `needs` says what would."""
    NO_WORSE = "no worse"
    """Shown not to be worse by more than the margin; how much better is open. Since 1.1."""
    IMPROVEMENT = "improvement"
    """Better, and shown to be better by more than the margin."""
    EQUIVALENT = "equivalent"
    """Shown to be the same within the margin."""


class Direction(StrEnum):
    """Which change of a metric is bad."""

    LOWER = "lower"
    """Lower is better: a latency."""
    HIGHER = "higher"
    """Higher is better: a throughput."""
    PARITY = "parity"
    """Must match: it describes the workload, not the system."""
    INFORMATION = "information"
    """Neither: shown, never judged."""


class Evidence(StrEnum):
    """What an estimate rests on, strongest first."""

    RUNS = "runs"
    """Three or more runs a side: the variation from run to run is estimated."""
    AGGREGATE = "aggregate"
    """Mean, standard deviation and number of three or more runs a side, of which some are gone. Since 1.3."""
    NOISE = "noise"
    """One or two runs a side, and a noise profile of earlier runs."""
    RECORDS = "records"
    """The requests of one run a side: they tell how well the run is known, not how the next one would differ."""
    SUMMARY = "summary"
    """One summary a side with count and spread: as `records`, approximately."""
    VALUE = "value"
    """One number a side: nothing tells how much it varies."""
    EXACT = "exact"
    """A number without noise, such as a count of requests: equal or not."""


def told(about: str) -> dict[str, str]:
    """Metadata of a field: its description in the schema."""
    return {"description": about}


class Part:
    """What all parts of a receipt have in common: no field but those that are declared."""

    __slots__ = ()
    # The schema describes what is written, and every field is written.
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "json_schema_serialization_defaults_required": True,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary(Part):
    """One run of a side. `version` is what the file was before it was migrated in memory."""

    file: str
    version: str
    written_by: str = ""
    benchmark_id: str = ""
    start_time: str = ""
    requests: int | None = field(default=None, metadata=told("how many succeeded"))
    has_records: bool = False
    failed: int | None = field(default=None, metadata=told("how many requests failed; since 1.1"))
    order: int | None = field(
        default=None, metadata=told("place in time among the runs of both sides, from 1; null if unknown; since 1.1")
    )
    kind: Literal["run", "aggregate", "cell", "collated"] = field(
        default="run",
        metadata=told(
            "what stands for the run: itself; an aggregate or a cell of a sweep file, which are of several; or the"
            " means that a collated file has of it; since 1.3"
        ),
    )
    runs: int = field(default=1, metadata=told("how many runs it stands for; since 1.3"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Side(Part):
    """Baseline or candidate: one run, or several of the same configuration."""

    name: str
    runs: list[RunSummary]
    migrated: str = field(default="", metadata=told("what was migrated in memory, such as '1.0 → 1.5'"))
    succeeded: int | None = field(default=None, metadata=told("requests of all runs that succeeded; since 1.1"))
    failed: int | None = field(default=None, metadata=told("requests of all runs that failed; since 1.1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Part):
    """A fact about the two sides that matters for every row."""

    code: str = field(metadata=told("stable name, such as 'cancelled', 'model', 'load', 'errors'"))
    blocks: bool = field(metadata=told("whether it makes the comparison invalid"))
    message: str
    base: Json = None
    candidate: Json = None
    warns: bool = field(
        default=False, metadata=told("whether it belongs beside the verdict although it does not block; since 1.1")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange(Part):
    """A difference beside the metrics: configuration, run identity or telemetry."""

    path: str
    kind: Literal["changed", "added", "removed"]
    base: Json = None
    candidate: Json = None


@dataclass(slots=True, kw_only=True)  # Not frozen, as rows are not.
class Interval(Part):
    """An interval of a relative change, in percent, or of a difference, in the unit; `kind` says of what variation."""

    low: float
    high: float
    level: float = 0.95
    kind: Literal["between runs", "within run", "within run, approximate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Part):
    """So many requests of so many, over all runs of a side. Since 1.1."""

    part: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver(Part):
    """An accepted regression: it is shown, and does not fail the gate."""

    reason: str
    until: str = ""


@dataclass(slots=True, kw_only=True)  # Not frozen: setting so many frozen fields takes longer than the rest of a row.
class Row(Part):
    """One statistic of one metric on both sides, in one unit."""

    metric: str
    statistic: str
    unit: str
    direction: Direction
    gate: Literal["gate", "report", "ignore"] = "report"
    base: float | None = field(default=None, metadata=told("the run's value; of several runs the geometric mean"))
    candidate: float | None = None
    delta: float | None = field(default=None, metadata=told("candidate minus base, in the unit"))
    percent: float | None = field(
        default=None, metadata=told("relative change; null where the base is zero or negative")
    )
    interval: Interval | None = None
    p_value: float | None = field(
        default=None, metadata=told("two-sided, of 'no change'; adjusted for the rows of the gate, or of the report")
    )
    evidence: Evidence
    n_base: int | None = field(default=None, metadata=told("runs or requests, as the evidence says"))
    n_candidate: int | None = None
    margin: float = field(metadata=told("relative change, in percent, that is still no change"))
    floor: float = field(default=0.0, metadata=told("absolute change, in the unit, that is still no change"))
    spread_base: float | None = field(
        default=None, metadata=told("how much the base's runs differ from each other, in percent; null for one run")
    )
    spread_candidate: float | None = None
    verdict: Verdict
    needs: str = field(
        default="", metadata=told("what would decide an inconclusive row, such as 'about 3 more runs a side'")
    )
    note: str = ""
    waiver: Waiver | None = None
    measure: Literal["ratio", "difference"] = field(
        default="ratio",
        metadata=told("what is judged: the ratio, or the difference where a side is or touches zero; since 1.1"),
    )
    delta_interval: Interval | None = field(
        default=None, metadata=told("of the difference, in the unit, where that is judged; since 1.1")
    )
    p_beyond: float | None = field(
        default=None,
        metadata=told(
            "one-sided, of 'not worse by more than the margin', adjusted for the gate; up to alpha the row is a"
            " regression; since 1.1"
        ),
    )
    p_within: float | None = field(
        default=None,
        metadata=told("one-sided, of 'worse by the margin or more'; up to alpha the row is no worse; since 1.1"),
    )
    leaning: str = field(
        default="",
        metadata=told("where an inconclusive row points, such as 'worse, perhaps within the margin'; since 1.1"),
    )
    more_runs: int | None = field(
        default=None,
        metadata=told(
            "about so many more runs a side would decide it with 80 % power, if fixed beforehand; 0: more than 50 runs"
            " a side; null: not known, or nothing to decide; since 1.1"
        ),
    )
    method: str = field(default="", metadata=told("how interval and p-values were found; since 1.1"))
    values_base: list[float | None] = field(
        default_factory=list,
        metadata=told(
            "of gated rows, one value for each run of the side, in their order, in the unit; null where a run has none;"
            " since 1.1"
        ),
    )
    values_candidate: list[float | None] = field(default_factory=list)
    share_base: Share | None = field(
        default=None, metadata=told("the requests counted, of rows that are shares of requests; since 1.1")
    )
    share_candidate: Share | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift(Part):
    """The relative change of a metric at each percentile, in percent."""

    metric: str
    unit: str
    points: dict[str, float]
    base: dict[str, float] = field(metadata=told("values of the baseline at the percentiles, in the unit"))
    candidate: dict[str, float]
    words: str = field(default="", metadata=told("'only the tail moved', 'the whole distribution moved', …"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Part):
    """The criteria of the comparison. `size` is the number of gated rows."""

    size: int = 0
    correction: str = "Hommel"
    alpha: float = 0.05
    policy: str = field(default="", metadata=told("file or options it came from"))
    policy_hash: str = ""
    expired_waivers: list[str] = field(default_factory=list)
    max_error_percent: float = field(
        default=1.0, metadata=told("percentage points of failed requests that are still no more; since 1.1")
    )
    allowed: list[str] = field(
        default_factory=list, metadata=told("what was varied on purpose, and does not block; since 1.1")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseUsed(Part):
    """The noise profile that was used instead of repeated runs. Since 1.1."""

    file: str
    runs: int = field(metadata=told("runs that it was learnt from: fewer than ten say little"))
    requests: int | None = field(default=None, metadata=told("requests that each of them had"))
    newest: str = field(default="", metadata=told("start of the newest of them"))
    rows: int = field(default=0, metadata=told("rows of this comparison that rest on it"))
