"""0.3 → 1.0: exports get a label and say who wrote them (AIPerf 0.4.0)."""

from __future__ import annotations

from migrator.chain.operation import UNKNOWN, AddedField
from migrator.chain.ops import Add, Rename
from migrator.chain.places import FRONT
from migrator.chain.step import Step
from migrator.jsonfile import Json, Object, Path


def _benchmark_id(document: Object, _: Object, __: Path) -> Json:
    config = document.get("input_config")
    found = config.get("benchmark_id") if type(config) is dict else None
    return found if type(found) is str else UNKNOWN


STEP = Step(
    older="0.3",
    newer="1.0",
    summary="schema label, writer, run identifier",
    reason=(
        "AIPerf 0.4.0 adds `schema_version`, `aiperf_version` and `benchmark_id`, and renames the metric"
        " `prefill_throughput`. An older file does not say which release wrote it, so no `aiperf_version` is added."
    ),
    ops=(
        Add(
            AddedField("aiperf_version", after=FRONT),
            AddedField("benchmark_id", _benchmark_id, after=FRONT),
        ),
        Rename({"prefill_throughput": "prefill_throughput_per_user"}),
    ),
)
