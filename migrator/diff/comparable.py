"""Did the two sides measure the same thing? Asked before any number is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from migrator.diff.pair import centre
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide, duplicates, same_run
from migrator.diff.workload import FACTS, workload
from migrator.jsonfile import Json, fingerprint

if TYPE_CHECKING:
    from migrator.diff.receipt import Finding

LENGTH_PERCENT: Final = 5.0
"""Percent by which inputs may differ, or outputs be shorter, before the two did not do the same work."""


def findings(base: LoadedSide, candidate: LoadedSide) -> list[Finding]:
    """Everything that a reader must know before the numbers; the blocking ones make the comparison invalid."""
    found = [*_completeness(base, "base"), *_completeness(candidate, "candidate")]
    found += _workloads(base, candidate)
    found += _lengths(base, candidate)
    found += _identity(base, candidate)
    return sorted(found, key=lambda finding: not finding.blocks)


def _finding(code: str, message: str, *, blocks: bool, base: Json = None, candidate: Json = None) -> Finding:
    from migrator.diff.receipt import Finding

    return Finding(code=code, blocks=blocks, message=message, base=base, candidate=candidate)


def _completeness(side: LoadedSide, name: str) -> Iterator[Finding]:
    checks = (
        ("cancelled", "was cancelled", lambda facts: facts.get("was_cancelled") is True),
        ("incomplete", "is not complete", lambda facts: facts.get("is_complete") is False),
        ("invalid", "is marked invalid for submission", lambda facts: facts.get("runtime_submission_invalid_reasons")),
    )
    for code, what, holds in checks:
        runs = [run for run in side.runs if holds(run.facts)]
        if runs:
            reason = runs[0].facts.get("incomplete_reason") if code == "incomplete" else None
            reason = runs[0].facts.get("runtime_submission_invalid_reasons") if code == "invalid" else reason
            told = f": {reason}" if reason else ""
            yield _finding(code, f"{_which(name, runs, side)} {what}{told}", blocks=True)


def _which(name: str, runs: Sequence[Run], side: LoadedSide) -> str:
    if len(side.runs) == 1:
        return f"the {name}"
    return f"{len(runs)} of {len(side.runs)} runs of the {name} ({runs[0].file})"


def _workloads(base: LoadedSide, candidate: LoadedSide) -> Iterator[Finding]:
    """Differences between the sides, and within one: runs of different workloads are not repetitions."""
    firsts = []
    for name, side in (("base", base), ("candidate", candidate)):
        loads = [workload(run.facts) for run in side.runs]
        firsts.append(loads[0])
        for fact in FACTS:
            values = {fingerprint(load.get(fact.name)) for load in loads}
            # Trials differ in their seed on purpose.
            if len(values) > 1 and fact.blocks:
                message = f"the runs of the {name} differ in {fact.name}: they are not repetitions of one configuration"
                yield _finding(f"mixed {fact.name}", message, blocks=True)
    one, other = firsts
    for fact in FACTS:
        a, b = one.get(fact.name), other.get(fact.name)
        if fingerprint(a) == fingerprint(b):
            continue
        # What only one side says may be a default that the other leaves out.
        sure = a is not None and b is not None
        message = f"{fact.name} differs" if sure else f"{fact.name} is told by one side only"
        yield _finding(
            fact.name, message, blocks=fact.blocks and (sure or fact.name == "input file"), base=a, candidate=b
        )


def mean_of(side: LoadedSide, tag: str, statistic: str = "avg") -> float | None:
    """The centre over the runs of a side of one statistic, or None if no run has it."""
    values = [run.blocks[tag].values[statistic] for run in side.runs if _has(run, tag, statistic)]
    return centre(values) if values else None


def _has(run: Run, tag: str, statistic: str) -> bool:
    return tag in run.blocks and statistic in run.blocks[tag].values


def _lengths(base: LoadedSide, candidate: LoadedSide) -> Iterator[Finding]:
    a, b = mean_of(base, "input_sequence_length"), mean_of(candidate, "input_sequence_length")
    if a and b and abs(b / a - 1) * 100 > LENGTH_PERCENT:
        yield _finding("input length measured", "the inputs had another length", blocks=True, base=a, candidate=b)
    a, b = mean_of(base, "output_sequence_length"), mean_of(candidate, "output_sequence_length")
    if not a or not b:
        return
    percent = (b / a - 1) * 100
    if percent < -LENGTH_PERCENT and faster(base, candidate):
        message = "the candidate is faster, but its outputs are shorter: less work is not more speed"
        yield _finding("shorter outputs", message, blocks=True, base=a, candidate=b)
    elif abs(percent) > LENGTH_PERCENT:
        yield _finding("output length", "the outputs had another length", blocks=False, base=a, candidate=b)


def faster(base: LoadedSide, candidate: LoadedSide) -> bool:
    """Whether the candidate looks better in any of the headline latencies and throughputs, by a percent or more."""
    for tag in ("request_latency", "time_to_first_token", "inter_token_latency"):
        a, b = mean_of(base, tag), mean_of(candidate, tag)
        if a and b and b < a * 0.99:
            return True
    for tag in ("request_throughput", "output_token_throughput"):
        a, b = mean_of(base, tag), mean_of(candidate, tag)
        if a and b and b > a * 1.01:
            return True
    return False


def _identity(base: LoadedSide, candidate: LoadedSide) -> Iterator[Finding]:
    if same := same_run(base, candidate):
        what = "both sides are the same run" if len(candidate.runs) == 1 else f"{len(same)} runs are on both sides"
        yield _finding("same run", f"{what} ({same[0]})", blocks=True)
    for name, side in (("base", base), ("candidate", candidate)):
        if twice := duplicates(side):
            message = f"the {name} holds the same run twice ({twice[0]}): it looks steadier than it is"
            yield _finding("duplicate trial", message, blocks=True)
