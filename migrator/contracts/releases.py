"""Which releases of AIPerf write what a reader needs: by the catalogue of metrics and the models of each release.

Nothing is tried. A metric counts as written where the release has it, under the name that the reader uses, in the place
where it looks; whether a run has it (streaming, failed requests, GPUs) is another question.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from migrator.aiperf.metrics import STATISTICS, catalogue
from migrator.aiperf.releases import RELEASES, Release, age, version_key
from migrator.chain.names import metrics_path, spellings
from migrator.config.field_pairs import DATASET, FIELD_PAIRS, PROFILING, WARMUP, FieldPath
from migrator.config.release_models import Reader, reader
from migrator.contracts.contract import Contract, Missing, Needed
from migrator.jsonfile import Object
from migrator.values import NamedTuple

_LABELLED: Final = (1, 0)
"""The first version whose files name their schema and their writer, and leave metrics out instead of writing null."""
_COUNTED: Final = (1, 1)
"""The first version whose metrics of single requests have `count` and `sum`."""
_METADATA: Final = "0.12.0"
"""The first release that writes `metadata`, which its model of an export does not have."""


class Span(NamedTuple):
    """Releases in a row that lack the same of a contract; `lacks` is empty for those that write all of it."""

    releases: tuple[Release, ...]
    lacks: tuple[Missing, ...]

    @property
    def is_met(self) -> bool:
        """Whether the reader can do with what these releases write."""
        return not any(lack.needed.required for lack in self.lacks)


def spans(of: Contract) -> list[Span]:
    """All published releases, oldest first, in rows that lack the same."""
    judged = [(entry, tuple(lacks(of, entry))) for entry in RELEASES]
    rows = [(found, tuple(entry for entry, _ in group)) for found, group in groupby(judged, key=lambda pair: pair[1])]
    return [Span(releases, found) for found, releases in rows]


def newest_met(of: Contract) -> Release | None:
    """The newest release that writes what a reader needs; None if none does."""
    return next((span.releases[-1] for span in reversed(spans(of)) if span.is_met), None)


def lacks(of: Contract, by: Release) -> Iterator[Missing]:
    """What a release does not write as a reader needs or wants it."""
    for needed in of.paths:
        if reason := _reason(needed, by):
            yield Missing(needed, reason)
        elif of.null_stops and _may_be_null(needed, by):
            yield Missing(needed._replace(required=True), "null where a run does not have the metric")


def _may_be_null(needed: Needed, by: Release) -> bool:
    return bool(_metric(needed)) and version_key(by.version) < _LABELLED and not metrics_path(by.version)


def _metric(needed: Needed) -> str:
    """The metric that a path goes through; empty if it is another path. The name of a metric may have dots in it."""
    names = needed.parts[1:] if needed.parts[0] == "records" else needed.parts
    for length in range(len(names), 0, -1):
        name = ".".join(map(str, names[:length]))
        if name in catalogue():
            return name
    return ""


def _reason(needed: Needed, by: Release) -> str:
    """Why a release does not write a path; empty if it does."""
    first, *below = needed.parts
    if tag := _metric(needed):
        return _reason_of_metric(tag, needed, by)
    if first == "metadata":
        return "" if age(by.name) >= age(_METADATA) else f"written from {_METADATA} on"
    of = reader(by.name)
    if first not in of.fields("") or (by.version < "0.2" and first in ("schema_version", "aiperf_version")):
        return "not written"
    if first == "input_config":
        model: Object = {"$ref": of.config_model}
        return "" if _has(model, tuple(below), of) else _moved(tuple(below), of)
    return "" if _has(of.fields("")[first], tuple(below), of) else "not written"


def _reason_of_metric(tag: str, needed: Needed, by: Release) -> str:
    nested = metrics_path(by.version)
    if nested and needed.parts[0] != nested[0]:
        return f"in {'.'.join(map(str, nested))}"
    if not nested and needed.parts[0] == "records":
        return "at the top level"
    metric = catalogue()[tag]
    if not age(metric.first_release) <= age(by.name) <= age(metric.last_release):
        other = next((name for name in spellings(tag) if name != tag and _is_of(name, by)), "")
        if other:
            return f"called {other}"
        return f"written from {metric.first_release} on" if age(by.name) < age(metric.first_release) else "not written"
    statistic = str(needed.parts[-1])
    if statistic not in STATISTICS or statistic == "avg":
        return ""
    if metric.type != "record":
        return f"has no {statistic}"
    if statistic in ("count", "sum") and version_key(by.version) < _COUNTED:
        return f"no {statistic} before schema {'.'.join(map(str, _COUNTED))}"
    return ""


def _is_of(tag: str, by: Release) -> bool:
    metric = catalogue().get(tag)
    return metric is not None and age(metric.first_release) <= age(by.name) <= age(metric.last_release)


def _moved(place: tuple[str | int, ...], of: Reader) -> str:
    """Where a release has a field of the configuration that another family has at a place."""
    for pair in FIELD_PAIRS:
        for here, there in ((pair.user, pair.benchmark), (pair.benchmark, pair.user)):
            # A reader may take one item of what is a list, or a part of what is an object.
            path = _expanded(here)
            if path == place[: len(path)] and _has({"$ref": of.config_model}, _expanded(there), of):
                return f"at input_config.{'.'.join(there)}"
    return "not written"


def _expanded(place: FieldPath) -> tuple[str | int, ...]:
    """A place of the table of fields, with the lists that stand in it for one of their items."""
    if place[0] in (DATASET, PROFILING, WARMUP):
        return (place[0].partition("[")[0], 0, *place[1:])
    return place


def _has(schema: Object, parts: tuple[str | int, ...], of: Reader) -> bool:
    """Whether a value of a schema can have something at a path."""
    if not parts:
        return True
    if "$ref" in schema:
        return _has(of.schemas[schema["$ref"]], parts, of)
    for alternatives in (schema.get("anyOf"), schema.get("oneOf")):
        if alternatives:
            return any(_has(alternative, parts, of) for alternative in alternatives)
    if type(parts[0]) is int:
        items = schema.get("items")
        return schema.get("type") == "array" and (type(items) is not dict or _has(items, parts[1:], of))
    fields = schema.get("properties")
    if fields and parts[0] in fields:
        return _has(fields[parts[0]], parts[1:], of)
    free = schema.get("additionalProperties")
    if type(free) is dict:
        return _has(free, parts[1:], of)
    return not fields and schema.get("type", "object") == "object" and free is not False
