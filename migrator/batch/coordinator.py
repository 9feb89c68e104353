"""Workers ask before they touch a file, and the process that started the batch answers: over the scheduler.

Two machines may see each other only through it. So a question is an event, which the scheduler passes on, and an
answer is a call of a function in the worker. Dask is not imported here: both ends are given what they talk through.
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
from migrator.writing import journal
from migrator.writing.journal import Entry

_BEGIN: Final = "begin"
_ANNOUNCE: Final = "announce"
_TOPIC: Final = "aiperf-migrate"
"""One for all batches: the scheduler keeps the last events of each topic."""
_PATIENCE: Final = 60.0
"""Seconds that a worker waits for an answer before it gives up, and touches nothing."""
_ANSWERING: Final = 8
"""Threads that answer: one may wait for the disk, another for a worker that is gone."""


class Worker(Protocol):
    """What is used of a `distributed.Worker`."""

    @property
    def address(self) -> str:
        """Where it can be called."""

    def log_event(self, topic: str, msg: object) -> None:
        """Tell all who subscribed to a topic."""


class Client(Protocol):
    """What is used of a `distributed.Client`."""

    def subscribe_topic(self, topic: str, handler: Callable[[tuple[float, dict[str, Any]]], None]) -> None:
        """Call `handler` for each event of a topic."""

    def unsubscribe_topic(self, topic: str) -> None:
        """Call it no more."""

    def run(self, function: Callable[..., None], *args: object, workers: list[str], on_error: str) -> object:
        """Call a function in some workers."""


class _Waiting:
    """A question that is out."""

    def __init__(self) -> None:
        self.answered = Event()
        self.answer = b""


_questions: dict[str, _Waiting] = {}


class Line:
    """The connection of one attempt at a bundle to the desk of the process that started the batch."""

    def __init__(self, worker: Worker, batch: str, bundle: int) -> None:
        self._worker = worker
        self._about = {"batch": batch, "bundle": bundle, "attempt": uuid4().hex}

    def begun(self) -> dict[str, Entry]:
        """What earlier attempts announced, by path; from now on they are refused.

        Raises:
            MigratorError: nobody answers, or nobody waits for the bundle any more.
        """
        entries: dict[str, Entry] = self._ask(_BEGIN)
        return entries

    def announce(self, entries: Sequence[Entry], sync: bool) -> None:
        """Returns when the entries are in the journal.

        Raises:
            UnwritableError: they are not; then none of these files may be touched.
        """
        self._ask(_ANNOUNCE, entries=zlib.compress(pickle.dumps(list(entries))), sync=sync)

    def _ask(self, what: str, **told: object) -> Any:
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


class _Begun:
    """What is known of a bundle that is out: who is at it, and what was announced for it."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.attempt = ""
        self.entries = dict(entries)


class Desk:
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
                return dict(begun.entries)
            if not begun or begun.attempt != message["attempt"]:
                raise UnwritableError("another worker has taken over", hint="nothing is lost by it")
            entries: list[Entry] = pickle.loads(zlib.decompress(message["entries"]))
            if self._kept:
                journal.append(self._kept, entries, sync=message["sync"])
            begun.entries |= {entry.path: entry for entry in entries if entry.before != entry.after}
            return None


@contextmanager
def open_desk(client: Client, kept: str | None) -> Iterator[Desk]:
    """A desk that hears what workers ask until it is left; `kept` is the journal, None for none."""
    desk = Desk(client, kept)
    client.subscribe_topic(_TOPIC, desk.hear)
    try:
        yield desk
    finally:
        desk.close()
        # The connection may be what ended the batch.
        with suppress(Exception):
            client.unsubscribe_topic(_TOPIC)
