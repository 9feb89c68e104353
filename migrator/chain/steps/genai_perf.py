"""GenAI-Perf → 0.2: exports of AIPerf's predecessor enter at the version whose shape is closest.

Source: the exporters and metrics of GenAI-Perf 0.0.3 to 0.0.16. They write each metric at the top level, as AIPerf
0.2.0 does, with the same names, units and statistics except for those declared here. The formulas of the metrics that
are renamed are those of AIPerf: `output_token_throughput_per_request` is output length / request latency.
"""

from __future__ import annotations

from typing import Final

from migrator.chain.metric_ops import Milliseconds, Units
from migrator.chain.operation import Operation
from migrator.chain.ops import OneWay, Rename
from migrator.chain.pivot import Pivot
from migrator.chain.step import Step
from migrator.jsonfile import Json, Object

CARRIED: Final = "genai_perf_input_config"
"""The key that keeps GenAI-Perf's configuration: no release of AIPerf could read it as its own `input_config`."""


def _per_image(document: Object, tag: str) -> bool:
    """Whether the latency of an image without a unit is in milliseconds: then it is at most that of its request.

    Some builds may have left it in nanoseconds, which is a million times as much.
    """
    if tag != "image_latency":
        return True
    latency = document.get("request_latency")
    if type(latency) is not dict or latency.get("unit") != "ms":
        return False
    one, whole = _average(document[tag]), _average(latency)
    return one is not None and whole is not None and one <= whole


def _average(block: Object) -> float | None:
    value: Json = block.get("avg")
    return float(value) if isinstance(value, (int, float)) and type(value) is not bool else None


TELEMETRY: Final = Pivot(
    "telemetry_stats",
    endpoint="genai-perf",
    table={
        "memory_copy_utilization": "mem_utilization",
        "video_decoder_utilization": "decoder_utilization",
        "video_encoder_utilization": "encoder_utilization",
        "xid_last_error": "xid_errors",
    },
    kept_as="genai_perf_telemetry_stats",
)
"""GPU telemetry: AIPerf's shape, without the names and times that its releases require."""

_ALL_REQUESTS: Final = ("requests/sec",)
"""The unit that some builds of 2024 wrote for every metric that is not a time, whatever it measures."""

METRICS: Final[tuple[Operation, ...]] = (
    Rename(
        {
            "request_goodput": "goodput",
            "output_token_throughput_per_request": "e2e_output_token_throughput",
            "input_config": CARRIED,
        }
    ),
    OneWay(
        Rename({"num_input_token": "input_sequence_length", "num_output_token": "output_sequence_length"}),
    ),
    Units(
        {
            "request_count": ("count", "requests"),
            "e2e_output_token_throughput": ("tokens/sec", "tokens/sec/user"),
            "image_throughput": ("pages/sec", "images/sec"),
            "image_latency": ("ms", "ms/image"),
        },
        others={
            "e2e_output_token_throughput": _ALL_REQUESTS,
            "image_throughput": _ALL_REQUESTS,
            "image_latency": ("",),
        },
        proof=_per_image,
    ),
    OneWay(
        Units(
            {
                "output_token_throughput": (*_ALL_REQUESTS, "tokens/sec"),
                "input_sequence_length": (*_ALL_REQUESTS, "tokens"),
                "output_sequence_length": (*_ALL_REQUESTS, "tokens"),
            }
        )
    ),
    OneWay(Milliseconds("request_latency", "time_to_first_token", "time_to_second_token", "inter_token_latency")),
)
"""What becomes of metrics. They can run on metrics alone, and on those that AIPerf has: these stay as they are."""

STEP = Step(
    older="genai-perf",
    newer="0.2",
    summary="GenAI-Perf's names become AIPerf's; its configuration is kept",
    reason=(
        "GenAI-Perf, the predecessor of AIPerf, writes metrics at the top level and under the same names as AIPerf"
        " 0.2.0, except for goodput and for metrics that its first releases named otherwise; some units have another"
        " spelling, and 0.0.3 has latencies in nanoseconds. Its telemetry is ordered by metric instead of by GPU,"
        " without names of GPUs and without times: for a release, which needs both, it is set aside. Its"
        " `input_config` has a shape of its own, and is kept unchanged as `genai_perf_input_config`; what it says is"
        " translated to the `input_config` of a release, apart from the steps. Start, end and cancellation of the run"
        " are not in the file, and an upgrade adds none."
    ),
    ops=(*METRICS, TELEMETRY),
)
