"""R: the times and identifiers of the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from migrator.aiperf.metadata import runtime_reasons, submission_of
from migrator.aiperf.records import REBUILT
from migrator.chain.names import metrics_of, metrics_path, spellings
from migrator.chain.places import SUMMARY, visit
from migrator.chain.requests import Outcome, requests_of
from migrator.check.rule import Problem, Severity, Subject, no_block, rule
from migrator.jsonfile import Json, Object, Path, at, path_text


@rule(
    "R001",
    "ends before it starts",
    each=no_block,
    hint="one of the two times was changed",
    why=(
        "`end_time` is before `start_time`, of the run or of its telemetry. The duration that a reader takes from them"
        " is negative, and the run cannot be found in logs and dashboards by its time."
    ),
    remedy=(
        "If the original has it, the clock of the machine was set back during the run: the latencies come from"
        " another clock and are still good. Otherwise restore the times from the original export."
    ),
    example=("$.end_time", "2026-11-24T01:50:35 is before start_time, 2026-11-24T01:50:36", "a time after the start"),
)
def _times(subject: Subject) -> Iterator[Problem]:
    for path, node in ((), subject.document), *((p, n) for p, n, _ in visit(subject.document, SUMMARY)):
        start, end = _moment(node.get("start_time")), _moment(node.get("end_time"))
        # If only one of the two times has an offset, which of them is earlier is not known.
        if start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None) or start <= end:
            continue
        found = f"{node['end_time']} is before start_time, {node['start_time']}"
        yield Problem((*path, "end_time"), found, "a time after the start")


def _moment(value: Json) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if type(value) is str else None
    except ValueError:
        return None


_IDENTIFIERS: Final[tuple[Path, ...]] = (
    ("benchmark_id",),
    ("run_info", "benchmark_id"),
    ("input_config", "benchmark_id"),
)


@rule(
    "R002",
    "two values of benchmark_id differ",
    each=no_block,
    hint="the parts may come from different runs",
    why=(
        "The run's identifier is at the top, and once more in `run_info` (from 1.3 on) or `input_config` (up to"
        " 0.8.0), so that each is complete in itself. Two different ones mean that parts of two runs were put together:"
        " the configuration shown may not be the one that was measured."
    ),
    remedy="Take both parts from the same export. If only the identifier was replaced, replace it everywhere.",
    example=("$.run_info.benchmark_id", '"749defa703e3", but $.benchmark_id is "6050ad52798c"', '"6050ad52798c"'),
)
def _identifiers(subject: Subject) -> Iterator[Problem]:
    first: tuple[Path, str] | None = None
    for path in _IDENTIFIERS:
        node: Json = subject.document
        for key in path:
            node = node.get(key) if type(node) is dict else None
        if type(node) is not str:
            continue
        if first is None:
            first = path, node
        elif node != first[1]:
            found = f"{_quoted(node)}, but {path_text(first[0])} is {_quoted(first[1])}"
            yield Problem(path, found, _quoted(first[1]))


def _quoted(text: str) -> str:
    return json.dumps(text[:80])


@rule(
    "R003",
    "some requests failed",
    each=no_block,
    severity=Severity.NOTE,
    hint="latencies are of the others alone",
    why=(
        "Latencies and throughputs are measured on the requests that succeeded. A server that refuses a part of its"
        " load looks fast on the rest, so the numbers of a run with failures say less than they seem to."
    ),
    remedy=(
        "Look up the errors in `error_summary`, and repeat the run if they come from the set-up. The file itself is in"
        " order, and nothing in it can be mended: a note does not change the exit code of `check`. `diff` judges"
        " whether a candidate fails more often than its baseline."
    ),
    example=("$.error_request_count", "20 of 233 requests failed: 503 × 20", ""),
)
def _some_failed(subject: Subject) -> Iterator[Problem]:
    requests = requests_of(subject.document, subject.identity.version)
    if requests.failed and requests.outcome is not Outcome.NONE_SUCCEEDED:
        of_all = f" of {requests.ended}" if requests.ended else ""
        found = f"{requests.failed}{of_all} requests failed"
        yield Problem(_place_of_failures(subject), _with_reasons(found, requests.reasons))


@rule(
    "R004",
    "no request succeeded",
    each=no_block,
    hint="repeat the run: it measured nothing",
    why=(
        "Every request of the run failed, or none was sent. There is no latency and no throughput in the file, and a"
        " comparison that finds no difference in what both runs measured has not looked at this one."
    ),
    remedy=(
        "Look up the errors in `error_summary`, mend the server or the command, and repeat the run. Leave the file out"
        " of comparisons and tables."
    ),
    example=("$.error_request_count", "0 of 233 requests succeeded: 503 × 233", ""),
)
def _none_succeeded(subject: Subject) -> Iterator[Problem]:
    requests = requests_of(subject.document, subject.identity.version)
    if requests.outcome is Outcome.NONE_SUCCEEDED:
        found = f"0 of {requests.ended} requests succeeded"
        yield Problem(_place_of_failures(subject), _with_reasons(found, requests.reasons))


def _place_of_failures(subject: Subject) -> Path:
    version = subject.identity.version
    metrics = metrics_of(subject.document, version)
    counted = (name for name in spellings("error_request_count") if metrics.get(name) is not None)
    return next(((*metrics_path(version), name) for name in counted), ("error_summary",))


def _with_reasons(found: str, reasons: str) -> str:
    return f"{found}: {reasons}" if reasons else found


@rule(
    "R005",
    "not a valid submission",
    hint="`diff` does not compare it",
    why=(
        "The run was made for a scenario and broke its terms: `metadata.submission_valid` is false. Its numbers are not"
        " those of the scenario, so they are neither to be published nor compared with those of a valid run. From"
        " schema 1.5 on, what was found while it ran is in `runtime_submission_invalid_reasons`, too."
    ),
    remedy=(
        "Run the scenario again without what `submission_invalid_reasons` names. To compare two such runs all the same,"
        " ask `diff` with `--vary submission`."
    ),
    example=("$.metadata.submission_valid", "false: context_overflow_rate_exceeded", "true"),
)
def _submission(subject: Subject) -> Iterator[Problem]:
    submission = submission_of(subject.document)
    if submission.valid is not False:
        return
    reasons = ", ".join(submission.reasons)[:200]
    if runtime_reasons(subject.document) and not _says_invalid(subject.document):
        yield Problem((_RUNTIME,), f"is not empty: {reasons}", "an empty list")
    else:
        yield Problem(("metadata", "submission_valid"), f"false{': ' if reasons else ''}{reasons}", "true")


_RUNTIME: Final = "runtime_submission_invalid_reasons"


def _says_invalid(document: Object) -> bool:
    return at(document, ("metadata", "submission_valid")) is False


@rule(
    "R006",
    "rebuilt from records",
    severity=Severity.NOTE,
    hint="it is no export of AIPerf's own",
    why=(
        "`aiperf-migrate rebuild` made the file from the records of the requests, because there was no export: every"
        " request failed, or the run was stopped. It has the metrics of the requests, and neither a configuration nor"
        " the times and throughputs of the run. Whether the run went to its end is not known."
    ),
    remedy=(
        "Use it to find out what happened. To measure, repeat the run. If AIPerf's own export turns up, take that one."
    ),
    example=("$.aiperf_migrate_rebuilt", "made of 233 records of profile_export.jsonl", ""),
)
def _rebuilt(subject: Subject) -> Iterator[Problem]:
    if subject.identity.rebuilt:
        about = subject.document[REBUILT]
        about = about if type(about) is dict else {}
        yield Problem((REBUILT,), f"made of {about.get('requests')} records of {str(about.get('from'))[:80]}")
