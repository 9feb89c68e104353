"""The shape of an export: all that its upgrade depends on.

Files of a tree are alike in most of this. What an upgrade never looks at are the numbers of its metrics; what is the
file's own (identity, command, folder, seeds, times) only travels. Two exports of one shape are upgraded alike, with
the same ledger but for these values.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache, lru_cache
from itertools import chain
from typing import Final

from migrator.chain.metric_ops import Derive, Units
from migrator.chain.operation import UNKNOWN, Operation
from migrator.chain.ops import Add, InDialect, Rename
from migrator.chain.places import BLOCK
from migrator.chain.steps import STEPS
from migrator.config.for_release import of_configuration
from migrator.config.remembered import Masked
from migrator.config.user_to_benchmark import has_runtime_options
from migrator.jsonfile import Json, Object
from migrator.migration.plan import Plan
from migrator.redact.command import may_hold_secrets
from migrator.values import NamedTuple

_TIMES: Final = ("start_time", "end_time")
_OF_THE_RUN: Final = ("random_seed", "sweep_id")


class Shape(NamedTuple):
    """The shape of a document.

    `key` is equal for documents of one shape. `masked` has the file's own values; `stand_in` is the document with
    placeholders for them, which shares the stats blocks with it.
    """

    document: Object
    key: tuple[Hashable, ...]
    masked: Masked
    members: Object

    @property
    def stand_in(self) -> Object:
        """The document with placeholders, made anew."""
        return {**self.document, **self.members}

    def is_clear(self) -> bool:
        """Whether nothing but its own values looks like a placeholder; stats blocks are not looked at."""
        text = self.key[0]
        return isinstance(text, bytes) and self.masked.is_clear_in(text)


def shape_of(document: Json) -> Shape | None:
    """The shape of a document; None for one whose upgrade may depend on more: it is migrated on its own."""
    if type(document) is not dict or type(document.get("input_config")) is not dict:
        return None
    masked = Masked(of_configuration(document))
    members = _members(document, masked)
    if any(map(_may_hold_secrets, [value for value in masked.values.values() if type(value) is str])):
        masked = Masked(of_configuration(document), leave=_decides)
        members = _members(document, masked)
    return _shape(document, masked, members)


def _decides(text: str) -> bool:
    return has_runtime_options(text) or _may_hold_secrets(text)


_may_hold_secrets: Final = lru_cache(maxsize=512)(may_hold_secrets)
"""The files of a tree repeat their command, and a time or an identity takes as long to look up as to judge."""


def _members(document: Object, masked: Masked) -> Object:
    """The members of a document that have something of its own, with placeholders."""
    members = masked.document
    members.update(masked.masked({name: document[name] for name in _TIMES if name in document}, _TIMES))
    if type(info := document.get("run_info")) is dict:
        members["run_info"] = masked.masked({**info, **members["run_info"]}, _OF_THE_RUN)
    if type(telemetry := document.get("telemetry_data")) is dict:
        summary = telemetry.get("summary")
        if type(summary) is dict:
            members["telemetry_data"] = {**telemetry, "summary": masked.masked(summary, _TIMES)}
    return members


def _shape(document: Object, masked: Masked, members: Object) -> Shape | None:
    import orjson

    blocks = [value for value in document.values() if type(value) is dict and "unit" in value and "avg" in value]
    rest = {
        name: value
        for name, value in document.items()
        if type(value) is not dict or "unit" not in value or "avg" not in value
    }
    rest.update(members)
    if type(telemetry := rest.get("telemetry_data")) is dict:
        rest["telemetry_data"] = _outline(telemetry)
    if type(warmup := rest.get("warmup_metrics")) is dict:
        rest["warmup_metrics"] = _metrics(warmup)
    try:
        text = orjson.dumps((rest, [block["unit"] for block in blocks], _derived(document)))
    except orjson.JSONEncodeError:
        return None  # A number of an unusual spelling, or half a character.
    return Shape(document, (text, *document, *map(len, blocks), *chain.from_iterable(blocks)), masked, members)


def _outline(telemetry: Object) -> Json:
    """Telemetry without the numbers in it: lists, so that nothing else looks the same."""
    endpoints = telemetry.get("endpoints")
    if type(endpoints) is not dict or not endpoints or not all(map(_has_gpus, endpoints.values())):
        return [telemetry]
    outline = [
        [url, list(endpoint), {**endpoint, "gpus": None}, [_gpu(name, gpu) for name, gpu in endpoint["gpus"].items()]]
        for url, endpoint in endpoints.items()
    ]
    return [list(telemetry), {**telemetry, "endpoints": None}, outline]


def _has_gpus(endpoint: Json) -> bool:
    return type(endpoint) is dict and type(endpoint.get("gpus")) is dict


def _gpu(name: str, gpu: Json) -> Json:
    metrics = gpu.get("metrics") if type(gpu) is dict else None
    if type(metrics) is not dict:
        return [name, gpu]
    return [name, list(gpu), {**gpu, "metrics": None}, _metrics(metrics)]


def _metrics(metrics: Object) -> Json:
    """Metrics without their numbers."""
    return [
        [tag, value["unit"], *value] if type(value) is dict and "unit" in value and "avg" in value else [tag, [value]]
        for tag, value in metrics.items()
    ]


@cache
def derivations() -> tuple[Derive, ...]:
    """The operations of all steps that compute a metric from others."""
    return tuple(op for step in STEPS for op in step.ops if isinstance(op, Derive))


def _derived(document: Object) -> list[bool]:
    """For each of them, whether the metric is missing and can be computed."""
    return [op.tag not in document and op.source(document) is not UNKNOWN for op in derivations()]


def looks_at_no_number(plan: Plan) -> bool:
    """Whether a plan is an upgrade that never looks at the numbers of a metric, except to compute another metric."""
    return plan.up and all(_is_blind(op) for step in plan.steps for op in step.ops)


def _is_blind(op: Operation) -> bool:
    if isinstance(op, InDialect):
        return _is_blind(op.of)
    if isinstance(op, Add):
        return BLOCK not in op.at or not any(field.source or field.nullable for field in op.fields)
    return isinstance(op, Rename | Derive) or (isinstance(op, Units) and op.proof is None)
