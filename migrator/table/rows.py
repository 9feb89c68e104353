"""One export → one row, or a row a metric: after migration to one version, so that all rows mean the same.

A value is that of the file, or None; a missing value is never 0, but for the failed requests, whose count AIPerf leaves
out where it is zero. Only the metrics of the measured phase are rows: warm-up and GPU telemetry have other keys, and
would need tables of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from migrator.aiperf.definitions import Era, Touched, era_of, facts_of, touching
from migrator.aiperf.metrics import STATISTICS, catalogue, is_block
from migrator.batch.discover import Source
from migrator.batch.load import Loaded
from migrator.batch.runs import Mark, mark_of
from migrator.batch.workload import FACTS, workload
from migrator.chain.names import current, metrics_of
from migrator.chain.requests import requests_of
from migrator.config.for_release import in_newest_dialect
from migrator.errors import NotAnExportError
from migrator.identify import MIGRATABLE, require_migratable
from migrator.jsonfile import Json, Numeral, fingerprint
from migrator.migration.migrate import migrate

Kind = Literal["text", "number", "flag"]
Row = dict[str, Json]
"""Column name → value."""

_TOP: Final[dict[str, Kind]] = {
    "aiperf_version": "text",
    "benchmark_id": "text",
    "start_time": "text",
    "end_time": "text",
    "was_cancelled": "flag",
}
_RUN_INFO: Final[dict[str, Kind]] = {"run_label": "text", "variation_label": "text", "trial": "number"}
_TEXTS: Final = frozenset({"model", "endpoint type", "input file", "tokenizer"})
_WORKLOAD: Final[dict[str, Kind]] = {
    fact.name: "flag" if fact.name == "streaming" else "text" if fact.name in _TEXTS else "number" for fact in FACTS
}


def _column(fact: str) -> str:
    return fact.replace(" ", "_")


ABOUT_RUN: Final[dict[str, Kind]] = {
    "file": "text",
    "from_version": "text",
    "version": "text",
    **_TOP,
    **_RUN_INFO,
    **{_column(name): kind for name, kind in _WORKLOAD.items()},
    "failed_requests": "number",
    "failed_percent": "number",
}
"""Columns about a run: `from_version` is the schema version of the file, `version` that of the row."""
ABOUT_METRIC: Final[dict[str, Kind]] = {"metric": "text", "title": "text", "unit": "text"}
METRIC_COLUMNS: Final[dict[str, Kind]] = {**ABOUT_RUN, **ABOUT_METRIC, **dict.fromkeys(STATISTICS, "number")}
"""All columns of a table with a row a metric."""


class Run(NamedTuple):
    """An export after migration: its columns beside the metrics, its stats blocks, and what no cell could hold.

    `metrics` has today's names, whatever version the table is in. `mark` tells copies and phases of the run. `era` and
    `touched` are for [`Crossings`][migrator.aiperf.definitions.Crossings].
    """

    about: Row
    metrics: dict[str, dict[str, Json]]
    warnings: list[str]
    mark: Mark
    era: Era | None = None
    touched: Touched = ()


def read_run(source: Source, loaded: Loaded, *, to: str) -> Run | None:
    """The run in a file, at version `to`; None for a file of another family that was only found in a folder.

    Raises:
        MigratorError: broken, newer than known, or named and not a main export.
    """
    if loaded.identity.family not in MIGRATABLE or loaded.parsed is None:
        if source.named:
            raise NotAnExportError(
                f"is {loaded.identity.family.value}, not a main export",
                expected="a main export (profile_export_aiperf.json)",
                file=source.path,
            )
        return None
    try:
        require_migratable(loaded.identity)
        document = migrate(loaded.parsed.data, to, identity=loaded.identity).document
    except NotAnExportError as error:
        error.file = source.path
        raise
    version = loaded.identity.version
    mark = mark_of(loaded.parsed.data, metrics_of(loaded.parsed.data, version))
    return run_of(source.path, version, to, document, mark)


def run_of(path: str, from_version: str, to: str, document: dict[str, Json], mark: Mark) -> Run:
    """The run in a document that was `from_version` and is `to` now.

    Args:
        path: the name of its file.
        from_version: the schema version of the file.
        to: the schema version of `document`.
        document: the export after migration.
        mark: what tells it from other runs, read off the file.
    """
    told, info = workload(document), document.get("run_info")
    found: Row = {"file": path, "from_version": from_version, "version": to}
    found |= {name: document.get(name) for name in _TOP}
    found |= {name: info.get(name) if type(info) is dict else None for name in _RUN_INFO}
    found |= {_column(name): told.get(name) for name in _WORKLOAD}
    requests = requests_of(document, to)
    found |= {"failed_requests": requests.failed, "failed_percent": requests.failed_percent}
    metrics = _by_todays_name(metrics_of(document, to))
    averages = {tag: value for tag, block in metrics.items() if (value := _number(block.get("avg"))) is not None}
    about = {name: _cell(found[name], kind) for name, kind in ABOUT_RUN.items()}
    odd = [name for name in about if found[name] is not None and about[name] is None]
    warnings = [f"{name} is not {_KINDS[ABOUT_RUN[name]]}: its cell is left empty" for name in odd]
    for tag, block in metrics.items():
        odd = [name for name in STATISTICS if block.get(name) is not None and _number(block[name]) is None]
        warnings += [f"{tag}.{name} is not a number: its cell is left empty" for name in odd]
    era = era_of(document.get("aiperf_version"), from_version, metrics)
    return Run(about, metrics, warnings, mark, era, _touched(document, averages) if era else ())


def _touched(document: dict[str, Json], averages: dict[str, int | float]) -> Touched:
    """The changed definitions that concern a run. A configuration that was met before is not translated again."""
    config = document.get("input_config")
    key = fingerprint(config)
    if key not in _translated:
        if len(_translated) >= _REMEMBERED:
            _translated.clear()
        _translated[key] = in_newest_dialect({"input_config": config}).get("input_config")
    return touching(facts_of(averages, {**document, "input_config": _translated[key]}))


_translated: dict[bytes, Json] = {}
_REMEMBERED: Final = 256
"""Configurations that are kept in the dialect of the newest release."""


_KINDS: Final[dict[Kind, str]] = {"text": "text", "number": "a number", "flag": "true or false"}


def _by_todays_name(holder: dict[str, Json]) -> dict[str, dict[str, Json]]:
    """The stats blocks of an object. One with a former name keeps it where today's is there, too."""
    found: dict[str, dict[str, Json]] = {}
    for tag, block in holder.items():
        if is_block(block):
            name = current(tag)
            found[tag if name in holder or name in found else name] = block
    return found


