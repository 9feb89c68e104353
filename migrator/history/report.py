"""A history as data: a JSON document a workload."""

from __future__ import annotations

from typing import Any

from migrator.diff.setup import name_of
from migrator.history.sections import Section
from migrator.history.series import Series, release_of
from migrator.history.words import iso


def as_dict(section: Section) -> dict[str, Any]:
    """The section, with every value. Indices are those of `runs`, from 0; a value is null for a run without one."""
    return {
        "workload": section.name,
        "setup": {name_of(place): value for place, value in section.setup.items()},
        "runs": [
            {
                "file": point.file,
                "start": iso(point),
                "aiperf": release_of(point),
                "state": point.state,
                "evidence": point.evidence,
                "runs": point.runs,
                "start_of_file": point.by_file,
            }
            for point in section.points
        ],
        "metrics": [_metric(series) for series in section.series],
        "upgrades": [found._asdict() for found in section.upgrades],
        "notes": list(section.notes),
    }


def _metric(series: Series) -> dict[str, Any]:
    return {
        "metric": series.metric[0],
        "statistic": series.metric[1],
        "unit": series.unit,
        "better": series.facing,
        "values": list(series.values),
        "changes": [change._asdict() for change in series.changes],
        "definitions": [step._asdict() for step in series.redefined],
    }
