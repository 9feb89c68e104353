"""1.4 → 1.5: reasons why a submission does not count (AIPerf nightlies from 0.13.0.dev20261007 on)."""

from __future__ import annotations

from migrator.chain.operation import AddedField
from migrator.chain.ops import Add, InDialect
from migrator.chain.step import Step
from migrator.chain.telemetry import VENDOR_NAMES
from migrator.jsonfile import Json, Object, Path
from migrator.ledger import Loss


def _no_reasons(_: Object, __: Object, ___: Path) -> Json:
    return []


STEP = Step(
    older="1.4",
    newer="1.5",
    summary="reasons why a submission is invalid",
    reason=(
        "Schema 1.5 adds `runtime_submission_invalid_reasons`, empty for a valid run; for an older file that is an"
        " assumption. Its new `full_*` metrics are ordinary stats blocks. The documentation dates the vendor-scoped"
        " telemetry names to this version: a file that still has the old ones gets the new ones here."
    ),
    ops=(
        Add(
            AddedField(
                "runtime_submission_invalid_reasons",
                _no_reasons,
                after=("was_cancelled",),
                loss=Loss.INFERRED,
            )
        ),
        *(InDialect(op, entering_down="legacy") for op in VENDOR_NAMES),
    ),
)
