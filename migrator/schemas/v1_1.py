"""1.1 (AIPerf 0.8.0): how many values a distribution has, and their sum."""

# Annotations are not postponed: pydantic 2.12 resolves that of `__pydantic_extra__` in the module of a subclass.

from collections.abc import Mapping
from typing import Annotated, Any

from migrator.schemas import base, v0_3, v1_0


class Block(base.StatsBlock):
    """A stats block; AIPerf writes `count` and `sum` for record metrics only."""

    count: base.Whole | None = None
    sum: base.Number | None = None


class Gpu(base.Gpu):
    """One GPU: what it is, and what was measured on it."""

    metrics: Mapping[str, Block | None] | None = None


class Endpoint(base.Endpoint):
    """The GPUs that one telemetry endpoint reports."""

    gpus: Mapping[str, Gpu] | None = None


class Telemetry(v0_3.Telemetry):
    """GPU telemetry over the run."""

    endpoints: Mapping[str, Endpoint] | None = None


class Export(v1_0.Export):
    """A main export of version 1.1."""

    __pydantic_extra__: dict[str, Annotated[Any, base.WhereBlock(Block)]]

    schema_version: Annotated[str, base.Label("1.1")]
    telemetry_data: Telemetry | None = None
