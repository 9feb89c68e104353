"""Files about several runs as AIPerf 0.13.0 writes them, from the exports of the runs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final

from migrator.diff.statistics.student import t_quantile

Document = dict[str, Any]
NAME: Final = "profile_export_aiperf_aggregate.json"


def documents(folder: str, concurrency: int) -> list[Document]:
    """The exports of one cell of a sweep on a disk."""
    found = sorted(Path(folder).glob(f"profile_runs/*/concurrency_{concurrency}/*.json"))
    return [json.loads(path.read_bytes()) for path in found]


def aggregate(runs: Sequence[Document], *, failed: int = 0, variation: Document | None = None) -> Document:
    """The aggregate of some runs: a run without a statistic is left out of it, as AIPerf does it."""
    told = {"variation_label": ",".join(f"{k}={v}" for k, v in variation.items())} if variation else {}
    return {
        "schema_version": "1.0",
        "aiperf_version": "0.13.0",
        "metadata": {
            "aggregation_type": "confidence",
            "num_profile_runs": len(runs) + failed,
            "num_successful_runs": len(runs),
            "failed_runs": [{"label": f"run_{n:04}", "error": "timeout"} for n in range(failed)],
            "run_labels": [f"run_{n + 1:04}" for n in range(len(runs))],
            "model": "mock-model",
            **told,
            **({"variation_values": variation} if variation else {}),
        },
        "metrics": {
            f"{tag}_{statistic}": over([run[tag][statistic] for run in runs if statistic in run.get(tag, {})], unit)
            for tag, unit in _tags(runs)
            for statistic in dict.fromkeys(name for run in runs for name in run.get(tag, {}) if name != "unit")
        },
    }


_NUMBERS: Final = ("mean", "std", "min", "max", "cv", "se", "ci_low", "ci_high", "t_critical")


def over(values: Sequence[float], unit: str) -> Document:
    """The numbers of one statistic over runs."""
    n, mean = len(values), fmean(values)
    if n == 1:
        # As AIPerf 0.13.0 does it where one of several runs has a statistic.
        return {**dict.fromkeys(_NUMBERS), "min": values[0], "max": values[0], "unit": unit}
    std = stdev(values)
    t = t_quantile(0.975, n - 1)
    half = t * std / math.sqrt(n)
    return {
        "mean": mean,
        "std": std,
        "min": min(values),
        "max": max(values),
        "cv": std / mean if mean else 0.0,
        "se": std / math.sqrt(n),
        "ci_low": mean - half,
        "ci_high": mean + half,
        "t_critical": t,
        "unit": unit,
    }


def sweep_file(cells: dict[int, Sequence[Document]]) -> Document:
    """The sweep file of some cells by their concurrency: as an aggregate of each, without `se` and `t_critical`."""
    return {
        "aggregation_type": "sweep",
        "num_profile_runs": sum(map(len, cells.values())),
        "num_successful_runs": sum(map(len, cells.values())),
        "failed_runs": [],
        "metadata": {"num_trials_per_value": len(next(iter(cells.values()))), "aggregation_type": "sweep"},
        "per_combination_metrics": [
            {
                "parameters": {"concurrency": concurrency},
                "metrics": {
                    key: {name: value for name, value in one.items() if name not in ("se", "t_critical")}
                    for key, one in aggregate(runs)["metrics"].items()
                },
            }
            for concurrency, runs in cells.items()
        ],
    }


def collated(runs: Sequence[Document]) -> Document:
    """The collated file of some runs, of the metrics that each request has."""
    labels = [f"run_{n + 1:04}" for n in range(len(runs))]
    metrics: Document = {}
    for tag in ("request_latency", "time_to_first_token", "inter_token_latency"):
        means = [run[tag]["avg"] for run in runs]
        per_run = [{"label": label, "mean": mean, "count": 80} for label, mean in zip(labels, means, strict=True)]
        metrics[tag] = {
            "combined": {"mean": fmean(means), "std": 1.0, "p50": 1.0, "p99": 2.0, "count": 80 * len(runs)},
            "per_run": per_run,
        }
    return {
        "schema_version": "1.0.0",
        "aiperf_version": "0.13.0",
        "metadata": {
            "aggregation_type": "detailed",
            "num_profile_runs": len(runs),
            "num_successful_runs": len(runs),
            "failed_runs": [],
            "run_labels": labels,
        },
        "metrics": metrics,
    }


def written(path: Path, document: Document) -> str:
    """Write a document; its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return str(path)


def _tags(runs: Iterable[Document]) -> dict[tuple[str, str], None]:
    return {
        (tag, block["unit"]): None
        for run in runs
        for tag, block in run.items()
        if isinstance(block, dict) and "unit" in block
    }
