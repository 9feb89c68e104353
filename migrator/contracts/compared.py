"""Two versions, two releases, or what is known and a source of AIPerf: what is different, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.aiperf.releases import RELEASES, Release, release
from migrator.chain.step import Step
from migrator.chain.steps import STEPS, VERSIONS
from migrator.config.for_release import last_writer, parse_release
from migrator.contracts.changes import Change, Kind, Reader, changes
from migrator.errors import UsageError
from migrator.schemas.shape import Shape, of_release, of_version
from migrator.upstream.known import baseline
from migrator.upstream.shape import Found, shape_of
from migrator.upstream.source import read_source
from migrator.values import NamedTuple


class Compared(NamedTuple):
    """What is different between two sides, whose names are `base` and `new`.

    `problems` are what a schema must not do, in words: something changed and the label did not.
    """

    base: str
    new: str
    changes: list[Change]
    problems: tuple[str, ...] = ()


class _Side(NamedTuple):
    version: str
    release: Release
    shape: Shape


def between(text: str) -> Compared:
    """What is different between two versions or two releases.

    Args:
        text: `1.3..1.5`, or `0.11.0..0.13.0`.

    Raises:
        UsageError: not two names, or there is no such version or release.
    """
    first, dots, second = text.partition("..")
    if not (first and dots and second):
        raise UsageError(f"{text!r} does not name two versions", expected="such as 1.3..1.5 or 0.11.0..0.13.0")
    if (first in VERSIONS) != (second in VERSIONS):
        raise UsageError("a version and a release cannot be compared", expected="two versions, or two releases")
    base, new = _side(first), _side(second)
    steps = _steps(base.version, new.version)
    found = changes(base.shape, new.shape, steps, (base.release, new.release))
    return Compared(_named(base), _named(new), found)


def _side(name: str) -> _Side:
    if name in VERSIONS:
        found = _known(last_writer(name))
        return _Side(name, found, of_version(name, found))
    found = parse_release(name).release
    return _Side(found.version, found, of_release(found))


def _known(name: str) -> Release:
    found = release(name)
    assert found is not None, f"{name} is in the table of releases"
    return found


def _named(side: _Side) -> str:
    by = side.release.name if side.release.version == side.version else f"no release, read as {side.release.name} does"
    return f"schema {side.version} (AIPerf {by})" if by[0].isdigit() else f"schema {side.version} ({by})"


def _steps(older: str, newer: str) -> tuple[Step, ...]:
    first, last = VERSIONS.index(older), VERSIONS.index(newer)
    return STEPS[first:last] if first <= last else ()


def of_source(path: str, against: str | None = None) -> Compared:
    """What a wheel or a source tree of AIPerf changes.

    Args:
        path: a wheel, an archive of the source, or a folder with the package `aiperf` in it.
        against: another one to compare it with; by default, what is known of the newest release with its label, or of
            the newest of all.

    Raises:
        UnreadableError: it cannot be read.
        NotAnExportError: it has no model of an export.
    """
    return of_sources(path, against)[2]


def of_sources(path: str, against: str | None = None) -> tuple[Found, Found, Compared]:
    """As [`of_source`][], with both sources: (what it is compared with, the source, what is different)."""
    found = shape_of(read_source(path))
    base = shape_of(read_source(against)) if against else baseline(found.label)
    steps = _steps(base.label, found.label) if {base.label, found.label} <= set(VERSIONS) else ()
    result = [*_changes_of(base, found, steps), *_recomputed(base, found)]
    return base, found, Compared(base.name, found.name, result, tuple(_problems(base, found, result)))


def _changes_of(base: Found, new: Found, steps: tuple[Step, ...]) -> list[Change]:
    releases = [release(found.version) or RELEASES[0] for found in (base, new)]
    return changes(base.shape, new.shape, steps, (releases[0], releases[1]), redefined=False)


def _recomputed(base: Found, new: Found) -> Iterator[Change]:
    """Metrics whose code is another: whether their values are, has to be looked at."""
    for tag in sorted(base.metrics.keys() & new.metrics.keys()):
        if base.metrics[tag].formula != new.metrics[tag].formula:
            yield Change(Kind.REDEFINED, tag, "the code that computes it has changed", of_metric=True)


def _problems(base: Found, new: Found, found: list[Change]) -> Iterator[str]:
    """What a schema must not do: change without a new label, or break readers in a minor version."""
    fields = [change for change in found if not change.of_metric]
    gone = [change for change in fields if change.kind is not Kind.ADDED and Reader.PATH in change.breaks]
    if new.label == base.label and fields:
        yield (
            f"the label is {new.label}, as of AIPerf {base.version}, but {len(fields)} places are different: readers"
            " cannot tell the two apart"
        )
    elif new.label.partition(".")[0] == base.label.partition(".")[0] and gone:
        yield (
            f"{new.label} is a minor version after {base.label}, but {len(gone)} places are gone or of another type:"
            " a reader of the same major version does not expect that"
        )
    for key in sorted(set(new.beside) - set(base.beside)):
        yield f"{key} is set by the exporter and is no field of its model: it is in no schema"
