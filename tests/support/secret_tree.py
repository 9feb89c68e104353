"""A folder of runs with a secret in every place where AIPerf and GenAI-Perf have been seen to leave one.

`python tests/support/secret_tree.py DIR` makes it, to try something by hand.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

GOLDEN: Final = Path(__file__).parents[2] / "golden" / "exports"
KEY: Final = "sk-secret-1234567890abcdef"
"""A key that tells what it is by its first characters."""
PASSWORD: Final = "hunter-two-of-7"
"""One that only its place tells."""
SECRETS: Final = (KEY, PASSWORD)
NEW: Final = object()
"""Stands for a secret in the tables below: each gets its own, so that none is found by another's declaration."""

Place = tuple[str | int, ...]

USER_CONFIG: Final[dict[Place, Any]] = {
    ("endpoint", "api_key"): "{}",
    ("endpoint", "url"): "user:{}@host:8000/v1",
    ("endpoint", "urls"): ["http://user:{}@host/v1", "user:{}@host:8000", "http://host/v1?api%5Fkey={}&model=m"],
    ("endpoint", "headers"): {"X-Session": "{}", "X-Acme-Token": "{}"},
    ("input", "headers"): [["Authorization", "Bearer {}"], ["X-Session", "{}"], ["X-Team", "perf"]],
    ("input", "extra"): [["api_key", "{}"], ["max_tokens", 16], ["nested", {"auth": {"password": "{}"}}]],
    ("gpu_telemetry",): ["http://user:{}@host:9400/metrics", "user:{}@host:9401/metrics"],
    ("server_metrics",): ["http://host/metrics?sig={}"],
    ("cli_command",): (
        "HF_TOKEN={} aiperf profile --model m --header 'X-Team: perf' 'Authorization: Bearer {}' --api-key='{}'"
        " --url user:{}@host:8000 http://user:{}@two/v1 -H 'X-Session: a'\\''{}' --extra-inputs password:{}"
        " --url 'http://host?%61pi_key={}' --streaming"
    ),
}
"""Places of a `UserConfig` (AIPerf to 0.8.0) → a value with `{}` for each secret."""
BENCHMARK_CONFIG: Final[dict[Place, Any]] = {
    ("endpoint", "api_key"): "{}",
    ("endpoint", "headers"): {"Authorization": "Bearer {}", "X-Session": "{}", "X-Team": "perf"},
    ("endpoint", "urls"): ["http://user:{}@host/v1", "http://host/v1?%61pi_key={}", "user:{}@host:8000"],
    ("endpoint", "extra"): {"access_token": "{}", "max_tokens": 16, "nested": {"deeper": [{"client_secret": "{}"}]}},
    ("gpu_telemetry",): {"enabled": True, "urls": ["http://user:{}@host:9400/metrics"]},
    ("server_metrics",): {"enabled": True, "urls": ["http://user:{}@host/metrics"]},
    ("mlflow",): {"tracking_uri": "postgresql://user:{}@db:5432/mlflow", "experiment": "aiperf"},
    ("otel",): {"metrics_url": "http://user:{}@otel:4318", "custom_resource_attributes": {"api_key": "{}"}},
    ("runtime",): {"ui": "simple", "dataset_api_base_url": "http://user:{}@host/data"},
}
"""The same of a `BenchmarkConfig` (0.9.0 on)."""
RUN_INFO: Final[dict[Place, Any]] = {
    ("cli_command",): "env OPENAI_API_KEY={} aiperf profile --url a http://user:{}@b --header a:b 'Cookie: s={}'",
    ("variation_label",): "endpoint.api_key={},concurrency=2",
    ("variation_values",): {"endpoint.api_key": "{}", "endpoint.headers.X-Team": "{}", "phases.concurrency": 2},
}
ERRORS: Final = [
    {"code": 401, "type": "Unauthorized", "message": "{'Authorization': 'Bearer {}'}", "cause": "api_key={}&x=1"},
    {"code": 401, "type": "Unauthorized", "message": "headers: {'X-API-Key': '{}', 'X-Team': 'perf'}"},
    {
        "code": 500,
        "type": "ClientError",
        "message": "POST http://user:{}@host:8000/v1 failed",
        "details": {"token": "{}"},
    },
    {"code": 401, "type": "Unauthorized", "message": "Authorization: Bearer {}, retry"},
]
"""What stands in `error_summary` and in records."""
SAFE: Final = ["X-Team", "perf", "max_tokens", "host:8000"]
"""What must still be there in a main export."""


