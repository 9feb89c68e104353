"""What the mock server says of its GPUs and of itself, in the Prometheus text format."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

_GPUS: Final = (0, 1)
_GPU_METRICS: Final[tuple[tuple[str, str, Callable[[random.Random, int], float]], ...]] = (
    ("DCGM_FI_DEV_POWER_USAGE", "gauge", lambda r, gpu: 280 + 10 * gpu + 40 * r.random()),
    ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "counter", lambda r, gpu: 1e9 * (1 + gpu) + 3e5 * time.monotonic()),
    ("DCGM_FI_DEV_GPU_UTIL", "gauge", lambda r, gpu: r.randint(70, 95)),
    ("DCGM_FI_DEV_MEM_COPY_UTIL", "gauge", lambda r, gpu: r.randint(40, 50)),
    ("DCGM_FI_DEV_FB_USED", "gauge", lambda r, gpu: 61000 + 100 * gpu),
    ("DCGM_FI_DEV_FB_FREE", "gauge", lambda r, gpu: 20000 - 100 * gpu),
    ("DCGM_FI_DEV_FB_TOTAL", "gauge", lambda r, gpu: 81000),
    ("DCGM_FI_DEV_SM_CLOCK", "gauge", lambda r, gpu: 1700),
    ("DCGM_FI_DEV_MEM_CLOCK", "gauge", lambda r, gpu: 2600),
    ("DCGM_FI_DEV_MEMORY_TEMP", "gauge", lambda r, gpu: 55),
    ("DCGM_FI_DEV_GPU_TEMP", "gauge", lambda r, gpu: r.randint(60, 65)),
    ("DCGM_FI_DEV_XID_ERRORS", "gauge", lambda r, gpu: 0),
    ("DCGM_FI_DEV_POWER_VIOLATION", "counter", lambda r, gpu: 0),
    ("DCGM_FI_DEV_ENC_UTIL", "gauge", lambda r, gpu: 0),
    ("DCGM_FI_DEV_DEC_UTIL", "gauge", lambda r, gpu: 1),
    ("DCGM_FI_PROF_SM_ACTIVE", "gauge", lambda r, gpu: 0.7 + 0.1 * r.random()),
)


def gpu_metrics(source: random.Random) -> str:
    """What a DCGM exporter of two GPUs says, in the Prometheus text format."""
    lines = []
    for name, kind, value in _GPU_METRICS:
        lines += [f"# HELP {name} mock", f"# TYPE {name} {kind}"]
        for gpu in _GPUS:
            labels = {
                "gpu": gpu,
                "UUID": f"GPU-0000000{gpu}-aaaa-bbbb-cccc-00000000000{gpu}",
                "pci_bus_id": f"00000000:0{gpu}:00.0",
                "device": f"nvidia{gpu}",
                "modelName": "NVIDIA H100 80GB HBM3",
                "Hostname": f"node0{gpu}",
                "DCGM_FI_DRIVER_VERSION": "570",
            }
            inner = ",".join(f'{key}="{text}"' for key, text in labels.items())
            lines.append(f"{name}{{{inner}}} {value(source, gpu)}")
    return "\n".join(lines) + "\n"


def server_metrics(source: random.Random, model: str) -> str:
    """Two metrics of an inference server, in the Prometheus text format."""
    return (
        "# HELP vllm_requests_running requests in flight\n"
        "# TYPE vllm_requests_running gauge\n"
        f'vllm_requests_running{{model="{model}"}} {source.randint(0, 8)}\n'
        "# HELP vllm_tokens_total tokens so far\n"
        "# TYPE vllm_tokens_total counter\n"
        f'vllm_tokens_total{{model="{model}"}} {int(time.monotonic() * 100)}\n'
    )
