"""Findings on files about several runs in the place of these: what they do not tell, which are of several systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from migrator.diff.over_runs import apart
from migrator.diff.setup import name_of, setup_of
from migrator.diff.sides import LoadedSide
from migrator.diff.stand_ins import LOST, file_of

if TYPE_CHECKING:
    from migrator.diff.receipt import Finding

MIXED_FILES: Final = "mixed files"
"""Code of the finding that files about several runs are not of repetitions: no cell beside them says anything."""
_STOOD_IN: Final = (
    (
        ("aggregate", "cell"),
        "{who} {verb} known by mean, standard deviation and number of runs alone: a percentile is the mean of those of"
        " the runs",
    ),
    (
        ("collated",),
        "{who} {verb} known by the means that a collated file has of each run: it has no throughput and no failures,"
        " and its percentiles are of the requests of all runs together, which is no run's",
    ),
)
"""Kinds of what stands for runs, and what to say of them."""


def stood_in(sides: Sequence[tuple[str, LoadedSide]]) -> Iterator[Finding]:
    """What stands for runs that are gone, and what that does not tell.

    Args:
        sides: each with what messages call it.
    """
    from migrator.diff.receipt import Finding

    for kinds, message in _STOOD_IN:
        names = [name for name, side in sides if any(run.kind in kinds for run in side.runs)]
        whole = all(run.kind in kinds for name, side in sides if name in names for run in side.runs)
        if names:
            parts = "" if whole else "in part, "
            told = message.format(who=f"{parts}the {' and the '.join(names)}", verb="is" if len(names) == 1 else "are")
            yield Finding(code="aggregate", message=told, blocks=False, warns=True)
    for name, side in sides:
        # The runs of a collated file each tell of the same ones.
        told_by = {(file_of(run), run.summed and run.part): run.facts.get(LOST) for run in side.runs}
        if lost := sum(failed for failed in told_by.values() if type(failed) is int):
            runs = f"{lost} run{'s' * (lost != 1)} of the {name}"
            yield Finding(
                code="failed runs", message=f"{runs} failed, and the aggregate is of the others alone", blocks=True
            )
        if found := apart(side.runs):
            yield Finding(
                code=MIXED_FILES,
                message=f"two files about several runs of the {name} differ by {abs(found.percent):.1f} % in"
                f" {found.metric}.avg, more than their runs do ({found.one.file};"
                f" {found.other.file}): name those of one system",
                blocks=True,
            )
    few = [run for _, side in sides for run in side.runs if run.kind != "run"]
    if few:
        places = dict.fromkeys(name_of(place) for run in few for place in setup_of(run))
        known = f"but {', '.join(places)} and the lengths" if places else "but the lengths"
        message = f"files about several runs do not say how they were measured: nothing {known} can be compared"
        yield Finding(code="no configuration", message=message, blocks=False, warns=True)
