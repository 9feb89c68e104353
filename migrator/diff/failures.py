"""Findings on failed requests: a side without a success, and more failures than are allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from migrator.chain.requests import Requests, total
from migrator.diff.outcomes import ERROR_COUNT, ERROR_RATE
from migrator.diff.pair import Pair
from migrator.diff.receipt import Finding
from migrator.diff.run import Run, count_of, is_summed
from migrator.diff.sides import LoadedSide
from migrator.diff.statistics.interval import MIN_RUNS

CODES: Final = ("no success", "errors")
"""Codes of these findings. A regression keeps its verdict where one of them blocks."""
_NOTED: Final = 0.05
"""Difference between the sides' failures, in percentage points, from which it is reported."""
_ALL: Final = 100
"""Percentage points of failures that allow any number of them."""
_LEAST: Final = 2
"""Runs that a mean over runs is of, at least."""


def findings(base: LoadedSide, candidate: LoadedSide, max_error_percent: float, *, faster: bool) -> Iterator[Finding]:
    """What failed requests mean for a comparison.

    Args:
        base: the baseline.
        candidate: what is compared with it.
        max_error_percent: percentage points more than the baseline's that are still no more.
        faster: whether the candidate looks better in a latency or a throughput.
    """
    # What failed in a summary is the most that it may be: of the base, the least is what more is counted from.
    a, b = total(map(_least, base.runs)), total(run.requests for run in candidate.runs)
    for name, found in (("base", a), ("candidate", b)):
        if found.succeeded == 0:
            words = f": {found.reasons}" if found.reasons else ""
            lead = f"0 of {found.ended} requests" if found.ended else "no request"
            message = f"{lead} of the {name} succeeded{words}"
            yield Finding(code="no success", blocks=True, message=message)
    if (a.failed is None) != (b.failed is None):
        yield _unknown(a, b, max_error_percent)
    elif a.failed is None:
        # A main export without them is of a tool that did not count them; a collated file leaves them out.
        collated = any(run.kind == "collated" for run in (*base.runs, *candidate.runs))
        blocks = collated and max_error_percent < _ALL
        hint = f": --max-error-percent {_ALL} says that they may" if blocks else ""
        message = f"the files of neither side tell how many requests failed{hint}"
        yield Finding(code="errors", blocks=blocks, message=message, warns=not blocks)
    if a.failed_percent is None or b.failed_percent is None or not (a.failed or b.failed):
        return
    if not (a.succeeded and b.succeeded):
        return
    more = b.failed_percent - a.failed_percent
    # A summary does not say which of its runs had the failures: unless they are shown to be a regression, they stop.
    sides = base, candidate
    stops = any(is_summed(side.runs) or len(side.runs) < MIN_RUNS for side in sides)
    words = f" ({b.reasons})" if b.reasons else ""
    message = f"{_told(b)} of the candidate failed{words}, {_told(a)} of the base"
    if more > max_error_percent and stops:
        yield _finding(f"{message}: more than {max_error_percent:g} points more", a, b, blocks=True)
    elif more > max_error_percent and faster:
        message += "; the candidate is faster, but failed requests are not in the latencies"
        yield _finding(message, a, b, blocks=True)
    elif abs(more) > _NOTED:
        yield _finding(message, a, b, blocks=False)


def _least(run: Run) -> Requests:
    """The requests of a run; of a summary that does not tell in how many of its runs some failed, the fewest failures.

    It has a mean of them over two runs at least: of a single one AIPerf writes none.
    """
    over = run.summed.over.get((ERROR_COUNT, "avg")) if run.summed else None
    failed, runs = run.requests.failed, run.stands_for
    if over is None or over.n is not None or not failed or runs < _LEAST:
        return run.requests
    return run.requests._replace(failed=failed * _LEAST // runs)


def _unknown(a: Requests, b: Requests, max_error_percent: float) -> Finding:
    """What is said where the files of one side do not tell how many requests failed: there is no row to judge them by.

    Args:
        a: the requests of the base.
        b: those of the candidate.
        max_error_percent: percent of the candidate's that may fail beside a base of which nothing is known.
    """
    message = f"the files of the {'base' if a.failed is None else 'candidate'} do not tell how many requests failed"
    if not (a.failed or b.failed):
        return Finding(code="errors", blocks=False, message=message, warns=True)
    known, name = (b, "candidate") if a.failed is None else (a, "base")
    many = (b.failed_percent or 0.0) > max_error_percent
    told = f"{message}; {_told(known)} of the {name} did"
    return Finding(code="errors", blocks=many, message=told, warns=not many)


def missing(gated: Sequence[Pair], base: LoadedSide, candidate: LoadedSide) -> Iterator[Finding]:
    """Runs of a side without a value that others of it have: a side is not judged by those that went well.

    Args:
        gated: the rows of the gate, with the values of the runs that have one.
        base: the baseline.
        candidate: what is compared with it.
    """
    for name, side, number in (("base", base, 0), ("candidate", candidate, 1)):
        have = {
            f"{one.metric}.{one.statistic}": _having(side, one, len((one.base, one.candidate)[number])) for one in gated
        }
        runs = count_of(side.runs)
        lacking = [row for row, count in have.items() if 0 < count < runs]
        if lacking:
            fewest = min(have[row] for row in lacking)
            message = f"only {fewest} of {runs} runs of the {name} have {', '.join(lacking[:3])}"
            yield Finding(code="missing values", blocks=True, message=message + (", …" if len(lacking) > 3 else ""))


def _having(side: LoadedSide, row: Pair, values: int) -> int:
    """How many runs of a side have a row, of which so many entries have a value."""
    if not is_summed(side.runs):
        return values
    name = row.metric, row.statistic
    runs = [run for run in side.runs if row.metric in run.blocks and row.statistic in run.blocks[row.metric].values]
    # Where a summary does not say over how many runs it is, it is over all; a rate of failures is told by the counts.
    overs = [run.summed.over.get(name) if run.summed and row.metric != ERROR_RATE else None for run in runs]
    return sum(over.n if over and over.n else run.stands_for for run, over in zip(runs, overs, strict=True))


def _told(found: Requests) -> str:
    return f"{found.failed} of {found.ended} requests ({found.failed_percent:.3g} %)"


def _finding(message: str, a: Requests, b: Requests, *, blocks: bool) -> Finding:
    base, candidate = (round(one.failed_percent or 0.0, 3) for one in (a, b))
    return Finding(code="errors", blocks=blocks, message=message, base=base, candidate=candidate, warns=not blocks)
