"""Many doubles, in the order in which they came: in memory up to a bound, and beyond that in a temporary file."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Final, overload

from migrator.files.disk import writing_a_temporary_file

_SIZE: Final = 8
"""Bytes of a double."""
_PART: Final = 2**17
"""Values that are read back at once."""


class ValuesFile:
    """A temporary file without a name, made when the first values are put into it. It goes with this object."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._written = 0

    def put(self, values: array[float]) -> int:
        """Append values; the place of the first.

        Raises:
            UnwritableError: the temporary folder is full, or cannot be written to.
        """
        place, view = self._written, memoryview(values).cast("B")
        with writing_a_temporary_file():
            if self._file is None:
                # Slow to import, and only long records need it.
                from tempfile import TemporaryFile

                self._file = TemporaryFile(prefix="aiperf-migrate-", buffering=0)  # noqa: SIM115 (goes with this object)
            self._file.seek(self._written * _SIZE)
            while view:
                view = view[self._file.write(view) :]
        self._written += len(values)
        return place

    def get(self, place: int, count: int) -> array[float]:
        """Values from a place on."""
        found: array[float] = array("d")
        if count:
            assert self._file is not None
            self._file.seek(place * _SIZE)
            found.fromfile(self._file, count)
        return found

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()


class Doubles(Sequence[float]):
    """Values, of which the last are in memory and those before them in a file, once [`store`][] was called.

    Slices are copies, of more than some thousand stored values lazily.

    Args:
        backing: where they are stored; several may share one.
    """

    __slots__ = ("_backing", "_ends", "_held", "_places", "append", "fromlist")

    def __init__(self, backing: ValuesFile | None = None) -> None:
        self._backing = backing or ValuesFile()
        self._held: array[float] = array("d")
        self._places: list[int] = []
        self._ends: list[int] = []
        # Those of the array itself: the hot loop calls nothing else.
        self.append: Callable[[float], None] = self._held.append
        self.fromlist: Callable[[list[float]], None] = self._held.fromlist

    @property
    def held(self) -> int:
        """How many values are in memory."""
        return len(self._held)

    def store(self) -> None:
        """Put the values that are in memory into the file."""
        if self._held:
            self._places.append(self._backing.put(self._held))
            self._ends.append(len(self))
            del self._held[:]

    def __len__(self) -> int:
        return self._stored + len(self._held)

    @property
    def _stored(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[float]:
        for part in self.parts():
            yield from part

    def tolist(self) -> list[float]:
        """All values."""
        return list(self) if self._ends else self._held.tolist()

    def parts(self) -> Iterator[array[float]]:
        """All values, some thousands at a time."""
        if not self._ends:
            yield self._held
            return
        for start in range(0, len(self), _PART):
            yield self.between(start, min(start + _PART, len(self)))

    def between(self, start: int, stop: int) -> array[float]:
        """A copy of the values from one place to before another."""
        found: array[float] = array("d")
        number = bisect_right(self._ends, start)
        while start < stop and number < len(self._ends):
            first = self._ends[number - 1] if number else 0
            end = min(stop, self._ends[number])
            found += self._backing.get(self._places[number] + start - first, end - start)
            start, number = end, number + 1
        return found + self._held[max(start - self._stored, 0) : max(stop - self._stored, 0)]

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[float]: ...
    def __getitem__(self, place: int | slice) -> float | Sequence[float]:
        if not self._ends:
            return self._held[place]
        return _Part(self, 0, len(self))[place]


class _Part(Sequence[float]):
    """Stored values from one place to before another, read where they are looked at."""

    def __init__(self, of: Doubles, start: int, stop: int) -> None:
        self._of, self._start, self._stop = of, start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[float]: ...
    def __getitem__(self, place: int | slice) -> float | Sequence[float]:
        if isinstance(place, int):
            start = self._start + range(len(self))[place]
            return self._of.between(start, start + 1)[0]
        first, last, step = place.indices(len(self))
        start, stop = self._start + first, self._start + max(first, last)
        if step == 1 and stop - start > _PART:
            return _Part(self._of, start, stop)
        return self._of.between(self._start, self._stop)[place] if step != 1 else self._of.between(start, stop)


def bounded(every: Iterable[Doubles], most: int) -> None:
    """Store all values of some if more than so many are in memory."""
    there = list(every)
    if sum(one.held for one in there) > most:
        for one in there:
            one.store()
