"""Read one file for the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from migrator.errors import MigratorError, reported
from migrator.jsonfile import Json
from tui.common.rows import safe_text
from tui.files.columns import METRICS
from tui.files.export import Export, stamp

# The list is on the screen before the first file is read: what reading needs is imported by the functions that read.
if TYPE_CHECKING:
    from migrator.batch.file import File
    from migrator.batch.load import Loaded


_LARGEST: Final = 1e300
ALWAYS: Final = (
    "version",
    "release",
    "dialect",
    "date",
    "model",
    "load",
    "concurrency",
    "phase",
    "requests",
    "failed_requests",
    "family",
    "cancelled",
    *(f"is:{state}" for state in ("old", "export", "failed", "cancelled", "phase")),
)
"""Fields that a filter may ask of every file without reading it again; the others are read when they are asked for."""


BY_CHECKING: Final = ("problems", "is:bad")
"""Fields that are known when a file has been checked, which takes five times as long as reading it."""


class Checked(NamedTuple):
    """What `check` found in a file: the codes, or None if it cannot be read any more."""

    path: str
    problems: tuple[str, ...] | None


def read(path: str, relative: str, keys: Sequence[str] = METRICS, *, checks: bool = True) -> Export:
    """Read a file once, and all that the list shows of it; what fails becomes its `error`, never an exception.

    Args:
        path: the file, or its URL.
        relative: its path below the one that was named, with slashes.
        keys: the fields to keep besides those that are always kept: `METRIC.STAT`, paths, facts about the run.
        checks: whether to check it, too.
    """
    export = Export(path, relative, read=True, stamp=stamp(path), words=relative.casefold())
    from migrator.batch.load import load

    try:
        with reported(path):
            file = _fill(export, load(path), keys)
            if checks and export.comparable:
                export.found(file.problems)
    except MigratorError as error:
        error.file = ""
        export.error = safe_text(str(error))
    return export


def check(path: str) -> Checked:
    """What `check` finds in an export; what fails gives no findings, never an exception."""
    from migrator.batch.file import File
    from migrator.batch.load import load

    try:
        with reported(path):
            loaded = load(path)
            return Checked(path, File(loaded.identity, loaded.parsed.data if loaded.parsed else None, path).problems)
    except MigratorError:
        return Checked(path, None)


def _fill(export: Export, loaded: Loaded, keys: Sequence[str]) -> File:
    from migrator.aiperf.releases import version_key
    from migrator.batch.fields import field_of, words_of
    from migrator.batch.file import File
    from migrator.batch.runs import mark_of
    from migrator.identify import MIGRATABLE, SEVERAL, Family

    identity = loaded.identity
    export.family = identity.family.value
    export.main = identity.family is Family.EXPORT
    export.of_several = identity.family in SEVERAL
    file = File(identity, loaded.parsed.data if loaded.parsed else None, export.path, export.relative)
    export.words = safe_text(words_of(file))
    for key in dict.fromkeys((*ALWAYS, *keys)):
        if key in BY_CHECKING:
            continue
        values = field_of(key).values(file)
        if key in keys and (number := _number(key, values)) is not None:
            export.numbers[key] = number
        elif values:
            export.values[key] = values
    export.outdated = file.is_old
    # One of GenAI-Perf becomes an export by a migration; until then it has metrics and a workload, but no version.
    is_versioned = identity.family is not Family.GENAI_PERF and export.values.get("version")
    export.version = identity.version if is_versioned else ""
    export.rank = version_key(identity.version)
    if identity.family not in MIGRATABLE:
        return file
    export.mark = mark_of(file.run, file.metrics)
    export.model = safe_text(", ".join(map(str, field_of("model").values(file))))
    export.load = safe_text(file.load)
    export.label = safe_text(identity.label)
    export.dialect = identity.dialect or ""
    export.release = _releases(identity.writers) if export.main else ""
    export.start = safe_text(file.run.get("start_time"))
    export.cancelled = file.run.get("was_cancelled") is True
    export.failed = file.requests.failed
    return file


def _number(key: str, values: tuple[Json, ...]) -> float | None:
    """The value of a statistic as a list orders it; None for another field, and for a number that no float holds."""
    from migrator.batch.fields import statistic_of

    if not statistic_of(key) or not values or abs(values[0]) > _LARGEST:
        return None
    return float(values[0])


def _releases(names: Sequence[str]) -> str:
    """The release that wrote a file; of several that can have, the first and the last."""
    if not names:
        return "unknown"
    return safe_text(names[0]) if len(names) == 1 else f"{names[0]}…{names[-1]}"
