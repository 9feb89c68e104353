"""1.2 (no published release wrote it): what is needed to repeat the run; conversations that branch."""

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


class BranchStats(base.Open):
    """How the branches of branching conversations ended."""

    children_spawned: base.Whole | None = None
    children_completed: base.Whole | None = None
    children_errored: base.Whole | None = None
    children_truncated: base.Whole | None = None
    children_delayed: base.Whole | None = None
    parents_suspended: base.Whole | None = None
    parents_resumed: base.Whole | None = None
    parents_failed_due_to_child_error: base.Whole | None = None
    joins_suppressed: base.Whole | None = None
    graphs_admitted: base.Whole | None = None
    graphs_completed_to_end: base.Whole | None = None


class Export(v1_1.Export):
    """A main export of version 1.2."""

    schema_version: Annotated[str, base.Label("1.2")]
    run_info: RunInfo | None = None
    branch_stats: BranchStats | None = None
