"""One export → what a history keeps of its run: numbers, a time and what tells its workload, never the document."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, overload

from migrator.aiperf.definitions import Era, RunFacts, definitions, era_of, facts_of, touches
from migrator.aiperf.metrics import catalogue
from migrator.batch.discover import Source
from migrator.batch.load import Loaded
from migrator.batch.runs import Mark, mark_of
from migrator.chain.names import metrics_of
from migrator.chain.requests import Outcome
from migrator.diff.blocks import Block
from migrator.diff.outcomes import COUNTED, completed
from migrator.diff.pair import by_run
from migrator.diff.run import Run, run_of_document, why_not
from migrator.diff.setup import COUNTS, TOLD, bounded_by_time, setup_of, trial_of
from migrator.diff.stand_ins import Results, results_of, stand_ins
from migrator.diff.unsound import contradictions_of
from migrator.errors import NotAnExportError
from migrator.files.digest import digest
from migrator.identify import MIGRATABLE
from migrator.jsonfile import Json, fingerprint
from migrator.stores import changed as changed_at
from migrator.values import NamedTuple

State = Literal["measured", "no request succeeded", "cancelled", "not complete", "contradicts itself"]
"""What a run is: only one that measured is a value of the latencies and throughputs."""
_WARM_UP: Final = "warm-up"
OPTIONAL: Final = ("gpus", *sorted(COUNTS), _WARM_UP)
"""Places of a set-up that a run may leave out though they were the same: telemetry, the counts asked for, and the
warm-up, which AIPerf 0.9.0 and later leave out of all trials but the first unless asked otherwise."""

_MOST: Final = 1e100
"""A larger number, or infinity, is not a measurement: squares of it are beyond what floats hold."""

Metric = tuple[str, str]
"""Today's name of a metric, and a statistic of it."""


class Value(NamedTuple):
    """A statistic of one run, in the unit of the catalogue if the metric is in it."""

    number: float
    unit: str


class PackedValues(Sequence[Value | None]):
    """Values in little room: their numbers are one array, and their units one object for all runs that have the same.

    Args:
        values: what to keep.
        share: gives one object for all that are equal.
    """

    __slots__ = ("_numbers", "_units")

    def __init__(self, values: Sequence[Value | None], share: Callable[[Any], Any]) -> None:
        self._numbers = array("d", [value.number if value else 0.0 for value in values])
        self._units: tuple[str | None, ...] = share(tuple([share(value.unit) if value else None for value in values]))

    def __len__(self) -> int:
        return len(self._units)

    @overload
    def __getitem__(self, place: int) -> Value | None: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Value | None]: ...
    def __getitem__(self, place: int | slice) -> Value | Sequence[Value | None] | None:
        if isinstance(place, slice):
            return [self[at] for at in range(len(self))[place]]
        unit = self._units[place]
        return None if unit is None else Value(self._numbers[place], unit)


class Point(NamedTuple):
    """One run of a history.

    `time` is the start in seconds since 1970, None where the file does not tell it; `zoned` tells whether it names its
    time zone: a time without one is taken for UTC. `touched` has the place in [`definitions`][] of each change that
    concerns the run, or may (None). `length` is its mean output length, which tells of a change where its
    configuration does not. `values` are in the order that the metrics were asked for. `evidence` is what the numbers
    rest on: a run, or a file about several (`runs`), whose means they are; `by_file` tells that the time is the one at
    which the file was last changed, as it names none.
    """

    file: str
    time: float | None
    zoned: bool
    release: str
    era: Era | None
    state: State
    touched: tuple[tuple[int, bool | None], ...]
    length: float | None
    values: Sequence[Value | None]
    backwards: bool = False
    evidence: str = "run"
    runs: int = 1
    by_file: bool = False


class Looked(NamedTuple):
    """A point, what tells it from copies, and its workload: a digest, its set-up, and the places that may be left out.

    `timed` tells whether the run was bounded by time, so that its number of requests is a result. `mark` is None of
    what stands for runs that are gone; `results` tell whether they are.
    """

    point: Point
    mark: Mark | None
    workload: bytes
    optional: tuple[bytes, ...]
    setup: Mapping[str, Json]
    timed: bool
    results: Results


def look(source: Source, loaded: Loaded, *, metrics: Sequence[Metric], file_times: bool = False) -> Looked | None:
    """What a history keeps of a run; None for a file of another family that was only found in a folder.

    Args:
        source: the file.
        loaded: its content.
        metrics: what is asked for.
        file_times: whether the time at which a file was last changed stands for a start that it does not tell.

    Raises:
        MigratorError: broken, or named and not a run.
    """
    if loaded.identity.family not in MIGRATABLE or loaded.parsed is None:
        if source.named:
            raise NotAnExportError(why_not(loaded.identity.family), expected="a main export", file=source.path)
        return None
    run = run_of_document(loaded.parsed.data, source.path)
    mark = mark_of(loaded.parsed.data, metrics_of(loaded.parsed.data, loaded.identity.version))
    return _looked(run, mark, metrics, source if file_times else None)


