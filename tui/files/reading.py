"""Read many files without delaying the screen: a few in this process, many in others.

This module, run as a program, is such a process: it takes bundles of names, with the fields to read, on standard
input and gives [`Export`][tui.files.export.Export]s back, both pickled, between two ends of this program only. A thread
alone would share the interpreter with the screen, which then stutters.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Final

from migrator.batch.processes import python
from tui.files.columns import METRICS
from tui.files.export import Export
from tui.files.read_export import read

_BUNDLE: Final = 32
"""Files that a process is given at once."""
_FEW: Final = 48
"""Up to so many files are read in this process: others would start too late."""
_INTERVAL: Final = 0.1
"""Seconds between two bundles that are given back."""
Name = tuple[str, str]
"""Path, and path below the one that the user named."""
Metrics = tuple[str, ...]


def read_all(
    names: Sequence[Name], stop: Callable[[], bool], metrics: Sequence[str] = METRICS
) -> Iterator[list[Export]]:
    """What is in some files, in bundles, about in their order.

    Args:
        names: (path, relative) of each.
        stop: called often; whether to end early.
        metrics: the fields to keep besides those that are always kept, such as `METRIC.STAT`.
    """
    yield from (_read_here if len(names) <= _FEW else _read_in_processes)(names, stop, tuple(metrics))


def _read_here(names: Sequence[Name], stop: Callable[[], bool], metrics: Metrics) -> Iterator[list[Export]]:
    done: list[Export] = []
    since = time.monotonic()
    for path, relative in names:
        if stop():
            break
        done.append(read(path, relative, metrics))
        # Lets the screen have its turn: a thread that computes keeps it for milliseconds.
        time.sleep(0)
        if time.monotonic() - since > _INTERVAL:
            yield done
            done, since = [], time.monotonic()
    if done:
        yield done


def _read_in_processes(names: Sequence[Name], stop: Callable[[], bool], metrics: Metrics) -> Iterator[list[Export]]:
    from migrator.batch.pool import usable_cores

    bundles = (list(names[start : start + _BUNDLE]) for start in range(0, len(names), _BUNDLE))
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(_Reader(metrics)) for _ in range(min(usable_cores(), 4))]
        waiting: deque[tuple[_Reader, list[Name]]] = deque()
        for bundle in bundles:
            if stop():
                return
            # Two bundles each, so that none waits for this thread.
            if len(waiting) >= 2 * len(readers):
                reader, sent = waiting.popleft()
                yield reader.take(sent)
            else:
                reader = readers[len(waiting) % len(readers)]
            reader.give(bundle)
            waiting.append((reader, bundle))
        while waiting and not stop():
            reader, sent = waiting.popleft()
            yield reader.take(sent)


class _Reader:
    """A process that reads files. If it ends early, its files are read in this process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._process = subprocess.Popen(
            python("tui.files.reading"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def give(self, bundle: Sequence[Name]) -> None:
        """Send a bundle of files to be read."""
        with contextlib.suppress(OSError):
            _send(self._process.stdin, (list(bundle), self._metrics))

    def take(self, sent: Sequence[Name]) -> list[Export]:
        """Receive the exports of the oldest bundle that was sent."""
        try:
            assert self._process.stdout is not None
            found: list[Export] = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            return [read(path, relative, self._metrics) for path, relative in sent]
        return found


def _send(stream: IO[bytes] | None, what: object) -> None:
    assert stream is not None
    pickle.dump(what, stream)
    stream.flush()


def main() -> None:
    """Read bundles until standard input ends."""
    import signal

    # Ctrl-C reaches every process of a terminal; the app decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            bundle: tuple[list[Name], Metrics] = pickle.load(sys.stdin.buffer)
            names, metrics = bundle
            _send(sys.stdout.buffer, [read(path, relative, metrics) for path, relative in names])
        except (EOFError, BrokenPipeError):
            return


if __name__ == "__main__":
    main()
