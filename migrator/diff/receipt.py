"""The receipt: what a comparison found, and on what evidence, as a versioned document.

It is the product of `aiperf-migrate diff`. Text, markdown, HTML, JUnit, annotations and the exit code are rendered
from it and from nothing else, so none of them can say something that another does not.

The parts are plain data classes, because importing pydantic takes longer than the rest of a comparison. It is imported
where a receipt is written as JSON, read, or described by a schema.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from migrator.diff.receipt_rows import (
    Direction,
    Evidence,
    FieldChange,
    Finding,
    Gate,
    Interval,
    NoiseUsed,
    Part,
    Row,
    RunSummary,
    Share,
    Shift,
    Side,
    Verdict,
    Waiver,
    told,
)
from migrator.diff.receipt_sweep import (
    Bracket,
    Capacity,
    Cell,
    Front,
    FrontPoint,
    GoalState,
    MeanChange,
    Stretch,
    Sweep,
)
from migrator.values import dataclass, field, replace

if TYPE_CHECKING:
    from pydantic import TypeAdapter

RECEIPT_VERSION: Final = "1.3"
"""The version that is written. Older ones, which have none of the fields marked "since", can still be read."""

__all__ = (
    "RECEIPT_VERSION",
    "Bracket",
    "Capacity",
    "Cell",
    "Direction",
    "Evidence",
    "FieldChange",
    "Finding",
    "Front",
    "FrontPoint",
    "Gate",
    "GoalState",
    "Interval",
    "MeanChange",
    "NoiseUsed",
    "Receipt",
    "Row",
    "RunSummary",
    "Share",
    "Shift",
    "Side",
    "Stretch",
    "Sweep",
    "Verdict",
    "Waiver",
    "from_json",
    "receipt_of_cell",
    "receipt_schema",
    "to_json",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Part):
    """One comparison, complete."""

    receipt_version: Literal["1.0", "1.1", "1.2", "1.3"] = RECEIPT_VERSION
    tool: str
    base: Side
    candidate: Side
    verdict: Verdict
    gate: Gate
    findings: list[Finding] = field(default_factory=list)
    changes: list[FieldChange] = field(default_factory=list)
    ignored_changes: int = field(default=0, metadata=told("differences in volatile keys that were left out"))
    rows: list[Row] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    only_base: list[str] = field(default_factory=list, metadata=told("metrics that the candidate does not have"))
    only_candidate: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list, metadata=told("caveats that hold for all rows"))
    noise: NoiseUsed | None = field(default=None, metadata=told("the noise profile, where one was used; since 1.1"))
    sweep: Sweep | None = field(
        default=None,
        metadata=told("of two sweeps, the comparison of each cell, in place of `rows`; null else; since 1.2"),
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
