"""Every command counts the same runs in the same files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, rmtree
from typing import Final

import pytest
from support.process import EXPORTS, NAME, copy, run
from support.sweeps import made, recorded
from support.versions import NEWEST

from tui.files.export import found
from tui.files.model import FileList
from tui.files.read_export import read


def phased(folder: Path) -> int:
    """A run with the exports of its phases."""
    copytree(EXPORTS / "0.13.0" / "chat-streaming", folder / "run")
    return 1


def phases_alone(folder: Path) -> int:
    """The profiling phase stands for its run, and the warm-up for none."""
    phased(folder)
    (folder / "run" / NAME).unlink()
    return 1


def trials(folder: Path) -> int:
    """Trials of one command, with the aggregate and the configurations beside them."""
    copytree(EXPORTS / "0.13.0" / "multirun", folder / "new")
    copytree(EXPORTS / "0.8.0" / "multirun", folder / "old")
    return 6


def copies(folder: Path) -> int:
    """A run, a copy of it, and one at another version."""
    for name in ("a", "b", "c"):
        path = folder / name / NAME
        path.parent.mkdir(parents=True)
        copy("0.4.0/chat-streaming", path)
    assert run("upgrade", folder / "c", "--in-place", "--to", NEWEST).code == 0
    return 1


def sweep(folder: Path) -> int:
    """A sweep whose first trials have warm-ups."""
    recorded(folder, "base")
    return 12


def predecessor(folder: Path) -> int:
    """An export of GenAI-Perf beside one of AIPerf."""
    copytree(EXPORTS / "genai-perf-0.0.16", folder / "old")
    copytree(EXPORTS / "0.4.0" / "chat-streaming", folder / "new")
    return 2


def holes(folder: Path) -> int:
    """A sweep with one trial here and three there."""
    path = made(folder, "uneven", cells=(1, 4))
    rmtree(Path(path, "profile_runs", "trial_0002", "concurrency_4"))
    rmtree(Path(path, "profile_runs", "trial_0003", "concurrency_4"))
    return 4


TREES: Final = (phased, phases_alone, trials, copies, sweep, predecessor, holes)


def by_table(folder: Path) -> int:
    return len(run("table", folder, "--columns", "file").lines) - 1


def by_inspect(folder: Path) -> int:
    told = json.loads(run("inspect", "--summary", "--json", folder).raw)
    assert sum(outcome["runs"] for outcome in told["outcomes"]) == told["runs"]
    return int(told["runs"])


def by_check(folder: Path) -> int:
    """`3 exports of 1 run checked`, and without the runs if there are as many."""
    words = run("check", folder).lines[-1].replace(" of ", " ").split()
    return int(words[2] if words[3].startswith("run") else words[0])


def by_diff(folder: Path) -> int:
    receipt = json.loads(run("diff", folder, folder, "--json").raw)
    return sum(side["runs"] for side in receipt["base"]["runs"])


def by_noise(folder: Path) -> int:
    """`learnt 4 configurations from 12 runs`, or how many there are too few of; of other configurations nothing."""
    done = run("noise", "learn", folder, "-o", folder / "noise.json", "--force")
    words = done.complaints[-1].split()
    place = next(place for place, word in enumerate(words) if word.startswith("run"))
    return int(words[place - 1])


def by_terminal(folder: Path) -> int:
    files = FileList()
    files.add(found([str(folder)]))
    files.update([read(each.path, each.relative) for each in files.exports])
    files.count_runs()
    return files.tally.runs


def by_history(folder: Path) -> int:
    return sum(len(section["runs"]) for section in run("history", folder, "--json", "--file-times").rows)


COUNTS: Final = (by_table, by_inspect, by_check, by_diff, by_terminal, by_history)


@pytest.mark.parametrize("tree", TREES)
def test_all_commands_count_the_same_runs(tmp_path: Path, tree: Callable[[Path], int]) -> None:
    expected = tree(tmp_path)
    assert {count.__name__: count(tmp_path) for count in COUNTS} == {count.__name__: expected for count in COUNTS}


@pytest.mark.parametrize(("tree", "runs"), [(phased, 1), (sweep, 12)])
def test_noise_is_learnt_from_the_same_runs(tmp_path: Path, tree: Callable[[Path], int], runs: int) -> None:
    """Where each is of a configuration that is repeated: a trial without the warm-up of the first is a repetition."""
    assert tree(tmp_path) == by_noise(tmp_path) == runs


def test_the_noise_of_a_sweep_is_known_of_each_of_its_runs(tmp_path: Path) -> None:
    folder = recorded(tmp_path, "base")
    profile = tmp_path / "noise.json"
    assert run("noise", "learn", folder, "-o", profile).code == 0
    first, later = (Path(folder, "profile_runs", f"trial_{trial}", "concurrency_4", NAME) for trial in ("0001", "0002"))
    receipt = json.loads(run("diff", first, later, "--noise", profile, "--json").raw)
    assert receipt["noise"]["runs"] == 3
