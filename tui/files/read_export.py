"""Read one file for the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from migrator.errors import MigratorError, reported
from migrator.jsonfile import Json
from tui.common.release import writers_of
from tui.common.rows import figure, safe_text
from tui.files.columns import METRICS, words
from tui.files.export import Export, stamp

# The list is on the screen before the first file is read: what reading needs is imported by the functions that read.
if TYPE_CHECKING:
    from migrator.batch.load import Loaded


def read(path: str, relative: str, metrics: Sequence[str] = METRICS) -> Export:
    """Read a file once, and all that the list shows of it; what fails becomes its `error`, never an exception.

    Args:
        path: the file.
        relative: its path below the one that was named, with slashes.
        metrics: the statistics to keep, as `METRIC.STAT` with today's name of the metric.
    """
    export = Export(path, relative, read=True, stamp=stamp(path))
    from migrator.batch.load import load

    try:
        with reported(path):
            _fill(export, load(path), metrics)
    except MigratorError as error:
        error.file = ""
        export.error = safe_text(str(error))
    export.words = words(export)
    return export


def _fill(export: Export, loaded: Loaded, metrics: Sequence[str]) -> None:
    from migrator.aiperf.releases import version_key
    from migrator.batch.facts import facts
    from migrator.batch.workload import workload
    from migrator.chain.names import metrics_of
    from migrator.chain.requests import requests_of
    from migrator.chain.steps import NEWEST
    from migrator.identify import MIGRATABLE, Family

    identity = loaded.identity
    export.family = identity.family.value
    export.main = identity.family is Family.EXPORT
    if loaded.parsed is None or identity.family not in MIGRATABLE:
        return
    if not export.main:
        # It becomes an export by a migration; until then it has metrics, but neither version nor workload.
        export.outdated = True
        export.numbers = _numbers(loaded.parsed.data, metrics)
        return
    known = facts(loaded)
    document = loaded.parsed.data
    export.version = identity.version
    export.rank = version_key(identity.version)
    export.outdated = export.rank < version_key(NEWEST)
    export.label = safe_text(identity.label)
    export.dialect = identity.dialect or ""
    export.release = _releases(writers_of(identity))
    export.start = safe_text(known["start_time"])
    export.cancelled = known["was_cancelled"] is True
    export.failed = requests_of(document, identity.version).failed
    plan = workload(document)
    export.model = safe_text(_joined(plan.get("model")))
    export.load = safe_text(_load(plan))
    export.numbers = _numbers(metrics_of(document, identity.version), metrics)
    export.problems = _problems(loaded)


def _problems(loaded: Loaded) -> tuple[str, ...]:
    """The codes of what `check` finds; a note is not a problem of the file."""
    from migrator.check import Severity, check

    if loaded.parsed is None or loaded.identity.newer:
        return ()
    found = check(loaded.parsed, loaded.identity)
    return tuple(dict.fromkeys(finding.code for finding in found if finding.severity is not Severity.NOTE))


def _releases(names: Sequence[str]) -> str:
    """The release that wrote a file; of several that can have, the first and the last."""
    if not names:
        return "unknown"
    return safe_text(names[0]) if len(names) == 1 else f"{names[0]}…{names[-1]}"


def _joined(value: Json) -> str:
    return ", ".join(map(str, value)) if type(value) is list else "" if value is None else str(value)


def _load(plan: dict[str, Json]) -> str:
    parts = []
    if plan.get("concurrency") is not None:
        parts.append(f"c={plan['concurrency']}")
    if plan.get("request rate") is not None:
        parts.append(f"{figure(plan['request rate']) or plan['request rate']}/s")
    if plan.get("input file") is not None:
        parts.append("file")
    elif plan.get("input length") is not None:
        parts.append(f"{plan['input length']}→{plan.get('output length asked for') or '?'}")
    return " ".join(map(str, parts))


def _numbers(found: Mapping[str, Json], metrics: Sequence[str]) -> dict[str, float]:
    """Those of the statistics that are there, whatever the metrics were called when the file was written."""
    numbers = {}
    for key in metrics:
        tag, _, statistic = key.rpartition(".")
        number = _number(found, tag, statistic)
        if number is not None:
            numbers[key] = number
    return numbers


def _number(found: Mapping[str, Json], tag: str, statistic: str) -> float | None:
    from migrator.aiperf.metrics import catalogue
    from migrator.aiperf.units import convert, same_family
    from migrator.chain.names import block_of

    block = block_of(found, tag)
    value = block.get(statistic) if block else None
    if block is None or type(value) is bool or not isinstance(value, (int, float)) or abs(value) > 1e300:
        return None
    unit, metric = block["unit"], catalogue().get(tag)
    # A count of values has no unit of its own.
    if metric is None or statistic == "count" or type(unit) is not str or not same_family(unit, metric.unit):
        return float(value)
    return float(value) if unit == metric.unit else convert(value, unit, metric.unit)
