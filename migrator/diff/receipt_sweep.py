"""The parts of a receipt of two sweeps: cells, means, fronts, capacities."""

from __future__ import annotations

from typing import Literal

from migrator.diff.receipt_rows import Direction, Finding, Interval, Part, Row, Verdict, told
from migrator.jsonfile import Json
from migrator.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell(Part):
    """What a sweep measured with one value of each factor: an ordinary comparison. Since 1.2."""

    name: str = field(metadata=told("such as 'concurrency 8'"))
    factors: dict[str, Json] = field(metadata=told("the value of each factor"))
    verdict: Verdict
    base: list[int] = field(metadata=told("its runs, as places in the runs of the side; empty: not measured"))
    candidate: list[int]
    findings: list[Finding] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list, metadata=told("those of the gate, and the headline metrics"))
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanChange(Part):
    """The geometric mean of the changes of one statistic over the cells. Since 1.2."""

    metric: str
    statistic: str
    direction: Direction
    percent: float
    interval: Interval | None = field(
        default=None, metadata=told("between trials, of the mean over these cells; null where `note` says why")
    )
    cells: int = field(metadata=told("cells that are in the mean"))
    of: int = field(metadata=told("cells that both sides measured"))
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPoint(Part):
    """A cell in the plane of two metrics. Since 1.2."""

    cell: int = field(metadata=told("its place in the list of cells"))
    x: float
    y: float
    dominated: bool = field(metadata=told("whether a cell of its own side is as good in both, and better in one"))
    beaten: bool = field(default=False, metadata=told("the same of a cell of the other side"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch(Part):
    """A range of x with one order of the two fronts; a side is ahead by more than the margin. Since 1.2."""

    low: float
    high: float
    ahead: Literal["base", "candidate", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket(Part):
    """Two measured values between which something happens. Since 1.2."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Front(Part):
    """Throughput against interactivity or latency, over the cells that differ in their load alone. Since 1.2."""

    group: dict[str, Json] = field(metadata=told("the factors that are not load, and their values"))
    x: str = field(metadata=told("metric and statistic, such as 'request_latency.avg'"))
    x_unit: str
    x_direction: Direction
    y: str
    y_unit: str
    base: list[FrontPoint]
    candidate: list[FrontPoint]
    stretches: list[Stretch] = field(
        default_factory=list, metadata=told("where both fronts were measured, straight lines between the cells")
    )
    crossings: list[Bracket] = field(default_factory=list, metadata=told("values of x between which the order changes"))


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalState(Part):
    """Whether one side of a cell meets the goals. Since 1.2."""

    cell: int
    state: Literal["meets", "misses"] = field(metadata=told("by the mean over the trials"))
    sure: bool = field(metadata=told("whether the 95 % interval of the mean is on the same side of the goal"))
    values: list[float | None] = field(metadata=told("of each goal, in the unit of the metric"))
    note: str = field(default="", metadata=told("why it misses although no value does, such as failed requests"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity(Part):
    """The highest request throughput of a side among the measured cells that meet the goals. Since 1.2."""

    side: Literal["base", "candidate"]
    group: dict[str, Json] = field(metadata=told("the factors that are not load, and their values"))
    goals: list[str]
    unit: str = ""
    value: float | None = field(default=None, metadata=told("null: no measured cell meets the goals"))
    low: float | None = field(default=None, metadata=told("95 % interval of the value between trials"))
    high: float | None = None
    cell: int | None = None
    next: int | None = field(default=None, metadata=told("the cell of the next higher load; null: none was measured"))
    next_value: float | None = field(default=None, metadata=told("its throughput: where it misses, the other end"))
    sure: bool = field(default=False, metadata=told("whether both the cell and the next are on their side for sure"))
    states: list[GoalState] = field(default_factory=list, metadata=told("of all cells, in the order of their load"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(Part):
    """A comparison cell by cell. Since 1.2."""

    factors: list[str]
    found_by: str = field(metadata=told("what told the factors, such as '--by' or 'run_info.variation_values'"))
    cells: list[Cell]
    means: list[MeanChange] = field(default_factory=list)
    fronts: list[Front] = field(default_factory=list)
    goals: list[str] = field(default_factory=list)
    capacities: list[Capacity] = field(default_factory=list)
