"""GenAI-Perf's `input_config`, said as a UserConfig and, for reading, as a BenchmarkConfig.

GenAI-Perf to 0.0.11 writes its options flat (`concurrency`), later ones nested (`perf_analyzer.stimulus.concurrency`).
Read off the configurations of GenAI-Perf 0.0.3 to 0.0.16; what it writes for an option that was not given is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from migrator.config.field_pairs import DATASET, FIELD_PAIRS, PROFILING, WARMUP, FieldPath
from migrator.jsonfile import ABSENT, Json, Object, Path, at
from migrator.values import NamedTuple

_DCGM: Final = "http://localhost:9400/metrics"

# --- how a value is read: the value as a UserConfig has it, or ABSENT for an option that was not given --------------


def _given(value: Json) -> Json:
    return ABSENT if value in (None, "", [], {}) else value


def _text(value: Json) -> Json:
    return value if type(value) is str and value else ABSENT


def _file(value: Json) -> Json:
    """A path; `synthetic:` and `payload:` in front of a text say that it is something else."""
    return ABSENT if type(value) is str and value.startswith(("synthetic:", "payload:")) else _text(value)


def _positive(value: Json) -> Json:
    """A number above zero; zero and -1 stand for an option that was not given."""
    return value if type(value) in (int, float) and value > 0 else ABSENT


def _set(value: Json) -> Json:
    return True if value is True else ABSENT


def _not_one(value: Json) -> Json:
    return ABSENT if value == 1 else _positive(value)


def _names(value: Json) -> Json:
    names = value if type(value) is list else [value]
    return names if names and all(type(name) is str and name for name in names) else ABSENT


def _word(value: Json) -> Json:
    """A word of a list, which some releases wrote in capitals."""
    return value.lower() if type(value) is str and value else ABSENT


def _numbers(value: Json) -> Json:
    numbers = value if type(value) is list else [value]
    return numbers if numbers and all(type(number) in (int, float) and number > 0 for number in numbers) else ABSENT


def _other_urls(value: Json) -> Json:
    """Where GPUs are asked, unless that is the place that both programs look at by themselves."""
    urls = _names(value)
    return ABSENT if urls == [_DCGM] else urls


def _url(value: Json) -> Json:
    return [value] if type(value) is str and value else ABSENT


def _pairs(value: Json) -> Json:
    """`{"a": 1}`, or `["a:1"]` as it was typed, as `[["a", 1]]`; text without a colon is no pair."""
    if type(value) is dict:
        return [[name, item] for name, item in value.items()] or ABSENT
    typed = value if type(value) is list else [value]
    pairs = [text.split(":", 1) for text in typed if type(text) is str and ":" in text]
    return [[name.strip(), item.strip()] for name, item in pairs] if pairs and len(pairs) == len(typed) else ABSENT


def _bounds(value: Json) -> Json:
    """Bounds of goodput by metric."""
    fits = type(value) is dict and value and all(type(bound) in (int, float) for bound in value.values())
    return value if fits else ABSENT


class _Field(NamedTuple):
    """An option: its names flat (the oldest first), its places nested and in a UserConfig, and how it is read.

    `to` is a place in a BenchmarkConfig if a UserConfig has none; such a field is only for reading.
    """

    flat: tuple[str, ...]
    nested: Path
    to: FieldPath
    read: Callable[[Json], Json]


_READ: Final[dict[str, Callable[[Json], Json]]] = {
    "any": _given,
    "text": _text,
    "file": _file,
    "positive": _positive,
    "set": _set,
    "not-one": _not_one,
    "names": _names,
    "url": _url,
    "other-urls": _other_urls,
    "word": _word,
    "numbers": _numbers,
    "pairs": _pairs,
    "bounds": _bounds,
}

_TABLE: Final = """
model,model_names              model_names                         endpoint.model_names                        names
model_selection_strategy       endpoint.model_selection_strategy   endpoint.model_selection_strategy           text
endpoint_type                  endpoint.type                       endpoint.type                               text
endpoint                       endpoint.custom                     endpoint.custom_endpoint                    text
streaming                      endpoint.streaming                  endpoint.streaming                          set
u,url                          endpoint.url                        endpoint.urls                               url
extra_inputs                   input.extra                         input.extra                                 pairs
header                         input.header                        input.headers                               pairs
concurrency                    perf_analyzer.stimulus.concurrency  loadgen.concurrency                         positive
request_rate                   perf_analyzer.stimulus.request_rate loadgen.request_rate                        positive
request_count                  perf_analyzer.request_count         loadgen.request_count                       positive
warmup_request_count           perf_analyzer.warmup_request_count  loadgen.warmup_request_count                positive
synthetic_input_tokens_mean    input.synthetic_tokens.mean         input.prompt.input_tokens.mean              positive
synthetic_input_tokens_stddev  input.synthetic_tokens.stddev       input.prompt.input_tokens.stddev            positive
output_tokens_mean             input.output_tokens.mean            input.prompt.output_tokens.mean             positive
output_tokens_stddev           input.output_tokens.stddev          input.prompt.output_tokens.stddev           positive
output_tokens_mean_deterministic input.output_tokens.deterministic datasets[0].prompts.osl.deterministic       set
batch_size,batch_size_text     input.batch_size                    input.prompt.batch_size                     not-one
num_prompts,num_dataset_entries input.num_dataset_entries          input.conversation.num_dataset_entries      positive
random_seed                    input.random_seed                   input.random_seed                           any
input_dataset                  input.dataset                       datasets[0].dataset                         any
input_file                     input.file                          input.file                                  file
payload_input_file             input.payload_file                  datasets[0].payload                         any
synthetic_input_files          input.synthetic_files               datasets[0].files                           any
num_prefix_prompts             input.prefix_prompt.num             input.prompt.prefix_prompt.pool_size        positive
prefix_prompt_length           input.prefix_prompt.length          input.prompt.prefix_prompt.length           positive
num_sessions                   input.sessions.num                  input.conversation.num                      positive
session_turns_mean             input.sessions.turns.mean           input.conversation.turn.mean                positive
session_turns_stddev           input.sessions.turns.stddev         input.conversation.turn.stddev              positive
session_turn_delay_mean        input.sessions.turn_delay.mean      input.conversation.turn.delay.mean          positive
session_turn_delay_stddev      input.sessions.turn_delay.stddev    input.conversation.turn.delay.stddev        positive
session_delay_ratio            input.sessions.turn_delay.ratio     input.conversation.turn.delay.ratio         not-one
image_width_mean               input.image.width.mean              input.image.width.mean                      positive
image_width_stddev             input.image.width.stddev            input.image.width.stddev                    positive
image_height_mean              input.image.height.mean             input.image.height.mean                     positive
image_height_stddev            input.image.height.stddev           input.image.height.stddev                   positive
image_format                   input.image.format                  input.image.format                          word
batch_size_image               input.image.batch_size              input.image.batch_size                      not-one
audio_length_mean              input.audio.length.mean             input.audio.length.mean                     positive
audio_length_stddev            input.audio.length.stddev           input.audio.length.stddev                   positive
audio_format                   input.audio.format                  input.audio.format                          word
audio_depths                   input.audio.depths                  input.audio.depths                          numbers
audio_sample_rates             input.audio.sample_rates            input.audio.sample_rates                    numbers
audio_num_channels             input.audio.num_channels            input.audio.num_channels                    not-one
batch_size_audio               input.audio.batch_size              input.audio.batch_size                      not-one
server_metrics_url,server_metrics_urls endpoint.server_metrics_urls gpu_telemetry                             other-urls
tokenizer                      tokenizer.name                      tokenizer.name                              text
tokenizer_revision             tokenizer.revision                  tokenizer.revision                          text
tokenizer_trust_remote_code    tokenizer.trust_remote_code         tokenizer.trust_remote_code                 set
goodput                        input.goodput                       input.goodput                               bounds
artifact_dir                   output.artifact_directory           output.artifact_directory                   text
"""
"""An option a line: its names flat, with commas between, the oldest first; its place nested; its place in a UserConfig
of AIPerf 0.8.0, or in a BenchmarkConfig if the former has none; and how it is read.
"""


def _parsed(table: str) -> tuple[_Field, ...]:
    rows = [line.split() for line in table.strip().splitlines()]
    return tuple(
        _Field(tuple(flat.split(",")), tuple(nested.split(".")), tuple(to.split(".")), _READ[read])
        for flat, nested, to, read in rows
    )


_FIELDS: Final = _parsed(_TABLE)
_PAIR_OF: Final = {pair.user: pair for pair in FIELD_PAIRS}
_IN_LISTS: Final = {
    DATASET: ("datasets", "main"),
    PROFILING: ("phases", "profiling"),
    WARMUP: ("phases", "warmup"),
}
_REQUESTS: Final = ("loadgen", "request_count")
_INTERVAL: Final = (PROFILING, "measurement_interval")
"""How long GenAI-Perf measures, in milliseconds, where it is not told how many requests to send."""
_ONLY_WITH: Final = {
    ("input", "prompt", "prefix_prompt", "length"): ("input", "prompt", "prefix_prompt", "pool_size"),
    ("input", "prompt", "input_tokens", "stddev"): ("input", "prompt", "input_tokens", "mean"),
    ("input", "prompt", "output_tokens", "stddev"): ("input", "prompt", "output_tokens", "mean"),
    ("input", "conversation", "turn", "mean"): ("input", "conversation", "num"),
    ("input", "conversation", "turn", "stddev"): ("input", "conversation", "num"),
    ("input", "conversation", "turn", "delay", "mean"): ("input", "conversation", "num"),
    ("input", "conversation", "turn", "delay", "stddev"): ("input", "conversation", "num"),
    ("input", "conversation", "turn", "delay", "ratio"): ("input", "conversation", "num"),
    **{
        ("input", "image", *rest): ("input", "image", "width", "mean")
        for rest in (("width", "stddev"), ("height", "mean"), ("height", "stddev"), ("format",), ("batch_size",))
    },
    **{
        ("input", "audio", *rest): ("input", "audio", "length", "mean")
        for rest in (("length", "stddev"), ("format",), ("depths",), ("sample_rates",), ("num_channels",))
    },
    ("input", "audio", "batch_size"): ("input", "audio", "length", "mean"),
}
"""Options that say nothing without another one, though GenAI-Perf always writes them."""
_WITH_IMAGES: Final = frozenset({"vision", "multimodal", "image_retrieval"})
"""Kinds of endpoints that are sent images. Releases to 0.0.11 write the size of images for all."""
_TELEMETRY: Final = ("gpu_telemetry",)
_DEFAULT_URLS: Final = {"triton": "localhost:8001", "openai": "localhost:8000"}
"""Kind of the service → where GenAI-Perf sends requests if it is not told."""


def _options(config: Object) -> dict[FieldPath, Json]:
    """Place in a UserConfig, or else in a BenchmarkConfig → the value of each option that was given."""
    flat = "perf_analyzer" not in config and type(config.get("endpoint")) is not dict
    found: dict[FieldPath, Json] = {}
    for field in _FIELDS:
        places: list[Path] = [(name,) for name in field.flat] if flat else [field.nested]
        for place in places:
            value = at(config, place)
            if value is not ABSENT and (value := field.read(value)) is not ABSENT:
                found[field.to] = value
    if flat and config.get("endpoint_type") not in _WITH_IMAGES:
        found = {to: value for to, value in found.items() if to[:2] != ("input", "image")}
    found |= _measurement(config, flat=flat)
    return {to: value for to, value in found.items() if to not in _ONLY_WITH or _ONLY_WITH[to] in found}


def _measurement(config: Object, *, flat: bool) -> dict[FieldPath, Json]:
    """Until when is measured: a number of requests, or else a time."""
    if flat:
        counted = _positive(config.get("request_count"))
        interval = _positive(config.get("measurement_interval"))
        return {} if counted is not ABSENT or interval is ABSENT else {_INTERVAL: interval}
    mode, number = (at(config, ("perf_analyzer", "measurement", name)) for name in ("mode", "num"))
    number = _positive(number)
    if number is ABSENT:
        return {}
    return {_REQUESTS if mode == "request_count" else _INTERVAL: number}


# --- as a UserConfig -----------------------------------------------------------------------------------------


def as_user_config(config: Object) -> Object:
    """The options of a GenAI-Perf configuration for which the UserConfig of AIPerf 0.8.0 has a place.

    Perf Analyzer, which sends the requests, keeps a rate constant. A run that was measured for a time has nothing that
    ends it: the time is that of one of several windows ([`measured_for`][]), which no field of AIPerf means. Where
    prompts come from a file, the lengths of synthetic ones say nothing.
    """
    found = {to: value for to, value in _options(config).items() if to in _PAIR_OF or to == _TELEMETRY}
    if ("loadgen", "request_rate") in found:
        found["loadgen", "arrival_pattern"] = "constant"
    if ("input", "file") in found:
        found = {to: value for to, value in found.items() if to[:3] != ("input", "prompt", "input_tokens")}
    kind = config.get("service_kind", at(config, ("endpoint", "service_kind")))
    if found and type(kind) is str and kind in _DEFAULT_URLS:
        found.setdefault(("endpoint", "urls"), [_DEFAULT_URLS[kind]])
    root: Object = {}
    for path, value in found.items():
        _put(root, path, value)
    return root


def _put(root: dict[str, Any], path: FieldPath, value: Json) -> None:
    node = root
    for key in path[:-1]:
        node = node.setdefault(key, {})
    node[path[-1]] = value


def measured_for(config: Object) -> float | None:
    """How many seconds GenAI-Perf measured in one window, where it was not told how many requests to send."""
    interval = _options(config).get(_INTERVAL)
    return interval / 1000 if isinstance(interval, (int, float)) else None


# --- as a BenchmarkConfig, for reading -----------------------------------------------------------------------


def as_benchmark_config(config: Object) -> Object:
    """The options of a GenAI-Perf configuration as a BenchmarkConfig would have them; no file is written this way.

    Options without a place there have one of their own: the time that GenAI-Perf measures for is
    `measurement_interval` of the profiling phase. What does not describe the workload is left out.
    """
    root: dict[str, Any] = {}
    for to, value in _options(config).items():
        pair = _PAIR_OF.get(to)
        place = pair.benchmark if pair else to
        if to[0] != "output" and to not in _ASIDE:
            _put(root, (*_IN_LISTS.get(place[0], place[:1]), *place[1:]), pair.up.convert(value) if pair else value)
    phases = root.pop("phases", {})
    if "profiling" in phases:
        phases["profiling"]["type"] = "constant" if "rate" in phases["profiling"] else "concurrency"
    root["phases"] = [{"name": name, "kind": name, **phase} for name, phase in phases.items()]
    dataset = root.pop("datasets", {}).get("main", {})
    root["datasets"] = [{"name": "main", "type": "file" if "path" in dataset else "synthetic", **dataset}]
    return root


_ASIDE: Final = frozenset({_TELEMETRY, ("endpoint", "custom_endpoint"), ("endpoint", "urls"), ("input", "headers")})
"""Options that say whom and by which name GenAI-Perf asked, not what it asked."""
