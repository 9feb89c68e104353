"""One file of the list: what is known of it, small enough for ten thousand of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from migrator.batch.discover import Names, Source, discover
from migrator.stores import is_url
from tui.common.rows import safe_text

if TYPE_CHECKING:
    from migrator.batch.runs import Mark, Role

_USUAL_NAME: Final = "profile_export_aiperf.json"

Stamp = tuple[int, int]
"""Modification time in nanoseconds and size: a file with the same stamp is not read again."""


@dataclass(slots=True)
class Export:
    """A file under the given paths. Until it is read, only its names are known.

    `numbers` holds the statistics that were asked for, by `METRIC.STAT`, in the units of the catalogue; `problems` the
    codes of the findings of `check`, each once and without notes; `failed` how many requests failed, None where the
    file does not say; `error` says why it could not be read. `main` tells a main export of AIPerf, `of_several` a file
    about several runs, which stands for them where they are gone, `outdated` a file that a migration would bring to a
    newer version, `rank` the place of its version among all. All of this text is harmless to show. A filter looks in
    `words`, and asks `values`, by the keys of fields. `mark` tells the run of an export from others, and `named` a file
    that the user named. `checked` tells whether `problems` are known, and `asked` which fields were read beside those
    that always are.
    """

    path: str
    relative: str
    read: bool = False
    stamp: Stamp | None = None
    family: str = ""
    main: bool = False
    of_several: bool = False
    outdated: bool = False
    rank: tuple[int, ...] = ()
    version: str = ""
    label: str = ""
    dialect: str = ""
    release: str = ""
    model: str = ""
    load: str = ""
    start: str = ""
    cancelled: bool = False
    failed: int | None = None
    numbers: dict[str, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    error: str = ""
    words: str = ""
    values: dict[str, tuple[object, ...]] = field(default_factory=dict)
    mark: Mark | None = None
    named: bool = False
    checked: bool = False
    asked: tuple[str, ...] = ()

    def found(self, problems: tuple[str, ...]) -> None:
        """Take the findings of `check`."""
        self.problems, self.checked = problems, True
        self.values["problems"] = problems

    @property
    def checkable(self) -> bool:
        """Whether there is something to check that has not been checked."""
        return self.comparable and not self.checked and not self.error

    @property
    def migratable(self) -> bool:
        """Whether a migration takes it: an export, or an old file beside one that is migrated with it."""
        return self.comparable or self.outdated

    @property
    def comparable(self) -> bool:
        """Whether it is an export: a main export, or one of the predecessor, GenAI-Perf."""
        return self.mark is not None

    @property
    def aside(self) -> bool:
        """Whether it is a file that is nothing to compare or to migrate, and that the user has not named."""
        return self.read and not (self.error or self.migratable or self.of_several or self.named)

    @property
    def name(self) -> str:
        """Its place below the path that was named, without the file name that nearly all exports share."""
        return safe_text(short_name(self.relative))


def short_name(relative: str) -> str:
    """A place without the file name that nearly all exports share."""
    folder, slash, file = relative.rpartition("/")
    return folder + slash if folder and file == _USUAL_NAME else relative


def found(paths: Sequence[str]) -> Iterator[Export]:
    """The files under some paths, unread: JSON, and the records that a migration takes.

    A folder that cannot be listed is an entry with an error.
    """
    for source in discover(paths, names=Names.MIGRATED):
        yield _listed(source)


def _listed(source: Source) -> Export:
    if source.error:
        return Export(source.path, source.relative, read=True, error=safe_text(source.error.found))
    return Export(source.path, source.relative, named=source.named)


def runs_among(exports: Iterable[Export]) -> tuple[list[Export], Mapping[Role, int]]:
    """The exports that are runs, and of the others how many are phases of one, warm-ups alone, and copies."""
    from migrator.batch.runs import Role, Runs

    found: Runs[Export] = Runs(lambda each: (Source(each.path, each.relative, each.named), each.mark))
    return [each for each, role in found.roles(exports) if role is Role.RUN], found.left_out


def runs_and_files_of_several(exports: Sequence[Export]) -> tuple[list[Export], Mapping[Role, int]]:
    """The exports that are runs, and the files about several; of those, a reader leaves out what it does not need."""
    runs, left_out = runs_among(each for each in exports if each.comparable)
    return [*runs, *(each for each in exports if each.of_several)], left_out


def stamp(path: str) -> Stamp | None:
    """The stamp of a file as it is now; None if there is none, or a store does not tell."""
    if is_url(path):
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
