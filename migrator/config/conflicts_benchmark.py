"""The conflict rules of BenchmarkConfig (AIPerf 0.9.0 and later).

Their source is the validators of these releases; each rule was tried on them. Of two fields that conflict, the one
whose rule stands first is left out. Not covered are checks of files and of installed packages, and those of
distributions whose fields mix several kinds.
"""

from __future__ import annotations

import re
from typing import Final

from migrator.config.conflict_rules import STREAMING, check, given, never, number, rules
from migrator.jsonfile import ABSENT, Json, Object, Path, at


def _url(text: str) -> bool:
    # Nearly all URLs have this form; `urllib.parse`, which knows the others, is slow to import.
    if re.fullmatch(r"https?://[A-Za-z0-9.-]+(:([1-9]\d{0,3}|[1-5]\d{4}))?(/[\w./-]*)?", text):
        return True
    from urllib.parse import urlsplit

    try:
        found = urlsplit(text if "://" in text else f"http://{text}")
        port = found.port
    except ValueError:
        return False
    return found.scheme in ("http", "https") and bool(found.hostname) and port != 0 and not re.search(r"\s", text)


def _urls(value: Json, *_: object) -> bool:
    return all(type(text) is not str or _url(text) for text in value)


def _rooted(value: Json, *_: object) -> bool:
    return type(value) is not str or value.startswith("/")


def _hook(value: Json, *_: object) -> bool:
    paths = (at(value, (name,)) for name in ("path", "start_path", "stop_path"))
    return all(path is ABSENT or (type(path) is str and path.startswith("/")) for path in paths)


def _not_empty(value: Json, *_: object) -> bool:
    return type(value) is not list or len(value) > 0


def _weighted(_value: Json, models: Json, *_: object) -> bool:
    weights = [at(item, ("weight",)) for item in models.get("items", ())]
    return all(map(number, weights)) and 0.99 <= sum(weights) <= 1.01


def _template(endpoint: Json, *_: object) -> bool:
    return at(endpoint, ("type",)) != "template" or given(at(endpoint, ("template",)))


def _one_source(dataset: Json, *_: object) -> bool:
    return at(dataset, ("type",)) != "file" or given(at(dataset, ("path",))) or given(at(dataset, ("records",)))


def _turns(value: Json, *_: object) -> bool:
    mean = at(value, ("mean",)) if type(value) is dict else value
    return not number(mean) or mean >= 1


_STOPS: Final = ("requests", "duration", "sessions")
_RATED: Final = ("poisson", "constant", "gamma")


def _stops(phases: Json, *_: object) -> bool:
    due = [phase for phase in phases if phase.get("type") != "fixed_schedule"]
    return all(any(given(phase.get(name)) for name in _STOPS) for phase in due)


def _rates(phases: Json, *_: object) -> bool:
    due = [phase for phase in phases if phase.get("type") in _RATED]
    return all(given(phase.get("rate")) or given(phase.get("rate_series")) for phase in due)


def _users(phases: Json, *_: object) -> bool:
    due = [phase for phase in phases if phase.get("type") == "user_centric" and number(phase.get("users"))]
    counts = [(phase["users"], phase.get(name)) for phase in due for name in ("requests", "sessions")]
    return all(not number(count) or users <= count for users, count in counts)


def _names(phases: Json, *_: object) -> bool:
    names = [phase.get("name") for phase in phases]
    return len(names) == len(set(names)) and "profiling" in names


def _kinds(phases: Json, *_: object) -> bool:
    names = [str(phase.get("name")) for phase in phases]
    kinds = [phase.get("kind") or phase.get("name") for phase in phases]
    same = len(names) == len({name.lower() for name in names})
    return same and "profiling" in kinds and {*kinds} <= {"warmup", "profiling"}


def _names_of_folders(phases: Json, *_: object) -> bool:
    return all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", str(phase.get("name"))) for phase in phases)


_LOW, _HIGH = 0.25, 0.75
"""The range in which trajectories start unless the configuration has another."""


def _start(_value: Json, phase: Json, *_: object) -> bool:
    """Whether the range in which trajectories start does not end before it starts."""
    low, high = (phase.get(f"trajectory_start_{end}_ratio") for end in ("min", "max"))
    return (low if number(low) else _LOW) <= (high if number(high) else _HIGH)


