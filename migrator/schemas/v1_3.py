"""1.3 (AIPerf 0.9.0 to 0.11.0): identifiers and the command line in `run_info`."""

from __future__ import annotations

from typing import Annotated

from migrator.schemas import base, v1_2


class RunInfo(v1_2.RunInfo):
    """All that is needed to repeat the run. The command line is redacted."""

    benchmark_id: base.Text | None = None
    sweep_id: base.Text | None = None
    cli_command: base.Text | None = None


class Export(v1_2.Export):
    """A main export of version 1.3."""

    schema_version: Annotated[str, base.Label("1.3")]
    run_info: RunInfo | None = None
