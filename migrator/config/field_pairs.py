"""Which field of UserConfig is which of BenchmarkConfig: one table, read in both directions.

Left are the names as AIPerf 0.8.0 has them, right those of 0.9.0 and later. `D` is the one dataset, `W` the warmup
phase, `P` the profiling phase. How AIPerf 0.13.0 turns its command line, whose options the fields on the left are
named after, into the configuration on the right is the source of the pairs.

Rows are in the order in which 0.8.0 writes the fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from migrator.config.json_schema import UNFIT
from migrator.jsonfile import Json

Path = tuple[str, ...]
Change = Callable[[Json], Json]
"""A value on one side → the same on the other; `UNFIT` for one that the other side cannot express."""


def _same(value: Json) -> Json:
    return value


def _float(value: Json) -> Json:
    return float(value) if type(value) is int else value


def _whole(value: Json) -> Json:
    if type(value) is float:
        return int(value) if value.is_integer() else UNFIT
    return value


def _object(value: Json) -> Json:
    """`[["X-A", "b"]]` → `{"X-A": "b"}`, unless a name is there twice."""
    if type(value) is dict:
        return value
    pairs = type(value) is list and all(type(row) is list and len(row) == 2 and type(row[0]) is str for row in value)
    if not pairs or len({row[0] for row in value}) < len(value):
        return UNFIT
    return dict(value)


def _pairs(value: Json) -> Json:
    return [[key, item] for key, item in value.items()] if type(value) is dict else UNFIT


def _named(value: Json) -> Json:
    names = value if type(value) is list else [value]
    return [{"name": name} for name in names] if all(type(name) is str for name in names) else UNFIT


def _names(value: Json) -> Json:
    fits = type(value) is list and all(type(item) is dict and type(item.get("name")) is str for item in value)
    return [item["name"] for item in value] if fits else UNFIT


def _floats(value: Json) -> Json:
    return {key: _float(item) for key, item in value.items()} if type(value) is dict else UNFIT


def _from_root(value: Json) -> Json:
    """A path with the slash that UserConfig need not have."""
    return f"/{value}" if type(value) is str and value and value[0] != "/" else value


class Kind(NamedTuple):
    """How a value changes from left to right, and from right to left."""

    up: Change
    down: Change


SAME: Final = Kind(_same, _same)
FLOAT: Final = Kind(_float, _same)
"""A float on both sides."""
MEAN: Final = Kind(_float, _whole)
"""A whole number on the left, a float on the right."""
PAIRS: Final = Kind(_object, _pairs)
NAMES: Final = Kind(_named, _names)
GOALS: Final = Kind(_floats, _same)
PATH: Final = Kind(_from_root, _same)


class Row(NamedTuple):
    """One correspondence."""

    user: Path
    benchmark: Path
    kind: Kind = SAME


def _rows(user: str, benchmark: str, table: str, kind: Kind = SAME) -> list[Row]:
    """Rows below two places, from lines `left = right` or `name` for the same on both sides."""
    rows = []
    for line in table.split("\n"):
        if line.strip():
            left, _, right = (part.strip() for part in line.partition("="))
            rows.append(Row(_path(user, left), _path(benchmark, right or left), kind))
    return rows


def _path(*parts: str) -> Path:
    return tuple(name for part in parts if part for name in part.split("."))


ROWS: Final[tuple[Row, ...]] = (
    *_rows("endpoint", "models", "model_names = items", NAMES),
    *_rows("endpoint", "models", "model_selection_strategy = strategy"),
    *_rows("endpoint", "endpoint", "custom_endpoint = path", PATH),
    *_rows(
        "endpoint",
        "endpoint",
        """
        type
        streaming
        urls
        url_selection_strategy = url_strategy
        """,
    ),
    *_rows("endpoint", "endpoint", "timeout_seconds = timeout", FLOAT),
    *_rows("endpoint", "endpoint", "api_key"),
    *_rows("endpoint", "endpoint", "wait_for_model_timeout\nwait_for_model_interval", FLOAT),
    *_rows(
        "endpoint",
        "endpoint",
        """
        wait_for_model_mode
        transport
        use_legacy_max_tokens
        use_server_token_count
        connection_reuse_strategy = connection_reuse
        download_video_content
        request_content_type
        """,
    ),
    *_rows("input", "endpoint", "extra\nheaders", PAIRS),
    *_rows("input", "D", "file = path"),
    *_rows(
        "input",
        "P",
        """
        fixed_schedule_auto_offset = auto_offset
        fixed_schedule_start_offset = start_offset
        fixed_schedule_end_offset = end_offset
        """,
    ),
    *_rows(
        "input",
        "D",
        """
        public_dataset = dataset
        hf_dataset_subset = hf_subset
        custom_dataset_type = format
        dataset_sampling_strategy = sampling
        random_seed
        """,
    ),
    *_rows("input", "", "goodput = slos", GOALS),
    *_rows("input.audio", "D.audio", "batch_size"),
    *_rows("input.audio.length", "D.audio.length", "mean\nstddev", FLOAT),
    *_rows("input.audio", "D.audio", "format\ndepths\nsample_rates\nnum_channels = channels"),
    *_rows("input.image", "D.images", "width.mean\nwidth.stddev\nheight.mean\nheight.stddev", FLOAT),
    *_rows("input.image", "D.images", "batch_size\nformat"),
    *_rows(
        "input.video",
        "D.video",
        """
        batch_size
        duration
        fps
        width
        height
        synth_type
        format
        codec
        audio.sample_rate
        audio.channels
        audio.codec
        audio.depth
        """,
    ),
    *_rows("input.prompt", "D.prompts", "batch_size"),
    *_rows("input.prompt", "D.prompts", "input_tokens.mean = isl.mean", MEAN),
    *_rows("input.prompt", "D.prompts", "input_tokens.stddev = isl.stddev", FLOAT),
    *_rows("input.prompt", "D.prompts", "input_tokens.block_size = block_size"),
    *_rows("input.prompt", "D.prompts", "output_tokens.mean = osl.mean", MEAN),
    *_rows("input.prompt", "D.prompts", "output_tokens.stddev = osl.stddev", FLOAT),
    *_rows(
        "input.prompt.prefix_prompt",
        "D.prefix_prompts",
        """
        pool_size
        length
        shared_system_prompt_length = shared_system_length
        user_context_prompt_length = user_context_length
        """,
    ),
    *_rows(
        "input.rankings",
        "D.rankings",
        """
        passages.mean
        passages.stddev
        passages.prompt_token_mean = passage_tokens.mean
        passages.prompt_token_stddev = passage_tokens.stddev
        query.prompt_token_mean = query_tokens.mean
        query.prompt_token_stddev = query_tokens.stddev
        """,
        MEAN,
    ),
    *_rows(
        "input.synthesis",
        "D.synthesis",
        """
        speedup_ratio
        prefix_len_multiplier
        prefix_root_multiplier
        prompt_len_multiplier
        max_isl
        max_osl
        """,
    ),
    *_rows("input.conversation", "P", "num = sessions"),
    *_rows("input.conversation", "D", "num_dataset_entries = entries"),
    *_rows("input.conversation.turn", "D.turns", "mean\nstddev", MEAN),
    *_rows("input.conversation.turn.delay", "D.turn_delay", "mean\nstddev", FLOAT),
    *_rows("input.conversation.turn.delay", "D", "ratio = turn_delay_ratio", FLOAT),
    *_rows(
        "output",
        "artifacts",
        """
        artifact_directory = dir
        profile_export_prefix = prefix
        slice_duration
        export_http_trace = trace
        show_trace_timing
        """,
    ),
    *_rows("tokenizer", "tokenizer", "name\nrevision\ntrust_remote_code\nresolved_names"),
    *_rows("loadgen", "P", "benchmark_duration = duration\nbenchmark_grace_period = grace_period", FLOAT),
    *_rows("loadgen", "P", "concurrency\nprefill_concurrency"),
    *_rows("loadgen", "P", "request_rate = rate\nuser_centric_rate = rate\narrival_smoothness = smoothness", FLOAT),
    *_rows("loadgen", "P", "request_count = requests"),
    *_rows("loadgen", "W", "warmup_request_count = requests"),
    *_rows("loadgen", "W", "warmup_duration = duration", FLOAT),
    *_rows(
        "loadgen",
        "W",
        """
        warmup_num_sessions = sessions
        warmup_concurrency = concurrency
        warmup_prefill_concurrency = prefill_concurrency
        """,
    ),
    *_rows("loadgen", "W", "warmup_request_rate = rate\nwarmup_grace_period = grace_period", FLOAT),
    *_rows(
        "loadgen",
        "P.cancellation",
        "request_cancellation_rate = rate\nrequest_cancellation_delay = delay",
        FLOAT,
    ),
    *_rows("loadgen", "P", "num_users = users"),
    *_rows(
        "loadgen",
        "P",
        """
        concurrency_ramp_duration = concurrency_ramp.duration
        prefill_concurrency_ramp_duration = prefill_ramp.duration
        request_rate_ramp_duration = rate_ramp.duration
        """,
        FLOAT,
    ),
    *_rows(
        "loadgen",
        "W",
        """
        warmup_concurrency_ramp_duration = concurrency_ramp.duration
        warmup_prefill_concurrency_ramp_duration = prefill_ramp.duration
        warmup_request_rate_ramp_duration = rate_ramp.duration
        """,
        FLOAT,
    ),
    *_rows(
        "accuracy",
        "accuracy",
        "benchmark\ntasks\nn_shots\nenable_cot\ngrader\nsystem_prompt\nverbose",
    ),
    *_rows("", "", "server_metrics_formats = server_metrics.formats"),
)
"""Every field that both families have."""


class Renamed(NamedTuple):
    """A field of UserConfig that releases up to and including `last` read under another name, or in another form."""

    old: Path
    new: Path
    last: str
    kind: Kind = SAME


def _listed(value: Json) -> Json:
    return [value] if type(value) is str else UNFIT


def _single(value: Json) -> Json:
    """The first of several: what these releases could use."""
    return value[0] if type(value) is list and value else UNFIT


def _goals(value: Json) -> Json:
    """`"request_latency:90 time_to_first_token:25"` → an object."""
    if type(value) is not str:
        return value
    try:
        return {name: float(bound) for name, bound in (goal.rsplit(":", 1) for goal in value.split())}
    except ValueError:
        return value


def _spelled(value: Json) -> Json:
    fits = type(value) is dict and value and all(type(bound) in (int, float) for bound in value.values())
    return " ".join(f"{name}:{bound}" for name, bound in value.items()) if fits else UNFIT


def _paired(value: Json) -> Json:
    return _pairs(value) if type(value) is dict else value


RENAMED: Final = (
    Renamed(("endpoint", "url"), ("endpoint", "urls"), "0.5.0", Kind(_listed, _single)),
    Renamed(("loadgen", "request_rate_mode"), ("loadgen", "arrival_pattern"), "0.4.0"),
)
"""Within UserConfig, from release to release."""

READ_AS: Final = (
    Renamed(("input", "goodput"), ("input", "goodput"), "0.6.0", Kind(_goals, _spelled)),
    Renamed(("input", "extra"), ("input", "extra"), "0.2.0", Kind(_paired, _object)),
    Renamed(("input", "headers"), ("input", "headers"), "0.2.0", Kind(_paired, _object)),
)
"""Fields that these releases write in one form and read in another: their own exports they cannot read."""