class _Numbered:
    """Secrets, each another one: `KEY` and `PASSWORD` in turn, with a number in them."""

    def __init__(self) -> None:
        self.count = 0

    def __next__(self) -> str:
        self.count += 1
        return f"{SECRETS[self.count % 2]}-{self.count:04}"


def filled(value: Any, secrets: _Numbered) -> Any:
    """A value with a secret for each `{}`."""
    if type(value) is str:
        first, *rest = value.split("{}")
        return first + "".join(next(secrets) + part for part in rest)
    if type(value) is dict:
        return {key: filled(item, secrets) for key, item in value.items()}
    return [filled(item, secrets) for item in value] if type(value) is list else value


def _put(node: Any, places: dict[Place, Any], secrets: _Numbered) -> None:
    for place, value in places.items():
        inner = node
        for key in place[:-1]:
            inner = inner.setdefault(key, {}) or inner.__setitem__(key, {}) or inner[key]
        inner[place[-1]] = filled(value, secrets)


def _load(name: str) -> Any:
    return json.loads((GOLDEN / name).read_bytes())


def _first_line(name: str) -> Any:
    return json.loads((GOLDEN / name).read_bytes().split(b"\n")[0])


def _errors(secrets: _Numbered) -> list[Any]:
    return [{"error_details": filled(error, secrets), "count": 2} for error in ERRORS]


def _configured(document: Any, secrets: _Numbered) -> Any:
    """A document with secrets in its configuration, its run_info, its telemetry and its errors."""
    config = document["input_config"]
    _put(config, BENCHMARK_CONFIG if "phases" in config else USER_CONFIG, secrets)
    if "run_info" in document:
        _put(document["run_info"], RUN_INFO, secrets)
    telemetry = document.get("telemetry_data")
    if telemetry:
        hosts = telemetry["endpoints"]
        one = next(iter(hosts.values()))
        # Two users of one host: both must still be there afterwards.
        telemetry["endpoints"] = {filled(f"{user}:{{}}@host:9400", secrets): deepcopy(one) for user in "ab"}
        telemetry["summary"]["endpoints_configured"] = filled(["http://user:{}@host:9400/metrics"], secrets)
    if "error_summary" in document:
        document["error_summary"] = _errors(secrets)
    return document


def _server_metrics(document: Any, secrets: _Numbered) -> Any:
    url = filled("http://user:{}@host/metrics", secrets)
    document["summary"]["endpoints_configured"] = [url]
    document["summary"]["endpoints_successful"] = [url]
    document["summary"]["endpoint_info"] = {url: next(iter(document["summary"]["endpoint_info"].values()))}
    for metric in document["metrics"].values():
        for series in metric["series"]:
            series["endpoint_url"] = url
    return _configured(document, secrets)


def _phase_metrics(document: Any, secrets: _Numbered) -> Any:
    url = filled("user:{}@host", secrets)
    data = document["data"]
    (summary,) = data["endpoint_summaries"].values()
    summary["endpoint_url"] = f"http://{url}/metrics"
    data["endpoint_summaries"] = {url: summary}
    data["error_summary"] = _errors(secrets)
    return document


def _phase_telemetry(document: Any, secrets: _Numbered) -> Any:
    (host,) = document["data"]["endpoints"].values()
    document["data"]["endpoints"] = {filled("user:{}@host:9400", secrets): host}
    return document


def _inputs(document: Any, secrets: _Numbered) -> Any:
    payload = document["data"][0]["payloads"][0]
    payload |= filled({"api_key": "{}", "extra_body": {"password": "{}"}}, secrets)
    return document


