"""Files about several runs in the place of the runs, where these are gone: which of them count, and what they carry.

The single runs are the stronger evidence, so a file about runs that are there is left out: no run counts twice.
"""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from migrator.batch.load import Loaded, load, load_content
from migrator.chain.names import current
from migrator.chain.requests import Requests
from migrator.diff.aggregates import Aggregate, Over, Statistic, aggregates_of
from migrator.diff.blocks import Block
from migrator.diff.run import Kind, Run, records_beside, run_of_loaded
from migrator.files.digest import digest
from migrator.identify import Family
from migrator.jsonfile import Json, Object
from migrator.values import NamedTuple

T = TypeVar("T")

_KINDS: Final[dict[Family, Kind]] = {
    Family.AGGREGATE: "aggregate",
    Family.SWEEP: "cell",
    Family.COLLATED: "collated",
}
_STRONGEST: Final[tuple[Kind, ...]] = ("aggregate", "cell", "collated")


def runs_in(path: str) -> list[Run]:
    """The run in a file, or what stands for runs where it is a file about several.

    Raises:
        MigratorError: as [`load_run`][migrator.diff.run.load_run] does, for a file of yet another family.
    """
    return _runs_of(load(path, details=False, to_look=True), path, records_beside(path))


def runs_in_bytes(raw: bytes, name: str) -> list[Run]:
    """As [`runs_in`][], of bytes that come from elsewhere, such as a revision.

    Raises:
        MigratorError: as [`runs_in`][] does.
    """
    return _runs_of(load_content(raw, name, details=False), name, "")


def _runs_of(loaded: Loaded, name: str, records: str) -> list[Run]:
    document = loaded.parsed.data if loaded.parsed else None
    return stand_ins(loaded.identity.family, document, name) or [run_of_loaded(loaded, name, records)]


def stand_ins(family: Family, document: Json, name: str) -> list[Run]:
    """What stands for runs in a file: a summary of them, or of a collated file each of them with its means alone.

    Args:
        family: of the file.
        document: its content.
        name: its name.
    """
    found: list[Run] = []
    for one in aggregates_of(family, document):
        facts: Object = {
            "aiperf_version": one.release,
            "run_info": {"variation_label": one.variation, "variation_values": one.varied},
            MODEL: one.model,
            LOST: one.failed,
        }
        if one.each:
            found += _collated(one, facts, name)
            continue
        blocks: dict[str, dict[str, float]] = {}
        for (tag, statistic), over in one.over.items():
            blocks.setdefault(tag, {})[statistic] = over.mean
        file = f"{name}, {one.cell}" if one.cell else name
        found.append(
            Run(
                file,
                "",
                {tag: Block(one.units[tag], values) for tag, values in blocks.items()},
                facts,
                requests=_requests(one),
                kind=_KINDS[family],
                summed=one,
                part=one.cell,
            )
        )
    return found


LOST: Final = "failed_runs"
"""Key, among the facts of a stand-in, of how many runs failed beside those that its file is of."""
MODEL: Final = "model"
"""Key, among the facts of a stand-in, of the model that its file names."""


def _collated(one: Aggregate, facts: Object, name: str) -> Iterator[Run]:
    """The runs of a collated file. Its percentiles are of the requests of all runs together, and are left out."""
    for label, means in one.each.items():
        info = {**facts["run_info"], "run_label": label} if type(facts["run_info"]) is dict else {}
        yield Run(
            f"{name}, {label}",
            "",
            {tag: Block(one.units[tag], {"avg": mean, "count": float(count)}) for tag, (mean, count) in means.items()},
            {**facts, "run_info": info},
            kind="collated",
            part=label,
        )


def _requests(one: Aggregate) -> Requests:
    """The requests of all runs together. AIPerf leaves a count of failures out of each run without one."""
    succeeded = _all(one.over.get((current("request_count"), "avg")), one.runs)
    failed = one.over.get((current("error_request_count"), "avg"))
    left_out = current("error_request_count") not in one.units and succeeded is not None
    return Requests(succeeded, _all(failed, one.runs) if failed else 0 if left_out else None)


def _all(over: Over | None, runs: int) -> int | None:
    """The sum over the runs that have a count; None where it is not one."""
    if over is None:
        return None
    # Of counts that are all alike, the file may not tell how many runs have one. All of them is the most it can be.
    whole = over.mean * (runs if over.n is None else over.n)
    return round(whole) if 0 <= whole < 2**50 and abs(whole - round(whole)) < 1e-6 * max(whole, 1) else None


# --- which of them count -------------------------------------------------------------------------------------


class Results(NamedTuple):
    """What tells a run, or a stand-in, from others.

    `file` is its file and `part` the cell or label in it. `extremes` has, of each main result, digests of the values
    that are known: of a run its own, of several the lowest and the highest, and of three the one between. Values are
    taken to nine digits; whole numbers tell nothing.
    """

    file: str
    part: str
    kind: Kind
    variation: str
    extremes: tuple[tuple[int, ...], ...]


