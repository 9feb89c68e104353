"""Objects that are kept to be gone through later: few in memory, many in a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final, Generic, TypeVar

from migrator.files.disk import writing_a_temporary_file

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")
_IN_MEMORY: Final = 256
"""Objects that are kept in memory; with more, `pickle` and a file are worth their import."""


class Spool(Generic[T]):
    """A context for objects that are added one by one, and gone through in order as often as needed after that.

    The file is a temporary one without a name, so that no other program can have written to it.
    """

    def __init__(self) -> None:
        self._few: list[T] = []
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Spool[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            with suppress(OSError):  # What could not be written is not needed any more.
                self._file.close()

    def add(self, one: T) -> None:
        """Keep one more.

        Raises:
            UnwritableError: the temporary folder is full, or cannot be written to.
        """
        if self._file is None and len(self._few) < _IN_MEMORY:
            self._few.append(one)
            return
        import pickle

        with writing_a_temporary_file():
            if self._file is None:
                from tempfile import TemporaryFile

                self._file = TemporaryFile(prefix="aiperf-migrate-")  # noqa: SIM115 (closed at the end of the context)
            pickle.dump(one, self._file)

    def __iter__(self) -> Iterator[T]:
        yield from self._few
        if self._file is None:
            return
        import pickle

        with writing_a_temporary_file():  # What is still in its buffer is written.
            self._file.seek(0)
        while True:
            try:
                one: T = pickle.load(self._file)
            except EOFError:
                return
            yield one
