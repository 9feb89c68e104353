"""GenAI-Perf's `input_config`, said as a BenchmarkConfig, for reading: no file is written this way.

GenAI-Perf to 0.0.11 writes its options flat (`concurrency`), later ones nested (`perf_analyzer.stimulus.concurrency`).
Read off the configurations of GenAI-Perf 0.0.3 to 0.0.16; what it writes for an option that was not given is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from migrator.jsonfile import ABSENT, Json, Object, Path, at

_MARKS: Final = ("perf_analyzer", "subcommand", "service_kind")


def is_genai_perf(config: Json) -> bool:
    """Whether a configuration is GenAI-Perf's."""
    return type(config) is dict and any(mark in config for mark in _MARKS)


def _given(value: Json) -> Json:
    return ABSENT if value in (None, "", [], {}) else value


def _positive(value: Json) -> Json:
    """A number above zero; zero and -1 stand for an option that was not given."""
    return value if type(value) in (int, float) and value > 0 else ABSENT


def _set(value: Json) -> Json:
    return True if value is True else ABSENT


class _Field(NamedTuple):
    """An option: its names flat (the oldest first), its place nested and in a BenchmarkConfig, and how it is read."""

    flat: tuple[str, ...]
    nested: str
    to: Path
    read: Callable[[Json], Json] = _given


_PROFILING: Final[Path] = ("phases", "profiling")
_DATASET: Final[Path] = ("datasets", "main")
_FIELDS: Final = (
    _Field(("model_selection_strategy",), "endpoint.model_selection_strategy", ("models", "strategy")),
    _Field(("endpoint_type",), "endpoint.type", ("endpoint", "type")),
    _Field(("streaming",), "endpoint.streaming", ("endpoint", "streaming"), _set),
    _Field(("extra_inputs",), "input.extra", ("endpoint", "extra")),
    _Field(("concurrency",), "perf_analyzer.stimulus.concurrency", (*_PROFILING, "concurrency"), _positive),
    _Field(("request_rate",), "perf_analyzer.stimulus.request_rate", (*_PROFILING, "rate"), _positive),
    _Field(("request_count",), "perf_analyzer.request_count", (*_PROFILING, "requests"), _positive),
    _Field(
        ("warmup_request_count",), "perf_analyzer.warmup_request_count", ("phases", "warmup", "requests"), _positive
    ),
    _Field(
        ("synthetic_input_tokens_mean",),
        "input.synthetic_tokens.mean",
        (*_DATASET, "prompts", "isl", "mean"),
        _positive,
    ),
    _Field(
        ("synthetic_input_tokens_stddev",),
        "input.synthetic_tokens.stddev",
        (*_DATASET, "prompts", "isl", "stddev"),
        _positive,
    ),
    _Field(("output_tokens_mean",), "input.output_tokens.mean", (*_DATASET, "prompts", "osl", "mean"), _positive),
    _Field(("output_tokens_stddev",), "input.output_tokens.stddev", (*_DATASET, "prompts", "osl", "stddev"), _positive),
    _Field(
        ("output_tokens_mean_deterministic",),
        "input.output_tokens.deterministic",
        (*_DATASET, "prompts", "osl", "deterministic"),
        _set,
    ),
    _Field(("batch_size", "batch_size_text"), "input.batch_size", (*_DATASET, "prompts", "batch_size"), _positive),
    _Field(("num_prompts", "num_dataset_entries"), "input.num_dataset_entries", (*_DATASET, "entries"), _positive),
    _Field(("random_seed",), "input.random_seed", (*_DATASET, "random_seed")),
    _Field(("input_dataset",), "input.dataset", (*_DATASET, "dataset")),
    _Field(("input_file",), "input.file", (*_DATASET, "path")),
    _Field(("synthetic_input_files",), "input.synthetic_files", (*_DATASET, "files")),
    _Field(("num_prefix_prompts",), "input.prefix_prompt.num", (*_DATASET, "prefix_prompts", "pool_size"), _positive),
    _Field(("num_sessions",), "input.sessions.num", (*_PROFILING, "sessions"), _positive),
    _Field(("session_turns_mean",), "input.sessions.turns.mean", (*_DATASET, "turns", "mean"), _positive),
    _Field(("session_turns_stddev",), "input.sessions.turns.stddev", (*_DATASET, "turns", "stddev"), _positive),
    _Field(("tokenizer",), "tokenizer.name", ("tokenizer", "name")),
    _Field(("tokenizer_revision",), "tokenizer.revision", ("tokenizer", "revision")),
    _Field(("tokenizer_trust_remote_code",), "tokenizer.trust_remote_code", ("tokenizer", "trust_remote_code"), _set),
    _Field(("goodput",), "input.goodput", ("slos",)),
)
_INTERVAL: Final = (*_PROFILING, "measurement_interval")
"""How long GenAI-Perf measures, in milliseconds, where it is not told how many requests to send."""


def as_benchmark_config(config: Object) -> Object:
    """The options of a GenAI-Perf configuration as far as a BenchmarkConfig has a place for them.

    The time that GenAI-Perf measures for has none: it is `measurement_interval` of the profiling phase.
    """
    flat = "perf_analyzer" not in config and type(config.get("endpoint")) is not dict
    found: dict[Path, Json] = {}
    for field in _FIELDS:
        places = [(name,) for name in field.flat] if flat else [tuple(field.nested.split("."))]
        values = [value for place in places if (value := _read(config, place, field)) is not ABSENT]
        if values:
            found[field.to] = values[-1]
    found |= _measurement(config, flat=flat)
    if (prefix := (*_DATASET, "prefix_prompts", "pool_size")) in found:
        place: Path = ("prefix_prompt_length",) if flat else ("input", "prefix_prompt", "length")
        found[*prefix[:-1], "length"] = at(config, place)
    models = config.get("model", config.get("model_names"))
    names = models if type(models) is list else [models] if models else []
    return _shaped(found, [{"name": name} for name in names])


def _read(config: Object, place: Path, field: _Field) -> Json:
    value = at(config, place)
    return ABSENT if value is ABSENT else field.read(value)


def _measurement(config: Object, *, flat: bool) -> dict[Path, Json]:
    """Until when is measured: a number of requests, or else a time."""
    if flat:
        counted = _positive(config.get("request_count"))
        interval = _positive(config.get("measurement_interval"))
        return {} if counted is not ABSENT or interval is ABSENT else {_INTERVAL: interval}
    mode, number = (at(config, ("perf_analyzer", "measurement", name)) for name in ("mode", "num"))
    number = _positive(number)
    if number is ABSENT:
        return {}
    return {(*_PROFILING, "requests") if mode == "request_count" else _INTERVAL: number}


def _shaped(found: dict[Path, Json], models: list[Json]) -> Object:
    """Nested objects of the values, with the lists that a BenchmarkConfig has."""
    root: dict[str, Any] = {}
    for path, value in found.items():
        node = root
        for key in path[:-1]:
            node = node.setdefault(str(key), {})
        node[str(path[-1])] = value
    if models:
        root.setdefault("models", {})["items"] = models
    phases = root.pop("phases", {})
    if "profiling" in phases:
        phases["profiling"]["type"] = "poisson" if "rate" in phases["profiling"] else "concurrency"
    root["phases"] = [{"name": name, "kind": name, **phase} for name, phase in phases.items()]
    dataset = root.pop("datasets", {}).get("main", {})
    root["datasets"] = [{"name": "main", "type": "file" if "path" in dataset else "synthetic", **dataset}]
    return root
