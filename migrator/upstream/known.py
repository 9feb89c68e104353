"""What earlier releases look like when read off their sources, so that a new one is compared like with like.

`data/upstream.json` has the last release of each label that is still developed; `make watch` adds one.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any, Final

from migrator.aiperf.releases import age
from migrator.schemas.shape import Shape
from migrator.upstream.shape import Found, FoundMetric

FILE: Final = os.path.join(os.path.dirname(__file__), os.pardir, "data", "upstream.json")


@cache
def known() -> tuple[Found, ...]:
    """The sources that are known, oldest release first; without their models."""
    with open(FILE, "rb") as file:
        rows = json.load(file)
    return tuple(map(_found, sorted(rows, key=lambda row: age(row["release"]))))


def baseline(label: str) -> Found:
    """The newest known source that writes a label; the newest of all, if none does."""
    return next((found for found in reversed(known()) if found.label == label), known()[-1])


def as_text(sources: list[Found]) -> str:
    """Sources as [`FILE`][] has them, a place and a metric a line, so that changes can be reviewed."""
    return json.dumps([_row(found) for found in sources], indent=0, ensure_ascii=False) + "\n"


def _row(found: Found) -> dict[str, Any]:
    return {
        "release": found.version,
        "label": found.label,
        "beside": list(found.beside),
        "places": {place: " ".join(sorted(kinds)) for place, kinds in sorted(found.shape.places.items())},
        "metrics": {tag: " | ".join(metric[1:]) for tag, metric in sorted(found.metrics.items())},
    }


def _found(row: dict[str, Any]) -> Found:
    metrics = {tag: FoundMetric(tag, *text.split(" | ")) for tag, text in row["metrics"].items()}
    places = {place: frozenset(kinds.split()) for place, kinds in row["places"].items()}
    name = f"AIPerf {row['release']}"
    shape = Shape(name, places, {tag: metric.unit for tag, metric in metrics.items()})
    full = f"schema {row['label'] or 'without a label'} ({name})"
    return Found(full, row["release"], row["label"], shape, {}, tuple(row["beside"]), metrics)