def _end(value: Json, phase: Json, *_: object) -> bool:
    """The same, or it would not if it had AIPerf's own start."""
    return _start(value, phase) or (number(phase.get("trajectory_start_min_ratio")) and value >= _LOW)


def _left_out(value: Json, phase: Json, *_: object) -> bool:
    """Whether a warmup is left out of the results, and a profiling phase is not."""
    kind = phase.get("kind") or phase.get("name")
    return kind not in ("warmup", "profiling") or value == (kind == "warmup")


def _sequential(value: Json, dataset: Json, config: Object, _: Path) -> bool:
    phases = config.get("phases")
    fixed = any(at(phase, ("type",)) == "fixed_schedule" for phase in (phases if type(phases) is list else ()))
    return value == "sequential" or not fixed or dataset.get("type") != "file"


def _conversations(phases: Json, _section: Json, config: Object, _: Path) -> bool:
    dataset = at(config, ("datasets", 0))
    of_users = any(phase.get("type") == "user_centric" for phase in phases)
    return not of_users or at(dataset, ("type",)) != "file" or at(dataset, ("format",)) == "multi_turn"


_FORMS: Final = "image_edit|video_generation|audio_transcription"
_NO_TEXT: Final = "image_retrieval|audio_transcription"
_TRACES: Final = "mooncake_trace|bailian_trace|burst_gpt_trace|sagemaker_data_capture|weka_trace"
_WEKA: Final = "datasets.*.format=weka_trace|single_turn|unset or datasets.*.dataset:weka"
_REPLAY: Final = "scenario or phases.*.timing_mode=agentic_replay"

_SAGEMAKER: Final = "endpoint.transport=sagemaker or endpoint.sagemaker.endpoint_name"
_SIGNED: Final = f"endpoint.auth_type=sigv4 or {_SAGEMAKER}"

_FIRST: Final = "0.8.0.dev20260521"
"""The first build with a BenchmarkConfig; 0.9.0 has the same."""
_ADAPTIVE: Final = "0.11.0.dev20260715"
"""The first build in which a phase can scale its load."""
_NAMES: Final = "0.11.0.dev20260721"
"""The last build in which the name of a phase says what it is for."""
_KINDS: Final = "0.11.0.dev20260724"
"""The first build in which phases have a kind; 0.12.0 checks what it checks."""
_HOOKS: Final = "0.12.0.dev20260803"
"""The first build that calls the server at the edges of a phase."""
_WITHOUT_OLDER_BUILDS: Final = (("0.13.0", "0.13.0"), ("0.13.0.dev20260914", ""))
"""(first, last) of what 0.13.0 checks, and builds of August, which come after it by their number, do not."""
_NOT_YET: Final = (
    (_FIRST, "0.9.0", "benchmark!=aime|mmlu"),
    (_FIRST, "0.9.0", "grader=exact_match"),
    ("0.10.0", "0.10.0.dev20260529", "benchmark=gpqa_diamond|lcb_codegeneration|math_500"),
    ("0.10.0.dev20260523", "0.10.0.dev20260527", "benchmark=aime24"),
    ("0.10.0.dev20260523", "0.10.0.dev20260529", "benchmark=aime25"),
    ("0.11.0.dev20260604", "0.11.0.dev20260608", "benchmark=lcb_codegeneration"),
)
"""(first, last, values): benchmarks and graders that these releases name, but refuse. 0.11.0 refuses none; builds come
after the release of their number, and some of them refuse what it does not.
"""

