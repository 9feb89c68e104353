"""GenAI-Perf → 0.2: exports of AIPerf's predecessor enter at the version whose shape is closest.

Source: the exporter of GenAI-Perf 0.0.16. It writes each metric at the top level, as AIPerf 0.2.0 does, with the same
names, units and statistics except for those declared here.
"""

from __future__ import annotations

from typing import Final

from migrator.chain.ops import Rename
from migrator.chain.pivot import Pivot
from migrator.chain.step import Step

CARRIED: Final = "genai_perf_input_config"
"""The key that keeps GenAI-Perf's configuration: no release of AIPerf could read it as its own `input_config`."""

STEP = Step(
    older="genai-perf",
    newer="0.2",
    summary="GenAI-Perf's names become AIPerf's; its configuration is kept",
    reason=(
        "GenAI-Perf, the predecessor of AIPerf, writes metrics at the top level and under the same names as AIPerf"
        " 0.2.0, except for goodput. Its telemetry is ordered by metric instead of by GPU, without names of GPUs and"
        " without times. Its `input_config` has a shape of its own, and is kept unchanged as `genai_perf_input_config`."
        " Start, end and cancellation of the run are not in the file, and an upgrade adds none."
    ),
    ops=(
        Rename({"request_goodput": "goodput", "input_config": CARRIED}),
        Pivot(
            "telemetry_stats",
            endpoint="genai-perf",
            table={
                "memory_copy_utilization": "mem_utilization",
                "video_decoder_utilization": "decoder_utilization",
                "video_encoder_utilization": "encoder_utilization",
                "xid_last_error": "xid_errors",
            },
            kept_as="genai_perf_telemetry_stats",
        ),
    ),
)
