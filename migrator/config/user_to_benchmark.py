"""UserConfig ⇄ BenchmarkConfig: the table of `field_pairs`, and what more than one field decides.

Both directions stand in this module, so that each can be compared with the other.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import groupby
from typing import Final

from migrator.config.field_pairs import DATASET, FIELD_PAIRS, PROFILING, WARMUP, FieldPair, FieldPath
from migrator.config.release_models import Reader
from migrator.config.rewrite import Rewrite, objects
from migrator.jsonfile import ABSENT, Json, Object, Path, at
from migrator.ledger import Loss
from migrator.values import NamedTuple

RATE_TYPES: Final = ("poisson", "constant", "gamma")
BURST: Final = "concurrency_burst"
"""UserConfig's arrival pattern of a phase that is driven by concurrency alone."""

_DEFAULT_NAME: Final = "AIPerf's own name"
_DATASET: Final[Path] = ("datasets", 0)
_STOPS: Final[tuple[Path, ...]] = (
    ("loadgen", "request_count"),
    ("loadgen", "benchmark_duration"),
    ("input", "conversation", "num"),
)
"""What ends a run. Without one, AIPerf up to 0.4.0 sends ten requests; later releases write how many they send."""
_WARMUP_TRIGGERS: Final = ("warmup_request_count", "warmup_num_sessions", "warmup_duration")


class DocumentFacts(NamedTuple):
    """What the document around a configuration says of it: strings, unless the file is damaged; None if nothing."""

    benchmark_id: Json
    cli_command: Json


class _Group(NamedTuple):
    """Pairs next to each other in the table whose fields are in the same sections, on both sides.

    `head` is the outermost name on the side of UserConfig. Most files have few of the sections.
    """

    head: str
    user: FieldPath
    benchmark: FieldPath
    pairs: list[FieldPair]


def _sections(pair: FieldPair) -> tuple[str, FieldPath, FieldPath]:
    return pair.user[0], pair.user[:-1], pair.benchmark[:-1]


_GROUPS: Final = [_Group(*sections, list(pairs)) for sections, pairs in groupby(FIELD_PAIRS, _sections)]

Heads = dict[str, Path]
"""`DATASET`, `WARMUP` and `PROFILING` of `field_pairs` → where each stands in one BenchmarkConfig, if it is there."""


def _place_of(path: FieldPath, heads: Heads) -> Path | None:
    """The place of a path of the table in one BenchmarkConfig; None if that has no such dataset or phase."""
    if path and path[0] in _IN_LISTS:
        head = heads.get(path[0])
        return None if head is None else (*head, *path[1:])
    return path


_IN_LISTS: Final = frozenset({DATASET, WARMUP, PROFILING})


# --- up ------------------------------------------------------------------------------------------------------


def to_benchmark(rewrite: Rewrite, facts: DocumentFacts) -> None:
    """Rewrite a UserConfig with the names of 0.8.0, which is the source, as a BenchmarkConfig."""
    config = rewrite.source
    warm = any(rewrite.read(("loadgen", name)) is not ABSENT for name in _WARMUP_TRIGGERS)
    heads: Heads = {DATASET: _DATASET, PROFILING: ("phases", 1 if warm else 0)}
    if warm:
        heads[WARMUP] = ("phases", 0)
    _dataset(rewrite)
    if warm:
        _warmup(rewrite, heads[WARMUP])
    _profiling(rewrite, heads[PROFILING])
    sections = objects(config)
    for group in _GROUPS:
        fields = sections.get(group.user)
        section = _place_of(group.benchmark, heads) if fields else None
        if not fields or section is None:
            continue
        for pair in group.pairs:
            if (name := pair.user[-1]) in fields:
                rewrite.carry(pair.user, fields[name], (*section, pair.benchmark[-1]), pair.up)
    if warm:
        _warmup_from_profiling(rewrite, heads[WARMUP], heads[PROFILING])
    rewrite.add(("endpoint", "urls"), ["http://localhost:8000"], Loss.INFERRED, "AIPerf's own default")
    _template(rewrite)
    _entries(rewrite)
    _artifacts(rewrite)
    _collectors(rewrite, config)
    _from_command(rewrite, facts)


def _dataset(rewrite: Rewrite) -> None:
    rewrite.add((*_DATASET, "name"), "main", Loss.INFERRED, _DEFAULT_NAME)
    of = {"file": "file", "public_dataset": "public"}
    found = next((kind for name, kind in of.items() if rewrite.read(("input", name)) is not ABSENT), "synthetic")
    rewrite.add((*_DATASET, "type"), found, Loss.EXACT, "from the fields that are set")


