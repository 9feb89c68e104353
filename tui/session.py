"""What the user has marked, and what is remembered from one start to the next.

Remembered is kept as JSON with a version. A file of another version, or a damaged one, is ignored: it holds
nothing that cannot be set again with a few keys.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from migrator.errors import MigratorError
from migrator.files.disk import write_atomic
from migrator.stores import absolute, base_name

STATE_VERSION: Final = 3
RESUME: Final = ".resume"
"""The end of the name of a script beside a journal that finishes a write, until it is complete."""
_MOST_FILTERS: Final = 20
"""Filters that are remembered without being saved."""
_MOST_PLACES: Final = 50
"""Places of which filter and marks are remembered; those that were opened longest ago are forgotten."""


@dataclass
class Remembered:
    """Settings that the next start takes over. Each has a default.

    Filter and marks belong to the paths that were opened, and are kept for each: `place` is that of the filter and
    marks that are here, and `places` holds those of the others, the one that was opened last at the end. `filters` are
    those that were saved, `others` tells whether files of other families are shown, `introduced` whether the meaning of
    the marks was.
    """

    theme: str = ""
    view: str = "table"
    sort: str = ""
    descending: bool = False
    filter: str = ""
    others: bool = False
    columns: list[str] = field(default_factory=list)
    baseline: list[str] = field(default_factory=list)
    candidate: list[str] = field(default_factory=list)
    place: str = ""
    places: dict[str, Any] = field(default_factory=dict)
    filters: list[str] = field(default_factory=list)
    recent_filters: list[str] = field(default_factory=list)
    introduced: bool = False

    def note_filter(self, text: str) -> None:
        """Remember a filter as the one that was used last."""
        text = text.strip()
        if text:
            self.recent_filters = [text, *(each for each in self.recent_filters if each != text)][:_MOST_FILTERS]

    def keep_filter(self, text: str) -> bool:
        """Save a filter; whether it was not saved before."""
        if not text or text in self.filters:
            return False
        self.filters.append(text)
        return True

    def drop_filter(self, text: str) -> bool:
        """Forget a filter; whether it was there."""
        there = text in self.filters or text in self.recent_filters
        self.filters = [each for each in self.filters if each != text]
        self.recent_filters = [each for each in self.recent_filters if each != text]
        return there

    @property
    def recent_places(self) -> list[list[str]]:
        """The paths that were opened before, what was opened last first."""
        return [place.split("\n") for place in reversed(self.places)]

    def go_to(self, paths: Sequence[str]) -> None:
        """Put away the filter and the marks of the place that was open, and take those of other paths."""
        place = "\n".join(sorted(map(absolute, paths)))
        if place == self.place:
            return
        if self.place:
            self.places[self.place] = [self.filter, self.baseline, self.candidate]
        self.place = place
        self.filter, self.baseline, self.candidate = _kept(self.places.pop(place, None))
        for oldest in list(self.places)[:-_MOST_PLACES]:
            del self.places[oldest]


def _kept(stored: Any) -> tuple[str, list[str], list[str]]:
    """Filter, baseline and candidate as they were put away; empty ones for anything else."""
    if type(stored) is list and len(stored) == 3 and type(stored[0]) is str and all(map(_is_names, stored[1:])):
        return stored[0], stored[1], stored[2]
    return "", [], []


def _is_names(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


@dataclass
class Write:
    """Something that this session has written, or is writing: a migration, or taking one back.

    Attributes:
        journal: the file that tells what was written, for `undo` and `--resume`.
        resume: the command line that finishes it.
        total: how many files there are to write; 0 if that is not known.
        done: how many there have been so far.
        changed: how many of them were written.
        running: whether it still goes on.
        stopping: whether it was asked to end after the present file.
        undone: whether it was taken back.
        undoes: whether it is itself one that takes back.
    """

    journal: str
    resume: str = ""
    total: int = 0
    done: int = 0
    changed: int = 0
    running: bool = True
    stopping: bool = False
    undone: bool = False
    undoes: bool = False


@dataclass
class Session:
    """What all screens know: where to look, what is marked, and whether anything may be written.

    `has_written` is set by a screen that has written files, until the list has looked for them. `writes` are those of
    this session, the newest last.
    """

    paths: list[str]
    read_only: bool = False
    remembered: Remembered = field(default_factory=Remembered)
    has_written: bool = False
    writes: list[Write] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.remembered.go_to(self.paths)

    def go_to(self, paths: Sequence[str]) -> None:
        """Open other paths, with the filter and the marks that they had."""
        self.paths = list(paths)
        self.remembered.go_to(paths)

    @property
    def running(self) -> Write | None:
        """What is being written now."""
        return next((write for write in self.writes if write.running), None)

    @property
    def undoable(self) -> Write | None:
        """What was written last and can be taken back."""
        found = (w for w in reversed(self.writes) if w.changed and not (w.running or w.undone or w.undoes))
        return next(found, None)

    @property
    def baseline(self) -> list[str]:
        """The runs of side A, as paths or URLs."""
        return list(self.remembered.baseline)

    @property
    def candidate(self) -> list[str]:
        """The runs of side B, as paths or URLs."""
        return list(self.remembered.candidate)

    def mark(self, side: str, paths: list[str]) -> None:
        """Put files on side `A` or `B`, and take them from the other; all of them there already: take them off."""
        here, there = (
            (self.remembered.baseline, self.remembered.candidate)
            if side == "A"
            else (self.remembered.candidate, self.remembered.baseline)
        )
        whole = [absolute(path) for path in paths]
        if whole and all(path in here for path in whole):
            here[:] = [path for path in here if path not in whole]
            return
        here[:] = whole
        there[:] = [path for path in there if path not in whole]

    def swap(self) -> None:
        """Exchange baseline and candidate."""
        remembered = self.remembered
        remembered.baseline, remembered.candidate = remembered.candidate, remembered.baseline

    def keep_marks(self, paths: Sequence[str]) -> None:
        """Remove the marks of all files but these."""
        if not (self.remembered.baseline or self.remembered.candidate):
            return
        there = set(map(absolute, paths))
        for side in (self.remembered.baseline, self.remembered.candidate):
            side[:] = [path for path in side if path in there]

    def clear_marks(self) -> None:
        """Remove all marks."""
        self.remembered.baseline, self.remembered.candidate = [], []

    def side(self, path: str) -> str:
        """`A`, `B`, or nothing."""
        if not (self.remembered.baseline or self.remembered.candidate):
            return ""
        whole = absolute(path)
        return "A" if whole in self.remembered.baseline else "B" if whole in self.remembered.candidate else ""

    def sides(self) -> str:
        """Both sides on one line; empty if nothing is marked."""
        sides = [
            f"{name} {_named(paths)}"
            for name, paths in (("A", self.remembered.baseline), ("B", self.remembered.candidate))
            if paths
        ]
        return "  ".join(sides)


def _named(paths: list[str]) -> str:
    """The folder of an export, as the file name is the same for all; of several, how many."""
    first = paths[0]
    return base_name(first.rpartition("/")[0]) or base_name(first) if len(paths) == 1 else f"{len(paths)} runs"


def state_folder() -> Path:
    """The folder of what this program keeps from one start to the next."""
    from platformdirs import user_state_path

    return user_state_path("aiperf-migrate", appauthor=False)


def journals() -> Path:
    """The folder of the journals of what was written here."""
    return state_folder() / "journals"


def state_file() -> Path:
    """The file of the settings that are remembered."""
    return state_folder() / "tui.json"


def keys_file() -> Path:
    """The file in which a user sets keys."""
    from platformdirs import user_config_path

    return user_config_path("aiperf-migrate", appauthor=False) / "tui.toml"


def recall(path: Path | None = None) -> Remembered:
    """The settings of the last start; the defaults if there are none, or the file is damaged or of another version."""
    try:
        stored = json.loads((path or state_file()).read_bytes())
    except (OSError, ValueError, RecursionError):
        return Remembered()
    if type(stored) is not dict or stored.get("version") != STATE_VERSION:
        return Remembered()
    fresh = Remembered()
    for each in fields(Remembered):
        value, default = stored.get(each.name), getattr(fresh, each.name)
        if type(value) is type(default) and (type(value) is not list or all(type(item) is str for item in value)):
            setattr(fresh, each.name, value)
    return fresh


def remember(remembered: Remembered, path: Path | None = None) -> None:
    """Write the settings for the next start; a failure to write is ignored."""
    target = path or state_file()
    stored: dict[str, Any] = {"version": STATE_VERSION, **asdict(remembered)}
    with contextlib.suppress(OSError, MigratorError):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(str(target), json.dumps(stored, indent=2).encode() + b"\n", overwrite=True)
