"""A batch on the workers of a dask cluster: those of other machines, or some that are started here.

Bundles go out by dask, which gives one to another worker where the first is lost. The journal stays here, and so does
the knowledge of what was begun: before a worker touches any file of a bundle, it asks the desk of this process, by an
event that the scheduler passes on, and waits until the entries are on this disk. A worker that gets a bundle
which another one had begun is told what that one had announced, so that it neither does it twice nor overlooks it.
"""

from __future__ import annotations

import logging
import os
import pickle
import pkgutil
import signal
import warnings
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count, takewhile
from tempfile import TemporaryDirectory
from threading import Event, Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar
from uuid import uuid4

from migrator._version import __version__
from migrator.batch import journal
from migrator.batch.discover import Source
from migrator.batch.journal import Entry
from migrator.batch.pool import AGAIN, Portable, Stop, bundles, in_order
from migrator.errors import InternalError, LostError, MigratorError, UnwritableError, UsageError
from migrator.stores import is_url

if TYPE_CHECKING:
    from distributed import Client, Future

R = TypeVar("R")
BUNDLE: Final = 128
"""Files handed over at once: each bundle costs some messages to and fro."""
_BEGIN: Final = "begin"
_ANNOUNCE: Final = "announce"
_TOPIC: Final = "aiperf-migrate"
"""One for all batches: the scheduler keeps the last events of each topic."""
_PATIENCE: Final = 60.0
"""Seconds that a worker waits for an answer before it gives up, and touches nothing."""
_LEAVING: Final = 5
"""Seconds that a cluster has to end."""
_ANSWERING: Final = 8
"""Threads that answer: one may wait for the disk, another for a worker that is gone."""


def run(
    sources: Iterable[Source], work: Portable[R], stop: Stop, *, address: str | None, jobs: int, kept: str | None
) -> Generator[R, None, None]:
    """What becomes of each source, in order.

    Args:
        sources: the files, as they are found here. Workers must find them under the same absolute names.
        work: what to do with each.
        stop: what is in hand when it says so is finished, and its results are given.
        address: of a scheduler; without it that of dask's configuration; without that a cluster is started here.
        jobs: how many workers that one has.
        kept: the journal, which this process is in charge of.

    Raises:
        UsageError: dask is not installed, nobody answers, or a worker has another version.
        InternalError: the connection to the cluster was lost.
    """
    with ExitStack() as stack:
        client = stack.enter_context(_connected(address, jobs))
        _require_same_version(client)
        desk = stack.enter_context(_desk(client, kept))
        away = _Away(client, desk, work)
        wanted = takewhile(lambda _: not stop(), sources)
        limit = 2 * max(sum(client.nthreads().values()), 1)
        try:
            yield from in_order(map(away.hand_over, bundles(wanted, BUNDLE)), limit, stop)
        except (CancelledError, OSError) as error:
            raise InternalError("the connection to the dask cluster was lost", hint=AGAIN) from error


# --- the cluster ---------------------------------------------------------------------------------------------


