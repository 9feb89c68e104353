"""0.3 → 1.0: exports get a label and say who wrote them (AIPerf 0.4.0)."""

from __future__ import annotations

from math import isfinite

from migrator.chain.metric_ops import Derive, Units
from migrator.chain.operation import UNKNOWN, AddedField
from migrator.chain.ops import Add, Rename
from migrator.chain.places import FRONT
from migrator.chain.step import Step
from migrator.jsonfile import Json, Object, Path


def _benchmark_id(document: Object, _: Object, __: Path) -> Json:
    """`input_config.benchmark_id`, if it is a string."""
    config = document.get("input_config")
    found = config.get("benchmark_id") if type(config) is dict else None
    return found if type(found) is str else UNKNOWN


def _scalar(document: Object, tag: str, unit: str) -> int | float | None:
    """The value of a metric in a unit; None without it, or in another unit."""
    block = document.get(tag)
    found = block.get("avg") if type(block) is dict and block.get("unit") == unit else None
    return found if type(found) in (int, float) else None


def _total_token_throughput(document: Object) -> Json:
    """(total_isl + total_osl) / benchmark_duration, in the same arithmetic as AIPerf 0.4.0 to 0.11.0.

    0.12.0 and later divide by another duration, which earlier releases do not export.
    """
    isl, osl = (_scalar(document, tag, "tokens") for tag in ("total_isl", "total_osl"))
    duration = _scalar(document, "benchmark_duration", "sec")
    if isl is None or osl is None or duration is None or duration <= 0:
        return UNKNOWN
    total = (isl + osl) / duration
    return {"unit": "tokens/sec", "avg": total} if isfinite(total) else UNKNOWN


STEP = Step(
    older="0.3",
    newer="1.0",
    summary="schema label, writer, run identifier",
    reason=(
        "AIPerf 0.4.0 adds `schema_version`, `aiperf_version` and `benchmark_id`, and renames the metric"
        " `prefill_throughput`, with its unit: the formula is the same. It computes `total_token_throughput`, and no"
        " longer writes `null` for metrics that a run has not. An older file does not say which release wrote it, so no"
        " `aiperf_version` is added."
    ),
    ops=(
        Add(
            AddedField("aiperf_version", after=FRONT),
            AddedField("benchmark_id", _benchmark_id, after=FRONT),
        ),
        Rename({"prefill_throughput": "prefill_throughput_per_user"}),
        Units({"prefill_throughput_per_user": ("tokens/sec", "tokens/sec/user")}),
        Derive(
            "total_token_throughput",
            _total_token_throughput,
            of=("total_isl", "total_osl", "benchmark_duration"),
            after=("prefill_throughput_per_user", "end_time"),
        ),
    ),
)
