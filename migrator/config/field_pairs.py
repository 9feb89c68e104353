"""Which field of UserConfig is which of BenchmarkConfig: one table, read in both directions.

The source of the pairs is how AIPerf 0.13.0 turns its command line, whose options the fields of UserConfig are named
after, into a BenchmarkConfig.
"""

from __future__ import annotations

from typing import Final

from migrator.config.conversions import BY_NAME, GOALS, OBJECT_PAIRS, SAME, URL_LIST, Conversion
from migrator.values import NamedTuple

FieldPath = tuple[str, ...]
"""Names of fields from the outermost to the innermost."""

DATASET: Final = "datasets[0]"
"""The one dataset of a translated configuration."""
WARMUP: Final = "phases[warmup]"
PROFILING: Final = "phases[profiling]"


class FieldPair(NamedTuple):
    """A field that both families have.

    `benchmark` may begin with [`DATASET`][], [`WARMUP`][] or [`PROFILING`][], which stand for a place in a list. `up`
    converts a value of UserConfig to one of BenchmarkConfig, `down` the other way.
    """

    user: FieldPath
    benchmark: FieldPath
    up: Conversion
    down: Conversion


_TABLE: Final = """
endpoint.model_names                                    models.items                                    names-items
endpoint.model_selection_strategy                       models.strategy
endpoint.custom_endpoint                                endpoint.path                                   slash
endpoint.type                                           endpoint.type
endpoint.streaming                                      endpoint.streaming
endpoint.urls                                           endpoint.urls
endpoint.url_selection_strategy                         endpoint.url_strategy
endpoint.timeout_seconds                                endpoint.timeout                                float
endpoint.api_key                                        endpoint.api_key
endpoint.wait_for_model_timeout                         endpoint.wait_for_model_timeout                 float
endpoint.wait_for_model_interval                        endpoint.wait_for_model_interval                float
endpoint.wait_for_model_mode                            endpoint.wait_for_model_mode
endpoint.transport                                      endpoint.transport
endpoint.use_legacy_max_tokens                          endpoint.use_legacy_max_tokens
endpoint.use_server_token_count                         endpoint.use_server_token_count
endpoint.connection_reuse_strategy                      endpoint.connection_reuse
endpoint.download_video_content                         endpoint.download_video_content
endpoint.request_content_type                           endpoint.request_content_type
input.extra                                             endpoint.extra                                  pairs-object
input.headers                                           endpoint.headers                                pairs-object
input.file                                              datasets[0].path
input.fixed_schedule_auto_offset                        phases[profiling].auto_offset
input.fixed_schedule_start_offset                       phases[profiling].start_offset
input.fixed_schedule_end_offset                         phases[profiling].end_offset
input.public_dataset                                    datasets[0].dataset
input.hf_dataset_subset                                 datasets[0].hf_subset
input.custom_dataset_type                               datasets[0].format
input.dataset_sampling_strategy                         datasets[0].sampling
input.random_seed                                       datasets[0].random_seed
input.goodput                                           slos                                            float-values
input.audio.batch_size                                  datasets[0].audio.batch_size
input.audio.length.mean                                 datasets[0].audio.length.mean                   float
input.audio.length.stddev                               datasets[0].audio.length.stddev                 float
input.audio.format                                      datasets[0].audio.format
input.audio.depths                                      datasets[0].audio.depths
input.audio.sample_rates                                datasets[0].audio.sample_rates
input.audio.num_channels                                datasets[0].audio.channels
input.image.width.mean                                  datasets[0].images.width.mean                   float
input.image.width.stddev                                datasets[0].images.width.stddev                 float
input.image.height.mean                                 datasets[0].images.height.mean                  float
input.image.height.stddev                               datasets[0].images.height.stddev                float
input.image.batch_size                                  datasets[0].images.batch_size
input.image.format                                      datasets[0].images.format
input.video.batch_size                                  datasets[0].video.batch_size
input.video.duration                                    datasets[0].video.duration
input.video.fps                                         datasets[0].video.fps
input.video.width                                       datasets[0].video.width
input.video.height                                      datasets[0].video.height
input.video.synth_type                                  datasets[0].video.synth_type
input.video.format                                      datasets[0].video.format
input.video.codec                                       datasets[0].video.codec
input.video.audio.sample_rate                           datasets[0].video.audio.sample_rate
input.video.audio.channels                              datasets[0].video.audio.channels
input.video.audio.codec                                 datasets[0].video.audio.codec
input.video.audio.depth                                 datasets[0].video.audio.depth
input.prompt.batch_size                                 datasets[0].prompts.batch_size
input.prompt.input_tokens.mean                          datasets[0].prompts.isl.mean                    integer-float
input.prompt.input_tokens.stddev                        datasets[0].prompts.isl.stddev                  float
input.prompt.input_tokens.block_size                    datasets[0].prompts.block_size
input.prompt.output_tokens.mean                         datasets[0].prompts.osl.mean                    integer-float
input.prompt.output_tokens.stddev                       datasets[0].prompts.osl.stddev                  float
input.prompt.prefix_prompt.pool_size                    datasets[0].prefix_prompts.pool_size
input.prompt.prefix_prompt.length                       datasets[0].prefix_prompts.length
input.prompt.prefix_prompt.shared_system_prompt_length  datasets[0].prefix_prompts.shared_system_length
input.prompt.prefix_prompt.user_context_prompt_length   datasets[0].prefix_prompts.user_context_length
input.rankings.passages.mean                            datasets[0].rankings.passages.mean              integer-float
input.rankings.passages.stddev                          datasets[0].rankings.passages.stddev            integer-float
input.rankings.passages.prompt_token_mean               datasets[0].rankings.passage_tokens.mean        integer-float
input.rankings.passages.prompt_token_stddev             datasets[0].rankings.passage_tokens.stddev      integer-float
input.rankings.query.prompt_token_mean                  datasets[0].rankings.query_tokens.mean          integer-float
input.rankings.query.prompt_token_stddev                datasets[0].rankings.query_tokens.stddev        integer-float
input.synthesis.speedup_ratio                           datasets[0].synthesis.speedup_ratio
input.synthesis.prefix_len_multiplier                   datasets[0].synthesis.prefix_len_multiplier
input.synthesis.prefix_root_multiplier                  datasets[0].synthesis.prefix_root_multiplier
input.synthesis.prompt_len_multiplier                   datasets[0].synthesis.prompt_len_multiplier
input.synthesis.max_isl                                 datasets[0].synthesis.max_isl
input.synthesis.max_osl                                 datasets[0].synthesis.max_osl
input.conversation.num                                  phases[profiling].sessions
input.conversation.num_dataset_entries                  datasets[0].entries
input.conversation.turn.mean                            datasets[0].turns.mean                          integer-float
input.conversation.turn.stddev                          datasets[0].turns.stddev                        integer-float
input.conversation.turn.delay.mean                      datasets[0].turn_delay.mean                     float
input.conversation.turn.delay.stddev                    datasets[0].turn_delay.stddev                   float
input.conversation.turn.delay.ratio                     datasets[0].turn_delay_ratio                    float
output.artifact_directory                               artifacts.dir
output.profile_export_prefix                            artifacts.prefix
output.slice_duration                                   artifacts.slice_duration
output.export_http_trace                                artifacts.trace
output.show_trace_timing                                artifacts.show_trace_timing
tokenizer.name                                          tokenizer.name
tokenizer.revision                                      tokenizer.revision
tokenizer.trust_remote_code                             tokenizer.trust_remote_code
tokenizer.resolved_names                                tokenizer.resolved_names
loadgen.benchmark_duration                              phases[profiling].duration                      float
loadgen.benchmark_grace_period                          phases[profiling].grace_period                  float
loadgen.concurrency                                     phases[profiling].concurrency
loadgen.prefill_concurrency                             phases[profiling].prefill_concurrency
loadgen.request_rate                                    phases[profiling].rate                          float
loadgen.user_centric_rate                               phases[profiling].rate                          float
loadgen.arrival_smoothness                              phases[profiling].smoothness                    float
loadgen.request_count                                   phases[profiling].requests
loadgen.warmup_request_count                            phases[warmup].requests
loadgen.warmup_duration                                 phases[warmup].duration                         float
loadgen.warmup_num_sessions                             phases[warmup].sessions
loadgen.warmup_concurrency                              phases[warmup].concurrency
loadgen.warmup_prefill_concurrency                      phases[warmup].prefill_concurrency
loadgen.warmup_request_rate                             phases[warmup].rate                             float
loadgen.warmup_grace_period                             phases[warmup].grace_period                     float
loadgen.request_cancellation_rate                       phases[profiling].cancellation.rate             float
loadgen.request_cancellation_delay                      phases[profiling].cancellation.delay            float
loadgen.num_users                                       phases[profiling].users
loadgen.concurrency_ramp_duration                       phases[profiling].concurrency_ramp.duration     float
loadgen.prefill_concurrency_ramp_duration               phases[profiling].prefill_ramp.duration         float
loadgen.request_rate_ramp_duration                      phases[profiling].rate_ramp.duration            float
loadgen.warmup_concurrency_ramp_duration                phases[warmup].concurrency_ramp.duration        float
loadgen.warmup_prefill_concurrency_ramp_duration        phases[warmup].prefill_ramp.duration            float
loadgen.warmup_request_rate_ramp_duration               phases[warmup].rate_ramp.duration               float
accuracy.benchmark                                      accuracy.benchmark
accuracy.tasks                                          accuracy.tasks
accuracy.n_shots                                        accuracy.n_shots
accuracy.enable_cot                                     accuracy.enable_cot
accuracy.grader                                         accuracy.grader
accuracy.system_prompt                                  accuracy.system_prompt
accuracy.verbose                                        accuracy.verbose
server_metrics_formats                                  server_metrics.formats
"""
"""A pair a line: the full name in AIPerf 0.8.0 (UserConfig), the full name in 0.9.0 and later (BenchmarkConfig), and
one of [`conversions.BY_NAME`][migrator.config.conversions.BY_NAME] unless the value is the same on both sides. Lines
are in the order in which 0.8.0 writes the fields.
"""


