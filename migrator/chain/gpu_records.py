"""The chain of `gpu_telemetry_export.jsonl`: what one GPU measured at one time, a record a line.

Source: the model `TelemetryRecord` of AIPerf 0.4.0, the first release that writes the file, to 0.13.0. The file has no
label, and its last change has none either: releases that write schema 1.4 write it in two shapes. So its versions are
named after the releases that first wrote them. A document of this chain is one record.
"""

from __future__ import annotations

from typing import Final

from migrator.chain.chain import Chain
from migrator.chain.operation import AddedField
from migrator.chain.ops import Add, Rename
from migrator.chain.step import Step
from migrator.chain.telemetry import GPU_NAMES, infer_platform
from migrator.jsonfile import Json, Object, Path
from migrator.ledger import Loss

_FIRST_WRITERS: Final = ("0.4.0", "0.11.0.dev20260724", "0.12.0.dev20260730")
"""The first builds of each shape. A nightly is newer than the release that it is named after."""
_VERSIONS: Final = tuple(f"AIPerf {release}" for release in ("0.4.0", "0.12.0", "0.13.0"))


def _platform(_: Object, record: Object, __: Path) -> Json:
    """`nvidia`, `amd` or `unknown`: inferred from the names of the metrics of a record, and else of its GPU."""
    return infer_platform({"metrics": record.get("telemetry_data"), "gpu_name": record.get("gpu_model_name", "")})


def _is_amd(record: Object) -> bool:
    """Whether a record is of an AMD GPU, by its `platform`, and without one as that is inferred."""
    return bool((record.get("platform") or _platform(record, record, ())) == "amd")


_STEPS: Final = (
    Step(
        older=_VERSIONS[0],
        newer=_VERSIONS[1],
        summary="vendor-scoped names",
        reason=(
            "AIPerf 0.12.0 gives GPU metrics vendor-scoped names, and each record a `platform`. For an older record"
            " that is inferred from the names of its metrics and of the GPU."
        ),
        ops=(
            Add(AddedField("platform", _platform, after=("hostname", "device", "gpu_model_name"), loss=Loss.INFERRED)),
            Rename(GPU_NAMES, at=("telemetry_data",), unless=_is_amd, about=("telemetry metrics", "nvidia_*")),
        ),
    ),
    Step(
        older=_VERSIONS[1],
        newer=_VERSIONS[2],
        summary="the source of a record is not always DCGM",
        reason="AIPerf 0.13.0 calls the address that a record came from `telemetry_source_url` instead of `dcgm_url`.",
        ops=(Rename({"dcgm_url": "telemetry_source_url"}),),
    ),
)

CHAIN: Final = Chain("telemetry records", _VERSIONS, _STEPS, first_writers=_FIRST_WRITERS)
