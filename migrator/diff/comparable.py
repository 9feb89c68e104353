"""Did the two sides measure the same thing? Asked before any number is looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from migrator.aiperf.metadata import submission_of
from migrator.aiperf.records import REBUILT
from migrator.aiperf.releases import version_key
from migrator.chain.names import current
from migrator.chain.steps import NEWEST
from migrator.diff.pair import centre
from migrator.diff.run import Run
from migrator.diff.setup import COUNTS, TOLD, Allowance, Setup, bounded_by_time, name_of, trial_of, warm_up_beside
from migrator.diff.sides import LoadedSide, duplicates, same_run
from migrator.diff.stood_in import stood_in
from migrator.identify import taken_for_known
from migrator.jsonfile import Json, Object, fingerprint
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from migrator.diff.receipt import Finding

REQUESTS_PERCENT: Final = 5.0
"""Percent by which the numbers of requests may differ; a single request always may."""
LESS_WORK: Final = "less work"
"""Code of the finding that the outputs of a candidate that is no faster are shorter: it cannot pass by that."""
_SURE: Final = 4
"""Standard errors by which outputs differ that are not shorter by chance."""
LENGTH_PERCENT: Final = 5.0
"""Percent by which inputs may differ, or outputs be shorter, before the two did not do the same work."""


class Setups(NamedTuple):
    """The set-up of each run of both sides."""

    base: Sequence[Setup]
    candidate: Sequence[Setup]


def findings(
    base: LoadedSide, candidate: LoadedSide, setups: Setups, allowed: Allowance, redefined: Collection[str]
) -> list[Finding]:
    """Everything that a reader must know before the numbers; the blocking ones make the comparison invalid.

    Args:
        base: the baseline.
        candidate: what is compared with it.
        setups: the set-up of each run.
        allowed: what differs on purpose.
        redefined: metrics that the sides compute in different ways: their values tell nothing of the work.
    """
    found = [*completeness(base, "base", allowed), *completeness(candidate, "candidate", allowed)]
    found += stood_in((("base", base), ("candidate", candidate)))
    told = told_by_all((*base.runs, *candidate.runs), (*setups.base, *setups.candidate))
    setups = Setups(told[: len(base.runs)], told[len(base.runs) :])
    first_only = [_only_first_warms_up(side.runs, own) for side, own in zip((base, candidate), setups, strict=True)]
    # Trials of one plan on both sides: the first may be on one of them, and the others have no warm-up anywhere.
    if _only_first_warms_up((*base.runs, *candidate.runs), (*setups.base, *setups.candidate)):
        first_only.append(True)
    found += _workloads(setups, allowed, first_only)
    found += _requests(base, candidate, setups, allowed)
    found += _releases(base, candidate, allowed)
    found += _lengths(base, candidate, allowed, redefined)
    found += _identity(base, candidate)
    return sorted(found, key=lambda finding: not finding.blocks)


def _finding(
    code: str, message: str, *, blocks: bool, base: Json = None, candidate: Json = None, warns: bool = False
) -> Finding:
    from migrator.diff.receipt import Finding

    return Finding(code=code, blocks=blocks, message=message, base=base, candidate=candidate, warns=warns)


def completeness(side: LoadedSide, name: str, allowed: Allowance) -> Iterator[Finding]:
    """Runs of a side that did not end as they should, or that are marked invalid.

    Args:
        side: the runs.
        name: what messages call the side.
        allowed: what may be so on purpose.
    """
    checks: tuple[tuple[str, str, Callable[[Object], Json], bool], ...] = (
        ("cancelled", "was cancelled", lambda facts: facts.get("was_cancelled") is True, False),
        ("incomplete", "is not complete", _incomplete, False),
        ("invalid", "is marked invalid for submission", _invalid, allowed.covers("submission")),
        (
            "rebuilt",
            "was rebuilt from its records: AIPerf wrote no export",
            lambda facts: REBUILT in facts or None,
            True,
        ),
    )
    for code, what, reason_of, free in checks:
        runs = [run for run in side.runs if reason_of(run.facts)]
        if runs:
            reason = reason_of(runs[0].facts)
            told = "" if reason is True else f": {_listed(reason)}"
            yield _finding(code, f"{_which(name, runs, side)} {what}{told}", blocks=not free, warns=free)
    if newer := [run for run in side.runs if version_key(run.version) > version_key(NEWEST)]:
        what = f"is of {taken_for_known(newer[0].version)}"
        yield _finding("newer schema", f"{_which(name, newer, side)} {what}", blocks=False, warns=True)


def told_by_all(runs: Sequence[Run], setups: Sequence[Setup]) -> list[Setup]:
    """The set-ups of runs, of the places alone that files about several runs tell, where one is among them."""
    few = [setup for run, setup in zip(runs, setups, strict=True) if run.kind != "run"]
    if not few:
        return list(setups)
    places = set.intersection(*map(set, few))
    return [{place: value for place, value in setup.items() if place in places} for setup in setups]


def _incomplete(facts: Object) -> Json:
    return (facts.get("incomplete_reason") or True) if facts.get("is_complete") is False else None


def _invalid(facts: Object) -> Json:
    """Why a run is not a valid submission; None for one that is, or that does not say."""
    submission = submission_of(facts)
    return (list(submission.reasons) or True) if submission.valid is False else None


def _listed(reason: Json) -> str:
    return ", ".join(dict.fromkeys(map(str, reason))) if type(reason) is list else str(reason)


def _which(name: str, runs: Sequence[Run], side: LoadedSide) -> str:
    if len(side.runs) == 1:
        return f"the {name}"
    return f"{len(runs)} of {len(side.runs)} runs of the {name} ({runs[0].file})"


def _only_first_warms_up(runs: Sequence[Run], setups: Sequence[Setup]) -> bool:
    """Whether the first trial of some runs has a warm-up, and no other: AIPerf leaves it out of the others itself."""
    first: set[bytes] = set()
    others: set[bytes] = set()
    for run, setup in zip(runs, setups, strict=True):
        trial = trial_of(run)
        if trial is None:
            return False
        (others if trial else first).add(fingerprint(setup.get("warm-up")))
    return len(first) == 1 and others == {fingerprint(None)} and first != others


def _workloads(setups: Setups, allowed: Allowance, first_only: Sequence[bool]) -> Iterator[Finding]:
    """Differences between the sides, and within one: runs of different set-ups are not repetitions.

    Args:
        setups: of both sides.
        allowed: what differs on purpose.
        first_only: of base, candidate and, if so, of both together, whether only first trials have a warm-up.
    """
    if _is_one((*setups.base, *setups.candidate)):
        return
    places = dict.fromkeys(place for setup in (*setups.base, *setups.candidate) for place in setup)
    silent = [name for name, side in (("base", setups.base), ("candidate", setups.candidate)) if not _says(side)]
    if len(silent) == 1:
        message = f"the {silent[0]} does not say how it was measured: its set-up cannot be compared"
        yield _finding("no configuration", message, blocks=False, warns=True)
        places = dict.fromkeys(place for place in places if place == "gpus")
    if len({fingerprint(warm_up_beside(setup)) for setup in (*setups.base, *setups.candidate)}) == 1:
        places.pop("warm-up", None)
    for place in places:
        name, free = name_of(place), allowed.covers(place)
        one, other = _values(setups.base, place), _values(setups.candidate, place)
        for side, values, planned in (("base", one, first_only[0]), ("candidate", other, first_only[1])):
            if len(values) > 1 and not (planned and place == "warm-up"):
                yield from _mixed(place, side, allowed)
        if one.keys() == other.keys() or not _is_told(place, one, other):
            continue
        if place == "warm-up" and first_only[2:]:
            message = "the first trial, which alone has a warm-up, is on one side: AIPerf leaves it out of the others"
            yield _finding(name, message, blocks=False)
            continue
        sure = None not in (*one.values(), *other.values())
        message = f"{name} differs" if sure else f"{name} is told by one side only"
        message += ", as asked for" if free else ""
        blocks = not free and place not in (*TOLD, *COUNTS)
        yield _finding(name, message, blocks=blocks, base=_shown(one), candidate=_shown(other))


def _is_one(setups: Sequence[Setup]) -> bool:
    """Whether some set-ups are one object, as those of the trials of a cell are."""
    return all(setup is setups[0] for setup in setups)


def _mixed(place: str, side: str, allowed: Allowance) -> Iterator[Finding]:
    """That the runs of a side differ in a place, where they may not."""
    if not allowed.covers(place) and place not in (*TOLD, *COUNTS):
        name = name_of(place)
        message = f"the runs of the {side} differ in {name}: they are not repetitions of one configuration"
        yield _finding(f"mixed {name}", message, blocks=True)


def within(side: LoadedSide, setups: Sequence[Setup], name: str, allowed: Allowance) -> Iterator[Finding]:
    """What must be known of one side alone: how its runs ended, and whether they are repetitions of one configuration.

    Args:
        side: the runs.
        setups: the set-up of each.
        name: what messages call the side.
        allowed: what differs on purpose.
    """
    yield from completeness(side, name, allowed)
    yield from stood_in(((name, side),))
    setups = told_by_all(side.runs, setups)
    planned = _only_first_warms_up(side.runs, setups)
    for place in () if _is_one(setups) else dict.fromkeys(place for setup in setups for place in setup):
        if len(_values(setups, place)) > 1 and not (planned and place == "warm-up"):
            yield from _mixed(place, name, allowed)
    if twice := duplicates(side):
        yield _finding("duplicate trial", f"the {name} holds the same run twice ({twice[0]})", blocks=True)


def _says(setups: Sequence[Setup]) -> bool:
    """Whether a run of a side says more of its set-up than its telemetry does."""
    return any(place != "gpus" for setup in setups for place in setup)


def _values(setups: Sequence[Setup], place: str) -> dict[bytes, Json]:
    """The values of a place over the runs of a side, each once."""
    return {fingerprint(setup.get(place)): setup.get(place) for setup in setups}


def _is_told(place: str, one: Mapping[bytes, Json], other: Mapping[bytes, Json]) -> bool:
    """Whether a difference is worth a word: telemetry of one side only, or a count that one release writes, is not."""
    one_sided = None in one.values() or None in other.values()
    return not (one_sided and (place == "gpus" or place in COUNTS))


def _shown(values: Mapping[bytes, Json]) -> Json:
    listed = list(values.values())
    return listed[0] if len(listed) == 1 else listed


def _requests(base: LoadedSide, candidate: LoadedSide, setups: Setups, allowed: Allowance) -> Iterator[Finding]:
    """How many requests there were, where that was chosen and is no result of the run."""
    if any(map(bounded_by_time, (*base.runs, *candidate.runs))):
        return
    counts = [
        [
            (ended / run.stands_for, (run.requests.succeeded or 0) / run.stands_for)
            for run in side.runs
            if (ended := run.requests.ended) is not None
        ]
        for side in (base, candidate)
    ]
    if not all(counts):
        asked = [_values(side, place) for place in sorted(COUNTS) for side in (setups.base, setups.candidate)]
        different = [
            (one, other) for one, other in zip(asked[::2], asked[1::2], strict=True) if one.keys() != other.keys()
        ]
        sure = [(one, other) for one, other in different if None not in (*one.values(), *other.values())]
        if sure and not allowed.covers("requests"):
            one, other = sure[0]
            yield _finding(
                "requests", "requests asked for differ", blocks=True, base=_shown(one), candidate=_shown(other)
            )
        return
    every = [found for side in counts for found in side]
    # Between what succeeded and what was tried: whether failed requests are made up for is not looked at.
    least, most = min(ended for ended, _ in every), max(succeeded for _, succeeded in every)
    if most - least <= max(REQUESTS_PERCENT / 100 * least, 1):
        return
    ends = [sorted({ended for ended, _ in side}) for side in counts]
    shown = [side[0] if len(side) == 1 else [side[0], side[-1]] for side in ends]
    free = allowed.covers("requests")
    message = "the number of requests differs" + (", as asked for" if free else "")
    yield _finding("requests measured", message, blocks=not free, base=shown[0], candidate=shown[1])


def _releases(base: LoadedSide, candidate: LoadedSide, allowed: Allowance) -> Iterator[Finding]:
    """Runs of one side that different releases measured."""
    for name, side in (("base", base), ("candidate", candidate)):
        found = sorted({str(run.facts.get("aiperf_version") or f"schema {run.version}") for run in side.runs})
        if len(found) > 1:
            message = f"the runs of the {name} were measured with different releases of AIPerf: {', '.join(found)}"
            yield _finding("mixed release", message, blocks=not allowed.covers("release"))


def mean_of(side: LoadedSide, tag: str, statistic: str = "avg") -> float | None:
    """The centre over the runs of a side of one statistic, or None if no run has it."""
    values = [run.blocks[tag].values[statistic] for run in side.runs if _has(run, tag, statistic)]
    return centre(values) if values else None


def _has(run: Run, tag: str, statistic: str) -> bool:
    return tag in run.blocks and statistic in run.blocks[tag].values


def _lengths(
    base: LoadedSide, candidate: LoadedSide, allowed: Allowance, redefined: Collection[str]
) -> Iterator[Finding]:
    tag = current("input_sequence_length")
    a, b = mean_of(base, tag), mean_of(candidate, tag)
    if a and b and tag not in redefined and abs(b / a - 1) * 100 > LENGTH_PERCENT:
        free = allowed.covers("input length")
        message = "the inputs had another length" + (", as asked for" if free else "")
        yield _finding("input length measured", message, blocks=not free, base=a, candidate=b)
    tag = current("output_sequence_length")
    a, b = mean_of(base, tag), mean_of(candidate, tag)
    if not a or not b or tag in redefined or allowed.covers("output length"):
        return
    percent = (b / a - 1) * 100
    if percent < -LENGTH_PERCENT and faster(base, candidate):
        message = "the candidate is faster, but its outputs are shorter: less work is not more speed"
        yield _finding("shorter outputs", message, blocks=True, base=a, candidate=b)
    elif percent < -LENGTH_PERCENT and abs(b - a) > _SURE * _error_of_means(base, candidate, tag):
        message = "the outputs of the candidate are shorter: as fast with less work is slower"
        yield _finding(LESS_WORK, message, blocks=True, base=a, candidate=b)
    elif abs(percent) > LENGTH_PERCENT:
        yield _finding("output length", "the outputs had another length", blocks=False, base=a, candidate=b)


def _error_of_means(base: LoadedSide, candidate: LoadedSide, tag: str) -> float:
    """The standard error of the difference of two sides' means: from the spread of requests, else from that of runs.

    Of a side that tells neither, it is taken to be nothing.
    """
    errors = []
    for side in (base, candidate):
        told = [run for run in side.runs if _has(run, tag, "std") and run.summed is None]
        means = [run.blocks[tag].values["avg"] for run in side.runs if _has(run, tag, "avg")]
        if told:
            spread = centre([run.blocks[tag].values["std"] for run in told])
            errors.append(spread / math.sqrt(sum(run.size(tag) or run.requests.succeeded or 1 for run in told)))
        elif len(means) > 1:
            middle = centre(means)
            # Squares of large numbers would be beyond what floats hold.
            spread = math.hypot(*(one - middle for one in means))
            errors.append(spread / math.sqrt(len(means) * (len(means) - 1)))
    return math.hypot(*errors)


def faster(base: LoadedSide, candidate: LoadedSide) -> bool:
    """Whether the candidate looks better in any of the headline latencies and throughputs, by a percent or more."""
    for tag in map(current, ("request_latency", "time_to_first_token", "inter_token_latency")):
        a, b = mean_of(base, tag), mean_of(candidate, tag)
        if a and b and b < a * 0.99:
            return True
    for tag in map(current, ("request_throughput", "output_token_throughput")):
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
