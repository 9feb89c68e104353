"""Work on many files, by this process or by several at once: the same results in the same order, sooner.

Sources are handed out in small bundles and only so many at a time, so that neither a tree of any size nor its results
ever stand in memory. Each file is still read, worked on and written by one process on its own.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from migrator.batch.discover import Source
from migrator.batch.processes import safe_path
from migrator.errors import InternalError, MigratorError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from migrator.writing.journal import Entry

BUNDLE: Final = 64
"""Files handed over at once: enough that handing over costs little, few enough that an interrupt is soon obeyed."""
_ALONE: Final = 512
"""A batch up to this size is over before other processes have started."""
AT_ONCE: Final = 16
"""Files on object stores that are under way at once, unless the command line says."""
AGAIN: Final = "every file is the old or the new one; run it again, with --resume if there is a journal"
"""What to do after a batch that ended before its time."""
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Stop = Callable[[], bool]
"""Asked before each file whether not to go on."""


def never() -> bool:
    """Nobody wants to stop."""
    return False


class Work(Protocol[R_co]):
    """What is done with each file. It can be pickled, and so can its results."""

    @property
    def together(self) -> int:
        """How many files are worked on, and reported, together; any number is right, this one does no harm."""

    def __call__(self, sources: Sequence[Source], stop: Stop = never) -> Sequence[R_co]:
        """The results of some files, in order: one for each, or none for one that is not meant."""


class Portable(Work[R], Protocol[R]):
    """Work that can also be done elsewhere: in another folder, on another machine."""

    @property
    def writes(self) -> bool:
        """Whether it writes files, which it announces before it does."""

    def elsewhere(self, absolute: Callable[[str], str], journal: str) -> Portable[R]:
        """The same work with absolute names, which announces to `journal` what it is going to write."""

    def resumed(self, sources: Sequence[Source], begun: Mapping[str, Entry]) -> Sequence[R]:
        """The results of some files that others may have written already; `begun` is what they announced, by path."""

    def told(self, result: R, source: Source, names: Callable[[str], str]) -> R:
        """A result that comes back, about the source as it is called here; `names` takes absolute names back."""

    def failed(self, source: Source, error: MigratorError) -> R:
        """What is said of a file whose result does not come back."""


class Handed(Protocol[R_co]):
    """A bundle that was handed over."""

    def cancel(self) -> bool:
        """Take it back, which is only possible before it was begun; whether that was so."""

    def result(self) -> Sequence[R_co]:
        """Its results, which are waited for."""


def usable_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(sources: Iterable[Source], work: Work[R], jobs: int, stop: Stop = never) -> Generator[R, None, None]:
    """What becomes of each source, in order.

    Args:
        sources: the files, as they are found.
        work: what to do with each.
        jobs: how many processes; one does everything itself.
        stop: what is in hand when it says so is finished, and its results are given.
    """
    stream = iter(sources)
    first = list(islice(stream, _ALONE + 1)) if jobs > 1 else []
    wanted = takewhile(lambda _: not stop(), chain(first, stream))
    if len(first) > _ALONE:
        yield from _shared(wanted, work, jobs, stop)
        return
    for bundle in bundles(wanted, work.together):
        yield from work(bundle, stop)


def wait_together(
    sources: Iterable[Source], work: Work[R], at_once: int, stop: Stop = never
) -> Generator[R, None, None]:
    """What becomes of each source, in order; so many are under way at once in this process, as all they do is wait."""
    # Slow to import, and only for object stores.
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(at_once)
    wanted = takewhile(lambda _: not stop(), sources)
    try:
        yield from in_order((pool.submit(work, [source], stop) for source in wanted), 2 * at_once, stop)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def bundles(sources: Iterator[Source], size: int) -> Iterator[list[Source]]:
    """Sources as they are handed over: so many at once, fewer at the end."""
    return iter(lambda: list(islice(sources, size)), [])


def in_order(handed: Iterable[Handed[R]], limit: int, stop: Stop) -> Iterator[R]:
    """The results of bundles as they were handed over, of which no more than `limit` are out at a time."""
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
        yield from in_order(map(hand_over, bundles(stream, max(BUNDLE, work.together))), 2 * jobs, stop)
    except BrokenProcessPool as error:
        raise InternalError("a process at work on the batch was killed", hint=AGAIN) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _obey_the_parent() -> None:
    """Ctrl-C reaches every process of a terminal; the parent decides when to stop. Where it is killed, all end."""
    from threading import Thread

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    from multiprocessing import parent_process

    if parent := parent_process():
        parent.join()
        os._exit(1)