def _cell(value: Json, kind: Kind) -> Json:
    if value is None or kind == "number":
        return _number(value)
    if kind == "flag":
        return value if type(value) is bool else None
    if type(value) is list and all(type(item) is str for item in value):
        return ", ".join(value)
    return value if type(value) is str else json.dumps(value, ensure_ascii=False, default=repr)


def _number(value: Json) -> int | float | None:
    return value if isinstance(value, (int, float)) and type(value) is not bool else None


def metric_rows(run: Run) -> Iterator[Row]:
    """A row for each metric, in the file's own unit, with all of [`METRIC_COLUMNS`][]."""
    for tag, block in run.metrics.items():
        known = catalogue().get(tag)
        row = {**run.about, "metric": tag, "title": known.header if known else None, "unit": unit_of(block)}
        yield row | {name: _number(block.get(name)) for name in STATISTICS}


def unit_of(block: dict[str, Json]) -> str | None:
    """The unit of a block as text."""
    unit = block["unit"]
    return unit if unit is None or type(unit) is str else _cell(unit, "text")


def statistics(block: dict[str, Json]) -> Iterator[tuple[str, int | float]]:
    """The numbers of a block that are there, in AIPerf's order."""
    for name in STATISTICS:
        if (value := _number(block.get(name))) is not None:
            yield name, value


def number_text(value: int | float) -> str:
    """A number as the file spells it."""
    return value.text if isinstance(value, Numeral) else repr(value)
