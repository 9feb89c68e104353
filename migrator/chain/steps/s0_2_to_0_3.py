"""0.2 → 0.3: a new name for the endpoints in the telemetry summary (AIPerf 0.3.0)."""

from __future__ import annotations

from migrator.chain.ops import Rename
from migrator.chain.places import SUMMARY
from migrator.chain.step import Step

STEP = Step(
    older="0.2",
    newer="0.3",
    summary="telemetry endpoints are configured, not tested",
    reason="AIPerf 0.3.0 calls the list of telemetry endpoints it was given `endpoints_configured`.",
    ops=(Rename({"endpoints_tested": "endpoints_configured"}, at=SUMMARY),),
)
