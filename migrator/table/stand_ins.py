"""Rows of files about several runs: means over the runs, in the place of the runs where these are gone."""

from __future__ import annotations

from typing import Final

from migrator.batch.load import Loaded
from migrator.diff.run import Run as DiffRun
from migrator.diff.setup import name_of, setup_of
from migrator.diff.stand_ins import results_of, stand_ins
from migrator.jsonfile import Json
from migrator.table.rows import ABOUT_RUN, Row, Run, text_of

EVIDENCE: Final = {"aggregate": "aggregate", "cell": "sweep", "collated": "collated"}
"""What the column says of each kind."""
_FACTS: Final = {
    "concurrency": "concurrency",
    "request rate": "request_rate",
    "input length": "input_length",
    "output length asked for": "output_length_asked_for",
    "turns": "turns",
}
"""What a sweep may vary → column."""


def stand_ins_of(loaded: Loaded, path: str) -> list[Run]:
    """The rows of a file about several runs: an aggregate, each cell of a sweep file, each run of a collated one.

    Args:
        loaded: the file.
        path: its name.
    """
    document = loaded.parsed.data if loaded.parsed else None
    return [_row(run, path) for run in stand_ins(loaded.identity.family, document, path)]


def _row(run: DiffRun, path: str) -> Run:
    about: Row = dict.fromkeys(ABOUT_RUN)
    info = run.facts["run_info"]
    told = info if type(info) is dict else {}
    about |= {
        "file": path,
        "aiperf_version": run.facts["aiperf_version"] or None,
        "variation_label": told.get("variation_label") or None,
        "run_label": told.get("run_label"),
        "model": run.facts["model"] or None,
        "failed_percent": run.requests.failed_percent,
        "evidence": EVIDENCE[run.kind],
        "runs": run.stands_for,
    }
    for place, value in setup_of(run).items():
        if (column := _FACTS.get(name_of(place))) and isinstance(value, (int, float)):
            about[column] = value
    for column, count in (("requests", run.requests.ended), ("failed_requests", run.requests.failed)):
        about[column] = None if count is None else _mean(count, run.stands_for)
    if run.kind == "cell":
        about["variation_label"] = text_of(run.part)
    metrics: dict[str, dict[str, Json]] = {
        tag: {"unit": block.unit, **block.values} for tag, block in run.blocks.items()
    }
    return Run(about, metrics, [], None, {}, results_of(run))


def _mean(count: int, runs: int) -> int | float:
    mean = count / runs
    return int(mean) if mean.is_integer() else mean