def _profiling(rewrite: Rewrite, phase: Path) -> None:
    rewrite.add((*phase, "name"), "profiling", Loss.INFERRED, _DEFAULT_NAME)
    if rewrite.read(("input", "fixed_schedule")) is True:
        found = "fixed_schedule"
    elif rewrite.read(("loadgen", "user_centric_rate")) is not ABSENT:
        found = "user_centric"
    else:
        found = _type(rewrite.read(("loadgen", "request_rate")), rewrite.read(("loadgen", "arrival_pattern")))
    rewrite.add((*phase, "type"), found, Loss.EXACT, "from rate and pattern")
    if found == "fixed_schedule":
        start, offset = (rewrite.read(("input", f"fixed_schedule_{name}_offset")) for name in ("start", "auto"))
        if start is not ABSENT and offset is ABSENT:
            rewrite.add((*phase, "auto_offset"), False, Loss.EXACT, "implied by UserConfig")
    elif all(rewrite.read(place) is ABSENT for place in _STOPS):
        rewrite.add((*phase, "requests"), 10, Loss.INFERRED, "AIPerf's own default")


def _warmup(rewrite: Rewrite, phase: Path) -> None:
    rewrite.add((*phase, "name"), "warmup", Loss.INFERRED, _DEFAULT_NAME)
    rate, pattern = (
        rewrite.read(("loadgen", f"warmup_{name}"))
        if rewrite.read(("loadgen", f"warmup_{name}")) is not ABSENT
        else rewrite.read(("loadgen", name))
        for name in ("request_rate", "arrival_pattern")
    )
    rewrite.add((*phase, "type"), _type(rate, pattern), Loss.EXACT, "from rate and pattern")
    rewrite.add((*phase, "exclude_from_results"), True, Loss.EXACT, "a warmup")


def _type(rate: Json, pattern: Json) -> str:
    if rate is ABSENT:
        return "concurrency"
    return pattern if pattern in RATE_TYPES else "poisson"


_TAKEN_OVER: Final = ("concurrency", "rate", "prefill_concurrency", "concurrency_ramp", "prefill_ramp", "rate_ramp")
"""Fields that a warmup without a value of its own in UserConfig takes from the profiling phase."""


def _warmup_from_profiling(rewrite: Rewrite, warmup: Path, profiling: Path) -> None:
    for name in _TAKEN_OVER:
        value = rewrite.written((*profiling, name))
        if value is not ABSENT:
            rewrite.add((*warmup, name), value, Loss.EXACT, "as in the profiling phase")
    if rewrite.written((*warmup, "type")) == "concurrency":
        rewrite.add((*warmup, "concurrency"), 1, Loss.INFERRED, "AIPerf's own default")


def _implied_entries(config: Object, sessions: Path, requests: Path) -> Json:
    """How many dataset entries AIPerf makes if that is not set: one for each session, or else for each request."""
    return next((count for place in (sessions, requests) if type(count := at(config, place)) is int), ABSENT)


def _entries(rewrite: Rewrite) -> None:
    count = _implied_entries(rewrite.source, ("input", "conversation", "num"), ("loadgen", "request_count"))
    if count is not ABSENT:
        rewrite.add((*_DATASET, "entries"), count, Loss.INFERRED, "one for each request or session")


def _template(rewrite: Rewrite) -> None:
    """Copy the template of requests, which UserConfig has among the extra inputs; it stays there, too."""
    body, field = (rewrite.written(("endpoint", "extra", name)) for name in ("payload_template", "response_field"))
    if rewrite.written(("endpoint", "type")) == "template" and type(body) is str:
        rewrite.add(("endpoint", "template", "body"), body, Loss.EXACT, "from endpoint.extra.payload_template")
        if type(field) is str:
            rewrite.add(("endpoint", "template", "response_field"), field, Loss.EXACT, "from endpoint.extra")


def _artifacts(rewrite: Rewrite) -> None:
    level = rewrite.read(("output", "export_level"))
    if level in ("summary", "records", "raw"):
        records = False if level == "summary" else ["jsonl"]
        rewrite.add(("artifacts", "records"), records, Loss.EXACT, "from output.export_level")
        rewrite.add(("artifacts", "raw"), level == "raw", Loss.EXACT, "from output.export_level")
    if type(rewrite.written(("artifacts",))) is dict:
        rewrite.add(("artifacts", "dir"), "artifacts", Loss.INFERRED, "AIPerf's own default")