BENCHMARK_RULES: Final = (
    *rules(
        _FIRST,
        f"""
        model excludes models
        dataset excludes datasets
        warmup excludes phases
        profiling excludes phases
        accuracy.tasks needs accuracy.benchmark
        accuracy.n_shots needs accuracy.benchmark
        accuracy.grader needs accuracy.benchmark
        accuracy.system_prompt needs accuracy.benchmark
        accuracy.enable_cot or null needs accuracy.benchmark
        accuracy.verbose or null needs accuracy.benchmark
        endpoint.wait_for_model_interval!=5.0|5 needs endpoint.wait_for_model_timeout
        endpoint.wait_for_model_mode!=inference needs endpoint.wait_for_model_timeout
        endpoint.request_content_type=multipart/form-data needs endpoint.type={_FORMS}
        endpoint.request_content_type=application/json excludes endpoint.type={_FORMS}
        gpu_telemetry.urls excludes gpu_telemetry.collector=pynvml|amdsmi
        runtime.api_host needs runtime.api_port:given
        server_metrics.discovery.label_selector excludes server_metrics.discovery.mode=disabled
        server_metrics.discovery.namespace excludes server_metrics.discovery.mode=disabled
        datasets.*.video.audio.codec needs datasets.*.video.audio.channels
        datasets.*.records excludes datasets.*.path
        datasets.*.prefix_prompts.pool_size excludes datasets.*.prefix_prompts.shared_system_length:given
        datasets.*.prefix_prompts.pool_size excludes datasets.*.prefix_prompts.user_context_length:given
        datasets.*.prefix_prompts.length excludes datasets.*.prefix_prompts.shared_system_length:given
        datasets.*.prefix_prompts.length excludes datasets.*.prefix_prompts.user_context_length:given
        phases.*.grace_period needs phases.*.duration
        phases.*.prefill_concurrency needs endpoint.streaming
        phases.*.prefill_concurrency needs endpoint.type={STREAMING}
        phases.*.prefill_concurrency lowered-to phases.*.concurrency
        phases.*.start_offset needs phases.*.auto_offset=false
        phases.*.start_offset at-most phases.*.end_offset
        """,
    ),
    *rules(
        "0.11.0",
        """
        wandb.entity needs wandb.project:given
        wandb.run_name needs wandb.project:given
        wandb.tags needs wandb.project:given
        datasets.*.images.source_sampling!=random-with-replacement excludes datasets.*.images.source=noise|unset
        """,
    ),
    *rules(
        _ADAPTIVE,
        """
        phases.*.adaptive_scale=true needs phases.*.duration
        phases.*.adaptive_scale=true needs phases.*.adaptive_sustain_duration:given
        phases.*.adaptive_scale=true needs phases.*.sla
        phases.*.adaptive_scale=true excludes phases.*.type=fixed_schedule
        datasets.*.open_loop_strict=true excludes datasets.*.open_loop_replay=false
        """,
    ),
    *rules("0.11.0.dev20260721", "endpoint.uuid_and_strip=true needs endpoint.type=chat|unset"),
    *rules(
        _KINDS,
        """
        phases.*.rate_series excludes phases.*.rate or phases.*.type=user_centric
        phases.*.kind same-as phases.*.name=warmup|profiling
        """,
    ),
    *rules(
        "0.12.0",
        f"""
        datasets.*.use_think_time_only=true excludes datasets.*.ignore_trace_delays
        datasets.*.max_context_length needs {_WEKA}
        datasets.*.hf_weka_dataset needs datasets.*.dataset=weka_hf
        phases.*.agentic_cache_warmup_duration needs {_REPLAY} or phases.*.name=warmup
        """,
    ),
    *rules(
        "0.12.0.dev20260821",
        """
        endpoint.per_chunk_usage=true needs endpoint.use_server_token_count
        endpoint.per_chunk_usage=true needs endpoint.type=chat|unset
        endpoint.per_chunk_usage=true needs endpoint.streaming
        datasets.*.system_prompt_file excludes datasets.*.system_prompt
        """,
    ),
    *rules(
        "0.13.0",
        f"""
        datasets.*.prompt_batch_size needs datasets.*.format=random_pool
        datasets.*.image_batch_size needs datasets.*.format=random_pool
        datasets.*.audio_batch_size needs datasets.*.format=random_pool
        datasets.*.video_batch_size needs datasets.*.format=random_pool
        datasets.*.prompts.corpus=random excludes datasets.*.format={_TRACES}
        datasets.*.prompts.random_range_ratio excludes datasets.*.prompts.sequence_distribution
        datasets.*.prompts.random_range_ratio needs datasets.*.prompts.isl
        datasets.*.prompts.random_range_ratio needs datasets.*.prompts.osl
        """,
    ),
    *(
        rule
        for first, last in _WITHOUT_OLDER_BUILDS
        for rule in rules(
            first,
            f"""
            runtime.workers_min at-most runtime.workers
            tokenizer.name or null excludes endpoint.type={_NO_TEXT}
            tokenizer.revision or null excludes endpoint.type={_NO_TEXT}
            tokenizer.trust_remote_code or null excludes endpoint.type={_NO_TEXT}
            """,
            last=last,
        )
    ),
    *rules(
        "0.13.0.dev20260928",
        f"""
        endpoint.auth_type=sigv4 needs endpoint.aws_region
        endpoint.auth_type=sigv4 needs endpoint.aws_service or endpoint.transport=sagemaker
        endpoint.auth_type=sigv4 excludes endpoint.request_content_type=multipart/form-data or endpoint.type={_FORMS}
        endpoint.aws_region needs {_SIGNED}
        endpoint.aws_profile needs {_SIGNED}
        endpoint.aws_service needs {_SIGNED}
        datasets.*.weka_nested_timestamp_basis needs {_WEKA}
        """,
    ),
    *rules(
        "0.13.0.dev20261007",
        f"""
        phases.*.warmup_requests_per_lane excludes phases.*.agentic_cache_warmup_duration
        phases.*.warmup_requests_per_lane needs {_REPLAY}
        endpoint.transport=sagemaker needs endpoint.path:given or endpoint.sagemaker.endpoint_name
        endpoint.transport=sagemaker needs endpoint.aws_region
        endpoint.sagemaker.endpoint_name needs endpoint.aws_region
        endpoint.sagemaker.endpoint_name needs endpoint.transport=sagemaker|unset
        endpoint.sagemaker.target_model needs {_SAGEMAKER}
        endpoint.sagemaker.inference_component_name needs {_SAGEMAKER}
        endpoint.sagemaker.target_variant needs {_SAGEMAKER}
        endpoint.wait_for_model_timeout!=0|0.0 excludes {_SAGEMAKER}
        endpoint.reset_kv_cache needs endpoint.transport=http|unset
        endpoint.server_profiler needs endpoint.transport=http|unset
        """,
    ),
    *(
        check(f"accuracy.{values}", never, "this release cannot run it yet", first=first, last=last)
        for first, last, values in _NOT_YET
    ),
    check("phases.0.seamless=true", never, "there is no phase before it", first=_FIRST),
    check("endpoint", _template, "an endpoint of type template needs a template", first=_FIRST),
    check("endpoint.urls", _urls, "a URL needs a host, and http://, https:// or no scheme", first=_FIRST),
    check("endpoint.path", _rooted, "must begin with a slash", first=_FIRST),
    check("endpoint.reset_kv_cache", _hook, "path must begin with a slash", first=_HOOKS),
    check("endpoint.server_profiler", _hook, "paths must begin with a slash", first=_HOOKS),
    check("artifacts", lambda value, *_: "dir" in value, "must name a folder", first=_FIRST),
    check("phases.*.duration=unset", never, "this release does not read null here", first=_FIRST),
    check("phases.*.grace_period=unset", never, "this release does not read null here", first=_FIRST),
    check("phases.*.duration", lambda value, *_: value > 0, "must be positive", first=_FIRST),
    check("artifacts.summary", _not_empty, "must not be empty", first=_FIRST),
    check("artifacts.records", _not_empty, "must not be empty", first=_FIRST),
    check("artifacts.slice_duration", lambda value, *_: value > 0, "must be positive", first=_FIRST),
    check(
        "models.strategy=weighted", _weighted, "each model needs a weight, and the weights must sum to 1", first=_FIRST
    ),
    check("datasets.*", _one_source, "a dataset of type file needs a path or records", first=_FIRST),
    check("datasets.*.turns", _turns, "must be 1 or more", first=_FIRST),
    check("datasets.0.sampling", _sequential, "a fixed schedule reads a file in sequential order only", first=_FIRST),
    check("phases", _conversations, "user-centric phases need a multi-turn dataset", first=_FIRST),
    check("phases", _stops, "a phase needs a number of requests or sessions, or a duration", first=_FIRST),
    check("phases", _users, "a phase needs at least one request and one session a user", first=_FIRST),
    check("phases", _names, "phases need different names, and one must be profiling", first=_FIRST, last=_NAMES),
    check("phases", _kinds, "phases need different names, and one must be profiling", first=_KINDS),
    check("phases", _names_of_folders, "the name of a phase must do as a folder name", first=_KINDS),
    check("phases.*.trajectory_start_max_ratio", _end, "the range must not end before it starts", first="0.12.0"),
    check("phases.*.trajectory_start_min_ratio", _start, "the range must not end before it starts", first="0.12.0"),
    check("phases", _rates, "a phase of this type needs a rate", first=_KINDS),
    check("phases.*.exclude_from_results", _left_out, "only a warmup is left out of the results", first=_FIRST),
)
