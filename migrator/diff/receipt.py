"""The receipt: what a comparison found, and on what evidence, as a versioned document.

It is the product of `aiperf-migrate diff`. Text, markdown, HTML, JUnit, annotations and the exit code are rendered
from it and from nothing else, so none of them can say something that another does not.

The parts are plain data classes, because importing pydantic takes longer than the rest of a comparison. It is imported
where a receipt is written as JSON, read, or described by a schema.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from migrator.jsonfile import Json

if TYPE_CHECKING:
    from pydantic import TypeAdapter

RECEIPT_VERSION: Final = "1.2"
"""The version that is written. Older ones, which have none of the fields marked "since", can still be read."""


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


def _told(about: str) -> dict[str, str]:
    """Metadata of a field: its description in the schema."""
    return {"description": about}


class _Part:
    __slots__ = ()
    # The schema describes what is written, and every field is written.
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "json_schema_serialization_defaults_required": True,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary(_Part):
    """One run of a side. `version` is what the file was before it was migrated in memory."""

    file: str
    version: str
    written_by: str = ""
    benchmark_id: str = ""
    start_time: str = ""
    requests: int | None = field(default=None, metadata=_told("how many succeeded"))
    has_records: bool = False
    failed: int | None = field(default=None, metadata=_told("how many requests failed; since 1.1"))
    order: int | None = field(
        default=None, metadata=_told("place in time among the runs of both sides, from 1; null if unknown; since 1.1")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Side(_Part):
    """Baseline or candidate: one run, or several of the same configuration."""

    name: str
    runs: list[RunSummary]
    migrated: str = field(default="", metadata=_told("what was migrated in memory, such as '1.0 → 1.5'"))
    succeeded: int | None = field(default=None, metadata=_told("requests of all runs that succeeded; since 1.1"))
    failed: int | None = field(default=None, metadata=_told("requests of all runs that failed; since 1.1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(_Part):
    """A fact about the two sides that matters for every row."""

    code: str = field(metadata=_told("stable name, such as 'cancelled', 'model', 'load', 'errors'"))
    blocks: bool = field(metadata=_told("whether it makes the comparison invalid"))
    message: str
    base: Json = None
    candidate: Json = None
    warns: bool = field(
        default=False, metadata=_told("whether it belongs beside the verdict although it does not block; since 1.1")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange(_Part):
    """A difference beside the metrics: configuration, run identity or telemetry."""

    path: str
    kind: Literal["changed", "added", "removed"]
    base: Json = None
    candidate: Json = None


@dataclass(slots=True, kw_only=True)  # Not frozen, as rows are not.
class Interval(_Part):
    """An interval of a relative change, in percent, or of a difference, in the unit; `kind` says of what variation."""

    low: float
    high: float
    level: float = 0.95
    kind: Literal["between runs", "within run", "within run, approximate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(_Part):
    """So many requests of so many, over all runs of a side. Since 1.1."""

    part: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver(_Part):
    """An accepted regression: it is shown, and does not fail the gate."""

    reason: str
    until: str = ""


@dataclass(slots=True, kw_only=True)  # Not frozen: setting so many frozen fields takes longer than the rest of a row.
class Row(_Part):
    """One statistic of one metric on both sides, in one unit."""

    metric: str
    statistic: str
    unit: str
    direction: Direction
    gate: Literal["gate", "report", "ignore"] = "report"
    base: float | None = field(default=None, metadata=_told("the run's value; of several runs the geometric mean"))
    candidate: float | None = None
    delta: float | None = field(default=None, metadata=_told("candidate minus base, in the unit"))
    percent: float | None = field(
        default=None, metadata=_told("relative change; null where the base is zero or negative")
    )
    interval: Interval | None = None
    p_value: float | None = field(
        default=None, metadata=_told("two-sided, of 'no change'; adjusted for the rows of the gate, or of the report")
    )
    evidence: Evidence
    n_base: int | None = field(default=None, metadata=_told("runs or requests, as the evidence says"))
    n_candidate: int | None = None
    margin: float = field(metadata=_told("relative change, in percent, that is still no change"))
    floor: float = field(default=0.0, metadata=_told("absolute change, in the unit, that is still no change"))
    spread_base: float | None = field(
        default=None, metadata=_told("how much the base's runs differ from each other, in percent; null for one run")
    )
    spread_candidate: float | None = None
    verdict: Verdict
    needs: str = field(
        default="", metadata=_told("what would decide an inconclusive row, such as 'about 3 more runs a side'")
    )
    note: str = ""
    waiver: Waiver | None = None
    measure: Literal["ratio", "difference"] = field(
        default="ratio",
        metadata=_told("what is judged: the ratio, or the difference where a side is or touches zero; since 1.1"),
    )
    delta_interval: Interval | None = field(
        default=None, metadata=_told("of the difference, in the unit, where that is judged; since 1.1")
    )
    p_beyond: float | None = field(
        default=None,
        metadata=_told(
            "one-sided, of 'not worse by more than the margin', adjusted for the gate; up to alpha the row is a"
            " regression; since 1.1"
        ),
    )
    p_within: float | None = field(
        default=None,
        metadata=_told("one-sided, of 'worse by the margin or more'; up to alpha the row is no worse; since 1.1"),
    )
    leaning: str = field(
        default="",
        metadata=_told("where an inconclusive row points, such as 'worse, perhaps within the margin'; since 1.1"),
    )
    more_runs: int | None = field(
        default=None,
        metadata=_told(
            "about so many more runs a side would decide it with 80 % power, if fixed beforehand; 0: more than 50 runs"
            " a side; null: not known, or nothing to decide; since 1.1"
        ),
    )
    method: str = field(default="", metadata=_told("how interval and p-values were found; since 1.1"))
    values_base: list[float | None] = field(
        default_factory=list,
        metadata=_told(
            "of gated rows, one value for each run of the side, in their order, in the unit; null where a run has none;"
            " since 1.1"
        ),
    )
    values_candidate: list[float | None] = field(default_factory=list)
    share_base: Share | None = field(
        default=None, metadata=_told("the requests counted, of rows that are shares of requests; since 1.1")
    )
    share_candidate: Share | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift(_Part):
    """The relative change of a metric at each percentile, in percent."""

    metric: str
    unit: str
    points: dict[str, float]
    base: dict[str, float] = field(metadata=_told("values of the baseline at the percentiles, in the unit"))
    candidate: dict[str, float]
    words: str = field(default="", metadata=_told("'only the tail moved', 'the whole distribution moved', …"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(_Part):
    """The criteria of the comparison. `size` is the number of gated rows."""

    size: int = 0
    correction: str = "Hommel"
    alpha: float = 0.05
    policy: str = field(default="", metadata=_told("file or options it came from"))
    policy_hash: str = ""
    expired_waivers: list[str] = field(default_factory=list)
    max_error_percent: float = field(
        default=1.0, metadata=_told("percentage points of failed requests that are still no more; since 1.1")
    )
    allowed: list[str] = field(
        default_factory=list, metadata=_told("what was varied on purpose, and does not block; since 1.1")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseUsed(_Part):
    """The noise profile that was used instead of repeated runs. Since 1.1."""

    file: str
    runs: int = field(metadata=_told("runs that it was learnt from: fewer than ten say little"))
    requests: int | None = field(default=None, metadata=_told("requests that each of them had"))
    newest: str = field(default="", metadata=_told("start of the newest of them"))
    rows: int = field(default=0, metadata=_told("rows of this comparison that rest on it"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell(_Part):
    """What a sweep measured with one value of each factor: an ordinary comparison. Since 1.2."""

    name: str = field(metadata=_told("such as 'concurrency 8'"))
    factors: dict[str, Json] = field(metadata=_told("the value of each factor"))
    verdict: Verdict
    base: list[int] = field(metadata=_told("its runs, as places in the runs of the side; empty: not measured"))
    candidate: list[int]
    findings: list[Finding] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list, metadata=_told("those of the gate, and the headline metrics"))
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanChange(_Part):
    """The geometric mean of the changes of one statistic over the cells. Since 1.2."""

    metric: str
    statistic: str
    direction: Direction
    percent: float
    interval: Interval | None = field(
        default=None, metadata=_told("between trials, of the mean over these cells; null where `note` says why")
    )
    cells: int = field(metadata=_told("cells that are in the mean"))
    of: int = field(metadata=_told("cells that both sides measured"))
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPoint(_Part):
    """A cell in the plane of two metrics. Since 1.2."""

    cell: int = field(metadata=_told("its place in the list of cells"))
    x: float
    y: float
    dominated: bool = field(metadata=_told("whether a cell of its own side is as good in both, and better in one"))
    beaten: bool = field(default=False, metadata=_told("the same of a cell of the other side"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch(_Part):
    """A range of x with one order of the two fronts; a side is ahead by more than the margin. Since 1.2."""

    low: float
    high: float
    ahead: Literal["base", "candidate", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket(_Part):
    """Two measured values between which something happens. Since 1.2."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Front(_Part):
    """Throughput against interactivity or latency, over the cells that differ in their load alone. Since 1.2."""

    group: dict[str, Json] = field(metadata=_told("the factors that are not load, and their values"))
    x: str = field(metadata=_told("metric and statistic, such as 'request_latency.avg'"))
    x_unit: str
    x_direction: Direction
    y: str
    y_unit: str
    base: list[FrontPoint]
    candidate: list[FrontPoint]
    stretches: list[Stretch] = field(
        default_factory=list, metadata=_told("where both fronts were measured, straight lines between the cells")
    )
    crossings: list[Bracket] = field(
        default_factory=list, metadata=_told("values of x between which the order changes")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalState(_Part):
    """Whether one side of a cell meets the goals. Since 1.2."""

    cell: int
    state: Literal["meets", "misses"] = field(metadata=_told("by the mean over the trials"))
    sure: bool = field(metadata=_told("whether the 95 % interval of the mean is on the same side of the goal"))
    values: list[float | None] = field(metadata=_told("of each goal, in the unit of the metric"))
    note: str = field(default="", metadata=_told("why it misses although no value does, such as failed requests"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity(_Part):
    """The highest request throughput of a side among the measured cells that meet the goals. Since 1.2."""

    side: Literal["base", "candidate"]
    group: dict[str, Json] = field(metadata=_told("the factors that are not load, and their values"))
    goals: list[str]
    unit: str = ""
    value: float | None = field(default=None, metadata=_told("null: no measured cell meets the goals"))
    low: float | None = field(default=None, metadata=_told("95 % interval of the value between trials"))
    high: float | None = None
    cell: int | None = None
    next: int | None = field(default=None, metadata=_told("the cell of the next higher load; null: none was measured"))
    next_value: float | None = field(default=None, metadata=_told("its throughput: where it misses, the other end"))
    sure: bool = field(default=False, metadata=_told("whether both the cell and the next are on their side for sure"))
    states: list[GoalState] = field(default_factory=list, metadata=_told("of all cells, in the order of their load"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(_Part):
    """A comparison cell by cell. Since 1.2."""

    factors: list[str]
    found_by: str = field(metadata=_told("what told the factors, such as '--by' or 'run_info.variation_values'"))
    cells: list[Cell]
    means: list[MeanChange] = field(default_factory=list)
    fronts: list[Front] = field(default_factory=list)
    goals: list[str] = field(default_factory=list)
    capacities: list[Capacity] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(_Part):
    """One comparison, complete."""

    receipt_version: Literal["1.0", "1.1", "1.2"] = RECEIPT_VERSION
    tool: str
    base: Side
    candidate: Side
    verdict: Verdict
    gate: Gate
    findings: list[Finding] = field(default_factory=list)
    changes: list[FieldChange] = field(default_factory=list)
    ignored_changes: int = field(default=0, metadata=_told("differences in volatile keys that were left out"))
    rows: list[Row] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    only_base: list[str] = field(default_factory=list, metadata=_told("metrics that the candidate does not have"))
    only_candidate: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list, metadata=_told("caveats that hold for all rows"))
    noise: NoiseUsed | None = field(default=None, metadata=_told("the noise profile, where one was used; since 1.1"))
    sweep: Sweep | None = field(
        default=None,
        metadata=_told("of two sweeps, the comparison of each cell, in place of `rows`; null else; since 1.2"),
    )


def receipt_of_cell(receipt: Receipt, cell: Cell) -> Receipt:
    """The receipt of one cell of a sweep, as if it had been compared alone, with the gate of the whole."""
    return replace(
        receipt,
        base=_part_of(receipt.base, cell.base),
        candidate=_part_of(receipt.candidate, cell.candidate),
        verdict=cell.verdict,
        gate=replace(receipt.gate, size=sum(row.gate == "gate" for row in cell.rows)),
        findings=cell.findings,
        changes=[],
        ignored_changes=0,
        rows=cell.rows,
        notes=cell.notes,
        sweep=None,
    )


def _part_of(side: Side, places: Iterable[int]) -> Side:
    runs = [side.runs[place] for place in places]
    succeeded, failed = _sum(run.requests for run in runs), _sum(run.failed for run in runs)
    return replace(side, runs=runs, succeeded=succeeded, failed=failed)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return None if None in known else sum(count for count in known if count is not None)


def to_json(receipt: Receipt, *, one_line: bool = False) -> str:
    """A receipt as JSON text that ends with a newline; NaN and infinity become null."""
    return _adapter().dump_json(receipt, indent=None if one_line else 2).decode() + "\n"


def from_json(text: str | bytes) -> Receipt:
    """Read a receipt.

    Raises:
        ValueError: not a receipt, or one with a field or value that this version does not know.
    """
    return _adapter().validate_json(text)


def receipt_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `diff --json` writes: every field is there, some null."""
    from migrator.schemas import schema_of

    return schema_of(
        _adapter(),
        name=f"urn:aiperf-migrate:receipt:{RECEIPT_VERSION}",
        title=f"aiperf-migrate receipt of a comparison, version {RECEIPT_VERSION}",
        mode="serialization",
    )


@cache
def _adapter() -> TypeAdapter[Receipt]:
    from pydantic import TypeAdapter

    return TypeAdapter(Receipt)