def parse_pairs(table: str) -> tuple[FieldPair, ...]:
    """The pairs of a table, a pair a line.

    Raises:
        ValueError: a line is not two names and perhaps a conversion, or a field of UserConfig has two lines.
    """
    pairs: dict[str, FieldPair] = {}
    for number, line in enumerate(table.split("\n"), 1):
        words = line.split()
        if not words:
            continue
        if len(words) not in (2, 3):
            raise ValueError(f"field pairs, line {number}: expected two names and perhaps a conversion, found {line!r}")
        user, benchmark = words[:2]
        if user in pairs:
            raise ValueError(f"field pairs, line {number}: {user} has a line already")
        up = SAME if len(words) == 2 else BY_NAME.get(words[2])
        if up is None:
            expected = ", ".join(BY_NAME)
            raise ValueError(f"field pairs, line {number}: expected one of {expected}, found {words[2]!r}")
        pairs[user] = FieldPair(tuple(user.split(".")), tuple(benchmark.split(".")), up, up.reversed())
    return tuple(pairs.values())


FIELD_PAIRS: Final = parse_pairs(_TABLE)
"""Every field that both families have."""


class Renamed(NamedTuple):
    """A field of UserConfig that releases up to and including `last` have under another name, or in another form.

    `conversion` takes a value of the `old` field to one of the `new` field.
    """

    old: FieldPath
    new: FieldPath
    last: str
    conversion: Conversion = SAME


RENAMED: Final = (
    Renamed(("endpoint", "url"), ("endpoint", "urls"), "0.5.0", URL_LIST),
    Renamed(("loadgen", "request_rate_mode"), ("loadgen", "arrival_pattern"), "0.4.0"),
)
"""Fields that releases of UserConfig write under another name than 0.8.0."""

READ_AS: Final = (
    Renamed(("input", "goodput"), ("input", "goodput"), "0.6.0", GOALS),
    Renamed(("input", "extra"), ("input", "extra"), "0.2.0", OBJECT_PAIRS),
    Renamed(("input", "headers"), ("input", "headers"), "0.2.0", OBJECT_PAIRS),
)
"""Fields that these releases write in one form and read in another: they cannot read their own exports."""
