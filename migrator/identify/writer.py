"""Who wrote an export, and whether it was migrated since: what the file proves, and no more.

A release writes its name, and one schema version. Where the version is another one, the file was migrated, or the
writer is not that release but a build of its source: such a build carries the number of the release that it leads to,
or that a fork started from, with the schema of its day.
"""

from __future__ import annotations

from typing import Final

from migrator.aiperf.releases import (
    FIRST_NAMED,
    Dialect,
    is_newer_than_known,
    least_version,
    release,
    version_key,
    writers,
)
from migrator.chain.operation import AddedField
from migrator.chain.places import ROOT, Field, visit
from migrator.chain.steps import FIRST_LABELLED, STEPS
from migrator.jsonfile import Json, Object
from migrator.values import NamedTuple


class Origin(NamedTuple):
    """Who wrote a file. Of `migrated` and `from_source`, None means that the file does not tell.

    `writer` is the release that the file names. `writers` are the releases that can have written it, oldest first; none
    if nothing tells. `migrated` tells whether the file was brought to its version by a tool, `from_source` whether it
    was written by a build of the named release's source (an unpublished one, or a fork), not by the release itself.
    `evidence` has a line for each thing that the file proves.
    """

    writer: str = ""
    writers: tuple[str, ...] = ()
    migrated: bool | None = None
    from_source: bool | None = None
    evidence: tuple[str, ...] = ()


def origin_of(document: Object, versions: tuple[str, ...], dialect: Dialect | None) -> Origin:
    """The origin of an export of AIPerf.

    Args:
        document: the export.
        versions: the versions that its content can be of; several only before the first labelled one.
        dialect: that of its telemetry names.
    """
    name = document.get("aiperf_version")
    if type(name) is str and name:
        return _of_named(document, versions[-1], name)
    if any(version_key(version) >= version_key(FIRST_LABELLED) for version in versions):
        return _of_unnamed(document)
    return Origin(writers=tuple(known for version in versions for known in writers(version, dialect)), migrated=False)


def _of_unnamed(document: Object) -> Origin:
    """A labelled file that does not name its writer, though every release that writes a label does."""
    if null := _added_null(document):
        proof = f"no aiperf_version, and {null} is null, which AIPerf leaves out: migrated from before {FIRST_NAMED}"
        return Origin(migrated=True, from_source=False, evidence=(proof,))
    return Origin(
        evidence=(f"no aiperf_version, which AIPerf writes since {FIRST_NAMED}: migrated from before, or edited",)
    )


def _of_named(document: Object, version: str, name: str) -> Origin:
    wrote = release(name)
    null = _added_null(document)
    migrated = (f"{null} is null, which AIPerf leaves out: migrated",) if null else ()
    if wrote is None or is_newer_than_known(wrote.name):
        unknown = "is not a release that this tool knows" if wrote is None else "is newer than this tool knows"
        return Origin(name, (name,), True if null else None, None, (f"aiperf_version {name} {unknown}", *migrated))
    if name != wrote.name:
        build = f"aiperf_version is {name}: a build of {wrote.name}'s source"
        return Origin(name, (name,), True if null else None, True, (build, *migrated))
    if version == wrote.version:
        return Origin(name, (name,), False, None)
    told = f"aiperf_version is {name}, which writes {wrote.version}"
    if native := _not_from_an_upgrade(document, wrote.version, version):
        build = f"{told}, and no migration adds {native}: written by a build of {name}'s source or a fork"
        return Origin(name, (name,), True if null else None, True, (build, *migrated))
    if null:
        return Origin(name, (name,), True, None, (f"{told}, and {null} is null, which AIPerf leaves out: migrated",))
    if version_key(version) < version_key(least_version(name)):
        return Origin(name, (name,), True, None, (f"{told}: migrated",))
    return Origin(name, (name,), None, None, (f"{told}: migrated, or written by a build from source or a fork",))


def _fields() -> list[tuple[str, Field, AddedField]]:
    """(version, place, declaration) of every field that a labelled version adds to older ones."""
    labelled = (step for step in STEPS if version_key(step.newer) > version_key(FIRST_LABELLED))
    return [
        (step.newer, place, field) for step in labelled for op in step.ops for place, field in op.gains(up=True).items()
    ]


_NULLABLE: Final = tuple(place for _, place, field in _fields() if field.nullable)
_NEVER_FILLED: Final = tuple(
    (version, place[1]) for version, place, field in _fields() if place[0] == ROOT and not field.source
)


def _added_null(document: Object) -> str:
    """A field that is null as only an upgrade writes it: AIPerf leaves nulls out since 0.4.0. Empty if none is."""
    for pattern, key in _NULLABLE:
        for path, node, _ in visit(document, pattern):
            if key in node and node[key] is None:
                return ".".join(map(str, (*path, key)))
    return ""


def _not_from_an_upgrade(document: Object, older: str, newer: str) -> str:
    """A field with a value that no upgrade from the older version to the newer one can have added; empty if none."""
    for version, key in _NEVER_FILLED:
        value: Json = document.get(key)
        if value is not None and version_key(older) < version_key(version) <= version_key(newer):
            return key
    return ""
