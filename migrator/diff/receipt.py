"""The receipt: what a comparison found, and on what evidence, as a versioned document.

It is the product of `aiperf-migrate diff`. Text, markdown, HTML, JUnit, annotations and the exit code are rendered
from it and from nothing else, so none of them can say something that another does not.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

RECEIPT_VERSION: Final = "1.0"


class Verdict(StrEnum):
    """What a row, or the whole comparison, comes to."""

    REGRESSION = "regression"
    """Worse than the margin allows, and not by chance."""
    INCOMPARABLE = "incomparable"
    """The two sides did not measure the same thing."""
    INCONCLUSIVE = "inconclusive"
    """The evidence allows no answer; `needs` says what would."""
    IMPROVEMENT = "improvement"
    """Better by more than the margin, and not by chance."""
    EQUIVALENT = "equivalent"
    """The same, within the margin, and shown to be so."""


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
    """Three or more runs a side: the run is the unit, and build can be told from noise."""
    NOISE = "noise"
    """A noise profile of earlier runs stands in for repetition."""
    RECORDS = "records"
    """The single requests of one run a side: honest about the run, silent about the next one."""
    SUMMARY = "summary"
    """One summary a side with count and spread: the same, approximately."""
    VALUE = "value"
    """One number a side: a difference, and nothing to judge it by."""
    EXACT = "exact"
    """A number without noise, such as a count of requests: equal or not."""


class _Part(BaseModel):
    # Each validator is built when it is first needed: all of them would be a good part of the start-up.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Run(_Part):
    """One run of a side. `version` is what the file was before it was migrated in memory."""

    file: str
    version: str
    written_by: str = ""
    benchmark_id: str = ""
    start_time: str = ""
    requests: int | None = None
    has_records: bool = False


class Side(_Part):
    """Baseline or candidate: one run, or several trials of the same."""

    name: str
    runs: list[Run]
    migrated: str = Field(default="", description="what was migrated in memory, such as '1.0 → 1.5'")


class Finding(_Part):
    """Something about the two sides that a reader must know before any number."""

    code: str = Field(description="stable name, such as 'cancelled', 'model', 'load', 'errors'")
    blocks: bool = Field(description="whether it makes the comparison invalid")
    message: str
    base: JsonValue = None
    candidate: JsonValue = None


class Change(_Part):
    """A difference outside the numbers: configuration, run identity or telemetry."""

    path: str
    kind: Literal["changed", "added", "removed"]
    base: JsonValue = None
    candidate: JsonValue = None


class Interval(_Part):
    """An interval of the relative change, in percent. `kind` says what it covers."""

    low: float
    high: float
    level: float = 0.95
    kind: Literal["between runs", "within run", "within run, approximate"]


class Waiver(_Part):
    """A regression that someone accepted: it is shown, and does not fail the gate."""

    reason: str
    until: str = ""


class Row(_Part):
    """One statistic of one metric on both sides, in one unit."""

    metric: str
    statistic: str
    unit: str
    direction: Direction
    gate: Literal["gate", "report", "ignore"] = "report"
    base: float | None = None
    candidate: float | None = None
    delta: float | None = Field(default=None, description="candidate minus base, in the unit")
    percent: float | None = Field(default=None, description="relative change; null where the base is zero or negative")
    interval: Interval | None = None
    p_value: float | None = Field(default=None, description="adjusted for the number of gated rows")
    evidence: Evidence
    n_base: int | None = Field(default=None, description="runs or requests, as the evidence says")
    n_candidate: int | None = None
    margin: float = Field(description="relative change, in percent, that is still no change")
    floor: float = Field(default=0.0, description="absolute change, in the unit, that is still no change")
    verdict: Verdict
    needs: str = Field(default="", description="what would decide an inconclusive row, such as '3 more runs'")
    note: str = ""
    waiver: Waiver | None = None


class Shift(_Part):
    """The relative change of a metric at each percentile, in percent: where in the distribution it moved."""

    metric: str
    unit: str
    points: dict[str, float]
    base: dict[str, float] = Field(description="values of the baseline at the percentiles, in the unit")
    candidate: dict[str, float]
    words: str = Field(default="", description="'only the tail moved', 'the whole distribution moved', …")


class Gate(_Part):
    """What the comparison was held to. `size` is the number of gated rows that the correction is for."""

    size: int = 0
    correction: str = "Holm"
    alpha: float = 0.05
    policy: str = Field(default="", description="file or options it came from")
    policy_hash: str = ""
    expired_waivers: list[str] = Field(default_factory=list)


class Receipt(_Part):
    """One comparison, complete."""

    receipt_version: str = RECEIPT_VERSION
    tool: str
    base: Side
    candidate: Side
    verdict: Verdict
    gate: Gate
    findings: list[Finding] = Field(default_factory=list)
    changes: list[Change] = Field(default_factory=list)
    ignored_changes: int = Field(default=0, description="differences in volatile keys that were left out")
    rows: list[Row] = Field(default_factory=list)
    shifts: list[Shift] = Field(default_factory=list)
    only_base: list[str] = Field(default_factory=list, description="metrics that the candidate does not have")
    only_candidate: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list, description="caveats that hold for all rows")