def _genai_flat(document: Any, secrets: _Numbered) -> Any:
    document["input_config"] = filled(
        {
            "subcommand": "profile",
            "concurrency": 4,
            "header": ["Authorization: Bearer {}", "X-Team: perf"],
            "extra_inputs": ["api_key:{}", "max_tokens:16"],
            "u": "user:{}@localhost:8001",
            "server_metrics_url": ["http://user:{}@localhost:8002/metrics"],
        },
        secrets,
    )
    return document


def _genai_nested(document: Any, secrets: _Numbered) -> Any:
    document["input_config"]["input"]["header"] = filled(["Authorization: Bearer {}"], secrets)
    document["input_config"]["input"]["extra"] = filled({"password": "{}"}, secrets)
    document["input_config"]["endpoint"]["url"] = filled("http://user:{}@localhost:8000", secrets)
    return document


def _run_config(document: Any, secrets: _Numbered) -> Any:
    _put(document["cfg"], BENCHMARK_CONFIG, secrets)
    document["cli_command"] = filled("aiperf profile --api-key {} --url user:{}@host", secrets)
    return document


def _user_run_config(document: Any, secrets: _Numbered) -> Any:
    _put(document["user_config"], USER_CONFIG, secrets)
    return document


def _aggregate(document: Any, secrets: _Numbered) -> Any:
    failed = {"label": "run_0002", "error": "401 for http://user:{}@host: {'Authorization': 'Bearer {}'}"}
    document["metadata"]["failed_runs"] = filled([failed], secrets)
    return document


def _sweep(document: Any, secrets: _Numbered) -> Any:
    values = filled({"endpoint.api_key": "{}", "endpoint.headers.X-Team": "{}"}, secrets)
    document["per_combination_metrics"][0]["parameters"] |= values
    document["metadata"]["sweep_parameters"] += filled([{"name": "endpoint.api_key", "values": ["{}", "{}"]}], secrets)
    return document


def _records(line: Any, secrets: _Numbered) -> list[Any]:
    failed = [{**deepcopy(line), "error": filled(error, secrets)} for error in ERRORS]
    traced = {**deepcopy(line), "trace_data": filled({"request_headers": {"Authorization": "Bearer {}"}}, secrets)}
    return [line, *failed, traced]


def _raw_records(line: Any, secrets: _Numbered) -> list[Any]:
    headers = filled({"Authorization": "Bearer {}", "X-Session": "{}", "X-Team": "perf"}, secrets)
    sent = {"metadata": line["metadata"], "payload": {"messages": []}, "request_headers": headers, "status": 200}
    return [{**sent, "response_headers": filled({"Set-Cookie": "{}"}, secrets), "responses": []}]


def _telemetry_records(line: Any, secrets: _Numbered) -> list[Any]:
    old = {key: value for key, value in line.items() if key != "telemetry_source_url"}
    return [
        {**line, "telemetry_source_url": filled("http://user:{}@host:9400/metrics", secrets)},
        {**old, "dcgm_url": filled("http://user:{}@host:9400/metrics", secrets)},
    ]


