"""What a file is: its family, version and dialect, the releases that can have written it, and the evidence.

Content decides. File names are not looked at, because users rename files. A label does not suffice: 1.4 was written in
two dialects, three shapes have no label, and a label can be wrong.
"""

from __future__ import annotations

from typing import Final

from migrator.aiperf.records import REBUILT
from migrator.chain.families import chain_of
from migrator.chain.steps import GENAI_PERF, NEWEST
from migrator.chain.steps.genai_perf import CARRIED
from migrator.config.family import config_model
from migrator.errors import NotAnExportError
from migrator.identify.families import (
    BESIDE,
    EVIDENCE,
    MIGRATABLE,
    SEVERAL,
    Family,
    advice,
    family,
    family_of_object,
    not_an_export,
)
from migrator.identify.identity import Identity
from migrator.identify.version import (
    EITHER,
    EITHER_VERSION,
    LABELS,
    content_version,
    kind_of,
    label_of,
    newer_version,
    non_metric_keys_of,
    require_shape,
    telemetry_dialect,
)
from migrator.identify.writer import origin_of
from migrator.jsonfile import Json

__all__ = [
    "BESIDE",
    "GENAI_PERF_CONFIG",
    "MIGRATABLE",
    "SEVERAL",
    "Family",
    "Identity",
    "advice",
    "as_known",
    "family",
    "identify",
    "not_an_export",
    "require_chain",
    "require_migratable",
    "taken_for_known",
    "telemetry_dialect",
]


GENAI_PERF_CONFIG: Final = "GenAI-Perf, carried"
"""The `config` of an export that came from GenAI-Perf without an `input_config` that a release reads."""


def identify(document: Json, *, details: bool = True) -> Identity:
    """What a parsed document is. Without `details`, dialect, config and writers are left out, to save time.

    Raises:
        NotAnExportError: a number, string or array at the top; a metric or `run_info` of the wrong shape.
        UnknownVersionError: the label is not a version.
        NewerVersionError: the label is of a newer major version than known.
    """
    if type(document) is not dict:
        raise NotAnExportError(f"{kind_of(document)} at the top", expected="an object", place="$")
    non_metric_keys = non_metric_keys_of(document)
    kind = family_of_object(document, has_blocks=len(non_metric_keys) < len(document))
    if kind is Family.GENAI_PERF:
        require_shape(document, non_metric_keys)
        return Identity(
            kind,
            GENAI_PERF,
            versions=(GENAI_PERF,),
            non_metric_keys=non_metric_keys,
            evidence=(EVIDENCE[Family.GENAI_PERF],),
        )
    if kind in BESIDE:
        return _beside(kind, document)
    if kind is not Family.EXPORT:
        return Identity(kind, evidence=(EVIDENCE.get(kind, "no key that an AIPerf file would have"),))
    require_shape(document, non_metric_keys)
    label = label_of(document)
    newer = label is not None and label not in LABELS
    flat = len(non_metric_keys) < len(document)
    version, evidence = (label, "") if newer and label else content_version(document, label, flat=flat)
    found = Identity(
        Family.EXPORT,
        version,
        label,
        EITHER_VERSION if evidence.startswith(EITHER) else (version,),
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
    return Identity(kind, version, versions=(version,), evidence=(EVIDENCE[kind], evidence))


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
        raise newer_version(found.version, minor=True)
