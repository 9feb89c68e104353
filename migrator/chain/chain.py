"""A chain: the ordered line of versions of one family of files, and the steps between them."""

from __future__ import annotations

from collections.abc import Callable

from migrator.chain.step import Step
from migrator.errors import UnknownVersionError
from migrator.jsonfile import Object, Path

Walk = Callable[[Path], Path]
"""A place in the object that steps work on → the place in the document that the file holds."""


def _same_object(document: Object) -> Object:
    return document


def _same_place(path: Path) -> Path:
    return path


class Chain:
    """The versions of a family, oldest first, and one step between any two neighbours.

    It is no data class, which would take longer to import than the rest of `inspect`; two chains are equal only if
    they are one object.

    Args:
        name: the family, as [`Family`][migrator.identify.Family] names it.
        versions: schema versions, or with `first_writers` names of shapes.
        steps: from each version to the next.
        entry: the step by which the files of a predecessor enter the line; its older end is no version of the line.
        first_writers: for a family whose files change apart from the schema version, the first release that writes
            each version; empty for one whose versions are schema versions.
        labelled: whether documents have a `schema_version`.
        configured: whether documents have an `input_config`.
        opened: the object that steps work on, of a document; objects in lists have keys in it.
        closed: the document, of such an object.
        place: where a place in that object is in the document.
    """

    __slots__ = (
        "closed",
        "configured",
        "entry",
        "first_writers",
        "labelled",
        "name",
        "opened",
        "place",
        "steps",
        "versions",
    )

    def __init__(
        self,
        name: str,
        versions: tuple[str, ...],
        steps: tuple[Step, ...],
        *,
        entry: Step | None = None,
        first_writers: tuple[str, ...] = (),
        labelled: bool = False,
        configured: bool = False,
        opened: Callable[[Object], Object] = _same_object,
        closed: Callable[[Object], Object] = _same_object,
        place: Walk = _same_place,
    ) -> None:
        self.name = name
        self.versions = versions
        self.steps = steps
        self.entry = entry
        self.first_writers = first_writers
        self.labelled = labelled
        self.configured = configured
        self.opened = opened
        self.closed = closed
        self.place = place

    def order(self, version: str) -> int:
        """The place of a version in the line; -1 for the predecessor's.

        Raises:
            UnknownVersionError: there is no such version.
        """
        if version in self.versions:
            return self.versions.index(version)
        if self.entry is not None and version == self.entry.older:
            return -1
        raise UnknownVersionError(f'no version "{version}" of {self.name}', expected=", ".join(self.versions))

    def between(self, older: str, newer: str) -> tuple[Step, ...]:
        """The steps from a version up to another one.

        Raises:
            UnknownVersionError: the predecessor's files cannot become the newer version, which is before their entry.
        """
        first, last = self.order(older), self.order(newer)
        if first >= 0:
            return self.steps[first:last]
        if last < 0:
            return ()
        assert self.entry is not None
        if last < self.order(self.entry.newer):
            raise UnknownVersionError(
                f"GenAI-Perf exports cannot become {newer}",
                expected=f"{self.entry.newer} or newer",
                hint="only AIPerf wrote it",
            )
        return (self.entry, *self.steps[self.order(self.entry.newer) : last])
