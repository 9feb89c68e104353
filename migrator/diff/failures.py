"""Findings on failed requests: a side without a success, and more failures than are allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from migrator.diff.outcomes import Outcomes, failure_words, total
from migrator.diff.pair import Pair
from migrator.diff.receipt import Finding
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.interval import MIN_RUNS

CODES: Final = ("no success", "errors")
"""Codes of these findings. A regression keeps its verdict where one of them blocks."""
_NOTED: Final = 0.05
"""Difference between the sides' failures, in percentage points, from which it is reported."""


def findings(base: LoadedSide, candidate: LoadedSide, max_error_percent: float, *, faster: bool) -> Iterator[Finding]:
    """What failed requests mean for a comparison.

    Args:
        base: the baseline.
        candidate: what is compared with it.
        max_error_percent: percentage points more than the baseline's that are still no more.
        faster: whether the candidate looks better in a latency or a throughput.
    """
    sides = [(name, side, total(side.runs)) for name, side in (("base", base), ("candidate", candidate))]
    for name, side, found in sides:
        if found and found.attempted and not found.succeeded:
            words = failure_words(side.runs)
            message = f"0 of {found.attempted} requests of the {name} succeeded{': ' + words if words else ''}"
            yield Finding(code="no success", blocks=True, message=message)
    a, b = sides[0][2], sides[1][2]
    if a is None or b is None or not (a.failed or b.failed) or not (a.succeeded and b.succeeded):
        return
    more = b.error_percent - a.error_percent
    few = min(len(base.runs), len(candidate.runs)) < MIN_RUNS
    words = failure_words(candidate.runs)
    message = f"{_told(b)} of the candidate failed{' (' + words + ')' if words else ''}, {_told(a)} of the base"
    if more > max_error_percent and few:
        yield _finding(f"{message}: more than {max_error_percent:g} points more", a, b, blocks=True)
    elif more > max_error_percent and faster:
        message += "; the candidate is faster, but failed requests are not in the latencies"
        yield _finding(message, a, b, blocks=True)
    elif abs(more) > _NOTED:
        yield _finding(message, a, b, blocks=False)


def missing(gated: Sequence[Pair], base: LoadedSide, candidate: LoadedSide) -> Iterator[Finding]:
    """Runs of a side without a value that others of it have: a side is not judged by those that went well.

    Args:
        gated: the rows of the gate, with the values of the runs that have one.
        base: the baseline.
        candidate: what is compared with it.
    """
    for name, side, number in (("base", base, 0), ("candidate", candidate, 1)):
        have = {f"{one.metric}.{one.statistic}": len((one.base, one.candidate)[number]) for one in gated}
        lacking = [row for row, count in have.items() if 0 < count < len(side.runs)]
        if lacking:
            fewest = min(have[row] for row in lacking)
            message = f"only {fewest} of {len(side.runs)} runs of the {name} have {', '.join(lacking[:3])}"
            yield Finding(code="missing values", blocks=True, message=message + (", …" if len(lacking) > 3 else ""))


def _told(found: Outcomes) -> str:
    return f"{found.failed} of {found.attempted} requests ({found.error_percent:.3g} %)"


def _finding(message: str, a: Outcomes, b: Outcomes, *, blocks: bool) -> Finding:
    base, candidate = round(a.error_percent, 3), round(b.error_percent, 3)
    return Finding(code="errors", blocks=blocks, message=message, base=base, candidate=candidate, warns=not blocks)
