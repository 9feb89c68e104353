"""The two sides of a comparison: find their runs, read each once, keep what is needed of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrator.batch.discover import discover, is_folder
from migrator.chain.steps import NEWEST
from migrator.diff.run import Trial, load_trial
from migrator.errors import NotAnExportError, UnreadableError
from migrator.jsonfile import fingerprint


class LoadedSide(NamedTuple):
    """A side's runs. `left_out` tells what was found and not compared, and why."""

    name: str
    trials: tuple[Trial, ...]
    left_out: tuple[str, ...] = ()

    @property
    def migrated(self) -> str:
        """`1.0 → 1.5`, or nothing if no run had to be migrated."""
        versions = sorted({trial.version for trial in self.trials if trial.version != NEWEST})
        return f"{', '.join(versions)} → {NEWEST}" if versions else ""


def load_side(paths: Sequence[str]) -> LoadedSide:
    """The runs behind some paths: files are runs, folders hold the trials of one configuration.

    In a folder, other families are passed over, and so are copies of a run that is there already (the export of a
    single phase carries the identity of its run).

    Raises:
        MigratorError: a named file is no run; an export in a folder cannot be read; or nothing is left.
    """
    trials: list[Trial] = []
    left_out: list[str] = []
    seen: dict[bytes, str] = {}
    for path, named in _files(paths):
        try:
            trial = load_trial(path)
        except NotAnExportError as error:
            if named:
                raise
            left_out.append(f"{path}: {error.found}")
            continue
        identity = _run_identity(trial)
        if identity in seen and not named:
            left_out.append(f"{path}: the same run as {seen[identity]}")
            continue
        seen.setdefault(identity, path)
        trials.append(trial)
    if not trials:
        raise UnreadableError("holds no run", expected="at least one main export", file=", ".join(paths))
    return LoadedSide(_name(paths), tuple(trials), tuple(left_out))


def _files(paths: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """(file, whether it was named), nearest to the top first, so that a run comes before the exports of its phases."""
    for path in paths:
        if not is_folder(path):
            yield path, True
            continue
        found = []
        for source in discover([path]):
            if source.error:
                raise source.error
            found.append(source.path)
        yield from ((file, False) for file in sorted(found, key=lambda file: (file.count(os.sep), file)))


def _name(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _run_identity(trial: Trial) -> bytes:
    """What two exports of the same run share: its identifier, else its start and its configuration."""
    run = trial.facts.get("run_info")
    keys = trial.facts.get("benchmark_id"), trial.facts.get("start_time")
    if keys[0]:
        # The trials of one plan share an identifier in some releases; the number of the trial tells them apart.
        trial_number = run.get("trial") if type(run) is dict else None
        label = run.get("run_label") if type(run) is dict else None
        return fingerprint([keys[0], trial_number, label])
    return fingerprint([keys[1], trial.facts.get("end_time"), trial.facts.get("input_config")])


def same_run(base: LoadedSide, candidate: LoadedSide) -> list[str]:
    """Files of the candidate that hold a run of the baseline."""
    known = {_content(trial) for trial in base.trials}
    return [trial.file for trial in candidate.trials if _content(trial) in known]


def duplicates(side: LoadedSide) -> list[str]:
    """Files of a side whose numbers are another's: the same trial counted twice."""
    seen: set[bytes] = set()
    twice = []
    for trial in side.trials:
        content = _content(trial)
        if content in seen:
            twice.append(trial.file)
        seen.add(content)
    return twice


def _content(trial: Trial) -> bytes:
    from hashlib import sha256

    numbers = {tag: [block.unit, block.values] for tag, block in trial.blocks.items()}
    return sha256(fingerprint([numbers, trial.facts.get("start_time"), trial.facts.get("end_time")])).digest()
