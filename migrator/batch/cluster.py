"""A batch on the workers of a dask cluster: those of other machines, or some that are started here.

Bundles go out by dask, which gives one to another worker where the first is lost. The journal stays here, and so does
the knowledge of what was begun: before a worker touches any file of a bundle, it asks the desk of this process
(`desk.py`), and waits until the entries are on this disk. A worker that gets a bundle which another one had begun is
told what that one had announced, so that it neither does it twice nor overlooks it.
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
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from migrator._version import __version__
from migrator.batch.coordinator import Desk, Line, open_desk
from migrator.batch.discover import Source
from migrator.batch.pool import AGAIN, Portable, Stop, bundles, in_order
from migrator.batch.processes import safe_path
from migrator.errors import InternalError, LostError, UsageError
from migrator.stores import is_url
from migrator.writing import journal
from migrator.writing.journal import Entry

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

R = TypeVar("R")
BUNDLE: Final = 128
"""Files handed over at once: each bundle costs some messages to and fro."""
_INSTALL: Final = "pip install 'aiperf-migrate[dask]'"
_LEAVING: Final = 5
"""Seconds that a cluster has to end."""


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
        desk = stack.enter_context(open_desk(client, kept))
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
        from distributed import Client
        from distributed.comm import get_address_host
    except ImportError as error:
        raise UsageError("--engine dask needs dask, which is not installed", hint=_INSTALL) from error
    with ExitStack() as stack:
        # What becomes of the batch is told in this tool's words, and lost workers are no surprise to it.
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
            raise UsageError(f"is no address: {error}", expected="tcp://HOST:8786", file=named or "") from error
        except TimeoutError as error:
            raise UsageError("no worker is there", hint="start some: dask worker ADDRESS", file=named or "") from error
        except OSError as error:
            raise UsageError("no dask scheduler answers", hint="start one: dask scheduler", file=named or "") from error
        yield client


def _close(of_dask: Client | LocalCluster) -> None:
    """The batch is over, whatever becomes of the cluster: its processes end with this one at the latest."""
    with suppress(Exception):
        of_dask.close(timeout=_LEAVING)


@contextmanager
def _started(jobs: int) -> Iterator[LocalCluster]:
    """A cluster on this machine that nobody else can connect to: who can, may have workers do anything."""
    import dask
    from distributed import LocalCluster, Security

    with ExitStack() as stack:
        try:
            security = Security.temporary()
        except ImportError as error:
            raise UsageError("a cluster on this machine needs cryptography", hint=_INSTALL) from error
        scratch = stack.enter_context(TemporaryDirectory(prefix="aiperf-migrate-", ignore_cleanup_errors=True))
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

    def __init__(self, client: Client, desk: Desk, work: Portable[R]) -> None:
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
        except Exception as error:
            if self._future.status != "error":
                raise  # It is the connection that failed.
            found = f"its worker failed: {type(error).__name__}: {error}"
            if isinstance(error, KilledWorker):
                if len(self._sources) > 1:
                    return self._away.one_by_one(self._number, self._sources)
                found = f"every worker that had it was lost, the last one {error.last_worker.address}"
            return self._away.failed(self._number, self._sources, found)
        finally:
            self._future.release()
        return self._away.unpacked(raw, self._number, self._sources)


# --- on a worker ---------------------------------------------------------------------------------------------


def _carry_out(version: str, packed: bytes) -> bytes:
    """Do what is asked for a bundle; the results, each with the path of its source."""
    from distributed import get_worker

    if version != __version__:
        raise RuntimeError(f"has aiperf-migrate {__version__}, not {version}")
    cargo: _Cargo[Any] = pickle.loads(packed)
    if cargo.work.writes:
        line = Line(get_worker(), cargo.batch, cargo.number)
        begun = line.begun()
        with journal.routed(cargo.journal, line.announce):
            results = cargo.work.resumed(cargo.sources, begun)
    else:
        results = cargo.work(cargo.sources)
    return pickle.dumps([(result.source.path, result) for result in results])
