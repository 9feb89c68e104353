"""0.1 → 0.2: metrics move from `records` to the top level (AIPerf 0.2.0)."""

from __future__ import annotations

from migrator.aiperf.metrics import catalogue, is_scalar
from migrator.chain.operation import UNKNOWN, AddedField
from migrator.chain.ops import Add, Inverse, Rename, Unnest
from migrator.chain.places import BLOCKS, FRONT
from migrator.chain.step import Step
from migrator.jsonfile import Json, Object, Path


def _tag(_: Object, __: Object, path: Path) -> Json:
    """The key of the stats block."""
    return path[-1]


def _header(_: Object, __: Object, path: Path) -> Json:
    """The header of the metric in the catalogue; none for a metric outside of it."""
    metric = catalogue().get(str(path[-1]))
    return metric.header if metric else UNKNOWN


def _scalar_count(_: Object, block: Object, __: Path) -> Json:
    """1 for a block with a single value (without `min`, `max`, `std` and `p50`); else none."""
    return 1 if is_scalar(block) else UNKNOWN


STEP = Step(
    older="0.1",
    newer="0.2",
    summary="metrics at the top level, under their present names",
    reason=(
        "AIPerf 0.2.0 writes each metric at the top level instead of under `records`, gives three tags their present"
        " names, and no longer repeats tag, header and count in each stats block. Metrics that a run has not are"
        " `null` in 0.2 and 0.3. The count exists again from 1.1 on: an upgrade to 1.1 or later keeps it."
    ),
    ops=(
        Unnest("records"),
        Inverse(
            Add(
                AddedField("tag", _tag, after=FRONT),
                AddedField("header", _header, after=("unit",)),
                AddedField("count", _scalar_count),
                at=BLOCKS,
            )
        ),
        Rename(
            {
                "ttft": "time_to_first_token",
                "ttst": "time_to_second_token",
                "benchmark_token_count": "total_osl",
            }
        ),
    ),
)