def _collectors(rewrite: Rewrite, config: Object) -> None:
    for name in ("gpu_telemetry", "server_metrics"):
        items, off = rewrite.read((name,)), rewrite.read((f"no_{name}",))
        if off is True:
            rewrite.add((name, "enabled"), False, Loss.EXACT, f"from no_{name}")
        elif type(items) is list and all(type(item) is str for item in items):
            rewrite.add((name, "enabled"), True, Loss.EXACT, f"from {name}")
            urls = [item for item in items if item not in _KEYWORDS and not item.endswith(".csv")]
            rewrite.add((name, "urls"), urls, Loss.EXACT, f"from {name}")
            if name == "gpu_telemetry":
                _collector(rewrite, items)


_KEYWORDS: Final = ("pynvml", "amdsmi", "dashboard")


def _collector(rewrite: Rewrite, items: list[str]) -> None:
    local = next((item for item in items if item in ("pynvml", "amdsmi")), "dcgm")
    mode = "realtime_dashboard" if "dashboard" in items else "summary"
    files = [item for item in items if item.endswith(".csv")]
    rewrite.add(("gpu_telemetry", "collector"), local, Loss.EXACT, "from gpu_telemetry")
    rewrite.add(("gpu_telemetry", "mode"), mode, Loss.EXACT, "from gpu_telemetry")
    if files:
        rewrite.add(("gpu_telemetry", "metrics_file"), files[0], Loss.EXACT, "from gpu_telemetry")


_OPTIONS: Final[dict[str, Path]] = {
    "--ui": ("runtime", "ui"),
    "--ui-type": ("runtime", "ui"),
    "--workers-max": ("runtime", "workers"),
    "--max-workers": ("runtime", "workers"),
    "--record-processors": ("runtime", "record_processors"),
    "--record-processor-service-count": ("runtime", "record_processors"),
}
"""Options whose values UserConfig does not have, but the command line: they were set in another configuration."""


def has_runtime_options(command: str) -> bool:
    """Whether a command line may set what UserConfig has no field for."""
    # Most texts that are asked about are no commands.
    return "--" in command and any(option in command for option in _OPTIONS)


def _from_command(rewrite: Rewrite, facts: DocumentFacts) -> None:
    command = facts.cli_command
    # Most commands have none of the options, and to search for a string is much faster than the expression below.
    if type(command) is not str or not has_runtime_options(command):
        return
    for match in re.finditer(r"""(?<=\s)(--[\w-]+)(?:=|\s+)(?:'([^']*)'|"([^"]*)"|([^\s'"-]\S*))""", command):
        option, *values = match.groups()
        if option in _OPTIONS:
            value = next(value for value in values if value is not None)
            if option.startswith("--ui") or value.isdecimal():
                shown = value if option.startswith("--ui") else int(value)
                rewrite.add(_OPTIONS[option], shown, Loss.EXACT, "from the recorded command line")


def add_kinds(rewrite: Rewrite, reader: Reader, phases: list[Json]) -> None:
    """Add whether each phase is a warmup, for releases that have a field for that (from 0.12.0)."""
    if "kind" not in reader.fields("ConcurrencyPhase"):
        return
    if all(phases) and all(type(phase) is dict for phase in phases):
        for index, phase in enumerate(phases):
            kind = "warmup" if is_warmup(phase) else "profiling"
            rewrite.add(("phases", index, "kind"), kind, Loss.EXACT, "from the phase itself")


def is_warmup(phase: Json) -> bool:
    """Whether a phase is a warmup: its kind tells, else that it is left out of the results, else its name."""
    if type(phase) is not dict:
        return False
    if phase.get("kind") in ("warmup", "profiling"):
        return bool(phase["kind"] == "warmup")
    return phase.get("exclude_from_results") is True or phase.get("name") == "warmup"


# --- down ----------------------------------------------------------------------------------------------------


def to_user(rewrite: Rewrite, reader: Reader, facts: DocumentFacts, wanted: Collection[str] | None = None) -> None:
    """Rewrite a BenchmarkConfig as a UserConfig with the names of 0.8.0.

    Args:
        rewrite: has the BenchmarkConfig as its source.
        reader: the release that is to read the result.
        facts: what the document around the configuration says.
        wanted: the sections of UserConfig that are needed; others may be left out. None means all.
    """
    if wanted is not None and "tokenizer" in wanted:
        wanted = {*wanted, "endpoint"}  # `add_user_facts` takes the names of the models from it.
    config = rewrite.source
    heads = _heads(config)
    sections = objects(config)
    for group in _GROUPS:
        section = _place_of(group.benchmark, heads) if wanted is None or group.head in wanted else None
        fields = None if section is None else sections.get(section)
        if section is None or not fields:
            continue
        for pair in group.pairs:
            if (name := pair.benchmark[-1]) in fields and not _implied(pair, config, heads):
                rewrite.carry((*section, name), fields[name], pair.user, pair.down)
    _load(rewrite, _phase(config, heads, PROFILING), _phase(config, heads, WARMUP))
    _level(rewrite, config)
    _collector_lists(rewrite, config)
    add_user_facts(rewrite, reader, facts)


