"""1.4 → 1.5: reasons why a submission does not count (AIPerf nightlies from 0.13.0.dev20261007 on)."""

from __future__ import annotations

from typing import Final

from migrator.aiperf.metadata import submission_of
from migrator.chain.operation import UNKNOWN, AddedField
from migrator.chain.ops import Add, InDialect
from migrator.chain.step import Step
from migrator.chain.telemetry import VENDOR_NAMES
from migrator.jsonfile import Json, Object, Path
from migrator.ledger import Loss


def _reasons(document: Object, _: Object, __: Path) -> Json:
    """None, unless `metadata` says that the submission is invalid for a reason that may have been found at run time.

    AIPerf adds the reasons found at run time to those of `metadata` (`compute_submission_outcome` of 0.13.0 and its
    nightlies), so that they are none where `metadata` has only what the command line told. Otherwise nothing tells
    which ones they were: the field is left out, for AIPerf reads no null in it.
    """
    submission = submission_of(document)
    known = submission.valid is not False or (submission.reasons and _BEFORE_THE_RUN.issuperset(submission.reasons))
    return [] if known else UNKNOWN


_BEFORE_THE_RUN: Final = frozenset({"unsafe_override"})
"""Reasons in `metadata` that are found before the run starts."""


STEP = Step(
    older="1.4",
    newer="1.5",
    summary="reasons why a submission is invalid",
    reason=(
        "Schema 1.5 adds `runtime_submission_invalid_reasons`, empty for a valid run; for an older file that is an"
        " assumption. It is not made where `metadata` says that the submission is invalid, unless for a reason that was"
        " there before the run. Its new `full_*` metrics are ordinary stats blocks. The documentation dates the"
        " vendor-scoped telemetry names to this version: a file that still has the old ones gets the new ones here."
    ),
    ops=(
        Add(
            AddedField(
                "runtime_submission_invalid_reasons",
                _reasons,
                after=("was_cancelled",),
                loss=Loss.INFERRED,
            )
        ),
        *(InDialect(op, entering_down="legacy") for op in VENDOR_NAMES),
    ),
)
