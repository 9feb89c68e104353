"""Work on many files, by this process or by several: the same results in the same order.

Sources are handed over in small bundles, and only so many at a time, so that memory does not grow with the tree. Each
file is read, worked on and written by one process.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from migrator.batch.discover import Source
from migrator.batch.processes import safe_path
from migrator.errors import InternalError, MigratorError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from migrator.writing.entries import Entry, Journal

BUNDLE: Final = 64
"""Files handed over together: enough that it costs little, few enough that an interrupt is obeyed soon."""
_ALONE: Final = 512
"""A batch up to this size ends before other processes have started."""
CONCURRENCY: Final = 16
"""Files on object stores that are worked on at the same time, unless the command line says."""
AGAIN: Final = "every file is the old or the new one; run it again, with --resume if there is a journal"
"""What to do after a batch that ended early."""
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Stop = Callable[[], bool]
"""Asked before each file whether to stop."""


def never() -> bool:
    """Do not stop."""
    return False


class Work(Protocol[R_co]):
    """What is done with each file. It can be pickled, and so can its results."""

    @property
    def batch_size(self) -> int:
        """How many files are best worked on, and reported, together."""

    def __call__(self, sources: Sequence[Source], stop: Stop = never) -> Sequence[R_co]:
        """The results of some files, in order: one for each, or none for a file that is not chosen."""


class Portable(Work[R], Protocol[R]):
    """Work that can also be done in another folder, on another machine."""

    @property
    def writes(self) -> bool:
        """Whether it writes files, which it announces before."""

    @property
    def journal(self) -> Journal | None:
        """Where files are announced, None for nowhere."""

    def relocated(self, absolute: Callable[[str], str]) -> Portable[R]:
        """The same work with absolute names, and without the journal, which stays on this machine."""

    def resumed(self, sources: Sequence[Source], announced: Mapping[str, Entry], journal: Journal) -> Sequence[R]:
        """The results of some files that a lost worker may have begun.

        Args:
            sources: the files.
            announced: what the lost worker announced, by path.
            journal: where files are announced from now on.
        """

    def with_source(self, result: R, source: Source, names: Callable[[str], str]) -> R:
        """A result of a worker, about the source as it is named here; `names` replaces absolute names in a text."""

    def failed(self, source: Source, error: MigratorError) -> R:
        """The result of a file that no worker could tell of."""


class Handed(Protocol[R_co]):
    """A bundle that was handed over."""

    def cancel(self) -> bool:
        """Take it back, if nobody has begun it; whether that succeeded."""

    def result(self) -> Sequence[R_co]:
        """Wait for its results."""


def usable_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(sources: Iterable[Source], work: Work[R], jobs: int, stop: Stop = never) -> Generator[R, None, None]:
    """Yield the results of all sources, in order.

    Args:
        sources: the files, as they are found.
        work: what to do with each.
        jobs: how many processes. With one, this process does the work.
        stop: asked before each file whether to stop. Files that were begun are finished, and their results yielded.
    """
    stream = iter(sources)
    first = list(islice(stream, _ALONE + 1)) if jobs > 1 else []
    wanted = takewhile(lambda _: not stop(), chain(first, stream))
    if len(first) > _ALONE:
        yield from _shared(wanted, work, jobs, stop)
        return
    for bundle in bundles(wanted, work.batch_size):
        yield from work(bundle, stop)


def run_concurrently(
    sources: Iterable[Source], work: Work[R], concurrency: int, stop: Stop = never
) -> Generator[R, None, None]:
    """Yield the results of all sources, in order, from threads of this process: for work that mostly waits.

    Args:
        sources: the files, as they are found.
        work: what to do with each.
        concurrency: how many files are worked on at the same time.
        stop: as of [`run`][].
    """
    # Slow to import, and only for object stores.
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(concurrency)
    wanted = takewhile(lambda _: not stop(), sources)
    try:
        yield from in_order((pool.submit(work, [source], stop) for source in wanted), 2 * concurrency, stop)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def bundles(sources: Iterator[Source], size: int) -> Iterator[list[Source]]:
    """Sources in lists of `size`, the last one shorter."""
    return iter(lambda: list(islice(sources, size)), [])


def in_order(handed: Iterable[Handed[R]], limit: int, stop: Stop) -> Iterator[R]:
    """The results of bundles, in the order in which they were handed over; at most `limit` are out at a time."""
    waiting: deque[Handed[R]] = deque()
    for bundle in handed:
        waiting.append(bundle)
        if len(waiting) > limit:
            yield from waiting.popleft().result()
    while waiting:
        bundle = waiting.popleft()
        if not (stop() and bundle.cancel()):
            yield from bundle.result()


def _shared(stream: Iterator[Source], work: Work[R], jobs: int, stop: Stop) -> Iterator[R]:
    # Slow to import, and only a large batch needs it.
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    with safe_path():
        pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_obey_the_parent)

    def hand_over(bundle: list[Source]) -> Future[Sequence[R]]:
        # Processes are started as they are needed.
        with safe_path():
            return pool.submit(work, bundle)

    try:
        yield from in_order(map(hand_over, bundles(stream, max(BUNDLE, work.batch_size))), 2 * jobs, stop)
    except BrokenProcessPool as error:
        raise InternalError("a process at work on the batch was killed", hint=AGAIN) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _obey_the_parent() -> None:
    """Ignore Ctrl-C, which reaches every process of a terminal: the parent decides when to stop. And end with it."""
    import signal
    from threading import Thread

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    from multiprocessing import parent_process

    if parent := parent_process():
        parent.join()
        os._exit(1)