def _heads(config: Object) -> Heads:
    """Where the dataset, the warmup and the profiling phase of a BenchmarkConfig stand."""
    heads: Heads = {}
    if type(at(config, _DATASET)) is dict:
        heads[DATASET] = _DATASET
    phases = config.get("phases")
    for index, phase in enumerate(phases if type(phases) is list else ()):
        if type(phase) is dict:
            heads.setdefault(WARMUP if is_warmup(phase) else PROFILING, ("phases", index))
    return heads


def _phase(config: Object, heads: Heads, name: str) -> Object:
    """The warmup or the profiling phase; empty if there is none."""
    phase: Object = at(config, heads[name]) if name in heads else {}
    return phase


def _implied(pair: FieldPair, config: Object, heads: Heads) -> bool:
    """Whether a field has no counterpart of its own: UserConfig implies its value, or another pair carries it."""
    if pair.benchmark == (PROFILING, "rate"):
        user_centric = _phase(config, heads, PROFILING).get("type") == "user_centric"
        return user_centric != (pair.user[-1] == "user_centric_rate")
    if pair.benchmark == (DATASET, "entries"):
        phase = heads.get(PROFILING, ())
        count = _implied_entries(config, (*phase, "sessions"), (*phase, "requests"))
        return bool(at(config, (*_DATASET, "entries")) == count)
    if pair.benchmark[0] == WARMUP and (name := pair.benchmark[1]) in _TAKEN_OVER:
        warmup, profiling = (_phase(config, heads, phase) for phase in (WARMUP, PROFILING))
        return bool(warmup.get(name) == profiling.get(name))
    return False


def _load(rewrite: Rewrite, phase: Object, warmup: Object) -> None:
    kind, of_warmup = (each.get("type") if type(each.get("type")) is str else None for each in (phase, warmup))
    if kind == "fixed_schedule":
        rewrite.add(("input", "fixed_schedule"), True, Loss.EXACT, "from the type of the phase")
    pattern = {"concurrency": BURST} | {name: name for name in RATE_TYPES}
    if type(kind) is str and kind in pattern:
        rewrite.add(("loadgen", "arrival_pattern"), pattern[kind], Loss.EXACT, "from the type of the phase")
    if of_warmup != kind and of_warmup in RATE_TYPES:
        rewrite.add(("loadgen", "warmup_arrival_pattern"), of_warmup, Loss.EXACT, "from the type of the warmup")


def _level(rewrite: Rewrite, config: Object) -> None:
    raw, records = at(config, ("artifacts", "raw")), at(config, ("artifacts", "records"))
    level = "raw" if raw is True else "summary" if records is False else "records" if raw is False and records else ""
    if level:
        rewrite.add(("output", "export_level"), level, Loss.EXACT, "from artifacts.records and artifacts.raw")


def _collector_lists(rewrite: Rewrite, config: Object) -> None:
    for name in ("gpu_telemetry", "server_metrics"):
        section = config.get(name)
        if type(section) is not dict:
            continue
        if section.get("enabled") is False:
            rewrite.add((f"no_{name}",), True, Loss.EXACT, f"from {name}.enabled")
            continue
        urls = section.get("urls")
        items = [section["collector"]] if section.get("collector") in ("pynvml", "amdsmi") else []
        items += urls if type(urls) is list else []
        items += ["dashboard"] if section.get("mode") == "realtime_dashboard" else []
        items += [section["metrics_file"]] if type(section.get("metrics_file")) is str else []
        if items:
            rewrite.add((name,), items, Loss.EXACT, f"from {name}")


DOCUMENT_FACTS: Final = ("cli_command", "benchmark_id")
"""Fields of UserConfig that repeat what the document around it says."""


def add_user_facts(rewrite: Rewrite, reader: Reader, facts: DocumentFacts) -> None:
    """Add the fields of UserConfig that repeat the document, and the tokenizer of each model, if a release has them."""
    fields = reader.fields("UserConfig")
    for name, value in zip(DOCUMENT_FACTS, (facts.cli_command, facts.benchmark_id), strict=True):
        if name in fields and type(value) is str:
            rewrite.add((name,), value, Loss.EXACT, "from the document")
    models, tokenizer = rewrite.written(("endpoint", "model_names")), rewrite.written(("tokenizer", "name"))
    if "resolved_names" in reader.fields("TokenizerConfig") and type(tokenizer) is str:
        names = {name: tokenizer for name in models if type(name) is str} if type(models) is list else {}
        if names:
            rewrite.add(("tokenizer", "resolved_names"), names, Loss.INFERRED, "the name asked for")
