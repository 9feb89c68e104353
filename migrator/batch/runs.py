"""Which of many exports are runs: not the export of a single phase beside its run's, and not the copy of another.

AIPerf 0.12.0 and later write `phases/<name>/profile_export_aiperf.json` for each phase: the profiling phase once more,
and the warm-up. They carry the identifier of their run. Place and content decide together: a folder that happens to be
called `phases` makes no run a part of another.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, Generic, TypeVar

from migrator.aiperf.metrics import is_block
from migrator.batch.discover import Source
from migrator.chain.metric_ops import Derive, Units
from migrator.chain.names import block_of, current
from migrator.chain.operation import Context
from migrator.chain.steps import STEPS
from migrator.chain.steps.genai_perf import METRICS
from migrator.files.digest import digest
from migrator.jsonfile import Json, fingerprint
from migrator.stores import is_url
from migrator.values import NamedTuple

T = TypeVar("T")

_FOLDER: Final = "phases"
_RESULTS: Final = ("request_count", "request_latency", "time_to_first_token", "output_token_throughput")
"""Metrics that every copy of a run has alike, the export of its profiling phase included."""
_REMEMBERED: Final = 2**17
"""Digests in a generation of [`_Memory`][]: at most some 30 MB, for a tree of any size."""


class Role(StrEnum):
    """What an export is among those that were met."""

    RUN = "a run"
    PHASE = "a phase of a run that is there"
    WARM_UP = "a warm-up without its run"
    COPY = "a copy of a run that is there"


class Mark(NamedTuple):
    """What tells the run of an export from others; small, and can be pickled.

    `run` is equal for copies of one run, at any schema version. `attempt` is equal for a run and each of its phases,
    whose times are others; empty where the export does not say. `phases` are the names of the phases of its run, and
    `warm_ups` those that are left out of the results; both empty where the configuration does not say.
    """

    run: bytes
    attempt: bytes = b""
    warm_ups: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()


class Place(NamedTuple):
    """Where a run belongs among others of one command: its number, label and variation; None where nothing tells.

    `trial` counts from 0, as AIPerf does.
    """

    trial: Json = None
    label: Json = None
    variation: Json = None


def place_of(document: Mapping[str, Json]) -> Place:
    """The place of a run, from `run_info`; before schema 1.2 from the folder that its configuration names.

    AIPerf 0.7.0 and later write the trials of a command to `profile_runs/run_0001` and so on, each with that folder in
    its own configuration. The folder that a file lies in now tells nothing.
    """
    info = _object(document.get("run_info"))
    trial, label = info.get("trial"), info.get("run_label")
    config = _object(document.get("input_config"))
    folder = _object(config.get("output")).get("artifact_directory") or _object(config.get("artifacts")).get("dir")
    match = _TRIAL.search(folder) if type(folder) is str else None
    if match and label is None:
        label = match[1]
        trial = int(match[2]) - 1 if trial is None else trial
    variation = info.get("variation_label")
    return Place(trial, label, info.get("variation_values") if variation is None else variation)


_TRIAL: Final = re.compile(r"(?:^|[/\\])profile_runs[/\\](run_0*([1-9][0-9]{0,8}))[/\\]?$")


def mark_of(document: Mapping[str, Json], metrics: Mapping[str, Json]) -> Mark:
    """The mark of a main export, or one of GenAI-Perf.

    A run is known by its identifier, trial, label, times and main results. Trials of AIPerf 0.8.0 and earlier share an
    identifier, so that the times are needed; an export with another result is not a copy. GenAI-Perf writes no
    identifier and no times: there all numbers decide.

    Args:
        document: the export, or its keys beside the metrics.
        metrics: its metrics by tag, as stats blocks.
    """
    info, config = (_object(document.get(key)) for key in ("run_info", "input_config"))
    place = place_of(document)
    identifier = document.get("benchmark_id") or info.get("benchmark_id") or config.get("benchmark_id")
    # 0 is what a run on its own has since schema 1.3; a copy at an older version has nothing.
    attempt = [identifier, place.trial or None, place.label]
    times = [document.get("start_time"), document.get("end_time")]
    if identifier or any(times):
        results = [block.get("avg") if (block := block_of(metrics, tag)) else None for tag in _RESULTS]
        run = _digest([*attempt, *times, *results])
    else:
        run = _digest(_measured(metrics))
    phases = dict(_phases(config))
    warm_ups = tuple(name for name, is_measured in phases.items() if not is_measured)
    # A variation is no part of the run's digest: a copy at an older version does not tell it.
    return Mark(run, _digest([*attempt, place.variation]) if identifier else b"", warm_ups, tuple(phases))


def _measured(metrics: Mapping[str, Json]) -> dict[str, Json]:
    """The numbers of a run as every copy of it has them, at any version, by today's names."""
    blocks: dict[str, Json] = {tag: block for tag, block in metrics.items() if is_block(block)}
    context = Context("vendor")
    for op in METRICS:
        blocks = op.up(blocks, context)
    blocks = {current(tag): block for tag, block in blocks.items() if current(tag) not in _DERIVED}
    for units in _UNITS:
        blocks = units.up(blocks, context)
    return {tag: {key: value for key, value in block.items() if key not in _ADDED} for tag, block in blocks.items()}


_UNITS: Final = tuple(op for step in STEPS for op in step.ops if isinstance(op, Units))
_DERIVED: Final = {op.tag for step in STEPS for op in step.ops if isinstance(op, Derive)}
"""Metrics that an upgrade may add."""
_ADDED: Final = ("count", "sum")
"""Statistics that an upgrade may add."""


