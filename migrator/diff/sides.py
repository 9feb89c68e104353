"""The two sides of a comparison: find their runs, read each once, keep what is needed of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from migrator.batch.discover import Source, discover, is_folder
from migrator.batch.instead import instead
from migrator.batch.runs import Mark, Role, Runs, mark_of
from migrator.chain.steps import NEWEST
from migrator.diff.blocks import Block, Blocks, copied
from migrator.diff.run import Run, load_run
from migrator.diff.stand_ins import NOT_NEEDED, Known, admitted, on_both_sides, results_of, runs_in
from migrator.errors import NotAnExportError, UnreadableError
from migrator.files.digest import digest
from migrator.jsonfile import Json, fingerprint
from migrator.values import NamedTuple


class LoadedSide(NamedTuple):
    """A side's runs. `left_out` names the files that were found and not compared, each with the reason."""

    name: str
    runs: tuple[Run, ...]
    left_out: tuple[str, ...] = ()

    @property
    def migrated(self) -> str:
        """`1.0 → 1.5`; empty if no run had to be migrated."""
        versions = sorted({run.version for run in self.runs if run.version not in (NEWEST, "")})
        return f"{', '.join(versions)} → {NEWEST}" if versions else ""


def load_side(paths: Sequence[str], *, stand_ins: bool = False) -> LoadedSide:
    """The runs behind some paths: files are runs, folders hold the runs of one configuration.

    In a folder, files of other families are skipped, and so are the phases of a run and copies of one
    ([`Runs`][migrator.batch.runs.Runs]).

    Args:
        paths: files and folders.
        stand_ins: whether a file about several runs stands for them where they are gone
            ([`stand_ins`][migrator.diff.stand_ins]).

    Raises:
        MigratorError: a named file is not a run; an export in a folder cannot be read; or there is no run at all.
    """
    read = runs_in if stand_ins else _single
    return collect(paths, ((source, partial(read, source.path)) for source in _files(paths)))


def _single(path: str) -> list[Run]:
    return [load_run(path)]


Readable = tuple[Source, Callable[[], list[Run]]]
"""A file, and what reads the runs in it: one, or what stands for several."""


def collect(names: Sequence[str], files: Iterable[Readable]) -> LoadedSide:
    """The runs among some files, wherever these are.

    Args:
        names: what was named, for the side's name and for messages.
        files: each with what reads it; those nearest to the top of a folder first.

    Raises:
        MigratorError: as [`load_side`][].
    """
    runs: list[Run] = []
    left_out: list[str] = []
    stood_in: list[Run] = []
    exports = Runs(_marked)
    for (source, run), role in exports.roles(_loaded(files, left_out, stood_in)):
        if role is Role.RUN:
            runs.append(run)
        elif role:
            left_out.append(f"{source.path}: {role.value}")
    if stood_in:
        known = Known()
        for run in runs:
            known.add(results_of(run))
        kept, not_needed = admitted(known, stood_in, results_of)
        runs += kept
        left_out += [f"{file}: {NOT_NEEDED}" for file in not_needed]
    if not runs:
        hint = "name its file to compare a warm-up" if Role.WARM_UP in exports.left_out else ""
        hint = hint or next((reason for reason in left_out if "rebuild" in reason), instead(names).removeprefix(": "))
        raise UnreadableError("holds no run", expected="at least one main export", hint=hint, file=", ".join(names))
    return LoadedSide(_name(names), tuple(runs), tuple(left_out))


_Loaded = tuple[Source, Run]


def _loaded(files: Iterable[Readable], left_out: list[str], stood_in: list[Run]) -> Iterator[_Loaded]:
    """The single runs in some files; what stands for others goes to `stood_in`, what is neither to `left_out`."""
    for source, read in files:
        try:
            for run in read():
                if run.kind == "run":
                    yield source, run
                else:
                    stood_in.append(run)
        except NotAnExportError as error:
            if source.named:
                raise
            left_out.append(f"{source.path}: {error.found}")


def _marked(loaded: _Loaded) -> tuple[Source, Mark]:
    source, run = loaded
    return source, mark_of(run.facts, _StatsBlocks(run.blocks))


class _StatsBlocks(Mapping[str, Json]):
    """The blocks of a run as a document has them, each made where it is looked at: for a mark, few are."""

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        self._blocks = blocks

    def __getitem__(self, tag: str) -> Json:
        unit, values = self._blocks[tag]
        return {"unit": unit, **values}

    def __iter__(self) -> Iterator[str]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)


def _files(paths: Sequence[str]) -> Iterator[Source]:
    """The files behind some paths. Of a folder, those nearest to its top come first: a copy is below its original."""
    for path in paths:
        if not is_folder(path):
            yield Source(path, path, named=True)
            continue
        found = []
        for source in discover([path]):
            if source.error:
                raise source.error
            found.append(source)
        yield from sorted(found, key=nearest_first)


def nearest_first(source: Source) -> tuple[int, str]:
    """Sort key for files of a folder: those nearest to its top first, for a copy is below its original."""
    return source.path.count(os.sep), source.path


def _name(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def same_run(base: LoadedSide, candidate: LoadedSide) -> list[str]:
    """Files of the candidate that hold a run of the baseline."""
    times = {_times(run) for run in base.runs}
    suspects = [run for run in candidate.runs if _times(run) in times]
    if len(base.runs) == len(suspects) == 1 and _surely_same(base.runs[0], suspects[0]):
        return [suspects[0].file]
    known = {_content(run) for run in base.runs} if suspects else set()
    same = [run.file for run in suspects if _content(run) in known]
    return same or on_both_sides(base.runs, candidate.runs)


def duplicates(side: LoadedSide) -> list[str]:
    """Files of a side whose numbers and times are those of an earlier file: the same run counted twice."""
    times = Counter(map(_times, side.runs))
    seen: set[bytes] = set()
    twice = []
    for run in side.runs:
        if times[_times(run)] == 1:
            continue
        content = _content(run)
        if content in seen:
            twice.append(run.file)
        seen.add(content)
    return twice


def _times(run: Run) -> bytes:
    """Start and end: cheap to compare, and seldom the same of two runs."""
    return fingerprint([run.facts.get("start_time"), run.facts.get("end_time")])


def _surely_same(one: Run, other: Run) -> bool:
    """Whether the metrics of two runs are the same, told without writing them out."""
    return isinstance(one.blocks, Blocks) and one.blocks.surely_same(other.blocks)


def _content(run: Run) -> bytes:
    numbers = {tag: [unit, copied(values)] for tag, (unit, values) in run.blocks.items()}
    return digest(fingerprint(numbers) + _times(run), 32)