def looks(source: Source, loaded: Loaded, *, metrics: Sequence[Metric], file_times: bool = False) -> list[Looked]:
    """As [`look`][], and of a file about several runs what stands for these where they are gone.

    Args:
        source: the file.
        loaded: its content.
        metrics: what is asked for.
        file_times: as of [`look`][].

    Raises:
        MigratorError: as [`look`][].
    """
    document = loaded.parsed.data if loaded.parsed else None
    if found := stand_ins(loaded.identity.family, document, source.path):
        return [_looked(run, None, metrics, source if file_times else None) for run in found]
    one = look(source, loaded, metrics=metrics, file_times=file_times)
    return [one] if one else []


def _looked(run: Run, mark: Mark | None, metrics: Sequence[Metric], source: Source | None) -> Looked:
    """What is kept of a run; `source` is its file where its time counts if the run tells none."""
    setup = setup_of(run)
    kept = {place: value for place, value in setup.items() if place not in (*TOLD, *OPTIONAL)}
    if run.kind != "run":
        kept |= _measured(run)
    optional = tuple(_digest(setup.get(place)) if _is_told(place, setup, run) else b"" for place in OPTIONAL)
    shown = {place: value for place, value in setup.items() if place not in TOLD}
    point = _point(run, metrics)
    if point.time is None and source is not None:
        changed = changed_at(source.path) if source.changed is None else source.changed
        point = point._replace(time=changed, zoned=True, by_file=changed is not None)
    return Looked(point, mark, _digest(kept), optional, shown, bounded_by_time(run), results_of(run))


def _measured(run: Run) -> dict[str, Json]:
    """What tells the workload of runs that do not say how they were measured: their number of requests, the length of
    the inputs to two digits.
    """
    block = run.blocks.get("input_sequence_length")
    ended = run.requests.ended
    return {
        "evidence": "several runs",
        "input length": float(f"{block.values['avg']:.2g}") if block and "avg" in block.values else None,
        "requests": None if ended is None else round(ended / run.stands_for),
    }


def _is_told(place: str, setup: Mapping[str, Json], run: Run) -> bool:
    """Whether a run tells a place, be it that there was none: a first trial without a warm-up had none."""
    if place != _WARM_UP or place in setup:
        return place in setup
    return not (trial_of(run) or 0) > 0


def _digest(value: Json) -> bytes:
    return digest(fingerprint(value), 12)


def _point(run: Run, metrics: Sequence[Metric]) -> Point:
    averages = {tag: block.values["avg"] for tag, block in run.blocks.items() if "avg" in block.values}
    era = era_of(run.facts.get("aiperf_version"), run.version, run.blocks)
    facts = facts_of(averages, run.facts, run.requests.failed)
    start, zoned = moment(run.facts.get("start_time"))
    end, _ = moment(run.facts.get("end_time"))
    return Point(
        run.file,
        start,
        zoned,
        str(run.facts.get("aiperf_version") or ""),
        era,
        _state(run, metrics),
        _touched(facts, {tag for tag, _ in metrics}) if era else (),
        averages.get("output_sequence_length"),
        _values(run, metrics),
        start is not None and end is not None and end < start,
        run.kind,
        run.stands_for,
    )


def _state(run: Run, metrics: Sequence[Metric]) -> State:
    if run.requests.outcome is Outcome.NONE_SUCCEEDED:
        return "no request succeeded"
    if run.facts.get("was_cancelled") is True:
        return "cancelled"
    if run.facts.get("is_complete") is False:
        return "not complete"
    # Such as a latency of zero, which would be the largest improvement there is.
    return "contradicts itself" if contradictions_of(run, {tag for tag, _ in metrics}) else "measured"


def _touched(facts: RunFacts, tags: set[str]) -> tuple[tuple[int, bool | None], ...]:
    return tuple(
        (place, touched)
        for place, change in enumerate(definitions())
        if change.weight != "none" and not tags.isdisjoint(change.tags)
        for touched in [touches(change, facts)]
        if touched is not False
    )


def _values(run: Run, metrics: Sequence[Metric]) -> tuple[Value | None, ...]:
    """The values of a run. One without a success has the counts of its failures alone: no latency, no throughput."""
    state = _state(run, metrics)
    (whole,) = completed([run], [tag for tag, _ in metrics])
    found = []
    for tag, statistic in metrics:
        counted = state == "no request succeeded" and tag in COUNTED
        block = whole.blocks.get(tag) if counted or state == "measured" else None
        found.append(_value(whole, tag, statistic, block) if block else None)
    return tuple(found)


def _value(run: Run, tag: str, statistic: str, block: Block) -> Value | None:
    known = catalogue().get(tag)
    for unit in (known.unit, block.unit) if known else (block.unit,):
        (number,) = by_run([run], tag, statistic, unit)
        if number is not None and abs(number) <= _MOST:
            return Value(number, unit)
    return None


def moment(text: Json) -> tuple[float | None, bool]:
    """A time as a file has it in seconds since 1970, and whether it names its time zone; None for what is not a time.

    Without a time zone it is taken for UTC: AIPerf writes the local time of its machine, and no zone.
    """
    if type(text) is not str or len(text) < len("2026-11-24T"):
        return None, False
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp(), found.tzinfo is not None
    except (ValueError, OverflowError):
        return None, False
