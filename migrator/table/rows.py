"""One export → one row, or a row a metric: after migration to one version, so that all rows mean the same.

A value is that of the file, or None; a missing value is never 0, but for the failed requests, whose count AIPerf leaves
out where it is zero. Only the metrics of the measured phase are rows: warm-up and GPU telemetry have other keys, and
would need tables of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, Literal

from migrator.aiperf.definitions import Era, Touched, era_of, facts_of, touching
from migrator.aiperf.metrics import STATISTICS, catalogue, is_block
from migrator.aiperf.records import REBUILT
from migrator.batch.fields import FIELDS, Values, field_of
from migrator.batch.fields import Kind as FieldKind
from migrator.batch.file import File
from migrator.batch.paths import Steps, is_wild, parse
from migrator.batch.runs import Mark, mark_of
from migrator.chain.names import current, is_known, metrics_of
from migrator.config.for_release import in_newest_dialect
from migrator.diff.stand_ins import Results, results_from
from migrator.identify import taken_for_known
from migrator.jsonfile import Json, Numeral, Object, fingerprint
from migrator.redact import redact
from migrator.values import NamedTuple

Kind = Literal["text", "number", "flag"]
Row = dict[str, Json]
"""Column name → value."""

_KIND: Final[dict[FieldKind, Kind]] = {"number": "number", "flag": "flag"}
"""The kind of a column by that of its field; all others are text, versions and releases too."""


def kind_of(name: str) -> Kind:
    """What the values of a column are that is a fact about the run."""
    return _KIND.get(field_of(name).kind, "text")


_BY_DEFAULT: Final = (
    "file",
    "from_version",
    "version",
    "aiperf_version",
    "benchmark_id",
    "start_time",
    "end_time",
    "was_cancelled",
    "phase",
    "run_label",
    "variation_label",
    "trial",
    "model",
    "endpoint_type",
    "streaming",
    "concurrency",
    "request_rate",
    "input_length",
    "input_length_spread",
    "output_length_asked_for",
    "input_file",
    "turns",
    "duration",
    "requests",
    "requests_asked_for",
    "conversations",
    "random_seed",
    "tokenizer",
    "failed_requests",
    "failed_percent",
    "scenario",
    "submission_valid",
    "submission_invalid_reasons",
    "dataset",
    "evidence",
    "runs",
)
ABOUT_RUN: Final[dict[str, Kind]] = {name: kind_of(name) for name in _BY_DEFAULT}
"""Columns about a run: `from_version` is the schema version of the file, `version` that of the row."""
FACTS: Final[dict[str, Kind]] = {name: kind_of(name) for name in FIELDS if name not in ABOUT_RUN}
"""Columns about a run that a table has where they are asked for."""
_OF_THE_ROW: Final = tuple((name, kind, field_of(name).values) for name, kind in list(ABOUT_RUN.items())[3:])
ABOUT_METRIC: Final[dict[str, Kind]] = {"metric": "text", "title": "text", "unit": "text"}
METRIC_COLUMNS: Final[dict[str, Kind]] = {**ABOUT_RUN, **ABOUT_METRIC, **dict.fromkeys(STATISTICS, "number")}
"""All columns of a table with a row a metric."""


class Run(NamedTuple):
    """An export after migration: its columns beside the metrics, its stats blocks, and what no cell could hold.

    `metrics` has today's names, whatever version the table is in. `mark` tells copies and phases of the run. `era` and
    `touched` are for [`Crossings`][migrator.aiperf.definitions.Crossings]. `results` tell files about several runs from
    those about others. `places` has, for each path that is a
    column, what stands there: the name of the place → its value.
    """

    about: Row
    metrics: dict[str, dict[str, Json]]
    warnings: list[str]
    mark: Mark | None
    places: Mapping[str, Mapping[str, Json]]
    results: Results
    era: Era | None = None
    touched: Touched = ()


def run_of(file: File, document: Object, to: str, columns: Sequence[str] = ()) -> Run:
    """The run in a file.

    Args:
        file: the file as it is.
        document: its export after migration.
        to: the schema version of `document`.
        columns: as of [`read_runs`][migrator.table.read_runs.read_runs].
    """
    mark = mark_of(file.document, file.metrics)
    row = File(file.identity._replace(version=to, versions=(to,)), document, file.path, file.relative)
    warnings: list[str] = []
    about: Row = {"file": file.path, "from_version": file.identity.version, "version": to}
    for name, kind, values in _OF_THE_ROW:
        about[name] = _cell(name, values(row), kind, warnings)
    for name in columns:
        if name in FACTS:
            about[name] = _cell(name, field_of(name).values(file), FACTS[name], warnings)
    metrics = _by_todays_name(metrics_of(document, to))
    averages = {tag: value for tag, block in metrics.items() if (value := _number(block.get("avg"))) is not None}
    for tag, block in metrics.items():
        warnings += [f"{tag}.{name} is not a number: its cell is left empty" for name in _odd(block)]
    if file.identity.newer:
        warnings.append(taken_for_known(file.identity.version))
    if REBUILT in document:
        warnings.append("rebuilt from its records by aiperf-migrate: AIPerf wrote no export")
    era = era_of(document.get("aiperf_version"), file.identity.version, metrics)
    touched = _touched(document, averages, row.requests.failed) if era else ()
    results = results_from(file.path, metrics, about["variation_label"])
    return Run(about, metrics, warnings, mark, _places(file, columns), results, era, touched)


def _odd(block: dict[str, Json]) -> list[str]:
    """The statistics of a block that are not numbers. Nearly all are, and are passed over by their type."""
    others = [name for name, value in block.items() if type(value) is not float and type(value) is not int]
    return [name for name in others if name in STATISTICS and block[name] is not None and _number(block[name]) is None]


def _places(file: File, columns: Sequence[str]) -> dict[str, dict[str, Json]]:
    """What stands at the paths that are columns, without the secrets of the file."""
    asked = {name: steps for name in columns if (steps := steps_of(name))}
    if not asked:
        return {}
    clean = File(file.identity, redact(file.document)[0], file.path, file.relative)
    found: dict[str, dict[str, Json]] = {}
    for name, steps in asked.items():
        if any(step.wild for step in steps):
            found[name] = {place: value for place, value in clean.named(steps) if not _of_a_metric(clean, place)}
        else:
            there = clean.at(steps)
            found[name] = {name: there[0][1]} if there else {}
    return found


def _of_a_metric(file: File, place: str) -> bool:
    """Whether a place is in a stats block of the run, which has columns in the unit of the table."""
    tag = place.partition(".")[0]
    return is_block(file.document.get(tag)) or is_block(file.newest.get(tag) if tag not in file.document else None)


def steps_of(column: str) -> Steps | None:
    """The steps of a column that is a path; None for a fact about the run, and for the statistics of metrics."""
    head, _, rest = column.partition(".")
    if column in METRIC_COLUMNS or column in FACTS or not head or is_wild(head) or (not rest and "[" not in head):
        return None
    if rest == "unit" or (any(fnmatchcase(name, rest) for name in STATISTICS) and (is_known(head) or "*" not in rest)):
        return None
    if is_known(head):
        return None
    try:
        return parse(column)
    except ValueError:
        return None


def _touched(document: dict[str, Json], averages: dict[str, int | float], failed: int | None) -> Touched:
    """The changed definitions that concern a run. A configuration that was met before is not translated again."""
    config = document.get("input_config")
    key = fingerprint(config)
    if key not in _translated:
        if len(_translated) >= _REMEMBERED:
            _translated.clear()
        _translated[key] = in_newest_dialect({"input_config": config}).get("input_config")
    return touching(facts_of(averages, {**document, "input_config": _translated[key]}, failed))


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


def _cell(name: str, values: Values, kind: Kind, warnings: list[str]) -> Json:
    """The cell of a field's values: several texts in one; what does not fit the column is left out, with a warning."""
    if not values:
        return None
    if kind == "text":
        return text_of(values[0]) if len(values) == 1 else ", ".join(map(text_of, values))
    fits = [value for value in values if (type(value) is bool if kind == "flag" else _number(value) is not None)]
    if len(values) > 1 or not fits:
        warnings.append(f"{name} is not {_KINDS[kind]}: its cell is left empty")
        return None
    return fits[0]


