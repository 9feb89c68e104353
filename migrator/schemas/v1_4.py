"""1.4 (AIPerf 0.12.0 and 0.13.0, nightlies before them): warm-up metrics, completeness, a platform for each GPU.

GPU metrics have names of two dialects under this label. The model accepts any name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from migrator.schemas import base, v1_1, v1_3


class Gpu(v1_1.Gpu):
    """One GPU; `platform` is `nvidia`, `amd` or `unknown` so far."""

    platform: base.Text | None = None


class Endpoint(v1_1.Endpoint):
    """The GPUs that one telemetry endpoint reports."""

    gpus: Mapping[str, Gpu] | None = None


class Telemetry(v1_1.Telemetry):
    """GPU telemetry over the run."""

    endpoints: Mapping[str, Endpoint] | None = None


class Export(v1_3.Export):
    """A main export of version 1.4."""

    schema_version: Annotated[str, base.Label("1.4")]
    telemetry_data: Telemetry | None = None
    warmup_metrics: Mapping[str, v1_1.Block | None] | None = None
    is_complete: base.Flag | None = None
    incomplete_reason: base.Text | None = None
    pooled_spec_decode_acceptance_histogram: Mapping[str, base.Position] | None = None
