"""1.0 → 1.1: count and sum in every stats block (AIPerf 0.8.0)."""

from __future__ import annotations

from migrator.chain.operation import AddedField
from migrator.chain.ops import Add
from migrator.chain.places import BLOCKS, GPU_BLOCKS
from migrator.chain.step import Step

STEP = Step(
    older="1.0",
    newer="1.1",
    summary="count and sum of each distribution",
    reason=(
        "AIPerf 0.8.0 adds `count` and `sum` to the stats blocks of record metrics. They are counted over"
        " the requests and cannot be computed from the other statistics, so an upgrade adds none."
    ),
    ops=(
        Add(AddedField("count"), AddedField("sum"), at=BLOCKS),
        Add(AddedField("count"), AddedField("sum"), at=GPU_BLOCKS),
    ),
)
