"""1.2 (no published release wrote it): what is needed to repeat the run."""

from __future__ import annotations

from typing import Annotated, Any

from migrator.schemas import base, v1_1


class RunInfo(base.Open):
    """The seed of a run, and its place in a sweep; null where that is not known."""

    random_seed: base.Position | None = None
    trial: base.Position | None = None
    run_label: base.Text | None = None
    variation_label: base.Text | None = None
    variation_index: base.Position | None = None
    variation_values: dict[str, Any] | None = None


class Export(v1_1.Export):
    """A main export of version 1.2."""

    schema_version: Annotated[str, base.Label("1.2")]
    run_info: RunInfo | None = None
