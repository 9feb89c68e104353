"""1.5 (AIPerf nightlies from 0.13.0.dev20261007 on): why a submission does not count."""

from __future__ import annotations

from typing import Annotated

from migrator.schemas import base, v1_4


class Export(v1_4.Export):
    """A main export of version 1.5."""

    schema_version: Annotated[str, base.Label("1.5")]
    runtime_submission_invalid_reasons: list[base.Text] | None = None