_RESULTS: Final = tuple(
    (current(metric), statistic)
    for metric, statistics in (
        ("request_latency", ("avg", "p50", "p99", "min", "max")),
        ("time_to_first_token", ("avg", "p99")),
        ("inter_token_latency", ("avg", "p99")),
        ("request_throughput", ("avg",)),
        ("benchmark_duration", ("avg",)),
    )
    for statistic in statistics
)
"""Statistics by which runs are told from each other: times, which no two runs have alike."""


def results_of(run: Run) -> Results:
    """The results of a run, or of a stand-in."""
    found = []
    for metric, statistic in _RESULTS:
        block = run.blocks.get(metric)
        over = run.summed.over.get((metric, statistic)) if run.summed else None
        if over:
            between = [3 * over.mean - over.low - over.high] if over.n == 3 else []
            found.append(_told((metric, statistic), over.low, over.high, *between))
        elif block and statistic in block.values:
            found.append(_told((metric, statistic), block.values[statistic]))
    info = run.facts.get("run_info")
    label = info.get("variation_label") if type(info) is dict else None
    return Results(file_of(run), run.part, run.kind, label if type(label) is str else "", tuple(filter(None, found)))


def results_from(file: str, metrics: Mapping[str, Mapping[str, Json]], variation: Json) -> Results:
    """The results of a single run that was read for something else.

    Args:
        file: its file.
        metrics: its stats blocks by today's names.
        variation: its label in a sweep.
    """
    found = []
    for name in _RESULTS:
        value = metrics.get(name[0], {}).get(name[1])
        if isinstance(value, (int, float)) and type(value) is not bool and math.isfinite(value):
            found.append(_told(name, float(value)))
    return Results(file, "", "run", variation if type(variation) is str else "", tuple(filter(None, found)))


def _told(name: Statistic, *values: float) -> tuple[int, ...]:
    texts = {f"{name[0]}.{name[1]} {value:.9g}" for value in values if not value.is_integer()}
    return tuple(int.from_bytes(digest(text.encode(), 8)) for text in sorted(texts))


class Known:
    """The runs that are there, by their main results: a file about one of them stands for nothing.

    A stand-in is about known runs if two of its results are theirs: no two runs have a time alike. Or if it lies where
    AIPerf writes it beside a run of the same variation: `DIR/aggregate/…` beside `DIR/profile_runs/…`. In memory are
    some hundred bytes a run.
    """

    def __init__(self) -> None:
        self._numbers = array("Q")
        self._set: set[int] | None = None
        self._homes: set[tuple[str, str]] = set()

    def add(self, found: Results) -> None:
        """One more: a run, or a stand-in that counts."""
        for extremes in found.extremes:
            self._numbers.extend(extremes)
            if self._set is not None:
                self._set.update(extremes)
        before, mark, _ = found.file.replace(os.sep, "/").rpartition("/profile_runs/")
        if mark:
            self._homes.update({(before, found.variation), (before, "")})

    def has(self, found: Results) -> bool:
        """Whether a stand-in is about a run that is known."""
        if self._set is None:
            self._set = set(self._numbers)
        hits = sum(not self._set.isdisjoint(extremes) for extremes in found.extremes)
        if hits and hits >= min(_ENOUGH, len(found.extremes)):
            return True
        folder = os.path.dirname(found.file).replace(os.sep, "/") + "/"
        return found.kind == "aggregate" and (folder.rpartition("/aggregate/")[0], found.variation) in self._homes


_ENOUGH: Final = 2


def admitted(known: Known, found: Iterable[T], look: Callable[[T], Results]) -> tuple[list[T], list[str]]:
    """The stand-ins whose runs are not there already, and the files of the others.

    Args:
        known: the single runs; what counts is added.
        found: the stand-ins.
        look: the results of one.
    """
    kept: list[T] = []
    left_out: dict[str, None] = {}
    groups: dict[tuple[str, ...], list[T]] = {}
    for one in sorted(found, key=lambda one: _STRONGEST.index(look(one).kind)):
        results = look(one)
        # The runs of a collated file count together; an aggregate, or a cell of a sweep, is one of its own.
        part = "" if results.kind == "collated" else results.part
        groups.setdefault((results.kind, results.file, part), []).append(one)
    for (_, file, _), group in groups.items():
        if any(known.has(look(one)) for one in group):
            left_out[file] = None
            continue
        kept += group
        for one in group:
            known.add(look(one))
    return kept, list(left_out)


NOT_NEEDED: Final = "the runs are here in other files, and none counts twice"
"""Why a stand-in is left out."""


def file_of(run: Run) -> str:
    """The file of a run, without the cell or the label that stand-ins have behind it."""
    return run.file.removesuffix(f", {run.part}") if run.part else run.file


def on_both_sides(base: Sequence[Run], candidate: Sequence[Run]) -> list[str]:
    """Files of the candidate with a run of the base, where one of the two is a stand-in."""
    if all(run.kind == "run" for run in (*base, *candidate)):
        return []
    known = Known()
    for run in base:
        known.add(results_of(run))
    return [file_of(run) for run in candidate if known.has(results_of(run))]
