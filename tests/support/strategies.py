"""Exports of every version, drawn from the declarations of the steps.

A document is built flat and in the newest shape's terms, then spelled for its version: fields that the version has a
place for are put where the step says, names of a rename are taken from the right side of its table, and metrics are
nested where they were. So a new step is covered by declaring it; only a new *kind* of operation must be taught here,
which [`shape`][] demands with an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st
from support.replay import copied

from migrator.aiperf.metrics import PERCENTILES, catalogue
from migrator.aiperf.releases import Dialect, writers
from migrator.chain.metric_ops import Derive, Units
from migrator.chain.names import current
from migrator.chain.nulls import NULLABLE, WRITTEN_AT
from migrator.chain.operation import UNKNOWN, AddedField
from migrator.chain.ops import Add, InDialect, Inverse, Rename, Unnest
from migrator.chain.places import BLOCK, GPU_METRICS, visit
from migrator.chain.step import Step
from migrator.chain.steps import STEPS, VERSIONS
from migrator.jsonfile import Numeral
from migrator.redact import redacted_command
from migrator.schemas import violations

Draw = Callable[[st.SearchStrategy[Any]], Any]
Pattern = tuple[str, ...]

LEGACY_WRITER: Final = "0.11.0.dev20260715"
"""The nightly whose 1.4 has the old telemetry names; it alone makes a 1.4 document a legacy one."""


# --- what a version looks like, read off the steps -----------------------------------------------------------


@dataclass
class Shape:
    """What a version has a place for.

    `fields` are (pattern, item, whether a conforming document must have it), in declared order; `names` are (pattern,
    names as this version spells them); `taken` are names at the top that a rename owns; `container` is the object
    that metrics stand in, if not the top.
    """

    fields: list[tuple[Pattern, AddedField, bool]] = field(default_factory=list)
    names: list[tuple[Pattern, tuple[str, ...]]] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    container: str | None = None
    units: dict[str, str] = field(default_factory=dict)
    derived: list[Derive] = field(default_factory=list)


def line(steps: Sequence[Step] = STEPS) -> tuple[str, ...]:
    """The versions that some steps connect."""
    return (steps[0].older, *(step.newer for step in steps))


def shape(version: str, dialect: Dialect, steps: Sequence[Step] = STEPS) -> Shape:
    """The shape of a version, in a dialect of 1.4."""
    rank = {name: index for index, name in enumerate(line(steps))}
    done: dict[int, bool] = {}
    shared: set[int] = set()
    operations: dict[int, Any] = {}
    for step in steps:
        newer = rank[version] >= rank[step.newer]
        for op in step.ops:
            inner, there = op, newer
            if isinstance(op, InDialect):
                inner = op.of
                shared.add(id(inner))
                if op.entering_up:
                    # Later versions have it by the neighbouring step's declaration.
                    there = version == step.newer and dialect == op.entering_up
            operations[id(inner)] = inner
            done[id(inner)] = done.get(id(inner), False) or there
    found = Shape()
    for key, op in operations.items():
        _read(op, done[key], key in shared, found)
    return found


def _read(op: Any, there: bool, shared: bool, found: Shape) -> None:
    """Add one operation. What only older versions have is never missing there, nor what two steps share: the second
    of them would put it in."""
    if isinstance(op, Add):
        if there:
            found.fields += [(op.at, item, shared) for item in op.fields]
    elif isinstance(op, Inverse) and isinstance(op.of, Add):
        if not there:
            found.fields += [(op.of.at, item, True) for item in op.of.fields]
    elif isinstance(op, Rename):
        found.names.append((op.at, tuple(op.table.values() if there else op.table)))
        if not op.at:
            found.taken |= op.table.keys() | set(op.table.values())
    elif isinstance(op, Unnest):
        if not there:
            found.container = op.key
    elif isinstance(op, Units):
        found.units |= {tag: pair[there] for tag, pair in op.table.items()}
    elif isinstance(op, Derive):
        if there:
            found.derived.append(op)
    else:
        raise TypeError(f"the strategies do not know the operation {type(op).__name__}: teach them here")


# --- values --------------------------------------------------------------------------------------------------


def fresh(*choices: Any) -> st.SearchStrategy[Any]:
    """One of some values, as a copy of its own: documents are changed after they are drawn."""
    return st.sampled_from(choices).map(copied)


text = st.sampled_from(
    ["", "a", "Größe °C", "名前", "🚀 run", 'say "x": y', "back\\slash", "tab\tline\n", "\x7f\u2028"]
)
odd_numbers = st.sampled_from(
    [
        "1180591620717411303424",
        "-1208925819614629174706177",
        "3.1415926535897932384626433",
        "1.50",
        "1e400",
        "-0",
        "2E3",
    ]
).map(Numeral)
finite = st.floats(min_value=0, max_value=1e18, allow_nan=False)
numbers = st.one_of(
    finite, finite, st.sampled_from([0.0, 1.0, 40.0, 1e-07, 1e16]), st.integers(-(2**63), 2**64 - 1), odd_numbers
)
scalars = st.one_of(st.none(), st.booleans(), numbers, text)
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=2),
    st.dictionaries(text, scalars, max_size=2),
    fresh({"deep": [{"er": {}}, []]}),
)
"""Whatever a user or a plugin may have put there."""
extra_keys = st.sampled_from(["x_note", "x-größe", "x 🚀", 'x"quoted": "', "x.dotted"])
"""Keys that no version knows, and that no object has two of."""
maybe = st.sampled_from([True, False])

_units = st.sampled_from(["ms", "tokens", "°C", "requests/sec", "", "GB"])
_record_tags = sorted(tag for tag, metric in catalogue().items() if metric.type == "record")
_other_tags = sorted(tag for tag, metric in catalogue().items() if metric.type != "record")
_custom_tags = ["acme.custom_metric", "effective_concurrency", "größe", "full_x"]
_commands = st.sampled_from(
    [
        "aiperf profile --model 'm' --url 'http://127.0.0.1:18080' --random-seed 42",
        'aiperf profile --model "m" --api-key "sk-secret-1234567890abcdef" --streaming',
        "aiperf profile --tokenizer 'acme/tiny' --header 'Authorization: Bearer sk-secret-1234567890abcdef'",
        "",
    ]
)
_ids = st.sampled_from(["f0f07d20-27ba-45e7-a532-9df202e60e20", "a0ff6010dd1f", "größe"])
_times = st.sampled_from(["2026-11-24T02:08:13.738190", "2026-11-24T02:08:14.000001"])


@st.composite
def blocks(draw: Draw, nulls: bool = False) -> dict[str, Any]:
    """A stats block without the fields that a step declares: a distribution, a single value, or an odd selection."""
    kind = draw(st.sampled_from(["record", "scalar", "some"]))
    block: dict[str, Any] = {"unit": draw(_units), "avg": draw(numbers)}
    names = (*PERCENTILES, "min", "max", "std")
    if kind == "record":
        shared = draw(st.lists(numbers, min_size=3, max_size=3))
        block |= {name: shared[index % 3] for index, name in enumerate(names)}
    elif kind == "some":
        block |= {name: draw(numbers) for name in draw(st.lists(st.sampled_from(names), max_size=3, unique=True))}
    elif nulls:
        block |= dict.fromkeys(names)
    return block


@st.composite
def user_configs(draw: Draw) -> dict[str, Any]:
    """`input_config` up to 0.8.0."""
    config: dict[str, Any] = {
        "endpoint": {"model_names": ["mock-model"], "type": "chat", "url": "http://127.0.0.1:18080"},
        "input": {"prompt": {"input_tokens": {"mean": 64}}, **draw(_optional("random_seed", st.integers(0, 2**40)))},
        "output": {"artifact_directory": "artifacts/größe"},
        "loadgen": {"concurrency": 4, "request_count": 40},
    }
    if draw(maybe):
        config["endpoint"]["api_key"] = draw(st.sampled_from(["sk-secret-1234567890abcdef", "EMPTY", "<redacted>"]))
    return config | draw(_optional("cli_command", _commands)) | draw(_optional("benchmark_id", _ids))


@st.composite
def benchmark_configs(draw: Draw) -> dict[str, Any]:
    """`input_config` from 0.9.0 on."""
    datasets = draw(st.lists(_optional("random_seed", st.integers(0, 2**40)), min_size=1, max_size=2))
    return {
        "models": {"items": [{"name": "mock-model"}]},
        "endpoint": {"urls": ["http://127.0.0.1:18080"], "headers": draw(fresh({}, {"X-Team": "perf"}))},
        "datasets": [{"name": "main", "type": "synthetic", **rest} for rest in datasets],
        "phases": [{"name": "profiling", "type": "concurrency", "requests": 40, "concurrency": 4}],
        "tokenizer": {},
    }


def _optional(key: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(fresh({}), values.map(lambda value: {key: value}))


_FIELDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "aiperf_version": st.sampled_from(["0.8.0", "0.13.0", "not a release", ""]),
    "benchmark_id": _ids,
    "sweep_id": st.one_of(st.none(), _ids),
    "cli_command": st.one_of(st.none(), _commands.map(redacted_command)),
    "random_seed": st.one_of(st.none(), st.integers(0, 2**40), st.just(Numeral(str(2**70)))),
    "trial": st.one_of(st.none(), st.integers(0, 9)),
    "run_label": st.one_of(st.none(), text),
    "variation_label": st.one_of(st.none(), text),
    "variation_index": st.one_of(st.none(), st.integers(0, 9)),
    "variation_values": fresh(None, {}, {"concurrency": 4, "größe": 1.5}),
    "count": st.one_of(st.just(1), st.integers(0, 10**6), st.just(40.0)),
    "sum": numbers,
    "header": st.sampled_from(["Request Latency", "Größe"]),
    "platform": st.sampled_from(["nvidia", "unknown"]),
    "branch_stats": fresh({}, {"main": {"requests": 40, "größe": [1, 2.0]}}),
    "warmup_metrics": st.dictionaries(st.sampled_from(["ttft", "request_latency", "größe"]), blocks(), max_size=2),
    "is_complete": st.booleans(),
    "incomplete_reason": st.one_of(st.none(), text),
    "pooled_spec_decode_acceptance_histogram": fresh({}, {"1": 12, "2": 3}),
    "runtime_submission_invalid_reasons": st.lists(st.sampled_from(["too short", "größe"]), max_size=2),
}
"""Values of known fields; a field that is not here (a new step's) gets any value that its model accepts."""
_ANY: Final = (None, {}, {"x": 1}, [], ["x"], "x", 1, 1.5, True)
"""A value of each kind, to try a field with that nothing is known of."""


@cache
def _new_field(version: str, key: str) -> st.SearchStrategy[Any]:
    """Values of a top-level field that is not in the table, by the model of the version; any, if it has no model."""
    if version not in VERSIONS:
        return values
    fitting = [value for value in _ANY if not any(v.place[:1] == (key,) for v in violations(version, {key: value}))]
    return values if len(fitting) == len(_ANY) else fresh(*fitting)


# --- documents -----------------------------------------------------------------------------------------------


def place(node: dict[str, Any], key: str, value: Any, after: tuple[str, ...]) -> None:
    """Put a key where its declaration wants it."""
    items = list(node.items())
    index = 0 if after == ("",) else len(items)
    for name in after:
        if name in node:
            index = list(node).index(name) + 1
            break
    node.clear()
    node.update([*items[:index], (key, value), *items[index:]])


@st.composite
def documents(
    draw: Draw, version: str, dialect: Dialect | None = None, steps: Sequence[Step] = STEPS
) -> dict[str, Any]:
    """A document that conforms to a version; its 1.4 dialect is drawn unless given."""
    versions = line(steps)
    if dialect is None:
        dialect = "legacy" if version == "1.4" and draw(maybe) else "vendor"
    form = shape(version, dialect, steps)
    document = _core(draw, form, version)
    if version != "1.4" or dialect == "legacy":
        _set_writer(draw, document, form, version)
    # What is unknown stands before the fields that a step puts last, as if it had always been there.
    _extras(draw, document)
    _fill(draw, document, form, version)
    _extras(draw, {key: document[key] for key in ("run_info",) if key in document})
    _derive(draw, document, form)
    if version in WRITTEN_AT:
        for tag, after in zip(NULLABLE, (("",), *((name,) for name in NULLABLE)), strict=False):
            if tag not in document:
                place(document, tag, None, after)
    if versions.index(version) >= versions.index("1.0"):
        document = {"schema_version": version, **document}
    if form.container:
        document = _nested(document, form.container)
    return document


def _core(draw: Draw, form: Shape, version: str) -> dict[str, Any]:
    """What all versions have: metrics under names of the right side, telemetry, configuration, the run's end."""
    nulls = version in ("0.1", "0.2", "0.3")
    tags = [*_record_tags, *_other_tags]
    spelled = [name for at, names in form.names if not at for name in names]
    owned = [name for name in tags if name not in form.taken]
    usual = [name for name in ("request_latency", "output_sequence_length", "request_count") if name in owned]
    pools = [owned, usual, _custom_tags, spelled]
    pool = st.sampled_from([names for names in pools if names]).flatmap(st.sampled_from)
    members: list[tuple[str, Any]] = [
        (tag, draw(blocks(nulls))) for tag in draw(st.lists(pool, max_size=4, unique=True))
    ]
    members = list({**dict(members), **draw(_totals(spelled))}.items())
    for tag, block in members:
        if current(tag) in form.units and draw(maybe):
            block["unit"] = form.units[current(tag)]
    config = draw(st.one_of(user_configs(), benchmark_configs(), fresh({})))
    members += [
        ("input_config", config),
        ("was_cancelled", draw(maybe)),
        ("error_summary", draw(fresh([], [{"error_details": {"code": 503, "message": "größe"}, "count": 9}]))),
        ("start_time", draw(_times)),
        ("end_time", draw(_times)),
    ]
    if draw(maybe):
        members.append(("telemetry_data", draw(_telemetry(form))))
    if draw(maybe):
        members = draw(st.permutations(members))
    return dict(members)


@st.composite
def _totals(draw: Draw, spelled: Sequence[str]) -> dict[str, Any]:
    """Sometimes the metrics of which a later version computes another, under the names of this version."""
    if draw(st.sampled_from([True, True, True, False])):
        return {}
    osl = "benchmark_token_count" if "benchmark_token_count" in spelled else "total_osl"
    totals = st.sampled_from([2560.0, 896, 0.0, 1e308])
    durations = st.sampled_from([0.96, 3, 0.0, 1e-300])
    return {
        "total_isl": {"unit": "tokens", "avg": draw(totals)},
        osl: {"unit": draw(st.sampled_from(["tokens", "tokens", "ms"])), "avg": draw(totals)},
        "benchmark_duration": {"unit": "sec", "avg": draw(durations)},
    }


def _derive(draw: Draw, document: dict[str, Any], form: Shape) -> None:
    """The metrics that this version computes, where the document has what it computes them from."""
    for op in form.derived:
        if op.tag not in document and (block := op.source(document)) is not UNKNOWN and draw(maybe):
            place(document, op.tag, block, op.after)


def _set_writer(draw: Draw, document: dict[str, Any], form: Shape, version: str) -> None:
    """Name the writer where it decides (legacy 1.4) or may be anyone: an upgraded file keeps its first writer."""
    if all(item.key != "aiperf_version" for _, item, _ in form.fields):
        return
    if version == "1.4":
        place(document, "aiperf_version", LEGACY_WRITER, ("",))
    elif draw(maybe):
        place(document, "aiperf_version", draw(st.sampled_from([*writers(version), LEGACY_WRITER, "0.12.0"])), ("",))


@st.composite
def _telemetry(draw: Draw, form: Shape) -> dict[str, Any]:
    gpu_names = [name for at, names in form.names if at == GPU_METRICS for name in names]
    gpus = {}
    for index, vendor in enumerate(draw(st.lists(st.sampled_from(["nvidia", "amd", "other", "none"]), max_size=2))):
        pool = {"nvidia": [*gpu_names, "custom_dcgm"], "amd": ["amd_power", "amd_temperature"], "other": ["power"]}
        names = draw(st.lists(st.sampled_from(pool.get(vendor, ["none"])), max_size=3, unique=True))
        gpu_name = {"nvidia": "NVIDIA H100 80GB HBM3", "amd": "AMD Instinct MI300X", "other": "Größe 1"}
        gpus[f"gpu_{index}"] = {
            "gpu_index": index,
            "gpu_name": gpu_name.get(vendor, ""),
            "gpu_uuid": f"GPU-{index}",
            "hostname": "node00",
            "metrics": {} if vendor == "none" else {name: draw(blocks()) for name in names},
        }
    summary = {"endpoints_successful": [], "start_time": draw(_times), "end_time": draw(_times)}
    if draw(st.sampled_from([False, False, False, True])):
        # Releases reject it without; the chain does not mind.
        del summary["end_time"]
    endpoints = {"127.0.0.1:18080/größe": {"gpus": gpus}} if draw(maybe) else {}
    return {"summary": summary, "endpoints": endpoints}


def _fill(draw: Draw, document: dict[str, Any], form: Shape, version: str) -> None:
    """Put in the fields and names that the declarations tell of."""
    for at, names in form.names:
        if at and at != GPU_METRICS:
            for _, node, _ in visit(document, at):
                fewest = draw(st.sampled_from([1, 1, 1, 0]))
                for name in draw(st.lists(st.sampled_from(names), min_size=fewest, max_size=2, unique=True)):
                    value = draw(st.lists(st.just("http://127.0.0.1:9401/metrics"), max_size=2))
                    place(node, name, value, ("",))
    containers = {at for at, _, _ in form.fields}
    for at, item, required in form.fields:
        for path, node, _ in visit(document, at):
            if item.key in node or not (required or draw(maybe)):
                continue
            if (*at, item.key) in containers:
                place(node, item.key, {}, item.after)
                continue
            known = _FIELDS.get(item.key, values if at else _new_field(version, item.key))
            if (value := _field(draw, document, node, (*path, item.key), at, item, known)) is not UNKNOWN:
                place(node, item.key, value, item.after)


def _field(
    draw: Draw,
    document: dict[str, Any],
    node: dict[str, Any],
    path: tuple[Any, ...],
    at: Pattern,
    item: AddedField,
    known: st.SearchStrategy[Any],
) -> Any:
    """The value of a field that a step adds.

    Args:
        draw: of hypothesis.
        document: the export so far.
        node: the object that the field is put into.
        path: the place of the field.
        at: the pattern of the places of such fields.
        item: the declaration of the field.
        known: the values that it may have.
    """
    computed = item.value(document, node, path[:-1]) if item.source else UNKNOWN
    if computed is not UNKNOWN and (item.key == "tag" or draw(maybe)):
        return computed
    if item.key == "tag":
        return path[-2]
    if at and at[-1] == BLOCK and item.key == "count" and len(node) < 4:
        return draw(st.sampled_from([1, UNKNOWN])) if item.source is None else 1
    return draw(known)


def _extras(draw: Draw, document: dict[str, Any]) -> None:
    """Keys that nobody knows, anywhere an export is open."""
    for _ in range(draw(st.sampled_from([0, 0, 1, 2])) if document else 0):
        places = [document, *(value for value in document.values() if type(value) is dict)]
        places += [gpu for _, gpu, _ in visit(document, ("telemetry_data", "endpoints", "*", "gpus", "*"))]
        node = places[draw(st.integers(0, len(places) - 1))]
        node[draw(extra_keys)] = draw(values)


def _nested(document: dict[str, Any], container: str) -> dict[str, Any]:
    """Metrics gathered where the first of them stands; an empty container comes first, as AIPerf 0.1 writes it."""
    inside = {key: value for key, value in document.items() if type(value) is dict and "unit" in value}
    result: dict[str, Any] = {} if inside else {container: {}}
    for key, value in document.items():
        if key in inside:
            result.setdefault(container, inside)
        else:
            result[key] = value
    return result
