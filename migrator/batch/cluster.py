"""Run a batch on the workers of a dask cluster: on other machines, or started on this one.

Dask hands bundles of files to workers, and hands a bundle to another worker if the first is lost. The journal stays
with this process: before a worker touches any file of a bundle, it announces the entries to the coordinator
(`coordinator.py`), and waits until they are in the journal. A worker that gets the bundle of a lost one is told what
that one had announced, so that files are neither migrated twice nor left out of the results.
"""

from __future__ import annotations

import logging
import os
import pickle
import pkgutil
import signal
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from itertools import count, takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from migrator._version import __version__
from migrator.batch.coordinator import Coordinator, WorkerConnection, coordinating
from migrator.batch.discover import Source
from migrator.batch.pool import AGAIN, Portable, Stop, bundles, in_order
from migrator.batch.processes import safe_path
from migrator.batch.scratch import scratch_folder
from migrator.errors import InternalError, LostError, UsageError
from migrator.extras import install
from migrator.stores import is_url
from migrator.values import NamedTuple
from migrator.writing.entries import Entry

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

R = TypeVar("R")
BUNDLE: Final = 128
"""Files handed over together: each bundle costs some messages in both directions."""
_LEAVING: Final = 5
"""Seconds to wait until a cluster has ended."""


def run(
    sources: Iterable[Source], work: Portable[R], stop: Stop, *, address: str | None, jobs: int
) -> Generator[R, None, None]:
    """Yield the results of all sources, in order.

    Args:
        sources: the files, as they are found here. Workers must find them under the same absolute names.
        work: what to do with each.
        stop: asked before each file whether to stop. Files that were begun are finished, and their results yielded.
        address: the address of a scheduler. Without it, that of dask's configuration is used; without that, a cluster
            is started on this machine.
        jobs: how many workers such a cluster has.

    Raises:
        UsageError: dask is not installed, no scheduler answers, or a worker has another version.
        InternalError: the connection to the cluster was lost.
    """
    with ExitStack() as stack:
        client = stack.enter_context(_connected(address, jobs))
        _require_same_version(client)
        coordinator = stack.enter_context(coordinating(client, work.journal))
        dispatcher = _Dispatcher(client, coordinator, work)
        wanted = takewhile(lambda _: not stop(), sources)
        limit = 2 * max(sum(client.nthreads().values()), 1)
        try:
            yield from in_order(map(dispatcher.submit, bundles(wanted, BUNDLE)), limit, stop)
        except (CancelledError, OSError) as error:
            raise InternalError("the connection to the dask cluster was lost", hint=AGAIN) from error


# --- the cluster ---------------------------------------------------------------------------------------------


@contextmanager
def _connected(address: str | None, jobs: int) -> Iterator[Client]:
    try:
        import dask
        from distributed import Client
        from distributed.comm import get_address_host
    except ImportError as error:
        raise UsageError("--engine dask needs dask, which is not installed", hint=install("dask")) from error
    with ExitStack() as stack:
        # This tool reports by itself, and expects that workers are lost.
        logging.disable()
        stack.callback(logging.disable, logging.NOTSET)
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        named = dask.config.get("scheduler-address", None) if address is None else address
        patience = dask.config.get("distributed.comm.timeouts.connect")
        try:
            if named is None:
                place = stack.enter_context(_started(jobs))
            else:
                get_address_host(named)
                place = named
            client = Client(place, timeout=patience, set_as_default=False)
            stack.callback(_close, client)
            client.wait_for_workers(1, timeout=patience)
        except ValueError as error:
            raise UsageError(f"is not an address: {error}", expected="tcp://HOST:8786", file=named or "") from error
        except TimeoutError as error:
            raise UsageError(
                "the cluster has no worker", hint="start some: dask worker ADDRESS", file=named or ""
            ) from error
        except OSError as error:
            raise UsageError("no dask scheduler answers", hint="start one: dask scheduler", file=named or "") from error
        yield client


def _close(of_dask: Client | LocalCluster) -> None:
    """Close without errors: the batch is over, and the processes of the cluster end with this one at the latest."""
    with suppress(Exception):
        of_dask.close(timeout=_LEAVING)


