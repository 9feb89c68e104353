"""Workers of a cluster announce files before they write them, and the process that started the batch answers.

Two machines may be able to reach each other only through the scheduler. So a request is an event, which the scheduler
passes on, and an answer is a call of a function in the worker. Dask is not imported here: both ends are given the
objects that they send through.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event, Lock
from typing import Any, Final, Protocol
from uuid import uuid4

from migrator.batch.pool import AGAIN
from migrator.errors import MigratorError, UnwritableError
from migrator.writing.entries import Entry, Journal

_BEGIN: Final = "begin"
_ANNOUNCE: Final = "announce"
_TOPIC: Final = "aiperf-migrate"
"""The topic of all batches: the scheduler keeps the last events of each topic."""
_PATIENCE: Final = 60.0
"""Seconds that a worker waits for an answer before it gives up, and touches nothing."""
_ANSWERING: Final = 8
"""Threads that answer: one may wait for the disk, another for a worker that was lost."""


class Worker(Protocol):
    """What is used of a `distributed.Worker`."""

    @property
    def address(self) -> str:
        """Where it can be called."""

    def log_event(self, topic: str, msg: object) -> None:
        """Send an event to all who subscribed to a topic."""


class Client(Protocol):
    """What is used of a `distributed.Client`."""

    def subscribe_topic(self, topic: str, handler: Callable[[tuple[float, dict[str, Any]]], None]) -> None:
        """Call `handler` for each event of a topic."""

    def unsubscribe_topic(self, topic: str) -> None:
        """Call the handler no more."""

    def run(self, function: Callable[..., None], *args: object, workers: list[str], on_error: str) -> object:
        """Call a function in some workers."""


class _Waiting:
    """A request that was sent, and its answer."""

    def __init__(self) -> None:
        self.answered = Event()
        self.answer = b""


_requests: dict[str, _Waiting] = {}
"""Request → what waits for its answer, in this worker: dask calls a function, which must find it."""


class WorkerConnection:
    """The connection of one attempt at a bundle to the coordinator.

    It is the [`Journal`][migrator.writing.journal.Journal] of a worker.
    """

    def __init__(self, worker: Worker, batch: str, bundle: int) -> None:
        self._worker = worker
        self._about = {"batch": batch, "bundle": bundle, "attempt": uuid4().hex}

    def announced(self) -> dict[str, Entry]:
        """The entries that earlier attempts announced, by path; from now on those attempts are refused.

        Raises:
            MigratorError: nobody answers, or nobody waits for the bundle any more.
        """
        entries: dict[str, Entry] = self._ask(_BEGIN)
        return entries

    def append(self, entries: Sequence[Entry], *, sync: bool) -> None:
        """Announce entries, and wait until they are in the journal.

        Raises:
            UnwritableError: they are not; then none of these files may be touched.
        """
        self._ask(_ANNOUNCE, entries=zlib.compress(pickle.dumps(list(entries))), sync=sync)

    def _ask(self, what: str, **details: object) -> Any:
        name = uuid4().hex
        waiting = _requests[name] = _Waiting()
        try:
            message = {**self._about, "worker": self._worker.address, "request": name, "what": what, **details}
            self._worker.log_event(_TOPIC, message)
            if not waiting.answered.wait(_PATIENCE):
                raise UnwritableError("the process that started the batch does not answer", hint=AGAIN)
        finally:
            del _requests[name]
        answer = pickle.loads(waiting.answer)
        if isinstance(answer, MigratorError):
            raise answer
        return answer


def _answer(request: str, answer: bytes) -> None:
    """Take an answer; called by the coordinator, in the worker that asked."""
    if waiting := _requests.get(request):
        waiting.answer = answer
        waiting.answered.set()


class _Bundle:
    """What is known of a bundle that is out: the present attempt at it, and what was announced for it."""

    def __init__(self, announced: Mapping[str, Entry]) -> None:
        self.attempt = ""
        self.announced = dict(announced)


class Coordinator:
    """Answers workers: what was announced for their bundle before, and that their own entries are in the journal."""

    def __init__(self, client: Client, journal: Journal | None) -> None:
        self.batch = f"aiperf-migrate-{uuid4().hex}"
        self._client = client
        self._journal = journal
        self._out: dict[int, _Bundle] = {}
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(_ANSWERING)

    def expect(self, number: int, announced: Mapping[str, Entry]) -> None:
        """Note that a bundle goes out, of which lost workers announced some entries, by path."""
        self._out[number] = _Bundle(announced)

    def finish(self, number: int) -> dict[str, Entry]:
        """Note that a bundle is back, so that workers which still have it are refused.

        Returns:
            what was announced for it, by path.
        """
        with self._lock:
            return self._out.pop(number).announced

    def on_event(self, event: tuple[float, dict[str, Any]]) -> None:
        """Handle an event; dask calls this for every event of the topic, those of other batches included."""
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
        # A worker that was lost needs no answer.
        self._client.run(_answer, message["request"], pickle.dumps(answer), workers=to, on_error="ignore")

    def _reply(self, message: dict[str, Any]) -> object:
        with self._lock:
            bundle = self._out.get(message["bundle"])
            if bundle and message["what"] == _BEGIN:
                bundle.attempt = message["attempt"]
                return dict(bundle.announced)
            if not bundle or bundle.attempt != message["attempt"]:
                raise UnwritableError("another worker has taken over", hint="nothing is lost by it")
            entries: list[Entry] = pickle.loads(zlib.decompress(message["entries"]))
            if self._journal is not None:
                self._journal.append(entries, sync=message["sync"])
            bundle.announced |= {entry.path: entry for entry in entries if entry.before != entry.after}
            return None


@contextmanager
def coordinating(client: Client, journal: Journal | None) -> Iterator[Coordinator]:
    """A coordinator that answers workers until the context ends. Their entries go to `journal`, None for nowhere."""
    coordinator = Coordinator(client, journal)
    client.subscribe_topic(_TOPIC, coordinator.on_event)
    try:
        yield coordinator
    finally:
        coordinator.close()
        # The batch may have ended because the connection was lost.
        with suppress(Exception):
            client.unsubscribe_topic(_TOPIC)
