"""Several processes at one batch: the same results in the same order, sooner.

Sources are handed out in small bundles and only so many at a time, so that neither a tree of any size nor its results
ever stand in memory. Each file is still read, migrated and written by one process on its own.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Final

from migrator.batch.discover import Source
from migrator.batch.execute import Request, Result, execute, execute_all
from migrator.errors import InternalError

if TYPE_CHECKING:
    from concurrent.futures import Future

_BUNDLE: Final = 64
"""Files handed over at once: enough that handing over costs little, few enough that an interrupt is soon obeyed."""
_ALONE: Final = 512
"""A batch up to this size is over before other processes have started."""


def usable_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(sources: Iterable[Source], request: Request, jobs: int, stop: Callable[[], bool]) -> Iterator[Result]:
    """What becomes of each source, in order.

    Args:
        sources: the files, as they are found.
        request: what to do with each; one that writes to standard output is always done by this process.
        jobs: how many processes; one does everything itself.
        stop: asked before each file whether to go on. What is in hand is finished, and its results are given.
    """
    stream = iter(sources)
    first = list(islice(stream, _ALONE + 1)) if jobs > 1 and not request.standard_output else []
    wanted = takewhile(lambda _: not stop(), chain(first, stream))
    if len(first) <= _ALONE:
        if request.together == 1:
            yield from (execute(source, request) for source in wanted)
            return
        for bundle in iter(lambda: list(islice(wanted, request.together)), []):
            yield from execute_all(bundle, request, stop)
        return
    yield from _shared(wanted, request, jobs, stop)


def _shared(stream: Iterator[Source], request: Request, jobs: int, stop: Callable[[], bool]) -> Iterator[Result]:
    # Slow to import, and only a large batch needs it.
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_obey_the_parent)
    try:
        size = max(_BUNDLE, request.together)
        waiting: deque[Future[list[Result]]] = deque()
        for bundle in iter(lambda: list(islice(stream, size)), []):
            waiting.append(pool.submit(_bundle, bundle, request))
            if len(waiting) > 2 * jobs:
                yield from waiting.popleft().result()
        while waiting:
            bundle_in_hand = waiting.popleft()
            if not (stop() and bundle_in_hand.cancel()):
                yield from bundle_in_hand.result()
    except BrokenProcessPool as error:
        hint = "every file is the old or the new one; run it again, with --resume if there is a journal"
        raise InternalError("a process at work on the batch was killed", hint=hint) from error
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


def _bundle(sources: Sequence[Source], request: Request) -> list[Result]:
    if request.together > 1:
        return execute_all(sources, request)
    return [execute(source, request) for source in sources]
