"""Sweeps on a disk: two that were recorded, reduced to what a comparison needs, and others made from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from support.process import NAME, ROOT

RECORDED: Final = ROOT / "tests" / "diff" / "sweeps.json"
"""AIPerf 0.13.0, `--concurrency 1,2,4,8 --num-profile-runs 3`, 80 requests, two servers, of which one is 20 % slower.

As AIPerf does it, only the first trial has a warm-up.
"""
CELLS: Final = (1, 2, 4, 8)
Document = dict[str, Any]
Change = Callable[[Document, int, int], object]
"""What is done to a run: its document, its concurrency, and its trial from 0."""
_START: Final = datetime(2026, 11, 27, 8, 0, 0)


def recorded(folder: Path, side: str) -> str:
    """Write a recorded sweep, `base` or `slow20`."""
    for run in _recorded():
        if run["side"] == side:
            _write(folder / side, run["document"], run["concurrency"], run["document"]["run_info"]["trial"])
    return str(folder / side)


def made(
    folder: Path,
    name: str,
    change: Change | None = None,
    *,
    cells: Sequence[int] = CELLS,
    trials: int = 3,
    noise: float = 0.003,
    seed: int = 1,
) -> str:
    """Write a sweep of steady runs whose throughput grows with the concurrency; the path of its folder.

    Args:
        folder: where its own is made.
        name: of its folder; `base` starts each of its runs before the others do.
        change: what is done to each run.
        cells: concurrencies.
        trials: runs of each.
        noise: standard deviation of the logarithm of a run's times.
        seed: of the noise.
    """
    first = next(run for run in _recorded() if run["configuration"] == "without warm-up")["document"]
    random = Random(f"{name} {seed}")
    for trial in range(trials):
        for number, concurrency in enumerate(cells):
            document = deepcopy(first)
            document["input_config"]["phases"][-1]["concurrency"] = concurrency
            factor = random.lognormvariate(0, noise)
            scale(document, 1 + 0.1 * number, factor, concurrency)
            document["benchmark_id"] = f"{name}-{trial}-{concurrency}"
            start = _START + timedelta(hours=trial, minutes=2 * number + (name != "base"))
            document["start_time"] = start.isoformat()
            document["end_time"] = (start + timedelta(seconds=30)).isoformat()
            document["run_info"] |= {
                "benchmark_id": document["benchmark_id"],
                "sweep_id": name,
                "trial": trial,
                "variation_label": f"phases.profiling.concurrency={concurrency}",
                "variation_values": {"phases.profiling.concurrency": concurrency},
            }
            if change:
                change(document, concurrency, trial)
            _write(folder / name, document, concurrency, trial)
    return str(folder / name)


def scale(document: Document, slower: float, factor: float = 1.0, concurrency: float = 1.0) -> None:
    """Latencies up, throughputs down; throughputs of the whole grow with the concurrency."""
    for tag, block in document.items():
        if not isinstance(block, dict) or "unit" not in block:
            continue
        by = 1.0
        if block["unit"] == "ms":
            by = slower * factor
        elif "throughput" in tag:
            by = (1 if tag.endswith("per_user") else concurrency) / (slower * factor)
        for name in block:
            if name not in ("unit", "count"):
                block[name] *= by


def failing(document: Document, failed: int, of: int = 80) -> None:
    """So many of so many requests fail; if all do, there is no latency."""
    document["request_count"] = {"unit": "requests", "avg": float(of - failed)}
    document["error_request_count"] = {"unit": "requests", "avg": float(failed)}
    document["error_summary"] = [{"error_details": {"code": 503, "message": "busy"}, "count": failed}]
    if failed == of:
        for tag in [tag for tag, block in document.items() if isinstance(block, dict) and "unit" in block]:
            if tag != "error_request_count":
                del document[tag]


def _recorded() -> Iterator[Document]:
    stored = json.loads(RECORDED.read_bytes())
    for run in stored["runs"]:
        config = deepcopy(stored["configurations"][run["configuration"]])
        config["phases"][-1]["concurrency"] = run["concurrency"]
        if run["warm"]:
            config["phases"][0]["concurrency"] = run["warm"]
        config["endpoint"]["urls"] = [f"http://{run['side']}.example:8000"]
        yield {**run, "document": {**run["document"], "input_config": config, "error_summary": []}}


def _write(folder: Path, document: Document, concurrency: int, trial: int) -> None:
    path = folder / "profile_runs" / f"trial_{trial + 1:04}" / f"concurrency_{concurrency}" / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
