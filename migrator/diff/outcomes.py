"""Metrics that count requests by how they ended: as shares of all requests, and where a release leaves them out.

AIPerf leaves out what is zero: `error_request_count` in every release, `request_error_rate` and
`completed_request_count` up to 0.12.0, and of a run without a success all counts of successes. What succeeded and what
failed, which [`requests_of`][migrator.chain.requests.requests_of] finds, tells the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from migrator.chain.names import current
from migrator.chain.requests import MOST
from migrator.diff.blocks import Block, with_more
from migrator.diff.run import Run
from migrator.diff.statistics.difference import Counted

ERROR_RATE: Final = current("request_error_rate")
"""The metric that failures are judged by: percent of the requests, as AIPerf 0.12.0 and later define it."""
ERROR_COUNT: Final = current("error_request_count")
REQUEST_COUNT: Final = current("request_count")
GOOD_COUNT: Final = current("good_request_count")
OVERFLOWS: Final = current("context_overflow_count")
_GOOD_FRACTION: Final = current("good_request_fraction")


def _count(run: Run, tag: str) -> int | None:
    """A count of requests: zero if it is left out, None if it is not a count."""
    block = run.blocks.get(tag)
    value = block.values.get("avg", 0.0) if block else 0.0
    return int(value) if 0 <= value <= MOST and value.is_integer() else None


# --- shares --------------------------------------------------------------------------------------------------

SHARES: Final[dict[str, Callable[[Run], int | None]]] = {
    ERROR_COUNT: lambda run: run.requests.failed,
    ERROR_RATE: lambda run: run.requests.failed,
    GOOD_COUNT: lambda run: _count(run, GOOD_COUNT),
    _GOOD_FRACTION: lambda run: _count(run, GOOD_COUNT),
    OVERFLOWS: lambda run: _count(run, OVERFLOWS),
}
"""Metrics that count requests among those attempted, and the count."""
_SCALES: Final = {ERROR_RATE: 100.0, _GOOD_FRACTION: 1.0}
"""What a share of one is, in the unit; all others are counts."""


def shares(runs: Sequence[Run], tag: str) -> list[Counted] | None:
    """For each run how many requests of how many a metric counts; None for other metrics, and where a run says not."""
    if tag not in SHARES:
        return None
    found = []
    for run in runs:
        ended, count = run.requests.ended, SHARES[tag](run)
        if not ended or count is None or not 0 <= count <= ended:
            return None
        found.append(Counted(count, ended))
    return found


def scale_of(tag: str, *sides: Sequence[Counted]) -> float:
    """What a share of one is in the metric's unit: of a count, all requests of a run."""
    counts = [one.of for side in sides for one in side]
    return _SCALES.get(tag) or sum(counts) / len(counts)


# --- what a release leaves out -------------------------------------------------------------------------------


def _good(run: Run) -> float | None:
    good, ended = _count(run, GOOD_COUNT), run.requests.ended
    # Whether there were objectives at all, only a count of those that met them tells.
    return good / ended if ended and good is not None and GOOD_COUNT in run.blocks else None


def _none_without_success(run: Run) -> float | None:
    return None if run.requests.succeeded else 0.0


def _none_without_failure(run: Run) -> float | None:
    return None if run.requests.failed else 0.0


COUNTED: Final[dict[str, tuple[str, Callable[[Run], float | None]]]] = {
    ERROR_COUNT: ("requests", lambda run: run.requests.failed),
    ERROR_RATE: ("%", lambda run: run.requests.failed_percent),
    current("completed_request_count"): ("requests", lambda run: run.requests.ended),
    REQUEST_COUNT: ("requests", lambda run: run.requests.succeeded),
    _GOOD_FRACTION: ("ratio", _good),
    GOOD_COUNT: ("requests", _none_without_success),
    current("goodput"): ("requests/sec", _none_without_success),
    current("total_error_isl"): ("tokens", _none_without_failure),
    OVERFLOWS: ("requests", _none_without_failure),
}
"""Metrics that the two counts tell, wholly or where they are zero: unit and value."""
_COMPUTED: Final = (ERROR_RATE, _GOOD_FRACTION)
"""Those that follow from counts, which hold where a file says otherwise."""


def derivable(tag: str) -> bool:
    """Whether a metric is known of a run that leaves it out, at least where it is zero."""
    return tag in COUNTED


def completed(runs: Sequence[Run], tags: Collection[str]) -> tuple[Run, ...]:
    """The runs with the metrics, among some tags, that their files leave out but their counts of requests tell."""
    wanted = [tag for tag in COUNTED if tag in tags]
    return tuple(_completed(run, wanted) for run in runs)


def _completed(run: Run, tags: Sequence[str]) -> Run:
    if not run.requests.ended:
        return run
    if run.summed:
        return run._replace(blocks=with_more(run.blocks, _of_a_summary(run, tags)))
    more = {}
    for tag in tags:
        if tag in run.blocks and tag not in _COMPUTED:
            continue
        unit, value = COUNTED[tag]
        known = value(run)
        if known is not None:
            more[tag] = Block(unit, {"avg": float(known)})
    return run._replace(blocks=with_more(run.blocks, more))


def _of_a_summary(run: Run, tags: Sequence[str]) -> dict[str, Block]:
    """The failures of a summary of runs: its counts are of all of them together, and its metrics means of one."""
    values = {ERROR_RATE: run.requests.failed_percent, ERROR_COUNT: (run.requests.failed or 0) / run.stands_for}
    return {
        tag: Block(COUNTED[tag][0], {"avg": value})
        for tag, value in values.items()
        if tag in tags and value is not None
    }
