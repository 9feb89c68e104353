"""GenAI-Perf's options, flat and nested, say the same in AIPerf's words."""

from __future__ import annotations

from typing import Any

from migrator.batch.workload import workload
from migrator.config.family import is_genai_perf
from migrator.config.for_release import from_genai_perf
from migrator.config.genai_perf import as_benchmark_config, as_user_config

FLAT: dict[str, Any] = {
    "subcommand": None,
    "service_kind": "openai",
    "model": ["acme/m"],
    "endpoint": "v1/chat/completions",
    "endpoint_type": "chat",
    "streaming": True,
    "extra_inputs": {"ignore_eos": True},
    "concurrency": 8,
    "request_rate": None,
    "request_count": 0,
    "measurement_interval": 10000,
    "synthetic_input_tokens_mean": 200,
    "synthetic_input_tokens_stddev": 0,
    "output_tokens_mean": 50,
    "output_tokens_stddev": 0,
    "num_prompts": 100,
    "random_seed": 3,
    "tokenizer": "acme/t",
    "warmup_request_count": 0,
}
NESTED: dict[str, Any] = {
    "subcommand": "profile",
    "model_names": ["acme/m"],
    "endpoint": {"type": "chat", "streaming": True, "url": "http://a", "custom": "v1/chat/completions"},
    "perf_analyzer": {
        "stimulus": {"concurrency": 8},
        "measurement": {"mode": "interval", "num": 10000},
        "warmup_request_count": 0,
    },
    "input": {
        "extra": {"ignore_eos": True},
        "num_dataset_entries": 100,
        "random_seed": 3,
        "output_tokens": {"mean": 50, "deterministic": False, "stddev": 0},
        "synthetic_tokens": {"mean": 200, "stddev": 0},
        "sessions": {"num": 0, "turns": {"mean": 1, "stddev": 0}},
        "prefix_prompt": {"num": 0, "length": 100},
        "file": "",
    },
    "tokenizer": {"name": "acme/t", "revision": "main", "trust_remote_code": False},
}


def said(config: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in workload({"input_config": config}).items() if value is not None}


def test_both_say_the_same_workload() -> None:
    expected = {
        "model": ["acme/m"],
        "endpoint type": "chat",
        "streaming": True,
        "concurrency": 8,
        "input length": 200,
        "input length spread": 0,
        "output length asked for": 50,
        "turns": 1,
        "random seed": 3,
        "tokenizer": "acme/t",
    }
    assert said(FLAT) == expected
    assert said(NESTED) == expected


def test_what_stands_beside_a_migrated_export_is_read_too() -> None:
    assert workload({"genai_perf_input_config": FLAT})["concurrency"] == 8


def test_the_end_of_the_run_is_a_number_of_requests_or_a_time() -> None:
    def profiling(config: dict[str, Any]) -> Any:
        return as_benchmark_config(config)["phases"][0]

    counted = {**NESTED["perf_analyzer"], "measurement": {"mode": "request_count", "num": 40}}
    assert profiling({**FLAT, "request_count": 40})["requests"] == 40
    assert profiling({**NESTED, "perf_analyzer": counted})["requests"] == 40
    assert profiling(FLAT)["measurement_interval"] == profiling(NESTED)["measurement_interval"] == 10000
    assert "requests" not in profiling(FLAT) | profiling(NESTED)


def test_options_that_were_not_given_are_left_out() -> None:
    bare = as_benchmark_config({**FLAT, "output_tokens_mean": -1, "concurrency": None, "request_rate": 2.5})
    assert bare["phases"] == [
        {"name": "profiling", "kind": "profiling", "rate": 2.5, "measurement_interval": 10000, "type": "constant"}
    ]
    assert "osl" not in bare["datasets"][0]["prompts"]


PICTURES: dict[str, Any] = {
    "image": {"width": {"mean": 512, "stddev": 16}, "height": {"mean": 256}, "batch_size": 2, "format": "jpeg"},
    "audio": {"length": {"mean": 3}, "format": "mp3", "depths": [16], "sample_rates": [16, 44.1]},
}


def test_images_audio_and_the_places_of_telemetry_have_their_fields() -> None:
    flat = FLAT | {"endpoint_type": "multimodal", "server_metrics_url": ["http://gpu:9400/metrics"]}
    flat |= {"image_width_mean": 512, "image_width_stddev": 16, "image_height_mean": 256, "image_format": "JPEG"}
    flat |= {"batch_size_image": 2, "audio_length_mean": 3, "audio_format": "mp3", "audio_depths": [16]}
    flat |= {"audio_sample_rates": [16, 44.1], "audio_num_channels": 1}
    nested = {**NESTED, "input": {**NESTED["input"], **PICTURES}}
    nested["endpoint"] = {**NESTED["endpoint"], "server_metrics_urls": ["http://gpu:9400/metrics"]}
    for config in (flat, nested):
        found = as_user_config(config)
        assert {name: found["input"][name] for name in PICTURES} == PICTURES
        assert found["gpu_telemetry"] == ["http://gpu:9400/metrics"]
        (dataset,) = as_benchmark_config(config)["datasets"]
        assert (dataset["images"]["width"]["mean"], dataset["audio"]["length"]["mean"]) == (512, 3)


def test_what_genai_perf_writes_of_images_without_sending_any_says_nothing() -> None:
    """Releases to 0.0.11 write their size for every endpoint, later ones a mean of 0."""
    flat = FLAT | {"image_width_mean": 100, "image_height_mean": 100, "image_format": "png", "batch_size_image": 1}
    assert "image" not in as_user_config(flat)["input"]
    none = {"image": {"width": {"mean": 0}, "height": {"mean": 0}, "format": "png", "batch_size": 2}, "audio": {}}
    default = {**NESTED["endpoint"], "server_metrics_urls": ["http://localhost:9400/metrics"]}
    found = as_user_config({**NESTED, "input": {**NESTED["input"], **none}, "endpoint": default})
    assert not {"image", "audio"} & found["input"].keys()
    assert "gpu_telemetry" not in found


def test_a_run_that_was_measured_for_a_time_ends_by_it_where_nothing_counts_the_requests() -> None:
    for config in (FLAT, NESTED):
        phases = from_genai_perf(config, "0.9.0", measured=None).config["phases"]
        assert [(phase.get("duration"), phase.get("requests")) for phase in phases] == [(10.0, None)]
        counted = from_genai_perf(config, "0.9.0", measured=40).config["phases"]
        assert [(phase.get("duration"), phase.get("requests")) for phase in counted] == [(None, 40)]
        assert "benchmark_duration" not in from_genai_perf(config, "0.8.0", measured=None).config["loadgen"]
    nothing = {**FLAT, "measurement_interval": None}
    assert from_genai_perf(nothing, "0.9.0", measured=None).config is None


def test_a_prefix_has_its_length() -> None:
    flat = as_benchmark_config({**FLAT, "num_prefix_prompts": 4, "prefix_prompt_length": 64})
    assert flat["datasets"][0]["prefix_prompts"] == {"pool_size": 4, "length": 64}


def test_aiperf_and_damaged_configurations_are_not_genai_perfs() -> None:
    assert not is_genai_perf({"loadgen": {"concurrency": 1}})
    assert not is_genai_perf({"models": {"items": []}, "phases": []})
    assert not is_genai_perf(None)
    assert "models" not in as_benchmark_config({"subcommand": None, "endpoint": 7, "model": 3})
