"""What each AIPerf release writes: the schema version and the dialect of GPU telemetry.

A label does not tell the whole shape, because 1.4 was written in two dialects. This table tells which release wrote
which. A new release is one line in it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

from migrator.values import NamedTuple

Dialect = Literal["legacy", "vendor"]
"""Names of GPU telemetry: `legacy` is `gpu_power_usage`, `vendor` is `nvidia_power_usage` and a `platform`."""


class Release(NamedTuple):
    """A published release, or the first nightly build, that writes this version and dialect."""

    name: str
    version: str
    dialect: Dialect = "legacy"


RELEASES: Final = (
    Release("0.1.1", "0.1"),
    Release("0.2.0", "0.2"),
    Release("0.3.0", "0.3"),
    Release("0.4.0", "1.0"),
    Release("0.5.0", "1.0"),
    Release("0.6.0", "1.0"),
    Release("0.7.0", "1.0"),
    Release("0.8.0", "1.1"),
    Release("0.9.0", "1.3"),
    Release("0.10.0", "1.3"),
    Release("0.11.0", "1.3"),
    Release("0.12.0", "1.4", "vendor"),
    Release("0.13.0", "1.4", "vendor"),
)
"""Published releases, oldest first."""

NIGHTLIES: Final = (
    Release("0.8.0.dev20260511", "1.1"),
    Release("0.8.0.dev20260521", "1.3"),
    Release("0.11.0.dev20260715", "1.4"),
    Release("0.11.0.dev20260724", "1.4", "vendor"),
    Release("0.13.0.dev20261007", "1.5", "vendor"),
)
"""The oldest nightly build on the package index, and the first of each new shape, oldest first.

Read off the wheels. A nightly is newer than the release in its name.
"""

FIRST_READER: Final = "0.2.0"
"""The first release that can read exports."""

FIRST_NAMED: Final = "0.4.0"
"""The first release that writes its name, and a label."""

_NAME: Final = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:\.post\d{1,6})?(?:\.dev(\d{1,12}))?")


@lru_cache(maxsize=256)
def version_key(version: str) -> tuple[int, ...]:
    """A key that sorts schema versions from old to new, unknown newer ones included; `genai-perf` is the oldest."""
    return tuple(map(int, version.split("."))) if version[:1].isdigit() else ()


@lru_cache(maxsize=256)
def age(name: str) -> tuple[int, ...]:
    """A key that sorts release names from old to new.

    A nightly is newer than the release it is named after, and older than the next one. What else follows the number
    does not count: 0.6.0.post1 is 0.6.0 in another package.

    Raises:
        ValueError: not the name of a release.
    """
    match = _NAME.match(name)
    if not match:
        raise ValueError(f"not the name of a release: {name!r}")
    major, minor, patch, built = (int(part or 0) for part in match.groups())
    return major, minor, patch, built


def requirement(name: str) -> str:
    """What an installer is asked for to get a release: nightly builds have a package of their own.

    On the package index, a build under the name `aiperf` is an empty package that refuses to be installed.
    """
    return f"{'aiperf-nightly' if '.dev' in name else 'aiperf'}=={name}"


@lru_cache(maxsize=256)
def release(name: str) -> Release | None:
    """What the release of that name writes; None if it is older than all known ones, or not the name of a release.

    A release between two known ones writes what the older one does. One that is newer than all known ones is taken for
    the newest of them, nightlies included. The result has the name without what follows it, such as `+local`.
    """
    match = _NAME.match(name)
    if not match:
        return None
    if is_newer_than_known(match[0]):
        known = [max((*RELEASES, *NIGHTLIES), key=_age_of)]
    elif match[4]:
        known = [entry for entry in NIGHTLIES if int(entry.name.rpartition("dev")[2]) <= int(match[4])]
    else:
        known = [entry for entry in RELEASES if age(entry.name) <= age(match[0])]
    return Release(match[0], known[-1].version, known[-1].dialect) if known else None


def is_newer_than_known(name: str) -> bool:
    """Whether a release is newer than all of the tables, so that what it writes is only assumed.

    A nightly never is: it counts as the last listed one before it.
    """
    return ".dev" not in name and age(name) > max(map(_age_of, (*RELEASES, *NIGHTLIES)))


def _age_of(entry: Release) -> tuple[int, ...]:
    return age(entry.name)


def writers(version: str, dialect: Dialect | None = None) -> tuple[str, ...]:
    """Names of the releases that write a version (in a dialect), oldest first; nightlies only if no release does."""
    for table in (RELEASES, NIGHTLIES):
        names = tuple(r.name for r in table if r.version == version and dialect in (None, r.dialect))
        if names:
            return names
    return ()


def least_version(name: str) -> str:
    """The oldest schema version that a build with this number can write: that of the published release before it.

    Builds of the source carry the number of the release that they lead to, and begin with the schema of the last one.
    The name must be that of a known release ([`release`][]).
    """
    older = [entry for entry in RELEASES if age(entry.name) < age(name)]
    return older[-1].version if older else RELEASES[0].version