def text_of(value: Json) -> str:
    """Any value as the text of a cell: a number as the file spells it, an object as JSON."""
    if type(value) is str:
        return value
    if type(value) is list and all(type(item) is str for item in value):
        return ", ".join(value)
    if value is None or type(value) is bool:
        return {None: "", True: "true", False: "false"}[value]
    return (
        number_text(value) if isinstance(value, (int, float)) else json.dumps(value, ensure_ascii=False, default=repr)
    )


def _number(value: Json) -> int | float | None:
    return value if isinstance(value, (int, float)) and type(value) is not bool else None


def metric_rows(run: Run) -> Iterator[Row]:
    """A row for each metric, in the file's own unit, with all of [`METRIC_COLUMNS`][]."""
    for tag, block in run.metrics.items():
        known = catalogue().get(tag)
        row: Row = {**run.about, "metric": tag, "title": known.header if known else None, "unit": unit_of(block)}
        yield row | {name: _number(block.get(name)) for name in STATISTICS}


def unit_of(block: dict[str, Json]) -> str | None:
    """The unit of a block as text."""
    unit = block["unit"]
    return unit if unit is None or type(unit) is str else text_of(unit)


def statistics(block: dict[str, Json]) -> Iterator[tuple[str, int | float]]:
    """The numbers of a block that are there, in AIPerf's order."""
    for name in STATISTICS:
        if (value := _number(block.get(name))) is not None:
            yield name, value


def number_text(value: int | float) -> str:
    """A number as the file spells it."""
    return value.text if isinstance(value, Numeral) else repr(value)
