"""The shape of an export: all that its upgrade depends on.

Files of a tree are alike in most of this. What an upgrade never looks at are the numbers of its metrics; what is the
file's own (identity, command, folder, seeds, times) only travels. Two exports of one shape are upgraded alike, with
the same ledger but for these values.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache, lru_cache
from itertools import chain, count
from operator import itemgetter
from typing import Final

from migrator.chain.metric_ops import Derive, Units
from migrator.chain.operation import UNKNOWN, Operation
from migrator.chain.ops import Add, InDialect, Rename
from migrator.chain.places import BLOCK, GPU_METRICS, SUMMARY, visit
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
    blocks: tuple[Object, ...]

    @property
    def stand_in(self) -> Object:
        """The document with placeholders, made anew."""
        return {**self.document, **self.members}

    def is_clear(self) -> bool:
        """Whether its key tells all: nothing but its own values looks like a placeholder, and no key has a line break.

        Stats blocks are not looked at, but that they are such.
        """
        text, _, keys = self.key[:3]
        assert isinstance(text, bytes)
        assert isinstance(keys, str)
        parted = keys.count(_PARTING) == max(sum(map(len, self.blocks)) - 1, 0)
        return parted and all(map(is_block, self.blocks)) and self.masked.is_clear_in(text)

    def all_blocks(self) -> list[Object]:
        """The stats blocks whose numbers its key does not have, those of the warm-up and of GPUs included.

        Documents of one shape have the same ones, in the same order.
        """
        warmup = self.document.get("warmup_metrics")
        below = [warmup] if type(warmup) is dict and not is_block(warmup) else []
        below += [metrics for _, metrics, _ in visit(self.document, GPU_METRICS)]
        return [*self.blocks, *(value for metrics in below for value in metrics.values() if is_block(value))]

    def times(self) -> list[Json]:
        """The times of the run and of its telemetry, which its key need not have."""
        holders = [self.document, *(summary for _, summary, _ in visit(self.document, SUMMARY))]
        return [holder[name] for holder in holders for name in _TIMES if name in holder]


def shape_of(document: Json) -> Shape | None:
    """The shape of a document; None for one whose upgrade may depend on more: it is migrated on its own."""
    if type(document) is not dict or type(document.get("input_config")) is not dict:
        return None
    masked = Masked(of_configuration(document))
    members = _members(document, masked)
    # A line break parts the texts: what a secret is found by has none.
    if _may_hold_secrets("\n".join([value for value in masked.values.values() if type(value) is str])):
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

    parted, blocks, units = _parted(document)
    rest = dict(zip(parted.rest, parted.rest_of(document), strict=True))
    rest.update(members)
    if type(telemetry := rest.get("telemetry_data")) is dict:
        rest["telemetry_data"] = _outline(telemetry)
    if type(warmup := rest.get("warmup_metrics")) is dict:
        rest["warmup_metrics"] = _metrics(warmup)
    try:
        text = orjson.dumps((rest, units, _derived(document)))
    except orjson.JSONEncodeError:
        return None  # A number of an unusual spelling, or half a character.
    # One text is found among others in a fraction of the time that a tuple of some hundred keys takes.
    key = (text, parted.number, _PARTING.join(chain.from_iterable(blocks)), *map(len, blocks))
    return Shape(document, key, masked, members, blocks)


_UNIT: Final = itemgetter("unit")


class _Parted(NamedTuple):
    """How to get the stats blocks of documents with certain names and types, and the other values; with a number."""

    number: int
    rest: tuple[str, ...]
    blocks_of: Callable[[Object], tuple[Object, ...]]
    rest_of: Callable[[Object], tuple[Json, ...]]


def _parted(document: Object) -> tuple[_Parted, tuple[Object, ...], list[Json]]:
    """The parts of a document, its stats blocks, and their units.

    The files of a tree repeat their names, and to look at each member takes long: so the blocks of a document are those
    that another one with the same names and types has. What is a block only here counts as any other value, and what is
    one only there has other keys: that is asked before anything is learnt ([`Shape.is_clear`][]).
    """
    names = (*document, *map(type, document.values()))
    parted = _partings.get(names)
    if parted is not None:
        blocks = parted.blocks_of(document)
        try:
            return parted, blocks, list(map(_UNIT, blocks))
        except KeyError:
            pass
    inside = {name for name, value in document.items() if is_block(value)}
    blocks_of = _values_of([name for name in document if name in inside])
    rest = [name for name in document if name not in inside]
    parted = _Parted(next(_numbers), tuple(rest), blocks_of, _values_of(rest))
    if len(_partings) >= _MOST_PARTINGS:
        _partings.clear()
    _partings[names] = parted
    blocks = blocks_of(document)
    return parted, blocks, list(map(_UNIT, blocks))


def is_block(value: Json) -> bool:
    """Whether a value is a stats block."""
    return type(value) is dict and "unit" in value and "avg" in value


_numbers: Final = count()
_PARTING: Final = "\n"
"""Between the keys of the stats blocks in the key of a shape."""
_partings: Final[dict[tuple[object, ...], _Parted]] = {}
_MOST_PARTINGS: Final = 1_000


def _values_of(names: list[str]) -> Callable[[Object], tuple[Json, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda document: tuple([document[name] for name in names])


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
    return [[tag, value["unit"], *value] if is_block(value) else [tag, [value]] for tag, value in metrics.items()]


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
