"""1.0 (AIPerf 0.4.0 to 0.7.0): a label, and who wrote the file."""

from __future__ import annotations

from typing import Annotated

from migrator.schemas import base, v0_3


class Export(v0_3.Export):
    """A main export of version 1.0."""

    schema_version: Annotated[str, base.Label("1.0")]
    aiperf_version: base.Text | None = None
    benchmark_id: base.Text | None = None