_EXPORT: Final = "profile_export_aiperf.json"
_NEW_RUN: Final = "0.13.0/chat-streaming"
DOCUMENTS: Final[dict[str, tuple[str, Callable[[Any, _Numbered], Any]]]] = {
    f"old/{_EXPORT}": (f"0.6.0/chat-streaming/{_EXPORT}", _configured),
    f"first/{_EXPORT}": (f"0.2.0/chat-streaming/{_EXPORT}", _configured),
    f"new/{_EXPORT}": (f"{_NEW_RUN}/{_EXPORT}", _configured),
    f"newest/{_EXPORT}": (f"0.13.0.dev20261023/chat-streaming/{_EXPORT}", _configured),
    "old/profile_export_aiperf_timeslices.json": (
        "0.3.0/chat-goodput-key/profile_export_aiperf_timeslices.json", _configured,
    ),
    "new/profile_export_aiperf_timeslices.json": (
        "0.13.0/chat-goodput-key/profile_export_aiperf_timeslices.json", _configured,
    ),
    "new/server_metrics_export.json": (f"{_NEW_RUN}/server_metrics_export.json", _server_metrics),
    "new/inputs.json": (f"{_NEW_RUN}/inputs.json", _inputs),
    f"new/phases/profiling/{_EXPORT}": (f"{_NEW_RUN}/{_EXPORT}", _configured),
    "new/phases/profiling/server_metrics.json": (f"{_NEW_RUN}/phases/profiling/server_metrics.json", _phase_metrics),
    "new/phases/profiling/gpu_telemetry.json": (f"{_NEW_RUN}/phases/profiling/gpu_telemetry.json", _phase_telemetry),
    "sweep/run_config.json": ("0.13.0/sweep/concurrency_2/run_config.json", _run_config),
    "sweep/old_run_config.json": ("0.8.0/multirun/profile_runs/run_0001/run_config.json", _user_run_config),
    "sweep/profile_export_aiperf_sweep.json": (
        "0.13.0/sweep/sweep_aggregate/profile_export_aiperf_sweep.json", _sweep,
    ),
    "sweep/profile_export_aiperf_aggregate.json": (
        "0.13.0/multirun/aggregate/profile_export_aiperf_aggregate.json", _aggregate,
    ),
    "sweep/profile_export_aiperf_collated.json": (
        "0.13.0/collated/aggregate/profile_export_aiperf_collated.json", _aggregate,
    ),
    "genai/flat.json": ("genai-perf-0.0.16/chat-streaming/profile_export_genai_perf.json", _genai_flat),
    "genai/nested.json": ("genai-perf-0.0.16/chat-streaming/profile_export_genai_perf.json", _genai_nested),
}  # fmt: skip
"""File of the tree → (recorded file it is made of, what puts the secrets in)."""
LINES: Final[dict[str, tuple[str, Callable[[Any, _Numbered], list[Any]]]]] = {
    "new/profile_export.jsonl": (f"{_NEW_RUN}/profile_export.jsonl", _records),
    "new/profile_export_raw.jsonl": (f"{_NEW_RUN}/profile_export.jsonl", _raw_records),
    "new/gpu_telemetry_export.jsonl": (f"{_NEW_RUN}/gpu_telemetry_export.jsonl", _telemetry_records),
}
"""The same of files with one document a line."""
TEXTS: Final = {
    "new/server_metrics_export.csv": (
        "# AIPerf Server Metrics Export (CSV)\n\nEndpoint,Type,Metric,Unit,count\n"
        "user:{}@host:8000,counter,vllm_tokens,tokens,4\nuser:{}@two:8000,counter,x,x,4\nhttp://user:{}@host/metrics,gauge,running,,17\n"
    ),
    "new/logs/aiperf.log": (
        "2026-11-27 10:00:00 INFO command: aiperf profile --model m --api-key '{}' --header 'X-Team:perf'"
        " 'X-Session:{}'\n"
        "2026-11-27 10:00:01 WARN {'Authorization': 'Bearer {}', 'X-Team': 'perf'}\n"
        "2026-11-27 10:00:02 INFO it's done: Output Token Throughput 17.5, http://host:8000/v1\n"
    ),
}
"""Texts that AIPerf writes beside them."""


def files() -> Iterator[tuple[str, bytes, list[str]]]:
    """(name in the tree, content, the secrets in it) of each file."""
    secrets = _Numbered()

    def numbered(before: int) -> list[str]:
        return [f"{SECRETS[count % 2]}-{count:04}" for count in range(before + 1, secrets.count + 1)]

    for name, (recorded, plant) in DOCUMENTS.items():
        before = secrets.count
        raw = json.dumps(plant(_load(recorded), secrets), indent=2, ensure_ascii=False).encode()
        yield name, raw, numbered(before)
        if name.startswith("old/profile_export_aiperf.json"):
            yield f"packed/{_EXPORT}.gz", gzip.compress(raw, mtime=0), numbered(before)
    for name, (recorded, plant_lines) in LINES.items():
        before = secrets.count
        lines = plant_lines(_first_line(recorded), secrets)
        yield (
            name,
            b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines),
            numbered(before),
        )
    for name, text in TEXTS.items():
        before = secrets.count
        yield name, filled(text, secrets).encode(), numbered(before)


def write(folder: Path) -> None:
    """Make the tree below a folder."""
    for name, raw, _ in files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
