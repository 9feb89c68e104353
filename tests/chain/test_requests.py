"""How many requests of a run succeeded and failed, and why, at every version."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.process import EXPORTS, export

from migrator.chain.requests import Failure, Outcome, Requests, requests_of
from migrator.chain.steps import VERSIONS
from migrator.identify import Family, identify
from migrator.migration.migrate import migrate

Document = dict[str, Any]

CHAT = "0.13.0/chat-streaming"
GENAI_PERF = EXPORTS / "genai-perf-0.0.16" / "chat-streaming" / "profile_export_genai_perf.json"
FAILURES = {"0.1.1/completions-errors": (41, 9), "0.10.0/completions-errors": (46, 4)}


def load(run: str) -> Document:
    document: Document = json.loads(export(run).read_bytes())
    return document


def of(document: Document) -> Requests:
    return requests_of(document, identify(document).version)


def error(count: Any, **details: Any) -> Document:
    return {"error_details": {"message": "a page of text", **details}, "count": count}


def failed_as_a_whole(version: str, *, nulls: bool = False) -> Document:
    """A run of 233 requests that all got 503: no metric that a success would have."""
    counted: Document = {"error_request_count": {"unit": "requests", "avg": 233.0}}
    if nulls:
        counted |= dict.fromkeys(("request_count", "request_latency", "good_request_count"))
    about = {
        "input_config": {},
        "was_cancelled": False,
        "error_summary": [error(233, code=503, type="Service Unavailable")],
    }
    if version == "0.1":
        return {"records": counted, **about}
    return ({} if version < "1" else {"schema_version": version}) | counted | about


@pytest.mark.parametrize("run", FAILURES)
@pytest.mark.parametrize("version", VERSIONS)
def test_failures_are_told_at_every_version(run: str, version: str) -> None:
    succeeded, failed = FAILURES[run]
    found = requests_of(migrate(load(run), version).document, version)
    assert found == Requests(succeeded, failed, (Failure("503", failed),))
    assert (found.ended, found.failed_percent) == (50, 2 * failed)
    assert found.outcome is Outcome.SOME_FAILED
    assert found.reasons == f"503 × {failed}"


@pytest.mark.parametrize("run", ["0.1.1/chat-streaming", "0.3.0/chat-streaming", "0.8.0/chat-streaming", CHAT])
def test_a_count_that_is_left_out_is_zero(run: str) -> None:
    document = load(run)
    assert document.get("error_request_count") is None
    found = of(document)
    assert found == Requests(40, 0)
    assert (found.outcome, found.failed_percent, found.reasons) == (Outcome.ALL_SUCCEEDED, 0, "")


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_without_success_has_no_count_of_successes(version: str, *, nulls: bool) -> None:
    """AIPerf leaves the count out, or writes null (0.2.0 and 0.3.0)."""
    document = failed_as_a_whole(version, nulls=nulls)
    assert identify(document).family is Family.EXPORT
    found = of(document)
    assert (found.succeeded, found.failed, found.failed_percent) == (0, 233, 100)
    assert found.outcome is Outcome.NONE_SUCCEEDED


@pytest.mark.parametrize("holder", [{}, {"records": {}}, {"schema_version": "1.4"}])
def test_an_export_without_a_metric_is_one_and_its_errors_count(holder: Document) -> None:
    about = {"input_config": {}, "was_cancelled": True}
    failed = {**holder, **about, "error_summary": [error(3, type="TimeoutError"), error(4, code=429)]}
    assert identify(failed).family is Family.EXPORT
    assert of(failed) == Requests(0, 7, (Failure("429", 4), Failure("TimeoutError", 3)))
    nothing_sent = {**holder, **about, "error_summary": []}
    assert of(nothing_sent) == Requests(0, 0)
    assert of(nothing_sent).outcome is Outcome.NONE_SUCCEEDED
    assert of(nothing_sent).failed_percent is None


def test_genai_perf_says_nothing_of_failures_and_neither_does_what_is_made_of_it() -> None:
    document = json.loads(GENAI_PERF.read_bytes())
    for found in (of(document), of(migrate(document, "1.5").document)):
        assert (found.succeeded, found.failed, found.ended, found.failed_percent) == (40, None, None, None)
        assert found.outcome is Outcome.UNKNOWN


def test_a_count_that_was_cut_out_is_not_zero() -> None:
    document = load(CHAT)
    del document["request_count"]
    assert of(document) == Requests(None, 0)
    assert of(document).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("value", [None, True, "40", -1, 40.5, float("nan"), float("inf"), 1e300, 10**400, {}])
@pytest.mark.parametrize("tag", ["request_count", "error_request_count"])
def test_what_is_not_a_count_is_not_taken_for_one(tag: str, value: Any) -> None:
    document = load("0.10.0/completions-errors")
    document[tag]["avg"] = value
    found = of(document)
    assert (found.succeeded if tag == "request_count" else found.failed) is None
    assert found.outcome is Outcome.UNKNOWN


def summarized(*entries: Any) -> Requests:
    document = load(CHAT)
    document["error_summary"] = list(entries)
    return of(document)


def test_failures_are_counted_by_code_or_else_by_type() -> None:
    found = summarized(
        error(1, code=503, type="Service Unavailable"),
        error(2, code=None, type="TimeoutError"),
        error(4, code=503, type="Overloaded"),
        error(3),
    )
    assert found.failures == (Failure("503", 5), Failure("error", 3), Failure("TimeoutError", 2))
    assert found.reasons == "503 × 5, error × 3, TimeoutError × 2"
    assert summarized(*(error(9 - code, code=code) for code in range(5))).reasons == "0 × 9, 1 × 8, 2 × 7, …"


@pytest.mark.parametrize("entry", [None, [], "503", {}, error("3"), error(True), error(-3), error(0), {"count": None}])
def test_an_entry_without_a_count_is_no_failure(entry: Any) -> None:
    assert summarized(entry).failures == ()


def test_a_reason_is_short_and_never_the_message() -> None:
    (failure,) = summarized(error(1, type="x" * 1000)).failures
    assert failure.reason == "x" * 40
    assert summarized({"error_details": "a page of text", "count": 2}).failures == (Failure("error", 2),)
