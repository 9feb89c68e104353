"""What a batch asks of whatever replaces files in place: on a disk, or on an object store."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self, TypeVar

from migrator.files.large import Content
from migrator.writing.outcome import Outcome


class Original(Protocol):
    """A file as it was read by what will replace it. At the end of the context it is released, unless replaced."""

    @property
    def path(self) -> str:
        """Its path or URL."""

    @property
    def content(self) -> Content:
        """Its content; of a file that is larger than any export, in the open file."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None: ...


OriginalT = TypeVar("OriginalT", bound=Original)


class Replacer(Protocol[OriginalT]):
    """Replaces files by new documents, each only if it is still what was read."""

    def open(self, path: str) -> OriginalT:
        """Read a file that may be replaced, and make sure to notice if another program changes it.

        Raises:
            MigratorError: it cannot be read, or cannot be replaced.
        """

    def replace(self, original: OriginalT, relative: str, raw: Content, residue: bytes | None) -> Outcome:
        """Replace a file; its outcome is final after [`settle`][], or earlier.

        Args:
            original: what [`open`][] gave.
            relative: its place below a folder for backups.
            raw: the new content.
            residue: the content of the residue file beside it, None for none.

        Raises:
            MigratorError: it cannot be replaced, and nothing was changed.
        """

    def settle(self) -> None:
        """Finish all replacements that are waiting."""
