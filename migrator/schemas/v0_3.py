"""0.3 (AIPerf 0.3.0): telemetry endpoints are configured, not tested; no label."""

from __future__ import annotations

from migrator.schemas import base


class Summary(base.Summary):
    """When telemetry was collected, and from where."""

    endpoints_configured: list[base.Text] | None = None


class Telemetry(base.Telemetry):
    """GPU telemetry over the run."""

    summary: Summary | None = None


class Export(base.Document):
    """A main export of version 0.3."""

    telemetry_data: Telemetry | None = None
