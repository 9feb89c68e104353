"""Read files without writing any: what `check`, `inspect` and `table` do with each, in any process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from migrator.batch.discover import Source
from migrator.batch.load import Loaded, load
from migrator.batch.pool import Stop, never
from migrator.batch.select import passes
from migrator.errors import MigratorError, reported
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from migrator.writing.entries import Entry, Journal

T = TypeVar("T")


class Seen(NamedTuple, Generic[T]):
    """What was found in one file, or the error that prevented it."""

    source: Source
    found: T | None = None
    error: MigratorError | None = None


class Looking(Generic[T]):
    """[`Work`][migrator.batch.pool.Work] that calls `look` for each file that passes the test `where`.

    Args:
        look: a function of a module, or a `partial` of one. It may raise any `MigratorError`.
        where: the test; empty for none.
        details: as of [`load`][migrator.batch.load.load].
        to_look: as of [`load`][migrator.batch.load.load].
    """

    # Not a data class: importing `dataclasses` takes a tenth of the time of `inspect`.
    batch_size: Final = 1
    writes: Final = False
    journal: Final = None

    def __init__(
        self, look: Callable[[Source, Loaded], T], where: str = "", *, details: bool = True, to_look: bool = False
    ) -> None:
        self.look = look
        self.where = where
        self.details = details
        self.to_look = to_look

    def __call__(self, sources: Sequence[Source], stop: Stop = never) -> list[Seen[T]]:
        """What was found in each file that passes, in order."""
        found = (self._seen(source) for source in sources if not stop())
        return [seen for seen in found if seen]

    def looked(self, source: Source) -> Seen[T] | None:
        """What was found in a file; None if it does not pass.

        Raises:
            MigratorError: any of its kinds.
        """
        loaded = load(source.path, details=self.details or bool(self.where), to_look=self.to_look)
        return Seen(source, self.look(source, loaded)) if passes(source, loaded, self.where) else None

    def relocated(self, absolute: Callable[[str], str]) -> Looking[T]:
        """The same work: it has no names."""
        del absolute
        return self

    def resumed(self, sources: Sequence[Source], announced: Mapping[str, Entry], journal: Journal) -> list[Seen[T]]:
        """The same as a call, because nothing is written."""
        del announced, journal
        return self(sources)

    def with_source(self, result: Seen[T], source: Source, names: Callable[[str], str]) -> Seen[T]:
        """A result of a worker, about the source as it is named here; `names` replaces absolute names in a text."""
        if result.error:
            result.error.translate(names)
        return result._replace(source=source)

    def failed(self, source: Source, error: MigratorError) -> Seen[T]:
        """The result of a file that no worker could tell of."""
        return Seen(source, error=error)

    def _seen(self, source: Source) -> Seen[T] | None:
        if source.error:
            return Seen(source, error=source.error)
        try:
            with reported(source.path):
                return self.looked(source)
        except MigratorError as error:
            error.file = error.file or source.path
            return Seen(source, error=error)


def each_of(results: Iterable[Seen[list[T]]]) -> Iterator[Seen[T]]:
    """What was found in each file one by one; a file with nothing in it, or with an error, once with nothing."""
    for source, found, error in results:
        if not found:
            yield Seen(source, None, error)
        for one in found or ():
            yield Seen(source, one)
