"""1.3 → 1.4: warm-up metrics, completeness, vendor-scoped telemetry (AIPerf 0.12.0)."""

from __future__ import annotations

from migrator.chain.operation import AddedField
from migrator.chain.ops import Add, InDialect
from migrator.chain.step import Step
from migrator.chain.telemetry import VENDOR_NAMES

STEP = Step(
    older="1.3",
    newer="1.4",
    summary="warm-up metrics; vendor-scoped telemetry",
    reason=(
        "Schema 1.4 adds optional `warmup_metrics`. AIPerf 0.12.0 also gives GPU telemetry vendor-scoped names and a"
        " `platform`, which earlier nightlies of 1.4 do not have; AIPerf 0.13.0 adds `is_complete`,"
        " `incomplete_reason` and an optional acceptance histogram, without a new label."
    ),
    ops=(
        Add(
            AddedField("warmup_metrics"),
            AddedField("is_complete"),
            AddedField("incomplete_reason"),
            AddedField("pooled_spec_decode_acceptance_histogram"),
        ),
        *(InDialect(op, entering_up="vendor") for op in VENDOR_NAMES),
    ),
)
