"""What a release of UserConfig (AIPerf 0.2.0 to 0.8.0) rejects for what is, or is not, beside it.

Read off the validators of each of these releases, and tried on them. Of two fields that do not go together, the rule
that stands first decides. Whether files exist, and what packages a machine has, is not asked.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from migrator.aiperf.metrics import catalogue
from migrator.aiperf.releases import age
from migrator.config.conflict_rules import STREAMING, check, given, lines, never, number
from migrator.jsonfile import Json, Object, Path, at

_PAIR: Final = r"\s*\d+(?:\|[\d.]+)?\s*,\s*\d+(?:\|[\d.]+)?\s*:\s*([\d.]+)\s*"


def _positive(value: Json, *_: object) -> bool:
    return type(value) is list and all(number(item) and item > 0 for item in value)


def _sweep(value: Json, *_: object) -> bool:
    return len(value) > 1 and len(set(map(str, value))) == len(value) and all(number(i) and i >= 1 for i in value)


def _within_default(value: Json, loadgen: Json, config: Object, _: Path) -> bool:
    """Whether there are requests for all that run at once where nothing but a rate is given."""
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


def _scopes(value: Json, *_: object) -> bool:
    """Headers and extra inputs: pairs, an object, or a text of `name:value`."""
    if type(value) is str:
        return value.startswith("{") or all(":" in item for item in value.split(","))
    if type(value) is list:
        return all((type(item) is list and len(item) == 2) or _scopes(item) for item in value)
    return type(value) is dict


def _no_pairs(value: Json, *_: object) -> bool:
    return type(value) is dict or (type(value) is not list and _scopes(value))


def _text(value: Json, *_: object) -> bool:
    return type(value) is str


def _distribution(value: Json, *_: object) -> bool:
    """Lengths with their shares, as `128,64:40;256,32:60`; the two other ways to spell it are not looked into."""
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


def _goal(release: str, tag: str) -> bool:
    found = catalogue().get(tag)
    return found is not None and found.type != "derived" and age(found.first_release) <= age(release)


def _goals(release: str, value: Json, *_: object) -> bool:
    return type(value) is not str or all(_goal(release, goal.partition(":")[0]) for goal in value.split())


def _goal_of(release: str, _value: Json, _section: Json, _config: Object, place: Path) -> bool:
    return _goal(release, str(place[-1]))


_USER_TRACES: Final = "mooncake_trace|bailian_trace|burst_gpt_trace|sagemaker_data_capture"

USER_RULES: Final = (
    *lines(
        "0.2.0",
        """
        input.custom_dataset_type without input.public_dataset
        input.fixed_schedule=true needs input.file
        input.fixed_schedule_start_offset without input.fixed_schedule_auto_offset
        input.fixed_schedule_start_offset atmost input.fixed_schedule_end_offset
        input.video.width needs input.video.height
        input.video.height needs input.video.width
        """,
    ),
    *lines("0.2.0", "loadgen.request_rate_mode=concurrency_burst without loadgen.request_rate:given", "0.4.0"),
    *lines("0.2.0", "loadgen.benchmark_duration without! loadgen.request_count:given", "0.4.0"),
    *lines("0.2.0", "loadgen.benchmark_grace_period needs! loadgen.benchmark_duration"),
    *lines("0.3.0", "loadgen.request_count=- without! input.conversation.num", "0.4.0"),
    *lines("0.3.0", "input.conversation.num without! loadgen.request_count:given", "0.4.0"),
    *lines("0.5.0", "input.conversation.num without loadgen.request_count:given"),
    *lines(
        "0.4.0",
        """
        input.custom_dataset_type needs input.file
        gpu_telemetry without! no_gpu_telemetry
        no_gpu_telemetry without! gpu_telemetry:given
        server_metrics without! no_server_metrics
        no_server_metrics without! server_metrics:given
        loadgen.concurrency cap input.conversation.num loadgen.request_count
        input.prompt.prefix_prompt.length without input.prompt.prefix_prompt.shared_system_prompt_length:given
        input.prompt.prefix_prompt.length without input.prompt.prefix_prompt.user_context_prompt_length:given
        input.prompt.prefix_prompt.pool_size without input.prompt.prefix_prompt.shared_system_prompt_length:given
        input.prompt.prefix_prompt.pool_size without input.prompt.prefix_prompt.user_context_prompt_length:given
        input.rankings.passages.mean needs! endpoint.type:rankings
        input.rankings.passages.stddev needs! endpoint.type:rankings
        input.rankings.passages.prompt_token_mean needs! endpoint.type:rankings
        input.rankings.passages.prompt_token_stddev needs! endpoint.type:rankings
        input.rankings.query.prompt_token_mean needs! endpoint.type:rankings
        input.rankings.query.prompt_token_stddev needs! endpoint.type:rankings
        input.prompt.input_tokens.mean without! endpoint.type:rankings
        input.prompt.input_tokens.stddev without! endpoint.type:rankings
        """,
    ),
    *lines("0.4.0", "input.prompt.prefix_prompt.user_context_prompt_length needs input.conversation.num", "0.4.0"),
    *lines(
        "0.5.0",
        f"""
        input.prompt.prefix_prompt.user_context_prompt_length needs input.conversation.num_dataset_entries
        input.fixed_schedule_auto_offset needs! input.fixed_schedule
        input.fixed_schedule_start_offset needs! input.fixed_schedule
        input.fixed_schedule_end_offset needs! input.fixed_schedule
        input.dataset_sampling_strategy without input.fixed_schedule
        loadgen.warmup_num_sessions without loadgen.warmup_request_count:given
        loadgen.warmup_grace_period needs! loadgen.warmup_duration
        loadgen.user_centric_rate needs loadgen.num_users
        loadgen.user_centric_rate needs input.conversation.turn.mean:several
        loadgen.user_centric_rate needs loadgen.request_count input.conversation.num loadgen.benchmark_duration
        loadgen.num_users needs! loadgen.user_centric_rate
        loadgen.num_users atmost input.conversation.num
        loadgen.num_users atmost loadgen.request_count
        loadgen.request_rate without! loadgen.user_centric_rate
        loadgen.arrival_pattern without! loadgen.user_centric_rate
        loadgen.arrival_pattern=concurrency_burst without loadgen.request_rate
        loadgen.arrival_smoothness needs loadgen.arrival_pattern=gamma|-
        loadgen.arrival_smoothness needs loadgen.request_rate loadgen.user_centric_rate input.fixed_schedule
        loadgen.request_rate_ramp_duration without! loadgen.user_centric_rate input.fixed_schedule
        loadgen.request_cancellation_delay needs! loadgen.request_cancellation_rate:given
        loadgen.prefill_concurrency needs endpoint.streaming
        loadgen.prefill_concurrency needs endpoint.type={STREAMING}
        loadgen.warmup_prefill_concurrency needs endpoint.streaming
        loadgen.warmup_prefill_concurrency needs endpoint.type={STREAMING}
        loadgen.prefill_concurrency cap loadgen.concurrency
        loadgen.warmup_prefill_concurrency cap loadgen.warmup_concurrency loadgen.concurrency
        """,
    ),
    *lines("0.5.0", "input.synthesis.* needs input.custom_dataset_type=mooncake_trace|-", "0.6.0"),
    *lines(
        "0.7.0",
        f"""
        input.synthesis.* needs input.custom_dataset_type={_USER_TRACES}|-
        input.video.audio.codec needs input.video.audio.channels
        input.prompt.input_tokens.mean without endpoint.type=image_retrieval
        input.prompt.input_tokens.stddev without endpoint.type=image_retrieval
        input.prompt.batch_size without endpoint.type=image_retrieval
        input.prompt.sequence_distribution without endpoint.type=image_retrieval
        input.prompt.prefix_prompt.* without! endpoint.type=image_retrieval
        tokenizer.name without! endpoint.type=image_retrieval
        tokenizer.revision without! endpoint.type=image_retrieval
        tokenizer.trust_remote_code without! endpoint.type=image_retrieval
        loadgen.confidence_level needs! loadgen.num_profile_runs:several
        loadgen.profile_run_disable_warmup_after_first needs! loadgen.num_profile_runs:several
        loadgen.profile_run_cooldown_seconds needs! loadgen.num_profile_runs:several
        loadgen.set_consistent_seed needs! loadgen.num_profile_runs:several
        loadgen.convergence_metric needs! loadgen.num_profile_runs:several
        loadgen.convergence_mode needs! loadgen.convergence_metric:given
        loadgen.convergence_threshold needs! loadgen.convergence_metric:given
        loadgen.convergence_stat needs! loadgen.convergence_metric:given
        loadgen.convergence_stat without! loadgen.convergence_mode=distribution
        """,
    ),
    *lines(
        "0.8.0",
        """
        endpoint.wait_for_model_interval needs! endpoint.wait_for_model_timeout
        endpoint.wait_for_model_mode needs! endpoint.wait_for_model_timeout
        endpoint.request_content_type=multipart/form-data needs endpoint.type=video_generation
        loadgen.concurrency:list without input.fixed_schedule
        loadgen.parameter_sweep_mode needs! loadgen.concurrency:list
        loadgen.parameter_sweep_cooldown_seconds needs! loadgen.concurrency:list
        loadgen.parameter_sweep_same_seed needs! loadgen.concurrency:list
        """,
    ),
    check("accuracy.benchmark!=mmlu|-", never, "AIPerf 0.8.0 cannot run it yet", "0.8.0"),
    check("accuracy.grader!=multiple_choice|-", never, "AIPerf 0.8.0 cannot run it yet", "0.8.0"),
    check("loadgen.concurrency:list", _sweep, "a sweep has two or more numbers, each once", "0.8.0"),
    check("input.audio.depths", _positive, "its numbers must be positive", "0.2.0"),
    check("input.audio.sample_rates", _positive, "its numbers must be positive", "0.2.0"),
    check("input.headers", _scopes, "it must be pairs", "0.3.0"),
    check("input.extra", _scopes, "it must be pairs", "0.3.0"),
    check("input.headers", _no_pairs, "this release does not read pairs here", "0.2.0", "0.2.0"),
    check("input.extra", _no_pairs, "this release does not read pairs here", "0.2.0", "0.2.0"),
    check("input.goodput", _text, "this release reads a text here", "0.2.0", "0.6.0"),
    check("input.file", _text, "it must be a path", "0.2.0"),
    check("gpu_telemetry=-", never, "this release does not read a null here", "0.2.0", "0.6.0", even_null=True),
    check("server_metrics=-", never, "this release does not read a null here", "0.4.0", "0.6.0", even_null=True),
    check("loadgen.concurrency", _within_default, "it must not be above the ten requests that are sent", "0.5.0"),
    check("input.prompt.sequence_distribution", _distribution, "it must be pairs of lengths", "0.2.0"),
    check("gpu_telemetry", _telemetry, "it must be pynvml, or URLs and words that this release knows", "0.6.0"),
    *(
        check(field, partial(fits, name), f"AIPerf {name} has no such metric for single requests", name, name)
        for name in ("0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0")
        for field, fits in (("input.goodput", _goals), ("input.goodput.*", _goal_of))
    ),
)
