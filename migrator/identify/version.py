"""The version of an export: what its label says, and what its content proves."""

from __future__ import annotations

import re
from typing import Final

from migrator.aiperf.metrics import catalogue, is_block
from migrator.aiperf.releases import Dialect, version_key
from migrator.chain.places import GPU_METRICS, visit
from migrator.chain.steps import FIRST_LABELLED, NEWEST, STEPS, VERSIONS
from migrator.chain.telemetry import GPU_NAMES, RUN_NAMES, VENDOR_NAMES
from migrator.errors import NewerVersionError, NotAnExportError, UnknownVersionError
from migrator.jsonfile import Json, path_text

_LABEL: Final = r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})"
LABELS: Final = frozenset(VERSIONS[VERSIONS.index(FIRST_LABELLED) :])
"""The labels that AIPerf wrote."""


def newer_version(label: str, *, minor: bool) -> NewerVersionError:
    """The error for a label of a newer version than known; a minor one may be taken for the newest known."""
    return NewerVersionError(
        f'schema version "{label}" is newer than this tool knows',
        expected=f"at most {NEWEST}",
        place="$.schema_version",
        hint="a newer aiperf-migrate may know it"
        + (f"; --newer-minor as-known takes it for {NEWEST}" if minor else ""),
    )


def kind_of(value: Json) -> str:
    """What a value is in JSON, with its article."""
    names = {list: "an array", str: "a string", bool: "true or false", dict: "an object", type(None): "null"}
    return names.get(type(value), "a number")


def label_of(document: dict[str, Json]) -> str | None:
    """The label of an export, None if it has none.

    Raises:
        UnknownVersionError: it is not a version, or one that no release wrote.
        NewerVersionError: it is of a newer major version than known.
    """
    if "schema_version" not in document:
        return None
    label = document["schema_version"]
    if type(label) is str and label in LABELS:
        return label
    match = re.fullmatch(_LABEL, label) if type(label) is str else None
    if not match:
        shown = f'"{label}"' if type(label) is str else "null" if label is None else f"{kind_of(label)} ({label})"
        raise UnknownVersionError(
            f"schema_version is {shown[:80]}",
            expected=f'a version such as "{NEWEST}"',
            place="$.schema_version",
        )
    key, newest = version_key(match[0]), version_key(NEWEST)
    if key > newest:
        if key[0] > newest[0]:
            raise newer_version(label, minor=False)
        return match[0]
    raise UnknownVersionError(
        f'schema_version is "{label}", which no AIPerf release wrote',
        expected=f"{FIRST_LABELLED} to {NEWEST}",
        place="$.schema_version",
    )


def require_shape(document: dict[str, Json], non_metric_keys: tuple[str, ...]) -> None:
    """Refuse an export whose metrics, or whose other parts, are not what they should be.

    Raises:
        NotAnExportError: with the place.
    """
    _require_metrics(document, non_metric_keys, ())
    records = document.get("records")
    if "records" in non_metric_keys and "schema_version" not in document and type(records) is dict:
        _require_metrics(records, non_metric_keys_of(records), ("records",))
    for name in ("run_info", "telemetry_data", "input_config", "warmup_metrics"):
        value = document.get(name)
        if value is not None and type(value) is not dict:
            raise NotAnExportError(f"is {kind_of(value)}", expected="an object", place=path_text((name,)))


def non_metric_keys_of(node: dict[str, Json]) -> tuple[str, ...]:
    """The keys of an object whose values are no stats blocks."""
    return tuple([name for name, value in node.items() if type(value) is not dict or "unit" not in value])


def _require_metrics(node: dict[str, Json], non_metric_keys: tuple[str, ...], place: tuple[str, ...]) -> None:
    tags = catalogue()
    for name in non_metric_keys:
        value = node[name]
        if value is not None and type(value) is not dict and name in tags:
            raise NotAnExportError(
                f"the metric is {kind_of(value)}",
                expected="an object with unit and statistics",
                place=path_text((*place, name)),
            )


def content_version(document: dict[str, Json], label: str | None, *, flat: bool) -> tuple[str, str]:
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

EITHER: Final = "nothing that tells 0.2 from 0.3"
"""How the evidence begins where a file can be of either version."""
EITHER_VERSION: Final = ("0.2", "0.3")


def _unlabelled(document: dict[str, Json]) -> tuple[str, str]:
    telemetry = document.get("telemetry_data")
    summary = telemetry.get("summary") if type(telemetry) is dict else None
    if type(summary) is dict and summary.keys() & {"endpoints_tested", "endpoints_configured"}:
        name = "endpoints_configured" if "endpoints_configured" in summary else "endpoints_tested"
        return ("0.3" if name == "endpoints_configured" else "0.2"), f"telemetry_data.summary.{name} is there"
    if "prefill_throughput" in document:
        return "0.3", f"{EITHER} but prefill_throughput, which 0.3.0 exports and 0.2.0 does not"
    return "0.3", EITHER


def telemetry_dialect(document: dict[str, Json]) -> Dialect | None:
    """Whether GPU telemetry has its old names or vendor-scoped ones; None without telemetry."""
    if any(op.present(document) for op in VENDOR_NAMES):
        return "vendor"
    if any(path and node.keys() & GPU_NAMES.keys() for path, node, _ in visit(document, GPU_METRICS)):
        return "legacy"
    return "legacy" if RUN_NAMES.keys() & document.keys() else None
