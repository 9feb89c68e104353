"""How many requests of a run succeeded, failed and met their objectives, whatever its release writes of it.

AIPerf leaves out what is zero: `error_request_count` in every release, `request_error_rate` and
`completed_request_count` up to 0.12.0, and of a run without a success all counts of successes. So both counts tell the
others, and a missing one is zero. GenAI-Perf writes no failures at all: there nothing is known of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, NamedTuple

from migrator.chain.steps import ENTRY
from migrator.diff.run import Block, Run
from migrator.diff.statistics.difference import Counted
from migrator.jsonfile import Json

_MOST: Final = 2**50
"""A larger count is beyond what floats tell apart."""
ERROR_RATE: Final = "request_error_rate"
"""The metric that failures are judged by: percent of the requests, as AIPerf 0.12.0 and later define it."""


class Outcomes(NamedTuple):
    """Requests of a run, or of several."""

    succeeded: int
    failed: int

    @property
    def attempted(self) -> int:
        """All of them."""
        return self.succeeded + self.failed

    @property
    def error_percent(self) -> float:
        """Percent that failed; zero of none."""
        return 100 * self.failed / self.attempted if self.attempted else 0.0


def outcomes(run: Run) -> Outcomes | None:
    """The requests of a run by their end; None where it does not say."""
    if run.version == ENTRY.older:
        return None
    counts = [_count(run, tag) for tag in ("request_count", "error_request_count")]
    written = any(tag in run.blocks for tag in ("request_count", "error_request_count"))
    if not any(counts) and "request_latency" not in run.blocks and (failed := sum(count for _, count in _errors(run))):
        # No latency: no request succeeded, and the summary of errors still tells how many there were.
        return Outcomes(0, failed)
    if not written or counts[0] is None or counts[1] is None:
        return None
    return Outcomes(counts[0], counts[1])


def total(runs: Sequence[Run]) -> Outcomes | None:
    """The requests of several runs together; None where one does not say."""
    found = [outcomes(run) for run in runs]
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return None
    return Outcomes(sum(one.succeeded for one in known), sum(one.failed for one in known))


def _count(run: Run, tag: str) -> int | None:
    """A count of requests: zero if it is left out, None if it is not a count."""
    block = run.blocks.get(tag)
    value = block.values.get("avg", 0.0) if block else 0.0
    return int(value) if 0 <= value <= _MOST and value.is_integer() else None


# --- shares --------------------------------------------------------------------------------------------------

_SHARES: Final[dict[str, Callable[[Run, Outcomes], int | None]]] = {
    "error_request_count": lambda run, found: found.failed,
    ERROR_RATE: lambda run, found: found.failed,
    "good_request_count": lambda run, found: _count(run, "good_request_count"),
    "good_request_fraction": lambda run, found: _count(run, "good_request_count"),
    "context_overflow_count": lambda run, found: _count(run, "context_overflow_count"),
}
"""Metrics that count requests among those attempted, and the count."""
_SCALES: Final = {ERROR_RATE: 100.0, "good_request_fraction": 1.0}
"""What a share of one is, in the unit; all others are counts."""


def shares(runs: Sequence[Run], tag: str) -> list[Counted] | None:
    """For each run how many requests of how many a metric counts; None for other metrics, and where a run says not."""
    if tag not in _SHARES:
        return None
    found = []
    for run in runs:
        known = outcomes(run)
        count = _SHARES[tag](run, known) if known else None
        if known is None or count is None or not 0 <= count <= known.attempted or not known.attempted:
            return None
        found.append(Counted(count, known.attempted))
    return found


def scale_of(tag: str, *sides: Sequence[Counted]) -> float:
    """What a share of one is in the metric's unit: of a count, all requests of a run."""
    counts = [one.of for side in sides for one in side]
    return _SCALES.get(tag) or sum(counts) / len(counts)


# --- what a release leaves out -------------------------------------------------------------------------------


def _good(run: Run, found: Outcomes) -> float | None:
    good = _count(run, "good_request_count")
    # Whether there were objectives at all, only a count of those that met them tells.
    return good / found.attempted if good is not None and "good_request_count" in run.blocks else None


def _none_without_success(run: Run, found: Outcomes) -> float | None:
    return 0.0 if not found.succeeded else None


_KNOWN: Final[dict[str, tuple[str, Callable[[Run, Outcomes], float | None]]]] = {
    "error_request_count": ("requests", lambda run, found: float(found.failed)),
    ERROR_RATE: ("%", lambda run, found: found.error_percent),
    "completed_request_count": ("requests", lambda run, found: float(found.attempted)),
    "request_count": ("requests", lambda run, found: float(found.succeeded)),
    "good_request_fraction": ("ratio", _good),
    "good_request_count": ("requests", _none_without_success),
    "goodput": ("requests/sec", _none_without_success),
    "total_error_isl": ("tokens", lambda run, found: None if found.failed else 0.0),
    "context_overflow_count": ("requests", lambda run, found: None if found.failed else 0.0),
}
"""Metrics that the two counts tell, wholly or where they are zero: unit and value."""
_COMPUTED: Final = (ERROR_RATE, "good_request_fraction")
"""Those that follow from counts, which hold where a file says otherwise."""


def derivable(tag: str) -> bool:
    """Whether a metric is known of a run that leaves it out, at least where it is zero."""
    return tag in _KNOWN


def completed(runs: Sequence[Run], tags: Collection[str]) -> tuple[Run, ...]:
    """The runs with the metrics, among some tags, that their files leave out but their counts of requests tell."""
    wanted = [tag for tag in _KNOWN if tag in tags]
    return tuple(_completed(run, wanted) for run in runs)


def _completed(run: Run, tags: Sequence[str]) -> Run:
    found = outcomes(run)
    if found is None or not found.attempted:
        return run
    blocks = dict(run.blocks)
    for tag in tags:
        if tag in blocks and tag not in _COMPUTED:
            continue
        unit, value = _KNOWN[tag]
        known = value(run, found)
        if known is not None:
            blocks[tag] = Block(unit, {"avg": known})
    return run._replace(blocks=blocks)


# --- words ---------------------------------------------------------------------------------------------------


def failure_words(runs: Sequence[Run], *, listed: int = 3) -> str:
    """`503 × 48, timeout × 2`: the errors of some runs by their code or kind, the most frequent first; may be empty."""
    counts: dict[str, int] = {}
    for run in runs:
        for name, count in _errors(run):
            counts[name] = counts.get(name, 0) + count
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    told = [f"{name} × {count}" for name, count in ordered[:listed]]
    return ", ".join(told) + (", …" if len(ordered) > listed else "")


def _errors(run: Run) -> Iterator[tuple[str, int]]:
    """(code or kind, requests) of each entry of a run's summary of errors."""
    summary = run.facts.get("error_summary")
    for entry in summary if type(summary) is list else ():
        name, count = _error(entry)
        if name and count > 0:
            yield name, count


def _error(entry: Json) -> tuple[str, int]:
    details = entry.get("error_details") if type(entry) is dict else None
    count = entry.get("count") if type(entry) is dict else None
    if type(details) is not dict or type(count) is not int:
        return "", 0
    # Not the message, which may be long and may hold secrets.
    name = next((details[key] for key in ("code", "type") if type(details.get(key)) in (int, str)), "error")
    return str(name)[:40], count
