"""Recorded exports, and what can happen to them: edits, accidents, other tools, other hands."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from support.jsontext import STYLES, as_bytes
from support.replay import copied, node_at
from support.strategies import blocks, extra_keys, fresh, maybe, odd_numbers, text, values
from support.versions import RECORDED

from migrator.chain.nulls import NULLABLE, WRITTEN_AT
from migrator.chain.ops import InDialect, Rename
from migrator.chain.places import GPUS, SUMMARY, visit
from migrator.chain.steps import STEPS
from migrator.jsonfile import Numeral, parse
from migrator.migration.migrate import Options, migrate

Draw = Callable[[st.SearchStrategy[Any]], Any]
Object = dict[str, Any]

EXPORTS: Final = Path(__file__).parents[2] / "golden" / "exports"
NAME: Final = "profile_export_aiperf.json"
CHOSEN: Final[dict[str, tuple[str, ...]]] = {
    "0.1": ("0.1.1/chat-streaming", "0.1.1/completions-errors"),
    "0.2": ("0.2.0/chat-streaming",),
    "0.3": ("0.3.0/chat-streaming", "0.3.0/chat-goodput-key", "0.3.0/multiturn"),
    "1.0": ("0.4.0/chat-streaming", "0.6.0/key", "0.7.0/extras"),
    "1.1": ("0.8.0/chat-streaming", "0.8.0/embeddings", "0.8.0/multirun/profile_runs/run_0001"),
    "1.2": (),
    "1.3": (
        "0.8.0.dev20260521/chat-streaming",
        "0.9.0/chat-streaming",
        "0.10.0/completions-errors",
        "0.11.0/chat-streaming",
    ),
    "1.4": (
        "0.11.0.dev20260715/chat-streaming",
        "0.12.0/chat-streaming",
        "0.13.0/chat-streaming",
        "0.13.0/cancelled",
        "0.13.0/chat-goodput-key",
    ),
    "1.5": ("0.13.0.dev20261023/chat-streaming",),
}
"""Recorded exports of each version: every release and both dialects of 1.4. Nobody ever published 1.2."""
for _name, _version in RECORDED.items():
    # A version that is not in the table is known by what its first release wrote.
    CHOSEN.setdefault(_version, (f"{_name}/chat-streaming",))


@cache
def recorded(version: str) -> tuple[Object, ...]:
    """The chosen exports of a version, parsed. For 1.2 they are real exports of 1.1 and 1.3 brought there.

    As commands bring them, with their configuration: one of another family is not of that version.
    """
    if version == "1.2":
        own = (*recorded("1.1"), *recorded("1.3"))
        return tuple(migrate(document, "1.2", Options(config=True)).document for document in own)
    return tuple(parse((EXPORTS / folder / NAME).read_bytes()).data for folder in CHOSEN[version])


@cache
def recorded_files(version: str) -> tuple[bytes, ...]:
    """The same exports, written as AIPerf writes them."""
    return tuple(as_bytes(document, STYLES["as AIPerf writes"]) for document in recorded(version))


@st.composite
def thinned(draw: Draw, version: str) -> Object:
    """A recorded export, as it is or with only a few of its metrics and GPUs, so that failures can be read."""
    document = copied(draw(st.sampled_from(recorded(version))))
    if draw(st.sampled_from([True, True, True, False])):
        holder = document["records"] if type(document.get("records")) is dict else document
        metrics = [name for name, value in holder.items() if type(value) is dict and "unit" in value]
        keep = draw(st.sets(st.sampled_from(sorted(metrics)), max_size=4)) if metrics else set()
        for name in metrics:
            if name not in keep:
                if version in WRITTEN_AT and name in NULLABLE:
                    holder[name] = None
                else:
                    del holder[name]
        for _, gpu, _ in visit(document, GPUS):
            names = sorted(gpu["metrics"])
            keep = draw(st.sets(st.sampled_from(names), max_size=2)) if names else set()
            gpu["metrics"] = {name: value for name, value in gpu["metrics"].items() if name in keep}
    return document


@st.composite
def mutated(draw: Draw, version: str) -> Object:
    """A recorded export after one to three mutations."""
    document = draw(thinned(version))
    for change in draw(st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=3)):
        change(draw, document)
    return document


# --- the mutations -------------------------------------------------------------------------------------------

_FIXED: Final = frozenset({"schema_version", "records"})
"""Keys that make a document what it is; without them it is one of another version, or none."""
_NEW_METRICS: Final = st.sampled_from(
    ["acme.new", "ttft", "time_to_first_token", "count", "full_decode_duration", "größe"]
)


def _objects(document: Object) -> list[Object]:
    """Every object of a document, lists included."""
    found, stack = [], [document]
    while stack:
        value: Any = stack.pop()
        if type(value) is dict:
            found.append(value)
        stack.extend(value.values() if type(value) is dict else value if type(value) is list else ())
    return found


def _object(draw: Draw, document: Object) -> Object:
    """Any object; the top level and its direct members more often than their number would make them."""
    near = [document, document, *(value for value in document.values() if type(value) is dict)]
    every = _objects(document)
    found: Object = draw(st.sampled_from([near, every]).flatmap(st.sampled_from))
    return found


def _key(draw: Draw, node: Object) -> str | None:
    keys = [key for key in node if key not in _FIXED]
    return draw(st.sampled_from(keys)) if keys else None


def unknown_key(draw: Draw, document: Object) -> None:
    _object(draw, document)[draw(extra_keys)] = draw(values)


def null_value(draw: Draw, document: Object) -> None:
    node = _object(draw, document)
    if (key := _key(draw, node)) is not None:
        node[key] = None


def omission(draw: Draw, document: Object) -> None:
    node = _object(draw, document)
    if (key := _key(draw, node)) is not None:
        del node[key]


def empty_object(draw: Draw, document: Object) -> None:
    containers = [node for node in _objects(document) if any(type(value) is dict for value in node.values())]
    if containers:
        node = draw(st.sampled_from(containers))
        keys = [key for key, value in node.items() if type(value) is dict and key not in _FIXED]
        if keys:
            node[draw(st.sampled_from(keys))] = {}


def extra_metric(draw: Draw, document: Object) -> None:
    holders = [document, *(document[key] for key in ("records", "warmup_metrics") if type(document.get(key)) is dict)]
    holder = draw(st.sampled_from(holders))
    holder[draw(_NEW_METRICS)] = draw(blocks())


def collision(draw: Draw, document: Object) -> None:
    """Both names of a rename, with different values."""
    renames = [op for step in STEPS for op in (o.of if isinstance(o, InDialect) else o for o in step.ops)]
    rename = draw(st.sampled_from([op for op in renames if isinstance(op, Rename)]))
    nodes = [node for _, node, _ in visit(document, rename.at)]
    if rename.at == () and type(document.get("records")) is dict:
        nodes.append(document["records"])
    if nodes:
        node = draw(st.sampled_from(nodes))
        for name in draw(st.sampled_from(sorted(rename.table.items()))):
            if name not in node:
                node[name] = draw(fresh([], ["http://127.0.0.1/größe"]) if rename.at == SUMMARY else blocks())


def nested_collision(draw: Draw, document: Object) -> None:
    """Something in `records` that stands at the top as well, or is no metric; a metric that is called `records`."""
    records = document.get("records")
    if type(records) is not dict:
        document["records"] = draw(st.one_of(blocks(), fresh(None, [], {}, "text")))
    elif records and draw(maybe):
        document[draw(st.sampled_from(sorted(records)))] = draw(blocks())
    else:
        records[draw(extra_keys)] = draw(values)


def amd_gpu(draw: Draw, document: Object) -> None:
    for _, gpu, _ in visit(document, GPUS):
        gpu["gpu_name"] = "AMD Instinct MI300X"
        metrics = list(gpu["metrics"].values()) if type(gpu.get("metrics")) is dict else []
        gpu["metrics"] = {f"amd_metric_{index}": block for index, block in enumerate(metrics)}
        if "platform" in gpu:
            gpu["platform"] = "amd"


def no_telemetry(draw: Draw, document: Object) -> None:
    if draw(maybe):
        document.pop("telemetry_data", None)
    elif "telemetry_data" in document:
        document["telemetry_data"] = None


def no_requests(draw: Draw, document: Object) -> None:
    """A run without a single finished request has no metrics."""
    del draw
    for holder in (document, document.get("records")):
        for name in [k for k, v in holder.items() if type(v) is dict and "unit" in v] if type(holder) is dict else []:
            del holder[name]


def odd_text(draw: Draw, document: Object) -> None:
    node = _object(draw, document)
    keys = [key for key, value in node.items() if type(value) is str and key not in _FIXED]
    if keys:
        node[draw(st.sampled_from(keys))] = draw(text)


def odd_number(draw: Draw, document: Object) -> None:
    """A 70-bit integer, a long decimal, an odd spelling, `NaN`."""
    nodes = [node for node in _objects(document) if any(type(value) in (int, float) for value in node.values())]
    if nodes:
        node = draw(st.sampled_from(nodes))
        key = draw(st.sampled_from([key for key, value in node.items() if type(value) in (int, float)]))
        node[key] = draw(st.one_of(odd_numbers, st.sampled_from(["NaN", "Infinity", "-Infinity"]).map(Numeral)))


def wrong_type(draw: Draw, document: Object) -> None:
    """Telemetry whose parts are not what they should be; the metrics are still worth migrating."""
    telemetry = document.get("telemetry_data")
    if type(telemetry) is dict:
        node = draw(st.sampled_from(_objects(telemetry)))
        if (key := _key(draw, node)) is not None:
            node[key] = draw(values)


def nothing_but_metrics(draw: Draw, document: Object) -> None:
    """What scripts keep when they strip an export down."""
    for name in [k for k, v in document.items() if not (type(v) is dict and "unit" in v) and k not in _FIXED]:
        if name != "start_time" and draw(maybe):
            del document[name]


def run_identity(draw: Draw, document: Object) -> None:
    name = draw(st.sampled_from(["benchmark_id", "start_time", "end_time"]))
    if name in document:
        document[name] = draw(text)


MUTATIONS: Final = (
    unknown_key,
    null_value,
    omission,
    empty_object,
    extra_metric,
    collision,
    nested_collision,
    amd_gpu,
    no_telemetry,
    no_requests,
    odd_text,
    odd_number,
    wrong_type,
    nothing_but_metrics,
    run_identity,
)


# --- edits of a migrated document, for residues ---------------------------------------------------------------


def edited(draw: Draw, document: Object, places: list[tuple[str, ...]]) -> tuple[Object, str, tuple[str, ...]]:
    """(the document after one edit at or around one of the places, what was done, where)."""
    result = copied(document)
    path = draw(st.sampled_from(places))
    while path and not _there(result, path):
        path = path[:-1]
    node = node_at(result, path)
    numbers = [key for key, value in node.items() if type(value) in (int, float)] if type(node) is dict else []
    if numbers and draw(maybe):
        key = draw(st.sampled_from(numbers))
        node[key] = 12345.678 if node[key] != 12345.678 else 1.5
        return result, "changed", (*path, key)
    if path:
        del node_at(result, path[:-1])[path[-1]]
        return result, "deleted", path
    node["x_added"] = 1
    return result, "added", ("x_added",)


def _there(document: Any, path: tuple[str, ...]) -> bool:
    for part in path:
        if type(document) is not dict or part not in document:
            return False
        document = document[part]
    return True