@contextmanager
def _connected(address: str | None, jobs: int) -> Iterator[Client]:
    try:
        import dask
        from distributed import Client, LocalCluster
        from distributed.comm import get_address_host
    except ImportError as error:
        hint = "pip install 'aiperf-migrate[dask]'"
        raise UsageError("--engine dask needs dask, which is not installed", hint=hint) from error
    with ExitStack() as stack:
        # What becomes of the batch is told in this tool's words, and lost workers are no surprise to it.
        logging.disable()
        stack.callback(logging.disable, logging.NOTSET)
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        named = dask.config.get("scheduler-address", None) if address is None else address
        patience = dask.config.get("distributed.comm.timeouts.connect")
        if named is None:
            scratch = stack.enter_context(TemporaryDirectory(prefix="aiperf-migrate-", ignore_cleanup_errors=True))
            stack.enter_context(dask.config.set({"temporary-directory": scratch}))
            with _without_interrupts():
                cluster = LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                    memory_limit=None,
                    silence_logs=logging.CRITICAL,
                )
            stack.callback(cluster.close, timeout=_LEAVING)
        try:
            if named is not None:
                get_address_host(named)
            client = Client(cluster if named is None else named, timeout=patience, set_as_default=False)
            stack.callback(client.close, timeout=_LEAVING)
            client.wait_for_workers(1, timeout=patience)
        except ValueError as error:
            raise UsageError(f"is no address: {error}", expected="tcp://HOST:8786", file=named) from error
        except TimeoutError as error:
            raise UsageError("no worker is there", hint=f"start some: dask worker {named}", file=named) from error
        except OSError as error:
            raise UsageError("no dask scheduler answers", hint="start one: dask scheduler", file=named) from error
        yield client


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes and threads that start meanwhile never see Ctrl-C: this one decides when to stop."""
    from multiprocessing import resource_tracker

    # Started by itself, it would lift the block.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _require_same_version(client: Client) -> None:
    found = client.run(pkgutil.resolve_name, "migrator._version:__version__", on_error="return")
    for worker, version in sorted(found.items()):
        if isinstance(version, ImportError):
            hint = f"install {__version__} there, too"
            raise UsageError("has no aiperf-migrate", expected=__version__, hint=hint, file=f"worker {worker}")
        if version != __version__:
            raise UsageError(
                f"has aiperf-migrate {version}",
                expected=__version__,
                hint="all machines need the same",
                file=f"worker {worker}",
            )


# --- bundles, out and back -----------------------------------------------------------------------------------


class _Cargo(NamedTuple, Generic[R]):
    """A bundle as it travels. `journal` is the name under which its files are announced to the desk."""

    number: int
    batch: str
    journal: str
    work: Portable[R]
    sources: list[Source]


class _Away(Generic[R]):
    """Hands bundles to the cluster."""

    def __init__(self, client: Client, desk: _Desk, work: Portable[R]) -> None:
        self._client = client
        self._desk = desk
        self._work = work
        self._numbers = count()
        # A folder that no name has by itself: so a name that comes back shows whether it was made absolute here.
        self._here = os.path.join(os.getcwd(), "", ".", "")

    def hand_over(self, sources: list[Source], begun: Mapping[str, Entry] = MappingProxyType({})) -> _Parcel[R]:
        """Submit a bundle, of which others may have begun some; dask begins it when a worker is free."""
        number = next(self._numbers)
        name = f"{self._desk.batch}-{number}"
        there = [source._replace(path=self._absolute(source.path)) for source in sources]
        cargo = _Cargo(number, self._desk.batch, name, self._work.elsewhere(self._absolute, name), there)
        self._desk.expect(number, begun)
        # Bytes, because dask would look into anything else.
        future = self._client.submit(_carry_out, __version__, pickle.dumps(cargo), key=name, pure=False)
        return _Parcel(self, number, sources, future)

    def _absolute(self, name: str) -> str:
        return name if is_url(name) else os.path.join(self._here, name)

    def unpacked(self, raw: bytes, number: int, sources: Sequence[Source]) -> list[R]:
        """The results of a bundle, about the sources as they are called here."""
        self._desk.finish(number)
        known = {self._absolute(source.path): source for source in sources}
        results: list[tuple[str, R]] = pickle.loads(raw)
        return [self._work.told(result, known[path], self._names) for path, result in results]

    def _names(self, text: str) -> str:
        return text.replace(self._here, "")

    def failed(self, number: int, sources: list[Source], found: str) -> list[R]:
        """What is said where the bundle itself did not come through."""
        self._desk.finish(number)
        return [self._work.failed(source, LostError(found, hint=AGAIN, file=source.path)) for source in sources]

    def one_by_one(self, number: int, sources: list[Source]) -> list[R]:
        """The files of a bundle again, each on its own: the one that kills workers shows, and the others are done.

        dask blames a lost worker on all that was waiting there, so most of them will have nothing to do with it.
        """
        begun = self._desk.finish(number)
        return [result for source in sources for result in self.hand_over([source], begun).result()]


class _Parcel(Generic[R]):
    """A bundle that is out."""

    def __init__(self, away: _Away[R], number: int, sources: list[Source], future: Future) -> None:
        self._away = away
        self._number = number
        self._sources = sources
        self._future = future

    def cancel(self) -> bool:
        """Nobody here knows whether it was begun, so it is waited for."""
        return False

    def result(self) -> list[R]:
        """Its results. A bundle that fails costs its files, never the batch."""
        from distributed import KilledWorker

        try:
            raw = self._future.result()
        except KilledWorker as error:
            if len(self._sources) > 1:
                return self._away.one_by_one(self._number, self._sources)
            found = f"every worker that had it was lost, the last one {error.last_worker.address}"
            return self._away.failed(self._number, self._sources, found)
        except (CancelledError, OSError):
            raise
        except Exception as error:
            found = f"its worker failed: {type(error).__name__}: {error}"
            return self._away.failed(self._number, self._sources, found)
        finally:
            self._future.release()
        return self._away.unpacked(raw, self._number, self._sources)


# --- on a worker ---------------------------------------------------------------------------------------------


def _carry_out(version: str, packed: bytes) -> bytes:
    """Do what is asked for a bundle; the results, each with the path of its source."""
    if version != __version__:
        raise RuntimeError(f"has aiperf-migrate {__version__}, not {version}")
    cargo: _Cargo[Any] = pickle.loads(packed)
    if cargo.work.writes:
        line = _Line(cargo)
        begun: dict[str, Entry] = line.ask(_BEGIN)
        with journal.routed(cargo.journal, line.announce):
            results = cargo.work.resumed(cargo.sources, begun)
    else:
        results = cargo.work(cargo.sources)
    return pickle.dumps([(result.source.path, result) for result in results])


class _Waiting:
    """A question that is out."""

    def __init__(self) -> None:
        self.answered = Event()
        self.answer = b""


_questions: dict[str, _Waiting] = {}


class _Line:
    """The connection of one attempt at a bundle to the desk of the process that started the batch."""

    def __init__(self, cargo: _Cargo[Any]) -> None:
        from distributed import get_worker

        self._worker = get_worker()
        self._about = {"batch": cargo.batch, "bundle": cargo.number, "attempt": uuid4().hex}

    def announce(self, entries: Sequence[Entry], sync: bool) -> None:
        """Returns when the entries are in the journal.

        Raises:
            UnwritableError: they are not; then none of these files may be touched.
        """
        self.ask(_ANNOUNCE, entries=zlib.compress(pickle.dumps(list(entries))), sync=sync)

    def ask(self, what: str, **told: object) -> Any:
        """The answer of the desk.

        Raises:
            MigratorError: the answer is one, or there is none.
        """
        name = uuid4().hex
        waiting = _questions[name] = _Waiting()
        try:
            message = {**self._about, "worker": self._worker.address, "question": name, "what": what, **told}
            self._worker.log_event(_TOPIC, message)
            if not waiting.answered.wait(_PATIENCE):
                raise UnwritableError("the one who started the batch does not answer", hint=AGAIN)
        finally:
            del _questions[name]
        answer = pickle.loads(waiting.answer)
        if isinstance(answer, MigratorError):
            raise answer
        return answer


def _answer(question: str, answer: bytes) -> None:
    """Called by the desk, in the worker that asked."""
    if waiting := _questions.get(question):
        waiting.answer = answer
        waiting.answered.set()


# --- the desk ------------------------------------------------------------------------------------------------


class _Begun:
    """What is known of a bundle that is out: who is at it, and what was announced for it."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.attempt = ""
        self.entries = dict(entries)


