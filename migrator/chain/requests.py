"""How the requests of a run ended, at any version: how many succeeded, how many failed, and why.

The only counter of failed requests: `inspect`, `check`, `table`, `diff` and the terminal UI all use it.

Read in the sources and the files of AIPerf 0.1.1 to 0.13.0.dev20261023: `request_count` counts successes alone, and
`error_request_count` the rest; each is left out (null in 0.2.0 and 0.3.0) when it is zero. `error_summary` is always
there, and counts the failures by error. GenAI-Perf counts successes, and writes nothing of failures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from migrator.chain.names import block_of, metrics_of, spellings
from migrator.jsonfile import Json, Object
from migrator.values import NamedTuple

MOST: Final = 2**50
"""A larger count is not one: shares of it are beyond what floats tell apart."""
_LISTED: Final = 3
"""Reasons in a line of text."""
_WIDEST: Final = 40
"""Characters of a reason: a type of error is a name, but what stands in a file may be anything."""


class Outcome(StrEnum):
    """How the requests of a run ended, all together."""

    ALL_SUCCEEDED = "all requests succeeded"
    SOME_FAILED = "some requests failed"
    NONE_SUCCEEDED = "no request succeeded"
    UNKNOWN = "not in the file"


class Failure(NamedTuple):
    """Failures of one kind: their HTTP status or type of error, and of how many requests."""

    reason: str
    requests: int


class Requests(NamedTuple):
    """The requests of a run, or of several: how many succeeded and failed, and why, the most frequent reason first.

    A number is None where the file does not say it; of several runs, where one of their files does not. The messages
    of errors are left out: one may be a whole page, and may hold what is nobody's business.
    """

    succeeded: int | None = None
    failed: int | None = None
    failures: tuple[Failure, ...] = ()

    @property
    def ended(self) -> int | None:
        """How many there were, whichever way they ended; None if one of the numbers is not known."""
        return None if self.succeeded is None or self.failed is None else self.succeeded + self.failed

    @property
    def failed_percent(self) -> float | None:
        """Percent of the requests that failed; None if it is not known, or there were none."""
        return 100 * self.failed / self.ended if self.failed is not None and self.ended else None

    @property
    def outcome(self) -> Outcome:
        """All of it in one word."""
        if self.ended is None:
            return Outcome.UNKNOWN
        if not self.succeeded:
            return Outcome.NONE_SUCCEEDED
        return Outcome.SOME_FAILED if self.failed else Outcome.ALL_SUCCEEDED

    @property
    def reasons(self) -> str:
        """`503 × 18, TimeoutError × 2`: the most frequent failures; empty if there are none or no reason is told."""
        told = [f"{failure.reason} × {failure.requests}" for failure in self.failures[:_LISTED]]
        return ", ".join(told) + (", …" if len(self.failures) > _LISTED else "")


def total(runs: Iterable[Requests]) -> Requests:
    """The requests of several runs together; a number that is not known of one run is not known of all."""
    every = list(runs)
    counts: Counter[str] = Counter()
    for run in every:
        for reason, count in run.failures:
            counts[reason] += count
    succeeded, failed = _sum(run.succeeded for run in every), _sum(run.failed for run in every)
    return Requests(succeeded, failed, _ordered(counts))


def _sum(numbers: Iterable[int | None]) -> int | None:
    """The sum; None of no numbers, and where one is not known."""
    every = list(numbers)
    known = [number for number in every if number is not None]
    return sum(known) if known and len(known) == len(every) else None


def requests_of(document: Object, version: str) -> Requests:
    """The requests of the measured phase, by how they ended.

    Args:
        document: a main export, or one of GenAI-Perf.
        version: the schema version of its content.
    """
    metrics = metrics_of(document, version)
    failures = _ordered(_failures(document.get("error_summary")))
    failed = _count(metrics, "error_request_count")
    if failed is None and _is_left_out(metrics, "error_request_count") and "error_summary" in document:
        failed = sum(failure.requests for failure in failures)
    succeeded = _count(metrics, "request_count")
    # A request that succeeded has a latency: without one, the count was not cut out of the file but is zero.
    counts = ("request_count", "request_latency")
    if succeeded is None and failed is not None and all(_is_left_out(metrics, tag) for tag in counts):
        succeeded = 0
    return Requests(succeeded, failed, failures)


def _count(metrics: Mapping[str, Json], tag: str) -> int | None:
    block = block_of(metrics, tag)
    value = block.get("avg") if block else None
    if not isinstance(value, (int, float)) or type(value) is bool or not 0 <= value <= MOST:
        return None
    return int(value) if value == int(value) else None


def _is_left_out(metrics: Mapping[str, Json], tag: str) -> bool:
    return all(metrics.get(name) is None for name in spellings(tag))


def _failures(summary: Json) -> Counter[str]:
    """Reason → failed requests, of an `error_summary`."""
    counts: Counter[str] = Counter()
    for entry in summary if type(summary) is list else ():
        details, count = (entry.get("error_details"), entry.get("count")) if type(entry) is dict else (None, None)
        if type(count) is int and 0 < count <= MOST:
            counts[_reason(details)] += count
    return counts


def _ordered(counts: Counter[str]) -> tuple[Failure, ...]:
    return tuple(Failure(reason, count) for reason, count in counts.most_common())


def _reason(details: Json) -> str:
    if type(details) is dict:
        for key in ("code", "type"):
            if type(details.get(key)) in (int, str) and details[key] != "":
                return str(details[key])[:_WIDEST]
    return "error"