@contextmanager
def _started(jobs: int) -> Iterator[LocalCluster]:
    """A cluster on this machine to which nobody else can connect: its workers do whatever they are told."""
    import dask
    from distributed import LocalCluster, Security

    with ExitStack() as stack:
        try:
            security = Security.temporary()
        except ImportError as error:
            raise UsageError("a cluster on this machine needs cryptography", hint=install("dask")) from error
        scratch = stack.enter_context(scratch_folder())
        stack.enter_context(dask.config.set({"temporary-directory": scratch}))
        # For as long as the cluster is there: a worker that ends is started again.
        stack.enter_context(safe_path())
        try:
            with _without_interrupts():
                cluster = LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    protocol="tls",
                    security=security,
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                    memory_limit=None,
                    silence_logs=logging.CRITICAL,
                )
        except (OSError, RuntimeError) as error:
            raise InternalError(
                f"no workers could be started: {error}", hint="--engine processes needs none"
            ) from error
        stack.callback(_close, cluster)
        yield cluster


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes and threads that start meanwhile ignore Ctrl-C: this process decides when to stop."""
    from multiprocessing import resource_tracker

    # It would unblock the signal if it were started later.
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
            hint = f"install {__version__} there"
            raise UsageError("has no aiperf-migrate", expected=__version__, hint=hint, file=f"worker {worker}")
        if version != __version__:
            raise UsageError(
                f"has aiperf-migrate {version}",
                expected=__version__,
                hint="all machines need the same",
                file=f"worker {worker}",
            )


# --- bundles, out and back -----------------------------------------------------------------------------------


class _Bundle(NamedTuple, Generic[R]):
    """Some files and what to do with them, as they are sent to a worker."""

    number: int
    batch: str
    work: Portable[R]
    sources: list[Source]


class _Dispatcher(Generic[R]):
    """Hands bundles to the cluster."""

    def __init__(self, client: Client, coordinator: Coordinator, work: Portable[R]) -> None:
        self._client = client
        self._coordinator = coordinator
        self._work = work
        self._numbers = count()
        # Spelled as no other name is, so that a name that comes back shows whether it was made absolute here.
        self._here = os.path.join(os.getcwd(), "", ".", "")

    def submit(self, sources: list[Source], announced: Mapping[str, Entry] = MappingProxyType({})) -> _Submitted[R]:
        """Submit a bundle, of which lost workers announced some entries, by path. Dask starts it on a free worker."""
        number = next(self._numbers)
        there = [source._replace(path=self._absolute(source.path)) for source in sources]
        bundle = _Bundle(number, self._coordinator.batch, self._work.relocated(self._absolute), there)
        self._coordinator.expect(number, announced)
        name = f"{bundle.batch}-{number}"
        # As bytes, because dask would look into anything else.
        future = self._client.submit(_carry_out, __version__, pickle.dumps(bundle), key=name, pure=False)
        return _Submitted(self, number, sources, future)

    def _absolute(self, name: str) -> str:
        return name if is_url(name) else os.path.join(self._here, name)

    def unpacked(self, raw: bytes, number: int, sources: Sequence[Source]) -> list[R]:
        """The results of a bundle, about the sources as they are named here."""
        self._coordinator.finish(number)
        known = {self._absolute(source.path): source for source in sources}
        results: list[tuple[str, R]] = pickle.loads(raw)
        return [self._work.with_source(result, known[path], self._names) for path, result in results]

    def _names(self, text: str) -> str:
        return text.replace(self._here, "")

    def failed(self, number: int, sources: list[Source], found: str) -> list[R]:
        """The results of a bundle that failed as a whole."""
        self._coordinator.finish(number)
        return [self._work.failed(source, LostError(found, hint=AGAIN, file=source.path)) for source in sources]

    def one_by_one(self, number: int, sources: list[Source]) -> list[R]:
        """The results of a bundle whose files are submitted again, each on its own.

        Dask blames a lost worker on all bundles that it had. So the file that kills workers fails, and no other.
        """
        announced = self._coordinator.finish(number)
        return [result for source in sources for result in self.submit([source], announced).result()]


class _Submitted(Generic[R]):
    """A bundle that was submitted."""

    def __init__(self, dispatcher: _Dispatcher[R], number: int, sources: list[Source], future: Future) -> None:
        self._dispatcher = dispatcher
        self._number = number
        self._sources = sources
        self._future = future

    def cancel(self) -> bool:
        """False: a worker may have begun it, so its results are waited for."""
        return False

    def result(self) -> list[R]:
        """Wait for its results. A bundle that fails costs its files, never the batch."""
        from distributed import KilledWorker

        try:
            raw = self._future.result()
        except Exception as error:
            if self._future.status != "error":
                raise  # The connection failed.
            found = f"its worker failed: {type(error).__name__}: {error}"
            if isinstance(error, KilledWorker):
                if len(self._sources) > 1:
                    return self._dispatcher.one_by_one(self._number, self._sources)
                found = f"every worker that had it was lost, the last one {error.last_worker.address}"
            return self._dispatcher.failed(self._number, self._sources, found)
        finally:
            self._future.release()
        return self._dispatcher.unpacked(raw, self._number, self._sources)


# --- on a worker ---------------------------------------------------------------------------------------------


def _carry_out(version: str, packed: bytes) -> bytes:
    """Work on a bundle; returns the pickled results, each with the path of its source."""
    from distributed import get_worker

    if version != __version__:
        raise RuntimeError(f"has aiperf-migrate {__version__}, not {version}")
    bundle: _Bundle[Any] = pickle.loads(packed)
    if bundle.work.writes:
        connection = WorkerConnection(get_worker(), bundle.batch, bundle.number)
        results = bundle.work.resumed(bundle.sources, connection.announced(), connection)
    else:
        results = bundle.work(bundle.sources)
    return pickle.dumps([(result.source.path, result) for result in results])
