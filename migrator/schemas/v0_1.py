"""0.1 (AIPerf 0.1.1): metrics under `records`, each block with its tag, header and count; no label."""

# Annotations are not postponed: pydantic 2.12 resolves that of `__pydantic_extra__` in the module of a subclass.

from collections.abc import Mapping
from typing import Annotated, Any

from migrator.schemas import base


class Block(base.StatsBlock):
    """A stats block with its tag and header."""

    tag: base.Text | None = None
    header: base.Text | None = None
    count: base.Whole | None = None


class Records(base.Open):
    """The metrics, by tag."""

    __pydantic_extra__: dict[str, Annotated[Any, base.WhereBlock(Block)]]


class Summary(base.Summary):
    """When telemetry was collected, and from where. AIPerf 0.1.1 itself collects none."""

    endpoints_tested: list[base.Text] | None = None


class Telemetry(base.Telemetry):
    """GPU telemetry over the run."""

    summary: Summary | None = None
    endpoints: Mapping[str, base.Endpoint] | None = None


class Export(base.Document):
    """A main export of version 0.1."""

    __pydantic_extra__: dict[str, Annotated[Any, base.WhereBlock(Block)]]

    records: Records | None = None
    telemetry_data: Telemetry | None = None
