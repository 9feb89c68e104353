"""The metric catalogue: every tag that a release of AIPerf registers, with its type and display name.

Source: the registries of AIPerf 0.1.1 to 0.13.0.dev20261023, shipped as `data/metrics.json`. Files may have metrics
outside the catalogue (custom or newer ones): a stats block is recognised by its shape, never by its tag.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any, Final, Literal, TypeGuard

from migrator.values import NamedTuple

PERCENTILES: Final = ("p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99")
STATISTICS: Final = ("avg", *PERCENTILES, "min", "max", "std", "count", "sum")
"""The numbers of a stats block, in the order AIPerf writes them; `unit` comes before them."""


class Metric(NamedTuple):
    """One entry of the catalogue.

    `type` is `record` (one value a request, has a distribution), `aggregate` (counted over the run) or `derived`
    (computed from others). `larger_is_better_flag` is AIPerf's own flag, which is not reliable:
    [`direction`][migrator.aiperf.directions.direction] has this project's.
    """

    type: Literal["record", "aggregate", "derived"]
    unit: str
    header: str
    first_release: str
    last_release: str
    larger_is_better_flag: bool


@cache
def catalogue() -> dict[str, Metric]:
    """Tag → catalogue entry, for all releases together."""
    # Not importlib.resources, which takes as long to import as the rest of the start-up.
    with open(os.path.join(os.path.dirname(__file__), os.pardir, "data", "metrics.json"), "rb") as file:
        rows = json.load(file)
    return {tag: Metric(**row) for tag, row in rows.items()}


@cache
def record_tags() -> frozenset[str]:
    """Tags of type `record`: from schema 1.1 on their blocks carry `count` and `sum`."""
    return frozenset(tag for tag, metric in catalogue().items() if metric.type == "record")


def is_block(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a stats block: an object with a `unit`, whatever its tag."""
    return type(value) is dict and "unit" in value


def is_scalar(block: dict[str, Any]) -> bool:
    """Whether a block is a single value (`avg` alone), so that its count is 1 by definition."""
    return all(block.get(name) is None for name in ("min", "max", "std", "p50"))
