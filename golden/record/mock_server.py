"""A mock of an OpenAI-compatible server and of a DCGM exporter, on loopback, with the standard library alone.

It answers chat, completions (both also as server-sent events) and embeddings, lists its model, and serves GPU and
server metrics in the Prometheus text format. What it says is noise; what matters is that it takes its time in a way
that looks like a server, so that latencies have distributions.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from golden.record.mock_metrics import gpu_metrics, server_metrics
from golden.record.tokenizer import TEXT

Body = dict[str, Any]

MODEL: Final = "mock-model"
_WORDS: Final = TEXT.split()
_MOST_WORDS: Final = 24
_PROMPT_TOKENS: Final = 32

# Seconds at `delays` 1.0.
_FIRST_TOKEN: Final = 0.012
_FIRST_TOKEN_SPREAD: Final = 0.006
_NEXT_TOKEN: Final = 0.0025
_EMBEDDING: Final = 0.008
_EMBEDDING_SPREAD: Final = 0.004


class MockServer:
    """A running server: `with MockServer() as server: … server.url …`. It and its threads end with the block.

    Args:
        delays: factor on every delay.
        errors: share of requests that are answered with HTTP 503, from 0 to 1.
        seed: of the delays, the words and the errors.
    """

    def __init__(self, *, delays: float = 1.0, errors: float = 0.0, seed: int = 7) -> None:
        self.delays = delays
        self.errors = errors
        self.random = random.Random(seed)
        self.asked = 0
        """Requests so far, failed ones included; those for metrics and the list of models do not count."""
        self._count = threading.Lock()
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="mock server")

    @property
    def port(self) -> int:
        """The free port that the system chose."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Such as `http://127.0.0.1:43211`."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()

    def pause(self, seconds: float) -> None:
        """Take as long as a server would for something of that length."""
        time.sleep(self.delays * seconds)

    def spread(self, base: float, spread: float) -> float:
        """A delay with a long tail: at least `base`, on average `base + spread` seconds."""
        return base + self.random.expovariate(1 / spread)

    def count(self) -> None:
        """One more request has come."""
        with self._count:
            self.asked += 1


class _Http(ThreadingHTTPServer):
    """One thread a connection; keeps the open ones, which clients would hold for ever."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, mock: MockServer) -> None:
        self.mock = mock
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every connection, so that the threads that wait on one can end."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # The client was faster.

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up (a cancelled run does) is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # Every token must leave at its own time.
    server: _Http

    def do_GET(self) -> None:
        pages: dict[str, Callable[[], str]] = {
            "/dcgm/metrics": lambda: gpu_metrics(self.server.mock.random),
            "/metrics": lambda: server_metrics(self.server.mock.random, MODEL),
        }
        if self.path == "/v1/models":
            self._json({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        elif page := pages.get(self.path):
            self._send(200, "text/plain; version=0.0.4", page().encode())
        else:
            self._json({"error": {"message": f"no {self.path}"}}, 404)

    def do_POST(self) -> None:
        answers: dict[str, Callable[[Body], None]] = {
            "/v1/chat/completions": self._generate,
            "/v1/completions": self._generate,
            "/v1/embeddings": self._embed,
        }
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        answer = answers.get(self.path)
        if answer is None:
            self._json({"error": {"message": f"no {self.path}"}}, 404)
            return
        mock = self.server.mock
        mock.count()
        if mock.random.random() < mock.errors:
            self._json({"error": {"message": "mock overload", "type": "server_error"}}, 503)
        else:
            answer(body)

    def _generate(self, body: Body) -> None:
        mock = self.server.mock
        asked = body.get("max_completion_tokens") or body.get("max_tokens") or 16
        number = max(2, min(int(asked), _MOST_WORDS)) + mock.random.randint(0, 6)
        words = [f"{mock.random.choice(_WORDS)} " for _ in range(number)]
        first = mock.spread(_FIRST_TOKEN, _FIRST_TOKEN_SPREAD)
        chat = self.path == "/v1/chat/completions"
        if body.get("stream"):
            usage = bool((body.get("stream_options") or {}).get("include_usage"))
            self._events(first, _chunks(words, chat=chat, usage=usage))
            return
        mock.pause(first + _NEXT_TOKEN * number)
        text = "".join(words)
        choice: Body = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
        kind = "chat.completion" if chat else "text_completion"
        self._json(_answer(kind, [{"index": 0, **choice, "finish_reason": "stop"}]) | {"usage": _usage(number)})

    def _events(self, first: float, chunks: Iterator[Body]) -> None:
        """Server-sent events in HTTP chunks, each at its time."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        mock = self.server.mock
        mock.pause(first)
        for chunk in chunks:
            self._event(json.dumps(chunk))
            mock.pause(_NEXT_TOKEN * (0.6 + mock.random.random()))
        self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, text: str) -> None:
        data = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _embed(self, body: Body) -> None:
        mock = self.server.mock
        mock.pause(mock.spread(_EMBEDDING, _EMBEDDING_SPREAD))
        inputs = body["input"] if isinstance(body.get("input"), list) else [body.get("input")]
        rows = [{"object": "embedding", "index": index, "embedding": [0.125] * 8} for index, _ in enumerate(inputs)]
        usage = {"prompt_tokens": _PROMPT_TOKENS, "total_tokens": _PROMPT_TOKENS}
        self._json({"object": "list", "model": MODEL, "data": rows, "usage": usage})

    def _json(self, body: Body, status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: the recorder has its own report."""


def _answer(kind: str, choices: list[Body]) -> Body:
    return {"id": "mock-1", "object": kind, "created": 1, "model": MODEL, "choices": choices}


def _usage(number: int) -> dict[str, int]:
    return {
        "prompt_tokens": _PROMPT_TOKENS,
        "completion_tokens": number,
        "total_tokens": _PROMPT_TOKENS + number,
    }


def _chunks(words: list[str], *, chat: bool, usage: bool) -> Iterator[Body]:
    kind = "chat.completion.chunk" if chat else "text_completion"
    for index, word in enumerate(words):
        role = {} if index else {"role": "assistant"}
        part: Body = {"delta": {**role, "content": word}} if chat else {"text": word}
        yield _answer(kind, [{"index": 0, **part, "finish_reason": None}])
    if usage:
        yield _answer(kind, []) | {"usage": _usage(len(words))}
