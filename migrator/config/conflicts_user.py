"""The conflict rules of UserConfig (AIPerf 0.2.0 to 0.8.0).

Their source is the validators of these releases; each rule was tried on them. Of two fields that conflict, the one
whose rule stands first is left out. Not covered are checks of files and of installed packages.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from migrator.aiperf.metrics import catalogue
from migrator.aiperf.releases import age
from migrator.config.conflict_rules import STREAMING, check, given, never, number, rules
from migrator.jsonfile import Json, Object, Path, at

_PAIR: Final = r"\s*\d+(?:\|[\d.]+)?\s*,\s*\d+(?:\|[\d.]+)?\s*:\s*([\d.]+)\s*"


def _positive(value: Json, *_: object) -> bool:
    return type(value) is list and all(number(item) and item > 0 for item in value)


def _sweep(value: Json, *_: object) -> bool:
    return len(value) > 1 and len(set(map(str, value))) == len(value) and all(number(i) and i >= 1 for i in value)


def _within_default(value: Json, loadgen: Json, config: Object, _: Path) -> bool:
    """Whether the concurrency is at most the ten requests that AIPerf sends where only a rate is given."""
    of_rate = given(at(loadgen, ("request_rate",))) and not any(
        given(at(config, place))
        for place in (
            ("loadgen", "request_count"),
            ("loadgen", "benchmark_duration"),
            ("loadgen", "user_centric_rate"),
            ("input", "conversation", "num"),
            ("input", "fixed_schedule"),
        )
    )
    return not of_rate or (number(value) and value <= 10)


def _named_values(value: Json, *_: object) -> bool:
    """Whether headers or extra inputs are pairs, an object, or a string of `name:value`."""
    if type(value) is str:
        return value.startswith("{") or all(":" in item for item in value.split(","))
    if type(value) is list:
        return all((type(item) is list and len(item) == 2) or _named_values(item) for item in value)
    return type(value) is dict


def _no_pairs(value: Json, *_: object) -> bool:
    return type(value) is dict or (type(value) is not list and _named_values(value))


def _text(value: Json, *_: object) -> bool:
    return type(value) is str


def _distribution(value: Json, *_: object) -> bool:
    """Whether shares sum to 100 %, as in `128,64:40;256,32:60`; the two other spellings are accepted unread."""
    if type(value) is not str or value.lstrip().startswith(("[", "{")):
        return True
    pairs = [re.fullmatch(_PAIR, pair) for pair in value.strip("; ").split(";")]
    try:
        return abs(sum(float(pair[1]) for pair in pairs if pair) - 100) < 0.1 and all(pairs)
    except ValueError:
        return False


def _telemetry(value: Json, *_: object) -> bool:
    words = [item.strip() for text in value if type(text) is str for item in text.split(",")]
    urls = [item for item in words if not item.endswith(".csv") and (item.startswith("http") or ":" in item)]
    known = all(item in urls or item.endswith(".csv") or item.lower() in ("pynvml", "dashboard") for item in words)
    return known and not (urls and any(item.lower() == "pynvml" for item in words))


def _written_goals(value: Json, *_: object) -> bool:
    """Whether goals are `name:number` pairs in one string, or an object of numbers."""
    if type(value) is str:
        pairs = [goal.partition(":")[::2] for goal in value.split()]
        return bool(pairs) and all(name and _numeric(bound) for name, bound in pairs)
    return type(value) is dict and all(map(_numeric, value.values()))


def _numeric(value: Json) -> bool:
    try:
        return number(value) or type(value) is bool or (type(value) is str and float(value) is not None)
    except ValueError:
        return False


def _goal(release: str, tag: str) -> bool:
    found = catalogue().get(tag)
    if found is None or found.type == "derived":
        return False
    return age(found.first_release) <= age(_METRICS_OF.get(release, release)) <= age(found.last_release)


def _goals(release: str, value: Json, *_: object) -> bool:
    return type(value) is not str or all(_goal(release, goal.partition(":")[0]) for goal in value.split())


def _goal_of(release: str, _value: Json, _section: Json, _config: Object, place: Path) -> bool:
    return _goal(release, str(place[-1]))


_END: Final = "loadgen.request_count or input.conversation.num or loadgen.benchmark_duration"
_SCHEDULE: Final = "input.fixed_schedule"
"""Under a fixed schedule, rates are read and not checked."""
_USER_TRACES: Final = "mooncake_trace|bailian_trace|burst_gpt_trace|sagemaker_data_capture"

_NO_METRIC: Final = "AIPerf {} has no such metric for single requests"
_OBJECT_GOALS: Final = ("0.7.0", "0.8.0", "0.8.0.dev20260511")
"""The releases that read goals as an object, too."""
_METRICS_OF: Final = {"0.8.0.dev20260511": "0.9.0"}
"""A build → the release that has the same metrics."""

USER_RULES: Final = (
    *rules(
        "0.2.0",
        """
        input.custom_dataset_type excludes input.public_dataset
        input.fixed_schedule=true needs input.file
        input.fixed_schedule_start_offset excludes input.fixed_schedule_auto_offset
        input.fixed_schedule_start_offset at-most input.fixed_schedule_end_offset
        input.video.width needs input.video.height
        input.video.height needs input.video.width
        """,
    ),
    *rules(
        "0.2.0",
        f"loadgen.request_rate_mode=concurrency_burst needs loadgen.request_rate=unset or {_SCHEDULE}",
        last="0.4.0",
    ),
    *rules("0.2.0", "loadgen.benchmark_duration or null excludes loadgen.request_count:given", last="0.4.0"),
    *rules("0.2.0", "loadgen.benchmark_grace_period or null needs loadgen.benchmark_duration"),
    *rules("0.3.0", "input.conversation.num or null excludes loadgen.request_count:given", last="0.4.0"),
    *rules("0.5.0", "input.conversation.num excludes loadgen.request_count:given"),
    *rules("0.4.0", "input.prompt.prefix_prompt.user_context_prompt_length needs input.conversation.num", last="0.4.0"),
    *rules(
        "0.5.0", "input.prompt.prefix_prompt.user_context_prompt_length needs input.conversation.num_dataset_entries"
    ),
    *rules(
        "0.4.0",
        """
        input.custom_dataset_type needs input.file
        gpu_telemetry or null excludes no_gpu_telemetry
        no_gpu_telemetry or null excludes gpu_telemetry:given
        server_metrics or null excludes no_server_metrics
        no_server_metrics or null excludes server_metrics:given
        loadgen.concurrency lowered-to input.conversation.num or loadgen.request_count
        input.prompt.prefix_prompt.length excludes input.prompt.prefix_prompt.shared_system_prompt_length:given
        input.prompt.prefix_prompt.length excludes input.prompt.prefix_prompt.user_context_prompt_length:given
        input.prompt.prefix_prompt.pool_size excludes input.prompt.prefix_prompt.shared_system_prompt_length:given
        input.prompt.prefix_prompt.pool_size excludes input.prompt.prefix_prompt.user_context_prompt_length:given
        input.rankings.passages.mean or null needs endpoint.type:rankings
        input.rankings.passages.stddev or null needs endpoint.type:rankings
        input.rankings.passages.prompt_token_mean or null needs endpoint.type:rankings
        input.rankings.passages.prompt_token_stddev or null needs endpoint.type:rankings
        input.rankings.query.prompt_token_mean or null needs endpoint.type:rankings
        input.rankings.query.prompt_token_stddev or null needs endpoint.type:rankings
        input.prompt.input_tokens.mean or null excludes endpoint.type:rankings
        input.prompt.input_tokens.stddev or null excludes endpoint.type:rankings
        """,
    ),
    *rules(
        "0.5.0",
        f"""
        input.fixed_schedule_auto_offset or null needs input.fixed_schedule
        input.fixed_schedule_start_offset or null needs input.fixed_schedule
        input.fixed_schedule_end_offset or null needs input.fixed_schedule
        input.dataset_sampling_strategy excludes input.fixed_schedule
        loadgen.warmup_num_sessions excludes loadgen.warmup_request_count:given
        loadgen.warmup_grace_period or null needs loadgen.warmup_duration
        loadgen.user_centric_rate needs loadgen.num_users or {_SCHEDULE}
        loadgen.user_centric_rate needs input.conversation.turn.mean:several or {_SCHEDULE}
        loadgen.user_centric_rate needs {_END} or {_SCHEDULE}
        loadgen.num_users or null needs loadgen.user_centric_rate
        loadgen.num_users at-most input.conversation.num
        loadgen.num_users at-most loadgen.request_count
        loadgen.request_rate or null needs loadgen.user_centric_rate=unset or {_SCHEDULE}
        loadgen.arrival_pattern or null needs loadgen.user_centric_rate=unset or {_SCHEDULE}
        loadgen.arrival_pattern=concurrency_burst needs loadgen.request_rate=unset or {_SCHEDULE}
        loadgen.arrival_smoothness needs loadgen.arrival_pattern=gamma|unset
        loadgen.arrival_smoothness needs loadgen.request_rate or loadgen.user_centric_rate or input.fixed_schedule
        loadgen.request_rate_ramp_duration or null excludes loadgen.user_centric_rate or input.fixed_schedule
        loadgen.request_cancellation_delay or null needs loadgen.request_cancellation_rate:given
        loadgen.prefill_concurrency needs endpoint.streaming
        loadgen.prefill_concurrency needs endpoint.type={STREAMING}
        loadgen.warmup_prefill_concurrency needs endpoint.streaming
        loadgen.warmup_prefill_concurrency needs endpoint.type={STREAMING}
        loadgen.prefill_concurrency lowered-to loadgen.concurrency
        loadgen.warmup_prefill_concurrency lowered-to loadgen.warmup_concurrency or loadgen.concurrency
        """,
    ),
    *rules("0.5.0", "input.synthesis.* needs input.custom_dataset_type=mooncake_trace|unset", last="0.6.0"),
    *rules(
        "0.7.0",
        f"""
        input.synthesis.* needs input.custom_dataset_type={_USER_TRACES}|unset
        input.video.audio.codec needs input.video.audio.channels
        input.prompt.input_tokens.mean excludes endpoint.type=image_retrieval
        input.prompt.input_tokens.stddev excludes endpoint.type=image_retrieval
        input.prompt.batch_size excludes endpoint.type=image_retrieval
        input.prompt.sequence_distribution excludes endpoint.type=image_retrieval
        input.prompt.prefix_prompt.* or null excludes endpoint.type=image_retrieval
        tokenizer.name or null excludes endpoint.type=image_retrieval
        tokenizer.revision or null excludes endpoint.type=image_retrieval
        tokenizer.trust_remote_code or null excludes endpoint.type=image_retrieval
        loadgen.confidence_level or null needs loadgen.num_profile_runs:several
        loadgen.profile_run_disable_warmup_after_first or null needs loadgen.num_profile_runs:several
        loadgen.profile_run_cooldown_seconds or null needs loadgen.num_profile_runs:several
        loadgen.set_consistent_seed or null needs loadgen.num_profile_runs:several
        loadgen.convergence_metric or null needs loadgen.num_profile_runs:several
        loadgen.convergence_mode or null needs loadgen.convergence_metric:given
        loadgen.convergence_threshold or null needs loadgen.convergence_metric:given
        loadgen.convergence_stat or null needs loadgen.convergence_metric:given
        loadgen.convergence_stat or null excludes loadgen.convergence_mode=distribution
        """,
    ),
    *rules(
        "0.8.0",
        """
        endpoint.wait_for_model_interval or null needs endpoint.wait_for_model_timeout
        endpoint.wait_for_model_mode or null needs endpoint.wait_for_model_timeout
        endpoint.request_content_type=multipart/form-data needs endpoint.type=video_generation
        loadgen.concurrency:list excludes input.fixed_schedule
        loadgen.parameter_sweep_mode or null needs loadgen.concurrency:list
        loadgen.parameter_sweep_cooldown_seconds or null needs loadgen.concurrency:list
        loadgen.parameter_sweep_same_seed or null needs loadgen.concurrency:list
        """,
    ),
    check("accuracy.benchmark!=mmlu", never, "AIPerf 0.8.0 cannot run it yet", first="0.8.0"),
    check("accuracy.grader!=multiple_choice", never, "AIPerf 0.8.0 cannot run it yet", first="0.8.0"),
    check("loadgen.concurrency:list", _sweep, "a sweep needs two or more different numbers", first="0.8.0"),
    check("input.audio.depths", _positive, "its numbers must be positive", first="0.2.0"),
    check("input.audio.sample_rates", _positive, "its numbers must be positive", first="0.2.0"),
    check("input.headers", _named_values, "must be pairs", first="0.3.0"),
    check("input.extra", _named_values, "must be pairs", first="0.3.0"),
    check("input.headers", _no_pairs, "this release does not read pairs here", first="0.2.0", last="0.2.0"),
    check("input.extra", _no_pairs, "this release does not read pairs here", first="0.2.0", last="0.2.0"),
    check("input.goodput", _text, "this release reads a string here", first="0.2.0", last="0.6.0"),
    check("input.goodput", _written_goals, "must be goals with numbers", first="0.2.0"),
    check("input.file", _text, "must be a path", first="0.2.0"),
    check("gpu_telemetry=unset", never, "this release does not read null here", first="0.2.0", last="0.6.0"),
    check("server_metrics=unset", never, "this release does not read null here", first="0.4.0", last="0.6.0"),
    check("loadgen.concurrency", _within_default, "must not be above the ten requests that are sent", first="0.5.0"),
    check("input.prompt.sequence_distribution", _distribution, "must be pairs of lengths", first="0.2.0"),
    check("gpu_telemetry", _telemetry, "must be pynvml, or URLs and words that this release knows", first="0.6.0"),
    *(
        check("input.goodput", partial(_goals, name), _NO_METRIC.format(name), first=name, last=name)
        for name in ("0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0", *_OBJECT_GOALS)
    ),
    *(
        check("input.goodput.*", partial(_goal_of, name), _NO_METRIC.format(name), first=name, last=name)
        for name in _OBJECT_GOALS
    ),
)