class _Desk:
    """Answers workers: what was begun in their bundle, and that their announcements are kept."""

    def __init__(self, client: Client, kept: str | None) -> None:
        self.batch = f"aiperf-migrate-{uuid4().hex}"
        self._client = client
        self._kept = kept
        self._out: dict[int, _Begun] = {}
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(_ANSWERING)

    def expect(self, number: int, begun: Mapping[str, Entry]) -> None:
        """A bundle is going out."""
        self._out[number] = _Begun(begun)

    def finish(self, number: int) -> dict[str, Entry]:
        """A bundle is back; who is still at it is not to touch anything. What was announced for it, by path."""
        with self._lock:
            return self._out.pop(number).entries

    def hear(self, event: tuple[float, dict[str, Any]]) -> None:
        """Called by dask for every event of the topic, other batches' among them."""
        _, message = event
        if message.get("batch") == self.batch:
            self._threads.submit(self._serve, message)

    def close(self) -> None:
        """Answer no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _serve(self, message: dict[str, Any]) -> None:
        try:
            answer: object = self._reply(message)
        except MigratorError as error:
            answer = error
        to = [message["worker"]]
        # A worker that is gone needs no answer.
        self._client.run(_answer, message["question"], pickle.dumps(answer), workers=to, on_error="ignore")

    def _reply(self, message: dict[str, Any]) -> object:
        with self._lock:
            begun = self._out.get(message["bundle"])
            if begun and message["what"] == _BEGIN:
                begun.attempt = message["attempt"]
                return begun.entries
            if not begun or begun.attempt != message["attempt"]:
                raise UnwritableError("another worker has taken over", hint="nothing is lost by it")
            entries: list[Entry] = pickle.loads(zlib.decompress(message["entries"]))
            if self._kept:
                journal.append(self._kept, entries, sync=message["sync"])
            begun.entries |= {entry.path: entry for entry in entries if entry.before != entry.after}
            return None


@contextmanager
def _desk(client: Client, kept: str | None) -> Iterator[_Desk]:
    desk = _Desk(client, kept)
    client.subscribe_topic(_TOPIC, desk.hear)
    try:
        yield desk
    finally:
        desk.close()
        client.unsubscribe_topic(_TOPIC)
