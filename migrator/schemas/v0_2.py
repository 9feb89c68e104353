"""0.2 (AIPerf 0.2.0): metrics at the top level; no label."""

from __future__ import annotations

from migrator.schemas import base, v0_1


class Export(base.Document):
    """A main export of version 0.2. It does not inherit from 0.1, whose own fields are gone."""

    telemetry_data: v0_1.Telemetry | None = None
