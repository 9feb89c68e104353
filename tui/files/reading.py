"""Read many files without delaying the screen: a few in this process, many in others.

This module, run as a program, is such a process: it takes jobs on standard input and gives their results back, both
pickled, between two ends of this program only. A thread alone would share the interpreter with the screen, which then
stutters.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, Final, NamedTuple

from migrator.batch.processes import python
from tui.files.columns import METRICS
from tui.files.export import Export
from tui.files.read_export import Checked, check, read

_BUNDLE: Final = 32
"""Files that a process is given at once."""
_FEW: Final = 48
"""Up to so many files are read in this process: others would start too late."""
_INTERVAL: Final = 0.1
"""Seconds between two bundles that are given back."""
_MOST: Final = 4
"""Processes that read at the same time."""
Name = tuple[str, str]
"""Path, and path below the one that the user named."""


class _Job(NamedTuple):
    """Files to read, with the fields to keep of each; or to check, if `keys` is None."""

    names: list[Name]
    keys: tuple[str, ...] | None

    def one(self, name: Name) -> Any:
        """The result for one of its files."""
        return check(name[0]) if self.keys is None else read(*name, self.keys, checks=False)

    def all(self) -> list[Any]:
        """The results for all of its files."""
        return [self.one(name) for name in self.names]


class Readers:
    """Reads and checks files; the processes that it starts end with the context.

    Args:
        stop: called often; whether to end early.
    """

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop = stop
        self._readers: list[_Reader] = []

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self._readers:
            reader.end()

    def read(self, names: Sequence[Name], keys: Sequence[str] = METRICS) -> Iterator[list[Export]]:
        """What is in some files but for the findings of `check`, in bundles, about in their order.

        Args:
            names: (path, relative) of each.
            keys: the fields to keep besides those that are always kept, such as `METRIC.STAT`.
        """
        return self._results(_Job(list(names), tuple(keys)))

    def check(self, names: Sequence[Name]) -> Iterator[list[Checked]]:
        """What `check` finds in some exports, in bundles, about in their order."""
        return self._results(_Job(list(names), None))

    def _results(self, job: _Job) -> Iterator[list[Any]]:
        return self._here(job) if len(job.names) <= _FEW else self._elsewhere(job)

    def _here(self, job: _Job) -> Iterator[list[Any]]:
        done: list[Any] = []
        since = time.monotonic()
        for name in job.names:
            if self._stop():
                break
            done.append(job.one(name))
            # Lets the screen have its turn: a thread that computes keeps it for milliseconds.
            time.sleep(0)
            if time.monotonic() - since > _INTERVAL:
                yield done
                done, since = [], time.monotonic()
        if done:
            yield done

    def _elsewhere(self, job: _Job) -> Iterator[list[Any]]:
        from migrator.batch.pool import usable_cores

        if not self._readers:
            self._readers = [_Reader() for _ in range(min(usable_cores(), _MOST))]
        readers = self._readers
        waiting: deque[tuple[_Reader, _Job]] = deque()
        for start in range(0, len(job.names), _BUNDLE):
            if self._stop():
                return
            bundle = job._replace(names=job.names[start : start + _BUNDLE])
            # Two bundles each, so that none waits for this thread.
            if len(waiting) >= 2 * len(readers):
                reader, sent = waiting.popleft()
                yield reader.take(sent)
            else:
                reader = readers[len(waiting) % len(readers)]
            reader.give(bundle)
            waiting.append((reader, bundle))
        while waiting and not self._stop():
            reader, sent = waiting.popleft()
            yield reader.take(sent)


class _Reader:
    """A process that reads files. If it ends early, its files are read in this process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            python("tui.files.reading"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.communicate()

    def give(self, job: _Job) -> None:
        """Send a bundle of files."""
        with contextlib.suppress(OSError):
            _send(self._process.stdin, tuple(job))

    def take(self, sent: _Job) -> list[Any]:
        """Receive the results of the oldest bundle that was sent."""
        try:
            assert self._process.stdout is not None
            found: list[Any] = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            return sent.all()
        return found


def _send(stream: IO[bytes] | None, what: object) -> None:
    assert stream is not None
    pickle.dump(what, stream, pickle.HIGHEST_PROTOCOL)
    stream.flush()


def main() -> None:
    """Do jobs until standard input ends."""
    import signal

    # Ctrl-C reaches every process of a terminal; the app decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            names, keys = pickle.load(sys.stdin.buffer)
            _send(sys.stdout.buffer, _Job(names, keys).all())
        except (EOFError, BrokenPipeError):
            return


if __name__ == "__main__":
    main()
