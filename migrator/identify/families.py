"""The families of files, told by their keys."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from migrator.aiperf.metrics import is_block
from migrator.chain.families import BESIDE as CHAINS_BESIDE
from migrator.chain.steps.genai_perf import CARRIED
from migrator.config.family import is_genai_perf
from migrator.errors import NotAnExportError
from migrator.jsonfile import Json


class Family(StrEnum):
    """The kinds of files that AIPerf, GenAI-Perf and this tool write.

    The exports of AIPerf (`EXPORT`) and of GenAI-Perf are migrated, and those of [`BESIDE`][]; the others are not.
    """

    EXPORT = "main export"
    AGGREGATE = "aggregate"
    COLLATED = "collated"
    SWEEP = "sweep"
    TIMESLICES = "timeslices"
    SERVER_METRICS = "server metrics"
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    RUN_CONFIG = "run config"
    PHASE_MANIFEST = "phase manifest"
    PHASE_DATA = "phase data"
    RECORDS = "per-request records"
    TELEMETRY_RECORDS = "telemetry records"
    GENAI_PERF = "GenAI-Perf export"
    RESIDUE = "residue"
    JOURNAL = "journal"
    REPORT = "report"
    TEXT = "CSV or log"
    OTHER = "something else"

    @property
    def noun(self) -> str:
        """The family with its article, for messages: `an aggregate`, `a file of timeslices`."""
        if self is Family.OTHER:
            return "a file of no known kind"
        if self in _PLURAL:
            return f"a file of {self.value}"
        return f"{'an' if self.value[0] in 'aeiou' else 'a'} {self.value}"


_PLURAL: Final = frozenset(
    {
        Family.TIMESLICES,
        Family.SERVER_METRICS,
        Family.INPUTS,
        Family.OUTPUTS,
        Family.PHASE_DATA,
        Family.RECORDS,
        Family.TELEMETRY_RECORDS,
    }
)

MIGRATABLE: Final = (Family.EXPORT, Family.GENAI_PERF)
"""The families of exports."""
SEVERAL: Final = (Family.AGGREGATE, Family.COLLATED, Family.SWEEP)
"""The families of files about several runs, which stand for these where they are gone."""
BESIDE: Final = frozenset(map(Family, CHAINS_BESIDE))
"""The families beside an export that have chains of their own: they are migrated, too, but hold no run."""


_RUNS: Final = "name the folder of its runs"
_NEXT: Final = {
    Family.RECORDS: "`aiperf-migrate rebuild` makes an export of them",
    Family.TEXT: "name the JSON of the run",
    Family.AGGREGATE: _RUNS,
    Family.COLLATED: _RUNS,
    Family.SWEEP: _RUNS,
}


def advice(family: Family) -> str:
    """What to do with a file of a family where an export is expected; empty if nothing is to be said."""
    return _NEXT.get(family, "")


def not_an_export(family: Family) -> NotAnExportError:
    """The error for a file of a family that is not a main export."""
    expected = "a main export (profile_export_aiperf.json)"
    return NotAnExportError(f"is {family.noun}, not a main export", expected=expected, hint=advice(family))


_MARKS: Final = frozenset(
    {"input_config", "was_cancelled", "error_summary", "start_time", "end_time", "run_info", CARRIED}
)


def family(document: Json) -> Family:
    """The family of a parsed document, by its keys; of a file with one document a line, any line is enough."""
    if type(document) is not dict:
        return Family.OTHER
    return family_of_object(document, has_blocks=any(map(is_block, document.values())))


def family_of_object(document: dict[str, Json], *, has_blocks: bool) -> Family:
    """The family of an object; `has_blocks` tells whether there is a metric at its top level."""
    if has_blocks and "was_cancelled" in document and "input_config" in document and "schema_version" in document:
        # Every labelled export has these keys, and no other file; the other tests take as long as the migration.
        return Family.EXPORT if "telemetry_stats" not in document else Family.GENAI_PERF
    keys = document.keys()
    if "aiperf_migrate_residue" in keys:
        return Family.RESIDUE
    if "aiperf_migrate_journal" in keys:
        return Family.JOURNAL
    if not has_blocks and (type(document.get("file")) is str or _names_our_schema(document)):
        # A row of `table` has the facts of its run, and would be taken for an export of 0.2.
        return Family.REPORT
    if "metadata" in keys and ("metrics" in keys or "responses" in keys):
        return _with_metadata(document)
    if keys >= {"aggregation_type", "per_combination_metrics"}:
        return Family.SWEEP
    if "timeslices" in keys and type(document["timeslices"]) is list:
        return Family.TIMESLICES
    if type(document.get("metrics")) is dict and "summary" in keys:
        return Family.SERVER_METRICS
    if "phases" in keys and type(document["phases"]) is list:
        return Family.PHASE_MANIFEST
    if keys >= {"data", "phase"}:
        return Family.PHASE_DATA
    if type(document.get("data")) is list:
        return _inputs_or_outputs(document["data"])
    if keys >= {"user_config", "service_config"} or keys >= {"cfg", "artifact_dir"}:
        return Family.RUN_CONFIG
    if "telemetry_data" in keys and "timestamp_ns" in keys:
        return Family.TELEMETRY_RECORDS
    return _export_family(document, blocks=has_blocks)


def _names_our_schema(document: dict[str, Json]) -> bool:
    schema = document.get("schema")
    return type(schema) is str and schema.startswith("urn:aiperf-migrate:")


def _with_metadata(document: dict[str, Json]) -> Family:
    metadata = document["metadata"]
    kind = metadata.get("aggregation_type") if type(metadata) is dict else None
    if kind in ("confidence", "detailed"):
        return Family.AGGREGATE if kind == "confidence" else Family.COLLATED
    if type(metadata) is dict and ("request_start_ns" in metadata or "benchmark_phase" in metadata):
        return Family.RECORDS
    return Family.OTHER


def _inputs_or_outputs(data: list[Json]) -> Family:
    first = data[0] if data and type(data[0]) is dict else {}
    if "payloads" in first or ("session_id" in first and "responses" not in first):
        return Family.INPUTS
    return Family.OUTPUTS if "responses" in first or "outputs" in first else Family.OTHER


def _export_family(document: dict[str, Json], *, blocks: bool) -> Family:
    records = document.get("records")
    nested = type(records) is dict and not is_block(records) and "schema_version" not in document
    if "telemetry_stats" in document or (blocks and is_genai_perf(document.get("input_config"))):
        return Family.GENAI_PERF
    marks = len(_MARKS & document.keys())
    if (nested and marks) or (blocks and marks) or marks >= 3:
        return Family.EXPORT
    # Other families have labels, too: a label with nothing else makes an export only if there is a metric.
    return Family.EXPORT if blocks and "schema_version" in document else Family.OTHER


EVIDENCE: Final = {
    Family.AGGREGATE: "metadata.aggregation_type is confidence",
    Family.COLLATED: "metadata.aggregation_type is detailed",
    Family.SWEEP: "aggregation_type and per_combination_metrics",
    Family.TIMESLICES: "a list of timeslices",
    Family.SERVER_METRICS: "summary and metrics of a server",
    Family.INPUTS: "a list of sessions with payloads",
    Family.OUTPUTS: "a list of sessions with responses",
    Family.RUN_CONFIG: "a configuration without results",
    Family.PHASE_MANIFEST: "a list of phases",
    Family.PHASE_DATA: "data of one phase",
    Family.RECORDS: "one request a line, with metadata",
    Family.TELEMETRY_RECORDS: "one telemetry sample a line",
    Family.GENAI_PERF: "flat metrics with GenAI-Perf's input_config or telemetry_stats",
    Family.RESIDUE: "written by aiperf-migrate beside a migrated export",
    Family.JOURNAL: "written by aiperf-migrate for --resume and undo",
    Family.REPORT: "written by aiperf-migrate: a ledger, a table or the like, one file a line",
}
"""What shows a family, for the user."""
