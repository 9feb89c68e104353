"""Processes of the command line that need not start: forks of one that has imported the tool.

Most of the time of a test that runs a command goes into starting the interpreter and importing the tool, which is the
same each time. Here one process does it for all. What is forked from it is a process as any other, with arguments,
environment, folder and streams of its own, and it ends as the interpreter ends. What happens at a start is for tests
that start one: `support.process.run(…, fresh=True)`, and all that use `support.process.command`.

`python tests/support/warm.py FD` serves the socket of that number until it is closed.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

import migrator

ROOT: Final = Path(__file__).parents[2]
_HEAD: Final = 4
"""Bytes before a message that tell how long it is."""


class Ended(NamedTuple):
    """How a process ended: its exit code, and what it wrote."""

    code: int
    stdout: bytes
    stderr: bytes


def ended(arguments: list[str], cwd: Path, stdin: bytes, env: Mapping[str, str], timeout: float) -> Ended:
    """The tool with these arguments, in a fork.

    Raises:
        subprocess.TimeoutExpired: it took more than `timeout` seconds, and was killed.
    """
    ours, theirs = socket.socketpair()
    outputs = [_Output(), _Output()]
    folder = os.open(cwd, os.O_RDONLY)
    with tempfile.TemporaryFile() as given, ours:
        given.write(stdin)
        given.seek(0)
        passed = [given.fileno(), *(output.end for output in outputs), folder, theirs.fileno()]
        socket.send_fds(_server(), [b"!"], passed)
        for number in (*passed[1:4], theirs.detach()):
            os.close(number)
        _send(ours, {"arguments": arguments, "env": dict(env), "mask": _mask()})
        process = _received(ours)
        ours.settimeout(timeout)
        try:
            code = _received(ours)
        except TimeoutError:
            with suppress(ProcessLookupError):  # It has just ended.
                os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(arguments, timeout) from None
        finally:
            for output in outputs:
                output.join()
        return Ended(code, outputs[0].content, outputs[1].content)


class _Output(threading.Thread):
    """A pipe, and what comes out of it when all that hold its other end have closed it."""

    def __init__(self) -> None:
        super().__init__()
        self._source, self.end = os.pipe()
        self.content = b""
        self.start()

    def run(self) -> None:
        with open(self._source, "rb") as source:
            self.content = source.read()


@cache
def _server() -> socket.socket:
    """The socket of the process that forks; it ends with its socket, and so with this process."""
    ours, theirs = socket.socketpair()
    number = theirs.fileno()
    with theirs:
        process = subprocess.Popen([sys.executable, __file__, str(number)], pass_fds=[number], stdin=subprocess.DEVNULL)

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _send(to: socket.socket, message: Any) -> None:
    raw = json.dumps(message).encode()
    to.sendall(len(raw).to_bytes(_HEAD, "big") + raw)


def _received(source: socket.socket) -> Any:
    """The next message.

    Raises:
        EOFError: there is none.
        TimeoutError: the socket has a limit of time, and it is over.
    """
    return json.loads(_exactly(source, int.from_bytes(_exactly(source, _HEAD), "big")))


def _exactly(source: socket.socket, size: int) -> bytes:
    raw = b""
    while len(raw) < size:
        more = source.recv(size - len(raw))
        if not more:
            raise EOFError
        raw += more
    return raw


# --- the process that forks ------------------------------------------------------------------------------------


def serve(number: int) -> None:
    """Fork for each request. Returns in a fork, which is to run the tool; the process itself ends with its socket."""
    with socket.socket(fileno=number) as requests:
        while True:
            message, streams, _, _ = socket.recv_fds(requests, 1, 5)
            if not message:
                os._exit(0)
            *standard, folder, back = streams
            with socket.socket(fileno=back) as answers:
                request = _received(answers)
                process = os.fork()
                if not process:
                    requests.close()
                    os.fchdir(folder)
                    os.close(folder)
                    become(request, standard)
                    return
                _send(answers, process)
                _send(answers, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
            for stream in (*standard, folder):
                os.close(stream)


def become(request: Mapping[str, Any], standard: list[int]) -> None:
    """Make this process what it would be if it had been started with arguments, environment and streams."""
    for target, stream in enumerate(standard):
        os.dup2(stream, target)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.umask(request["mask"])
    sys.argv = ["aiperf-migrate", *request["arguments"]]
    # As the interpreter opens them in the locale C.UTF-8.
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "surrogateescape")
    sys.stdout = _writer(1, "surrogateescape", line_buffering=False)
    sys.stderr = _writer(2, "backslashreplace", line_buffering=True)


def _writer(number: int, errors: str, *, line_buffering: bool) -> io.TextIOWrapper:
    raw = io.BufferedWriter(io.FileIO(number, "w", closefd=False))
    return io.TextIOWrapper(raw, "utf-8", errors, line_buffering=line_buffering)


def end(code: object) -> None:
    """End as the interpreter does, without looking through all modules: threads, `atexit`, streams."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(int(str(code or 0)))


def imported() -> None:
    """Import every module of the tool. What it takes from others where it is used, it finds as in any process."""
    for module in pkgutil.walk_packages(migrator.__path__, "migrator."):
        if module.name not in ("migrator.__main__", "migrator.pytest_plugin"):
            import_module(module.name)
    import orjson  # noqa: F401


def main() -> None:
    imported()
    atexit._clear()
    gc.freeze()
    serve(int(sys.argv[1]))
    from migrator.cli.start import run

    try:
        run()
    except SystemExit as ended:
        end(ended.code)
    end(0)


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    main()