def phase_of(path: str, document: Mapping[str, Json]) -> str:
    """The phase that an export is of; empty for the export of a whole run.

    Args:
        path: the file: an export of a phase is in a folder `phases/NAME`.
        document: the export, whose configuration must have a phase of that name.
    """
    _, name = _phase_of(_place(path))
    return name if name and name in dict(_phases(_object(document.get("input_config")))) else ""


def _phases(config: Mapping[str, Json]) -> Iterator[tuple[str, bool]]:
    """(name, whether it is measured) of each phase of a configuration, in either family."""
    phases = config.get("phases")
    for phase in phases if type(phases) is list else ():
        if type(phase) is dict:
            yield (
                str(phase.get("name")),
                not (phase.get("kind") == "warmup" or phase.get("exclude_from_results") is True),
            )
    load = _object(config.get("loadgen"))
    if load:
        # UserConfig: the names are those that AIPerf gives them.
        if any(key.startswith("warmup_") and value is not None for key, value in load.items()):
            yield "warmup", False
        yield "profiling", True


def _object(node: Json) -> dict[str, Json]:
    return node if type(node) is dict else {}


def _digest(value: Json) -> bytes:
    return digest(fingerprint(value), 8)


class Runs(Generic[T]):
    """The roles of exports that come in the order of [`discover`][migrator.batch.discover.discover].

    A file that was named is a run: somebody asked for it. In memory are digests, of which there is a limit, and the
    phases of a folder until it has been left, for they come before their run.

    Args:
        look: the source of an item and its mark; None for a file that is not an export.
        phases: whether phases are wanted, so that copies of one are told apart, too.
    """

    def __init__(self, look: Callable[[T], tuple[Source, Mark | None]], *, phases: bool = False) -> None:
        self._look = look
        self._wants_phases = phases
        self._seen = _Memory()
        self._open: list[tuple[str, list[T]]] = []
        self.left_out: Counter[Role] = Counter()

    def roles(self, items: Iterable[T]) -> Iterator[tuple[T, Role | None]]:
        """Each item with its role, None for one without a mark. Phases come when the folder of their run is done."""
        for item in items:
            source, mark = self._look(item)
            place = _place(source.path)
            while self._open and not place.startswith(self._open[-1][0]):
                yield from self._close()
            run_folder, phase = _phase_of(place)
            if mark is None:
                yield item, None
            elif source.named or not phase or not mark.attempt:
                yield item, self._role(mark, named=source.named)
            elif self._open and self._open[-1][0] == run_folder:
                self._open[-1][1].append(item)
            else:
                self._open.append((run_folder, [item]))
        while self._open:
            yield from self._close()

    def _close(self) -> Iterator[tuple[T, Role]]:
        _, held = self._open.pop()
        # Those that stand for their run come last, so that no phase makes another a part of itself.
        alone = []
        for item in held:
            source, mark = self._look(item)
            name = _phase_of(_place(source.path))[1]
            if mark and mark.attempt in self._seen:
                yield item, self._phase(mark, name, Role.PHASE)
            elif mark and name in mark.warm_ups:
                yield item, self._phase(mark, name, Role.WARM_UP)
            elif mark:
                alone.append((item, mark))
        for item, mark in alone:
            yield item, self._role(mark)

    def _role(self, mark: Mark, *, named: bool = False) -> Role:
        if mark.run in self._seen and not named:
            return self._count(Role.COPY)
        self._seen.add(mark.run)
        if mark.attempt:
            self._seen.add(mark.attempt)
        return Role.RUN

    def _phase(self, mark: Mark, name: str, role: Role) -> Role:
        if self._wants_phases:
            digest = _digest([mark.run.hex(), name])
            if digest in self._seen:
                role = Role.COPY
            self._seen.add(digest)
        return self._count(role)

    def _count(self, role: Role) -> Role:
        self.left_out[role] += 1
        return role


class _Memory:
    """The digests that were added last, in two generations: as many at least as one holds, twice that at most."""

    def __init__(self) -> None:
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._young or digest in self._old

    def add(self, digest: bytes) -> None:
        if len(self._young) >= _REMEMBERED:
            self._young, self._old = set(), self._young
        self._young.add(digest)


def _place(path: str) -> str:
    """A path that says where a file is, whatever the working directory."""
    return path if is_url(path) else os.path.abspath(path).replace(os.sep, "/")


def _phase_of(place: str) -> tuple[str, str]:
    """`("a/", "warmup")` for `a/phases/warmup/b.json`: the folder of its run, and its phase; nothing elsewhere."""
    parts = place.split("/")
    return ("/".join(parts[:-3]) + "/", parts[-2]) if len(parts) > 2 and parts[-3] == _FOLDER else ("", "")


def words(left_out: Mapping[Role, int]) -> str:
    """`left out: 2 phases of runs, 1 copy (a file that is named is always taken)`; nothing if none was."""
    one_or_more = {
        Role.PHASE: ("phase of a run", "phases of runs"),
        Role.WARM_UP: ("warm-up without its run", "warm-ups without their runs"),
        Role.COPY: ("copy of a run", "copies of runs"),
    }
    told = [f"{n} {one_or_more[role][n > 1]}" for role in one_or_more if (n := left_out.get(role, 0))]
    return f"left out: {', '.join(told)} (a file that is named is always taken)" if told else ""
