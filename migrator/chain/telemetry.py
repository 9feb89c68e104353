"""Vendor-scoped names of GPU telemetry (AIPerf pull request 976).

AIPerf 0.12.0 introduced them under the label 1.4, which earlier nightlies had written with the old names; the
documentation dates them to 1.5. So both steps around 1.4 declare these operations, and
[`InDialect`][migrator.chain.ops.InDialect] tells which of the two steps runs them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from migrator.aiperf.definitions import notes_of
from migrator.chain.operation import AddedField, Operation
from migrator.chain.ops import Add, Rename
from migrator.chain.places import GPU_METRICS, GPUS
from migrator.jsonfile import Json, Object, Path
from migrator.ledger import Loss

GPU_NAMES = {
    "gpu_power_usage": "nvidia_power_usage",
    "energy_consumption": "nvidia_energy_consumption",
    "gpu_utilization": "nvidia_gpu_utilization",
    "mem_utilization": "nvidia_memory_utilization",
    "gpu_memory_used": "nvidia_memory_used",
    "gpu_temperature": "nvidia_temperature",
    "decoder_utilization": "nvidia_decoder_utilization",
    "encoder_utilization": "nvidia_encoder_utilization",
    "jpg_utilization": "nvidia_jpg_utilization",
    "sm_utilization": "nvidia_sm_utilization",
    "xid_errors": "nvidia_xid_errors",
    "power_violation": "nvidia_power_violation",
}
"""Old name of a GPU metric → new name. Not only a prefix is added."""

RUN_NAMES = {
    "total_gpu_power": "nvidia_total_gpu_power",
    "total_gpu_energy": "nvidia_total_gpu_energy",
    "output_tokens_per_joule": "nvidia_output_tokens_per_joule",
    "energy_per_user": "nvidia_energy_per_user",
}
"""Old name → new name of the energy metrics of the run, at the top level."""

_AMD = r"(?i)\bAMD\b|Instinct|Radeon|\bMI\d{3}"
_NVIDIA = r"(?i)NVIDIA|GeForce|Tesla|Quadro|\b[AHBLV]\d{2,3}\b|\bGB?\d{3}\b"


def infer_platform(gpu: Object) -> str:
    """`nvidia`, `amd` or `unknown`: inferred from the names of a GPU's metrics, and else from its own name."""
    metrics = gpu.get("metrics")
    names = metrics if type(metrics) is dict else {}
    prefixes = {name[:4] for name in names}
    if "amd_" in prefixes:
        return "amd"
    if "nvid" in prefixes and any(name.startswith("nvidia_") for name in names):
        return "nvidia"
    vendor = _vendor(str(gpu.get("gpu_name", "")))
    return vendor or ("nvidia" if GPU_NAMES.keys() & names.keys() else "unknown")


@lru_cache(maxsize=64)
def _vendor(gpu_name: str) -> str:
    if re.search(_AMD, gpu_name):
        return "amd"
    return "nvidia" if re.search(_NVIDIA, gpu_name) else ""


def _platform(_: Object, gpu: Object, __: Path) -> Json:
    """`nvidia`, `amd` or `unknown`: inferred from the names of a GPU's metrics, and else from its own name."""
    return infer_platform(gpu)


def _is_amd(gpu: Object) -> bool:
    """Whether a GPU is one of AMD, by its `platform`, and without one as that is inferred."""
    return (gpu.get("platform") or infer_platform(gpu)) == "amd"


def _redefined(tag: str) -> str:
    """What changed beside the name, in the release that renamed a metric: the value keeps its old definition."""
    return notes_of(tag, "0.12.0")


VENDOR_NAMES: tuple[Operation, ...] = (
    Add(AddedField("platform", _platform, after=("gpu_uuid", "gpu_name"), loss=Loss.INFERRED), at=GPUS),
    Rename(GPU_NAMES, at=GPU_METRICS, unless=_is_amd, about=("telemetry metrics", "nvidia_*")),
    Rename(RUN_NAMES, about=("energy metrics", "nvidia_*"), remark=_redefined),
)
