"""Runs over weeks, made of a recorded export: each a night after the other, at a level of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from support.process import NAME, export

FIRST_NIGHT: Final = datetime(2026, 10, 1, 2, 0)
SLOWER: Final = ("request_latency", "time_to_first_token", "inter_token_latency")
FASTER: Final = ("output_token_throughput", "request_throughput")


def night(
    folder: Path,
    number: int,
    factor: float = 1.0,
    *,
    base: str = "0.11.0/chat-streaming",
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """A run of one night, whose latencies are `factor` times the recorded ones, and its throughputs as much less."""
    document = json.loads(export(base).read_bytes())
    for tags, by in ((SLOWER, factor), (FASTER, 1 / factor)):
        for tag in tags:
            document[tag] = {name: _times(value, by) for name, value in document[tag].items()}
    start = FIRST_NIGHT + timedelta(days=number)
    document["start_time"] = start.isoformat()
    document["end_time"] = (start + timedelta(minutes=5)).isoformat()
    for place in (document, document.get("run_info") or {}, document.get("input_config") or {}):
        if "benchmark_id" in place:
            place["benchmark_id"] = f"night-{number}"
    document.update(changes or {})
    path = folder / f"{number:03}" / NAME
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False))
    return path


def _times(value: Any, factor: float) -> Any:
    return value * factor if isinstance(value, (int, float)) else value


def nights(folder: Path, factors: Iterable[float], *, noise: float = 0.02, seed: int = 1, **more: Any) -> list[Path]:
    """A run a night, at some levels, each with noise of its own: the standard deviation of its logarithm."""
    random = Random(seed)
    return [
        night(folder, number, factor * 2.718281828 ** random.gauss(0, noise), **more)
        for number, factor in enumerate(factors)
    ]
