"""Which of the files that a command line names are selected: by place, by age, by content."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from migrator import stores
from migrator.batch.discover import Names, Skip, Source, discover
from migrator.batch.load import Loaded, load
from migrator.errors import MigratorError, UsageError, reported
from migrator.files.disk import STANDARD
from migrator.stores import is_url
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class Selection(NamedTuple):
    """Which files are selected. Globs and `.gitignore` apply to what folders hold; a file that is named is selected.

    `newer` and `older` are seconds since 1970 that the time of modification is compared with. `where` is an expression
    ([`where`][migrator.batch.where.where]), empty for every content.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    gitignore: bool = False
    newer: float | None = None
    older: float | None = None
    where: str = ""


EVERYTHING: Final = Selection()


def select(
    paths: Sequence[str],
    selection: Selection = EVERYTHING,
    avoid: Iterable[str | None] = (),
    names: Names = Names.JSON,
) -> Iterator[Source]:
    """The selected files below `paths`, one at a time, in order.

    Their content is tested later, by the code that reads them ([`passes`][]).

    Args:
        paths: files, folders and URLs, as [`discover`][migrator.batch.discover.discover] takes them.
        selection: which of them are selected.
        avoid: outputs of the command, which are not among its inputs.
        names: which files of a folder are meant.

    Raises:
        UsageError: a glob or an expression that is not understood, a metric in it that is nowhere, or `.gitignore` for
            a URL. Raised at once.
    """
    if selection.gitignore and any(map(is_url, paths)):
        raise UsageError("--gitignore works on folders of this machine only", hint="--exclude GLOB")
    if selection.where:
        from migrator.batch.where import where

        require_fields(where(selection.where).unproven, paths, selection, "--where")
    sources = discover(paths, avoid, _skip(selection), names)
    return (source for source in sources if source.error or _right_age(source, selection))


def require_fields(asked: Mapping[str, str], paths: Sequence[str], selection: Selection, option: str) -> None:
    """Refuse fields that no file has: a misspelt name matches nothing, in silence.

    The files are read until each field has been found, so that nothing is written before. Where there is no export to
    find them in, they pass.

    Args:
        asked: metrics that no release writes, and places in a document → where they stand in the option.
        paths: where to look.
        selection: which of the files to look at, whatever its `where`.
        option: the option that names the fields.

    Raises:
        UsageError: a field that is nowhere, with the names that come near.
    """
    if not asked:
        return
    from migrator.batch.missing import Missing

    missing = Missing(asked)
    for source in select(paths, selection._replace(where="")):
        loaded = _loaded(source)
        if loaded and missing.look(loaded.identity, loaded.parsed.data if loaded.parsed else None):
            return
    if error := missing.error():
        error.file = option
        raise error


def _loaded(source: Source) -> Loaded | None:
    """A file in memory; None for one that cannot be read, which is told later."""
    try:
        with reported(source.path):
            return load(source.path, details=False, to_look=True)
    except MigratorError:
        return None


def passes(source: Source, loaded: Loaded, where: str) -> bool:
    """Whether a file that was read, with details, passes the expression of a selection."""
    if not where:
        return True
    from migrator.batch.file import File
    from migrator.batch.where import AnswersOf
    from migrator.batch.where import where as test_of

    document = loaded.parsed.data if loaded.parsed else None
    return test_of(where).holds(AnswersOf(File(loaded.identity, document, source.path, source.relative)))


def count(
    paths: Sequence[str], selection: Selection, avoid: Iterable[str | None] = (), names: Names = Names.JSON
) -> int:
    """How many files there are to look at, for a progress line."""
    return sum(1 for _ in select(paths, selection, avoid, names))


def moment(text: str, now: float) -> float:
    """A duration before now (`36h`, `7d`) or a date (`2026-11-24`, `2026-11-24T08:00`), as seconds since 1970.

    Raises:
        ValueError: neither.
    """
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text):
        return now - float(match[1]) * _SECONDS[match[2]]
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def _right_age(source: Source, selection: Selection) -> bool:
    if source.path == STANDARD or (selection.newer is None and selection.older is None):
        return True
    changed = source.changed
    try:
        if changed is None:
            changed = stores.changed(source.path)
    except (OSError, MigratorError):
        return True  # Reading it gives the error.
    if changed is None:
        return True
    return (selection.newer is None or changed >= selection.newer) and (
        selection.older is None or changed < selection.older
    )


def _skip(selection: Selection) -> Skip | None:
    if not (selection.include or selection.exclude or selection.gitignore):
        return None
    from migrator.batch.globs import globs

    include, exclude = (globs(lines) if lines else None for lines in (selection.include, selection.exclude))

    def skip(path: str, below: str, is_folder: bool) -> bool:
        name = below + "/" if is_folder else below
        if exclude and exclude.match_file(name):
            return True
        if include and not is_folder and not include.match_file(name):
            return True
        return selection.gitignore and _ignored(path, is_folder)

    return skip


def _ignored(path: str, is_folder: bool) -> bool:
    """Whether the `.gitignore` files above a path leave it out; the nearest that says anything decides."""
    whole = os.path.abspath(path)
    for folder, spec in reversed(_rules(os.path.dirname(whole))):
        below = os.path.relpath(whole, folder) + ("/" if is_folder else "")
        answer = spec.check_file(below).include
        if answer is not None:
            return answer
    return False


@lru_cache(maxsize=4096)
def _rules(folder: str) -> tuple[tuple[str, GitIgnoreSpec], ...]:
    """The rules that hold in a folder, from the repository's top down, each with the folder it stands in."""
    above: list[str] = [folder]
    while not os.path.exists(os.path.join(above[-1], ".git")) and os.path.dirname(above[-1]) != above[-1]:
        above.append(os.path.dirname(above[-1]))
    found = []
    for each in reversed(above):
        for name in (".git/info/exclude", ".gitignore") if each == above[-1] else (".gitignore",):
            spec = _spec(os.path.join(each, name))
            if spec:
                found.append((each, spec))
    return tuple(found)


@lru_cache(maxsize=4096)
def _spec(path: str) -> GitIgnoreSpec | None:
    from migrator.batch.globs import globs

    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return globs(file.read().splitlines())
    except (OSError, UsageError):
        return None
