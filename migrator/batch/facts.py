"""The first facts about a run, from the document of its export."""

from __future__ import annotations

from migrator.aiperf.metadata import dataset_of, submission_of
from migrator.aiperf.metrics import is_block
from migrator.batch.load import Loaded
from migrator.chain.names import block_of, metrics_of
from migrator.chain.requests import requests_of
from migrator.identify import MIGRATABLE
from migrator.jsonfile import Json
from migrator.redact import places


def facts(loaded: Loaded, path: str = "") -> dict[str, Json]:
    """Name → value of each fact about an export, null where the file does not tell; of other families only the secrets.

    `inspect --json` prints these beside the identity. `request_latency_avg` is in `request_latency_unit`. A count of
    requests that AIPerf leaves out where it is zero is zero in `requests_succeeded` and `requests_failed`.
    """
    if loaded.identity.family not in MIGRATABLE or loaded.parsed is None:
        from migrator.batch.redact_files import secret_places

        return {"secrets_in_clear": len(secret_places(path, loaded))}
    document = loaded.parsed.data
    metrics = metrics_of(document, loaded.identity.version)
    latency = block_of(metrics, "request_latency")
    requests = requests_of(document, loaded.identity.version)
    submission = submission_of(document)
    return {
        "metrics": sum(map(is_block, metrics.values())),
        "benchmark_id": document.get("benchmark_id"),
        "start_time": document.get("start_time"),
        "end_time": document.get("end_time"),
        "was_cancelled": document.get("was_cancelled"),
        "scenario": submission.scenario or None,
        "submission_valid": submission.valid,
        "submission_invalid_reasons": list(submission.reasons),
        "dataset": dataset_of(document) or None,
        "request_count": _average(block_of(metrics, "request_count")),
        "requests_succeeded": requests.succeeded,
        "requests_failed": requests.failed,
        "failures": [failure._asdict() for failure in requests.failures],
        "request_latency_avg": _average(latency),
        "request_latency_unit": latency.get("unit") if is_block(latency) else None,
        "gpus": _gpus(document),
        "secrets_in_clear": len(places(document)),
        "non_finite_numbers": loaded.parsed.constants,
    }


def _average(block: Json) -> Json:
    return block.get("avg") if is_block(block) else None


def _gpus(document: Json) -> int:
    telemetry = document.get("telemetry_data")
    endpoints = telemetry.get("endpoints") if type(telemetry) is dict else None
    hosts = endpoints.values() if type(endpoints) is dict else ()
    return sum(len(host["gpus"]) for host in hosts if type(host) is dict and type(host.get("gpus")) is dict)
