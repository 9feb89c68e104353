"""Metrics of runs whose numbers contradict themselves, so that nothing can be concluded from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from migrator.aiperf.sound import TAKES_TIME, may_be_wrong
from migrator.diff.blocks import Block, Blocks, copied
from migrator.diff.receipt import Finding
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide
from migrator.jsonfile import Object

CODE = "contradiction"
"""Code of these findings."""


def contradictions(base: LoadedSide, candidate: LoadedSide, metrics: Iterable[str]) -> dict[str, str]:
    """Metric → what is wrong with it, for each of some metrics whose numbers no run can have measured.

    Such as percentiles out of order, or a latency of zero; the rules are those of `check` on the numbers of one block.
    """
    wanted = list(metrics)
    found: dict[str, str] = {}
    for name, side in (("base", base), ("candidate", candidate)):
        for run in side.runs:
            for metric, reason in contradictions_of(run, wanted).items():
                found.setdefault(metric, f"{name}: {reason} in {run.file}")
    return found


def contradictions_of(run: Run, metrics: Iterable[str]) -> dict[str, str]:
    """The same of one run, without its file."""
    blocks = run.blocks
    # A block of its own for each metric takes three times as long as a look at its numbers.
    looked_at = blocks.doubtful(metrics, TAKES_TIME) if isinstance(blocks, Blocks) else metrics
    doubtful = {
        metric: numbers
        for metric in looked_at
        if metric in blocks and may_be_wrong(metric, numbers := _numbers(blocks[metric]))
    }
    if not doubtful:
        return {}
    from migrator.check import contradictions as told

    return {
        metric: f"{problem.place.removeprefix('$.')} {problem.found} ({problem.code})"
        for metric, problem in told(doubtful).items()
    }


def _numbers(block: Block) -> Object:
    numbers = copied(block.values)
    # No rule here looks at them, and a count that went through an array is no whole number any more.
    numbers.pop("count", None)
    numbers.pop("sum", None)
    return {"unit": block.unit, **numbers}


def contradiction_findings(stops: dict[str, str], gated: Collection[str]) -> list[Finding]:
    """What the reader must know of them; those of the gate are warned of."""
    return [
        Finding(code=CODE, blocks=False, warns=metric in gated, message=f"a run cannot have measured this; {reason}")
        for metric, reason in stops.items()
    ]
