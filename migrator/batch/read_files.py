"""Look at files without writing any: what `check`, `inspect` and `table` do with each, in whichever process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from migrator.batch.discover import Source
from migrator.batch.load import Loaded, load
from migrator.batch.pool import Stop, never
from migrator.batch.select import passes
from migrator.errors import MigratorError, reported

if TYPE_CHECKING:
    from migrator.writing.journal import Entry

T = TypeVar("T")


class Seen(NamedTuple, Generic[T]):
    """What was found in one file, or why it could not be looked at."""

    source: Source
    found: T | None = None
    error: MigratorError | None = None


class Looking(Generic[T]):
    """[`Work`][migrator.batch.pool.Work] that calls `look` for each file that passes the test `where`.

    `look` is a function of a module, or a `partial` of one, and may raise any `MigratorError`. `details` and `to_look`
    are those of [`load`][migrator.batch.load.load].
    """

    # No data class: to import what makes one takes a tenth of all that `inspect` does.
    together: Final = 1

    def __init__(
        self, look: Callable[[Source, Loaded], T], where: str = "", *, details: bool = True, to_look: bool = False
    ) -> None:
        self.look = look
        self.where = where
        self.details = details
        self.to_look = to_look

    def __call__(self, sources: Sequence[Source], stop: Stop = never) -> list[Seen[T]]:
        """What is in each file, in order; nothing of those that do not pass."""
        found = (self._seen(source) for source in sources if not stop())
        return [seen for seen in found if seen]

    @property
    def writes(self) -> bool:
        """Nothing."""
        return False

    def elsewhere(self, absolute: Callable[[str], str], journal: str) -> Looking[T]:
        """The same: it knows no names, and writes nothing."""
        del absolute, journal
        return self

    def resumed(self, sources: Sequence[Source], begun: Mapping[str, Entry]) -> list[Seen[T]]:
        """As always: nobody has written anything."""
        del begun
        return self(sources)

    def told(self, result: Seen[T], source: Source, names: Callable[[str], str]) -> Seen[T]:
        """What was found in a source, under its own name."""
        if result.error:
            result.error.retell(names)
        return result._replace(source=source)

    def failed(self, source: Source, error: MigratorError) -> Seen[T]:
        """A file that could not be looked at."""
        return Seen(source, error=error)

    def _seen(self, source: Source) -> Seen[T] | None:
        if source.error:
            return Seen(source, error=source.error)
        try:
            with reported(source.path):
                loaded = load(source.path, details=self.details or bool(self.where), to_look=self.to_look)
                return Seen(source, self.look(source, loaded)) if passes(loaded, self.where) else None
        except MigratorError as error:
            error.file = error.file or source.path
            return Seen(source, error=error)
