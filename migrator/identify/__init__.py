"""What a file is: its family, version and dialect, the releases that can have written it, and the evidence.

Content decides. File names are not looked at, because users rename files. A label does not suffice: 1.4 was written in
two dialects, three shapes have no label, and a label can be wrong.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final, NamedTuple

from migrator.aiperf.metrics import catalogue, is_block
from migrator.aiperf.records import REBUILT
from migrator.aiperf.releases import Dialect, version_key
from migrator.chain.chain import Chain
from migrator.chain.families import BESIDE as CHAINS_BESIDE
from migrator.chain.families import MAIN, chain_of
from migrator.chain.places import GPU_METRICS, visit
from migrator.chain.steps import FIRST_LABELLED, GENAI_PERF, NEWEST, STEPS, VERSIONS
from migrator.chain.steps.genai_perf import CARRIED
from migrator.chain.telemetry import GPU_NAMES, RUN_NAMES, VENDOR_NAMES
from migrator.config.family import config_model, is_genai_perf
from migrator.errors import NewerVersionError, NotAnExportError, UnknownVersionError
from migrator.identify.writer import origin_of
from migrator.jsonfile import Json, path_text


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


class Identity(NamedTuple):
    """What is known about a file.

    `version` is that of its content, `label` its `schema_version` (None: no label); they differ in a mislabelled file.
    `versions` has more than one where nothing tells them apart: without telemetry 0.2 and 0.3 are the same. `dialect`
    is that of its telemetry names, `config` the name of the family of `input_config`. `writer` is the release named
    in the file, `writers` are all releases that can have written it; none where nothing tells. `migrated` and
    `from_source` are those of its [`Origin`][migrator.identify.writer.Origin]. `newer` marks a minor version that is
    newer than the known ones: it can be read, but only migrated as if it were the newest of them ([`as_known`][]),
    which `assumed` marks. `non_metric_keys` are the top-level keys without a stats block. `predecessor` marks an export
    of AIPerf's shape that came from GenAI-Perf. The version of GenAI-Perf's exports is `genai-perf`; other families
    have no version.
    """

    family: Family
    version: str = ""
    label: str | None = None
    versions: tuple[str, ...] = ()
    dialect: Dialect | None = None
    config: str = ""
    writer: str = ""
    writers: tuple[str, ...] = ()
    migrated: bool | None = None
    from_source: bool | None = None
    newer: bool = False
    assumed: bool = False
    predecessor: bool = False
    non_metric_keys: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def chain(self) -> Chain:
        """The chain of its family; that of exports for a family without one."""
        return MAIN if self.family is Family.EXPORT else chain_of(self.family.value)

    @property
    def rebuilt(self) -> bool:
        """Whether this tool made the export from records: AIPerf wrote none."""
        return REBUILT in self.non_metric_keys

    @property
    def mislabelled(self) -> bool:
        """Whether the label names another version than the content."""
        return self.label is not None and self.label != self.version and not (self.newer or self.assumed)

    @property
    def told_version(self) -> str:
        """The version for people: of a newer one that is taken for a known one, the label."""
        return self.label if self.assumed and self.label else self.version

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        row: dict[str, Any] = {"family": self.family.value}
        if self.family in BESIDE and self.version:
            row["version"] = self.version
        if self.family is Family.EXPORT:
            row |= {
                "version": self.version,
                "versions": list(self.versions),
                "label": self.label,
                "dialect": self.dialect,
                "input_config": self.config or None,
                "writer": self.writer or None,
                "writers": list(self.writers),
                "migrated": self.migrated,
                "from_source": self.from_source,
                "newer_than_known": self.newer,
            }
            if self.rebuilt:
                row["rebuilt"] = True
        return row | {"evidence": list(self.evidence)}


_LABEL: Final = r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})"
_MARKS: Final = frozenset(
    {"input_config", "was_cancelled", "error_summary", "start_time", "end_time", "run_info", CARRIED}
)
_LABELS: Final = frozenset(VERSIONS[VERSIONS.index(FIRST_LABELLED) :])


def family(document: Json) -> Family:
    """The family of a parsed document, by its keys; of a file with one document a line, any line is enough."""
    if type(document) is not dict:
        return Family.OTHER
    return _family(document, has_blocks=any(map(is_block, document.values())))


def _family(document: dict[str, Json], *, has_blocks: bool) -> Family:
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


def identify(document: Json, *, details: bool = True) -> Identity:
    """What a parsed document is. Without `details`, dialect, config and writers are left out, to save time.

    Raises:
        NotAnExportError: a number, string or array at the top; a metric or `run_info` of the wrong shape.
        UnknownVersionError: the label is not a version.
        NewerVersionError: the label is of a newer major version than known.
    """
    if type(document) is not dict:
        raise NotAnExportError(f"{_kind(document)} at the top", expected="an object", place="$")
    non_metric_keys = _non_metric_keys(document)
    kind = _family(document, has_blocks=len(non_metric_keys) < len(document))
    if kind is Family.GENAI_PERF:
        _require_shape(document, non_metric_keys)
        return Identity(
            kind,
            GENAI_PERF,
            versions=(GENAI_PERF,),
            non_metric_keys=non_metric_keys,
            evidence=(_FAMILY_EVIDENCE[Family.GENAI_PERF],),
        )
    if kind in BESIDE:
        return _beside(kind, document)
    if kind is not Family.EXPORT:
        return Identity(kind, evidence=(_FAMILY_EVIDENCE.get(kind, "no key that an AIPerf file would have"),))
    _require_shape(document, non_metric_keys)
    label = _label(document)
    newer = label is not None and label not in _LABELS
    flat = len(non_metric_keys) < len(document)
    version, evidence = (label, "") if newer and label else _content_version(document, label, flat=flat)
    found = Identity(
        Family.EXPORT,
        version,
        label,
        _EITHER_VERSION if evidence.startswith(_EITHER) else (version,),
        newer=newer,
        non_metric_keys=non_metric_keys,
        evidence=(f'schema_version is "{label}"' if label else "no schema_version", *filter(None, [evidence])),
    )
    return _detailed(document, found) if details else found


def _beside(kind: Family, document: dict[str, Json]) -> Identity:
    """A file of a family with a chain of its own: of the newest version whose proof it has, else of the oldest.

    A version without a proof of its own is not told from the one before it, and a migration between them changes
    nothing.
    """
    chain = chain_of(kind.value)
    opened = chain.opened(document)
    version, evidence = chain.versions[0], "nothing that a newer version has"
    if chain.configured and config_model(document.get("input_config")) == "BenchmarkConfig":
        version, evidence = _FIRST_BENCHMARK, f"input_config is BenchmarkConfig (since {_FIRST_BENCHMARK})"
    for step in reversed(chain.steps[chain.order(version) :]):
        proof = next(filter(None, (op.present(opened) for op in step.ops)), "")
        if proof:
            version, evidence = step.newer, f"{proof} is there (since {step.newer})"
            break
    return Identity(kind, version, versions=(version,), evidence=(_FAMILY_EVIDENCE[kind], evidence))


_FIRST_BENCHMARK: Final = "1.3"
"""The first version whose `input_config` is BenchmarkConfig."""


def _detailed(document: dict[str, Json], found: Identity) -> Identity:
    dialect = telemetry_dialect(document)
    config = config_model(document.get("input_config"))
    if found.rebuilt:
        evidence = (*found.evidence, f"{REBUILT} is there: made from records, not written by AIPerf")
        return found._replace(dialect=dialect, config=config, evidence=evidence)
    if CARRIED in document and not document.get("aiperf_version"):
        return found._replace(
            dialect=dialect,
            config=config or GENAI_PERF_CONFIG,
            predecessor=True,
            migrated=True,
            evidence=(*found.evidence, f"{CARRIED} is there: from GenAI-Perf"),
        )
    origin = origin_of(document, found.versions, dialect if found.version == "1.4" else None)
    return found._replace(
        dialect=dialect,
        config=config,
        writer=origin.writer,
        writers=origin.writers,
        migrated=origin.migrated,
        from_source=origin.from_source,
        evidence=(*found.evidence, *origin.evidence),
    )


def as_known(found: Identity) -> Identity:
    """The identity of a newer minor version as the newest known one; any other identity as it is."""
    if not found.newer:
        return found
    return found._replace(version=NEWEST, versions=(NEWEST,), newer=False, assumed=True)


def taken_for_known(label: str) -> str:
    """What to tell people of a newer minor version that is taken for the newest known one."""
    return f"schema {label} is newer than this tool knows: taken for {NEWEST}, what it adds is kept as it is"


def require_chain(found: Identity) -> None:
    """Refuse what has no chain: as [`require_migratable`][], but files beside an export may pass."""
    if found.family not in BESIDE:
        require_migratable(found)


def require_migratable(found: Identity) -> None:
    """Refuse what cannot be migrated.

    Raises:
        NotAnExportError: another family.
        NewerVersionError: a newer minor version than known.
    """
    if found.family not in MIGRATABLE:
        raise not_an_export(found.family)
    if found.newer:
        raise _newer(found.version, minor=True)


def _newer(label: str, *, minor: bool) -> NewerVersionError:
    return NewerVersionError(
        f'schema version "{label}" is newer than this tool knows',
        expected=f"at most {NEWEST}",
        place="$.schema_version",
        hint="a newer aiperf-migrate may know it"
        + (f"; --newer-minor as-known takes it for {NEWEST}" if minor else ""),
    )


def _kind(value: Json) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", dict: "an object", type(None): "null"}
    return names.get(type(value), "a number")


def _label(document: dict[str, Json]) -> str | None:
    if "schema_version" not in document:
        return None
    label = document["schema_version"]
    if type(label) is str and label in _LABELS:
        return label
    match = re.fullmatch(_LABEL, label) if type(label) is str else None
    if not match:
        shown = f'"{label}"' if type(label) is str else "null" if label is None else f"{_kind(label)} ({label})"
        raise UnknownVersionError(
            f"schema_version is {shown[:80]}",
            expected=f'a version such as "{NEWEST}"',
            place="$.schema_version",
        )
    key, newest = version_key(match[0]), version_key(NEWEST)
    if key > newest:
        if key[0] > newest[0]:
            raise _newer(label, minor=False)
        return match[0]
    raise UnknownVersionError(
        f'schema_version is "{label}", which no AIPerf release wrote',
        expected=f"{FIRST_LABELLED} to {NEWEST}",
        place="$.schema_version",
    )


def _require_shape(document: dict[str, Json], non_metric_keys: tuple[str, ...]) -> None:
    _require_metrics(document, non_metric_keys, ())
    records = document.get("records")
    if "records" in non_metric_keys and "schema_version" not in document and type(records) is dict:
        _require_metrics(records, _non_metric_keys(records), ("records",))
    for name in ("run_info", "telemetry_data", "input_config", "warmup_metrics"):
        value = document.get(name)
        if value is not None and type(value) is not dict:
            raise NotAnExportError(f"is {_kind(value)}", expected="an object", place=path_text((name,)))


def _non_metric_keys(node: dict[str, Json]) -> tuple[str, ...]:
    return tuple([name for name, value in node.items() if type(value) is not dict or "unit" not in value])


def _require_metrics(node: dict[str, Json], non_metric_keys: tuple[str, ...], place: tuple[str, ...]) -> None:
    tags = catalogue()
    for name in non_metric_keys:
        value = node[name]
        if value is not None and type(value) is not dict and name in tags:
            raise NotAnExportError(
                f"the metric is {_kind(value)}",
                expected="an object with unit and statistics",
                place=path_text((*place, name)),
            )


def _content_version(document: dict[str, Json], label: str | None, *, flat: bool) -> tuple[str, str]:
    """The version, and what proves it: the label, unless the document holds what only a newer version has.

    `flat` tells whether there are metrics at the top level. Beside them, `records` without metrics proves nothing.
    """
    records = document.get("records") if label is None else None
    if type(records) is dict and not is_block(records) and (not flat or any(map(is_block, records.values()))):
        _require_tags(records)
        return STEPS[0].older, "metrics stand under records"
    labelled = version_key(label or FIRST_LABELLED)
    for key, step in _NEWEST_FIRST:
        if key < labelled or (key == labelled and label):
            break
        for op in step.ops:
            if proof := op.present(document):
                return step.newer, f"{proof} is there (since {step.newer})"
    return (label, "") if label else _unlabelled(document)


def _require_tags(records: dict[str, Json]) -> None:
    """Refuse what builds before 0.1.0 wrote: metrics by their titles, with the title once more as `name`.

    No release wrote such a file or reads it, and no source says what its metrics measure. Moved to another version they
    would be taken for nothing at all; under the tag whose title is like theirs, perhaps for something else.
    """
    for key, block in records.items():
        if is_block(block) and key not in catalogue() and block.get("name") == key:
            raise UnknownVersionError(
                f'the metrics are keyed by their titles ("{key[:40]}"), which no AIPerf release wrote',
                expected="keyed by their tags, as AIPerf 0.1.1 has them",
                place=path_text(("records",)),
                hint="a build from before 0.1.0 wrote it; only that build says what its metrics measure",
            )


_NEWEST_FIRST: Final = tuple((version_key(step.newer), step) for step in reversed(STEPS))

_EITHER: Final = "nothing that tells 0.2 from 0.3"
_EITHER_VERSION: Final = ("0.2", "0.3")


def _unlabelled(document: dict[str, Json]) -> tuple[str, str]:
    telemetry = document.get("telemetry_data")
    summary = telemetry.get("summary") if type(telemetry) is dict else None
    if type(summary) is dict and summary.keys() & {"endpoints_tested", "endpoints_configured"}:
        name = "endpoints_configured" if "endpoints_configured" in summary else "endpoints_tested"
        return ("0.3" if name == "endpoints_configured" else "0.2"), f"telemetry_data.summary.{name} is there"
    if "prefill_throughput" in document:
        return "0.3", f"{_EITHER} but prefill_throughput, which 0.3.0 exports and 0.2.0 does not"
    return "0.3", _EITHER


def telemetry_dialect(document: dict[str, Json]) -> Dialect | None:
    """Whether GPU telemetry has its old names or vendor-scoped ones; None without telemetry."""
    if any(op.present(document) for op in VENDOR_NAMES):
        return "vendor"
    if any(path and node.keys() & GPU_NAMES.keys() for path, node, _ in visit(document, GPU_METRICS)):
        return "legacy"
    return "legacy" if RUN_NAMES.keys() & document.keys() else None


GENAI_PERF_CONFIG: Final = "GenAI-Perf, carried"
"""The `config` of an export that came from GenAI-Perf without an `input_config` that a release reads."""


_FAMILY_EVIDENCE: Final = {
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
